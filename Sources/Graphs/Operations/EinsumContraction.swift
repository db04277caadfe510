import CKernels
import Tensors

/// The contraction of two labelled arrays as matrix products `[batch, rows, inner]` · `[batch, inner, columns]`.
///
/// A label of both sides and of the result is a batch axis, of both sides alone an inner one, of the result and one side a
/// row or a column; any other is summed on the way. A side that lies in memory as such matrices already is not copied.
struct EinsumContraction: Sendable {
    /// The labels of the result's axes.
    let result: [Int]
    private let batch: [Int]
    private let rows: [Int]
    private let columns: [Int]
    private let inner: [Int]

    init(_ a: [Int], _ b: [Int], result: [Int]) {
        self.result = result
        batch = result.filter { a.contains($0) && b.contains($0) }
        rows = result.filter { !b.contains($0) }
        columns = result.filter { !a.contains($0) }
        inner = Set(a).intersection(b).subtracting(result).sorted()
    }

    /// The room for both sides and the result as matrices; nil where it is quadratic in the batch or overflows.
    func scratchCount(_ extents: [Dimension]) -> Dimension? {
        var room = Dimension(0)
        for labels in [batch + rows + inner, batch + inner + columns, batch + rows + columns] {
            guard let count = labels.map({ extents[$0] }).product, let sum = room.plus(count) else { return nil }
            room = sum
        }
        return room
    }

    /// What `forward` has written to `pointer`.
    func array<Scalar: Real>(_ pointer: UnsafePointer<Scalar>, sizes: [Int]) -> EinsumArray<Scalar> {
        EinsumArray(pointer: pointer, labels: result, extents: result.map { sizes[$0] })
    }

    func forward<Scalar: Real>(
        _ a: EinsumArray<Scalar>, _ b: EinsumArray<Scalar>, sizes: [Int], scratch: UnsafeMutablePointer<Scalar>,
        into y: UnsafeMutablePointer<Scalar>
    ) {
        let extents = Extents(self, sizes)
        let regions = Regions(extents, scratch)
        let a = a.packed(batch, rows, inner, sizes: sizes, into: regions.a)
        let b = b.packed(batch, inner, columns, sizes: sizes, into: regions.b)
        var order = resultStrides(sizes)
        let target = order.isContiguous ? y : regions.y
        for index in 0..<extents.batch {
            Scalar.multiply(
                a.matrix(index, extents.rows * extents.inner), b.matrix(index, extents.inner * extents.columns),
                rows: extents.rows, columns: extents.columns, inner: extents.inner, alpha: 1, beta: 0,
                into: target + index * extents.rows * extents.columns, stride: extents.columns)
        }
        if !order.isContiguous { instar_copy(Scalar.kernelType, &order, target, y) }
    }

    /// dA += dY·Bᵀ and dB += Aᵀ·dY as matrices, spread over the axes that were summed on the way.
    func backward<Scalar: Real>(
        _ a: EinsumArray<Scalar>, _ b: EinsumArray<Scalar>, dy: UnsafePointer<Scalar>, sizes: [Int],
        scratch: UnsafeMutablePointer<Scalar>, _ da: UnsafeMutablePointer<Scalar>?, _ db: UnsafeMutablePointer<Scalar>?
    ) {
        let extents = Extents(self, sizes)
        let regions = Regions(extents, scratch)
        var order = resultStrides(sizes).reversed
        var packedDY = dy
        if !order.isContiguous {
            instar_copy(Scalar.kernelType, &order, dy, regions.y)
            packedDY = UnsafePointer(regions.y)
        }
        let stepY = extents.rows * extents.columns
        if let da {
            let factor = b.packed(batch, inner, columns, sizes: sizes, into: regions.b)
            for index in 0..<extents.batch {
                Scalar.multiply(
                    MatrixOperand(packedDY + index * stepY, stride: extents.columns),
                    factor.transposed(index, extents.inner * extents.columns),
                    rows: extents.rows, columns: extents.inner, inner: extents.columns, alpha: 1, beta: 0,
                    into: regions.a + index * extents.rows * extents.inner, stride: extents.inner)
            }
            var spread = a.strides(to: batch + rows + inner, sizes: sizes).reversed
            instar_accumulate(Scalar.kernelType, &spread, 1, regions.a, da)
        }
        if let db {
            let factor = a.packed(batch, rows, inner, sizes: sizes, into: regions.a)
            for index in 0..<extents.batch {
                Scalar.multiply(
                    factor.transposed(index, extents.rows * extents.inner),
                    MatrixOperand(packedDY + index * stepY, stride: extents.columns),
                    rows: extents.inner, columns: extents.columns, inner: extents.rows, alpha: 1, beta: 0,
                    into: regions.b + index * extents.inner * extents.columns, stride: extents.columns)
            }
            var spread = b.strides(to: batch + inner + columns, sizes: sizes).reversed
            instar_accumulate(Scalar.kernelType, &spread, 1, regions.b, db)
        }
    }

    /// From the matrices' result `[batch, rows, columns]` to the labels' order.
    private func resultStrides(_ sizes: [Int]) -> instar_strides {
        let packed = batch + rows + columns
        var strides = instar_strides()
        for (axis, label) in result.enumerated() {
            let inner = packed.suffix(from: (packed.firstIndex(of: label) ?? 0) + 1)
            strides.append(
                sizes[label], source: inner.reduce(1) { $0 * sizes[$1] },
                target: result.suffix(from: axis + 1).reduce(1) { $0 * sizes[$1] })
        }
        return strides
    }

    /// The extents of the matrices.
    private struct Extents {
        let batch: Int
        let rows: Int
        let columns: Int
        let inner: Int

        init(_ contraction: EinsumContraction, _ sizes: [Int]) {
            batch = contraction.batch.reduce(1) { $0 * sizes[$1] }
            rows = contraction.rows.reduce(1) { $0 * sizes[$1] }
            columns = contraction.columns.reduce(1) { $0 * sizes[$1] }
            inner = contraction.inner.reduce(1) { $0 * sizes[$1] }
        }
    }

    /// Where both sides and the result lie in scratch, as matrices.
    private struct Regions<Scalar> {
        let a: UnsafeMutablePointer<Scalar>
        let b: UnsafeMutablePointer<Scalar>
        let y: UnsafeMutablePointer<Scalar>

        init(_ extents: Extents, _ scratch: UnsafeMutablePointer<Scalar>) {
            a = scratch
            b = a + extents.batch * extents.rows * extents.inner
            y = b + extents.batch * extents.inner * extents.columns
        }
    }
}

import CKernels
import Tensors

/// A dense array with a label for each axis; one of extent 1 is repeated where its label is larger, and axes that share a
/// label are their diagonal.
struct EinsumArray<Scalar: Real> {
    let pointer: UnsafePointer<Scalar>
    let labels: [Int]
    let extents: [Int]

    /// The number of elements.
    var count: Int { extents.reduce(1, *) }

    /// The distance between neighbours along a label: that of all its axes together, 0 where it is repeated.
    private func stride(of label: Int) -> Int {
        var (stride, sum) = (1, 0)
        for axis in labels.indices.reversed() {
            if labels[axis] == label && extents[axis] != 1 { sum += stride }
            stride *= extents[axis]
        }
        return sum
    }

    /// From the elements to those of an array with axes `packed`; other labels are summed.
    func strides(to packed: [Int], sizes: [Int]) -> instar_strides {
        var strides = instar_strides()
        for (axis, label) in packed.enumerated() {
            let target = packed.suffix(from: axis + 1).reduce(1) { $0 * sizes[$1] }
            strides.append(sizes[label], source: stride(of: label), target: target)
        }
        for (axis, label) in labels.enumerated() where !packed.contains(label) && !labels[..<axis].contains(label) {
            strides.append(sizes[label], source: stride(of: label), target: 0)
        }
        return strides
    }

    /// The array as matrices `[batch, rows, columns]`: in place where it lies so or transposed, else copied.
    func packed(
        _ batch: [Int], _ rows: [Int], _ columns: [Int], sizes: [Int], into region: UnsafeMutablePointer<Scalar>
    ) -> EinsumMatrices<Scalar> {
        let (rowCount, columnCount) = (rows.reduce(1) { $0 * sizes[$1] }, columns.reduce(1) { $0 * sizes[$1] })
        var order = strides(to: batch + rows + columns, sizes: sizes)
        if order.isContiguous { return EinsumMatrices(pointer: pointer, stride: columnCount, isTransposed: false) }
        if strides(to: batch + columns + rows, sizes: sizes).isContiguous {
            return EinsumMatrices(pointer: pointer, stride: rowCount, isTransposed: true)
        }
        instar_zero(region, batch.reduce(rowCount * columnCount) { $0 * sizes[$1] } * MemoryLayout<Scalar>.stride)
        instar_accumulate(Scalar.kernelType, &order, 1, pointer, region)
        return EinsumMatrices(pointer: UnsafePointer(region), stride: columnCount, isTransposed: false)
    }
}

/// Equal matrices, one after the other.
struct EinsumMatrices<Scalar> {
    let pointer: UnsafePointer<Scalar>
    let stride: Int
    let isTransposed: Bool

    /// Matrix `index`, of `count` elements.
    func matrix(_ index: Int, _ count: Int) -> MatrixOperand<Scalar> {
        MatrixOperand(pointer + index * count, stride: stride, isTransposed: isTransposed)
    }

    /// The transpose of matrix `index`.
    func transposed(_ index: Int, _ count: Int) -> MatrixOperand<Scalar> {
        MatrixOperand(pointer + index * count, stride: stride, isTransposed: !isTransposed)
    }
}

extension instar_strides {
    /// Whether source and target are the same elements in the same order.
    var isContiguous: Bool { rank == 0 || rank == 1 && source.0 == 1 && target.0 == 1 }
}

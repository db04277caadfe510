import CKernels
import Tensors

/// `Einsum` (opset 12) of one or two operands.
///
/// Two operands become matrices `[batch, rows, inner]` and `[batch, inner, columns]`: a label of both and of the result
/// is a batch axis, of both alone an inner one, of the result and one operand a row or a column; any other is summed on
/// the way. An operand that lies in memory as such already is not copied.
struct Einsum: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .inputs
    let scratchCount: Dimension
    private let equation: EinsumEquation
    private let batch: [Int]
    private let rows: [Int]
    private let columns: [Int]
    private let inner: [Int]

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("equation")
        guard let text = try context.string("equation") else {
            throw context.error(.malformed, "attribute equation is absent")
        }
        guard context.inputCount == 1 || context.inputCount == 2 else {
            throw context.error(.unsupported, "\(context.inputCount) operands; one or two are implemented")
        }
        var shapes: [[Dimension]] = []
        for index in 0..<context.inputCount { shapes.append(try context.floatInput(index).shape) }
        let equation = try EinsumEquation(text, ranks: shapes.map(\.count), context: context)
        var extents: [Int: Dimension] = [:]
        for (label, extent) in zip(equation.operands.joined(), shapes.joined()) {
            let known = extents[label] ?? Dimension(1)
            guard known == extent || known == Dimension(1) || extent == Dimension(1) else {
                throw context.error(
                    .mismatch, "shapes \(shapes) do not fit equation \(text): \(known) against \(extent)")
            }
            extents[label] = known == Dimension(1) ? extent : known
        }
        let (first, second) = (Set(equation.operands[0]), Set(equation.operands.last ?? []))
        let result = Set(equation.result)
        let isBinary = shapes.count == 2
        batch = isBinary ? equation.result.filter { first.contains($0) && second.contains($0) } : []
        rows = isBinary ? equation.result.filter { !second.contains($0) } : []
        columns = isBinary ? equation.result.filter { !first.contains($0) } : []
        inner = isBinary ? first.intersection(second).subtracting(result).sorted() : []
        self.equation = equation
        let packed = isBinary ? [batch + rows + inner, batch + inner + columns, batch + rows + columns] : []
        var room = Dimension(0)
        for labels in packed {
            guard let count = labels.compactMap({ extents[$0] }).product, let sum = room.plus(count) else {
                throw context.error(
                    .unsupported, "equation \(text) over \(shapes) is quadratic in the batch, or too large")
            }
            room = sum
        }
        scratchCount = room
        let shape = equation.result.compactMap { extents[$0] }
        outputs = [ValueDescription(try context.floatInput(0).elementType, shape)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard equation.operands.count == 2 else {
            var strides = strides(frame, operand: 0, packed: equation.result)
            Movement.fill(frame, with: 0)
            instar_accumulate(Scalar.kernelType, &strides, 1, frame.input(0), frame.output(0))
            return
        }
        let sizes = Sizes(self, frame)
        let (a, b) = (packedA(frame, sizes), packedB(frame, sizes))
        var order = resultStrides(frame)
        let isInPlace = order.isContiguous
        let y = isInPlace ? frame.output(0) : sizes.regionY(frame)
        for index in 0..<sizes.batch {
            Scalar.multiply(
                a.matrix(index, sizes.rows * sizes.inner), b.matrix(index, sizes.inner * sizes.columns),
                rows: sizes.rows, columns: sizes.columns, inner: sizes.inner, alpha: 1, beta: 0,
                into: y + index * sizes.rows * sizes.columns, stride: sizes.columns)
        }
        if !isInPlace { instar_copy(Scalar.kernelType, &order, y, frame.output(0)) }
    }

    /// dA = dY·Bᵀ and dB = Aᵀ·dY as matrices, spread over the axes that were summed on the way.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0) else { return }
        guard equation.operands.count == 2 else {
            guard let dx = frame.inputGradient(0) else { return }
            var strides = strides(frame, operand: 0, packed: equation.result).reversed
            instar_accumulate(Scalar.kernelType, &strides, 1, dy, dx)
            return
        }
        let sizes = Sizes(self, frame)
        var order = resultStrides(frame).reversed
        var packedDY = dy
        if !order.isContiguous {
            instar_copy(Scalar.kernelType, &order, dy, sizes.regionY(frame))
            packedDY = UnsafePointer(sizes.regionY(frame))
        }
        let stepY = sizes.rows * sizes.columns
        if let da = frame.inputGradient(0) {
            let (b, region) = (packedB(frame, sizes), sizes.regionA(frame))
            for index in 0..<sizes.batch {
                Scalar.multiply(
                    MatrixOperand(packedDY + index * stepY, stride: sizes.columns),
                    b.matrix(index, sizes.inner * sizes.columns).transposed,
                    rows: sizes.rows, columns: sizes.inner, inner: sizes.columns, alpha: 1, beta: 0,
                    into: region + index * sizes.rows * sizes.inner, stride: sizes.inner)
            }
            var spread = strides(frame, operand: 0, packed: batch + rows + inner).reversed
            instar_accumulate(Scalar.kernelType, &spread, 1, region, da)
        }
        if let db = frame.inputGradient(1) {
            let (a, region) = (packedA(frame, sizes), sizes.regionB(frame))
            for index in 0..<sizes.batch {
                Scalar.multiply(
                    a.matrix(index, sizes.rows * sizes.inner).transposed,
                    MatrixOperand(packedDY + index * stepY, stride: sizes.columns),
                    rows: sizes.inner, columns: sizes.columns, inner: sizes.rows, alpha: 1, beta: 0,
                    into: region + index * sizes.inner * sizes.columns, stride: sizes.columns)
            }
            var spread = strides(frame, operand: 1, packed: batch + inner + columns).reversed
            instar_accumulate(Scalar.kernelType, &spread, 1, region, db)
        }
    }

    /// A batch of equal matrices, one after the other.
    private struct Packed<Scalar> {
        let pointer: UnsafePointer<Scalar>
        let stride: Int
        let isTransposed: Bool

        func matrix(_ index: Int, _ count: Int) -> MatrixOperand<Scalar> {
            MatrixOperand(pointer + index * count, stride: stride, isTransposed: isTransposed)
        }
    }

    private func packedA<Scalar: Real>(_ frame: Frame<Scalar>, _ sizes: Sizes) -> Packed<Scalar> {
        pack(
            frame, operand: 0, batch + rows + inner, stride: sizes.inner, transposed: batch + inner + rows,
            transposedStride: sizes.rows, region: sizes.regionA(frame))
    }

    private func packedB<Scalar: Real>(_ frame: Frame<Scalar>, _ sizes: Sizes) -> Packed<Scalar> {
        pack(
            frame, operand: 1, batch + inner + columns, stride: sizes.columns, transposed: batch + columns + inner,
            transposedStride: sizes.inner, region: sizes.regionB(frame))
    }

    /// An operand as matrices with axes in the wanted order, in place where it lies so or transposed.
    private func pack<Scalar: Real>(
        _ frame: Frame<Scalar>, operand: Int, _ labels: [Int], stride: Int, transposed: [Int], transposedStride: Int,
        region: UnsafeMutablePointer<Scalar>
    ) -> Packed<Scalar> {
        let x = frame.input(operand)
        var order = strides(frame, operand: operand, packed: labels)
        if order.isContiguous { return Packed(pointer: x, stride: stride, isTransposed: false) }
        if strides(frame, operand: operand, packed: transposed).isContiguous {
            return Packed(pointer: x, stride: transposedStride, isTransposed: true)
        }
        var zero = Scalar.zero
        instar_fill(Scalar.kernelType, &zero, region, count(frame, labels))
        instar_accumulate(Scalar.kernelType, &order, 1, x, region)
        return Packed(pointer: UnsafePointer(region), stride: stride, isTransposed: false)
    }

    /// From an operand's elements to those of an array with axes `packed`; other labels are summed.
    private func strides<Scalar: Real>(_ frame: Frame<Scalar>, operand: Int, packed: [Int]) -> instar_strides {
        let labels = equation.operands[operand]
        var strides = instar_strides()
        var target = count(frame, packed)
        for label in packed {
            let extent = extent(frame, label)
            target = extent == 0 ? 0 : target / extent
            strides.append(extent, source: stride(frame, operand, label), target: target)
        }
        for (axis, label) in labels.enumerated() where !packed.contains(label) && !labels[..<axis].contains(label) {
            strides.append(extent(frame, label), source: stride(frame, operand, label), target: 0)
        }
        return strides
    }

    /// From the matrices' result `[batch, rows, columns]` to the output.
    private func resultStrides<Scalar: Real>(_ frame: Frame<Scalar>) -> instar_strides {
        let y = frame.outputShape(0)
        let packed = batch + rows + columns
        var strides = instar_strides()
        for (axis, label) in equation.result.enumerated() {
            let after = packed.suffix(from: (packed.firstIndex(of: label) ?? 0) + 1)
            strides.append(y[axis], source: count(frame, Array(after)), target: y.stride(of: axis))
        }
        return strides
    }

    /// The distance between an operand's neighbours along a label: of all its axes together, 0 where it is repeated.
    private func stride<Scalar: Real>(_ frame: Frame<Scalar>, _ operand: Int, _ label: Int) -> Int {
        let x = frame.inputShape(operand)
        var stride = 0
        for (axis, other) in equation.operands[operand].enumerated() where other == label && x[axis] != 1 {
            stride += x.stride(of: axis)
        }
        return stride
    }

    private func extent<Scalar: Real>(_ frame: Frame<Scalar>, _ label: Int) -> Int {
        var extent = 1
        for (operand, labels) in equation.operands.enumerated() {
            for (axis, other) in labels.enumerated() where other == label && frame.inputShape(operand)[axis] != 1 {
                extent = frame.inputShape(operand)[axis]
            }
        }
        return extent
    }

    private func count<Scalar: Real>(_ frame: Frame<Scalar>, _ labels: [Int]) -> Int {
        labels.reduce(1) { $0 * extent(frame, $1) }
    }

    /// The extents of the matrices, and where they lie in scratch.
    private struct Sizes {
        let batch: Int
        let rows: Int
        let columns: Int
        let inner: Int

        init<Scalar: Real>(_ einsum: Einsum, _ frame: Frame<Scalar>) {
            batch = einsum.count(frame, einsum.batch)
            rows = einsum.count(frame, einsum.rows)
            columns = einsum.count(frame, einsum.columns)
            inner = einsum.count(frame, einsum.inner)
        }

        func regionA<Scalar>(_ frame: Frame<Scalar>) -> UnsafeMutablePointer<Scalar> { frame.scratch }
        func regionB<Scalar>(_ frame: Frame<Scalar>) -> UnsafeMutablePointer<Scalar> {
            frame.scratch + batch * rows * inner
        }
        func regionY<Scalar>(_ frame: Frame<Scalar>) -> UnsafeMutablePointer<Scalar> {
            regionB(frame) + batch * inner * columns
        }
    }
}

extension instar_strides {
    /// Whether source and target are the same elements in the same order.
    fileprivate var isContiguous: Bool {
        rank == 0 || rank == 1 && source.0 == 1 && target.0 == 1
    }
}

extension MatrixOperand {
    /// The same memory as the transpose of this factor.
    fileprivate var transposed: MatrixOperand {
        MatrixOperand(pointer, stride: stride, isTransposed: !isTransposed)
    }
}

import CKernels
import Tensors

/// `Einsum` (opset 12) of any number of operands.
///
/// One operand is a strided sum. Several are contracted from the left, pair by pair, each pair by matrix products; a label
/// is summed in the first pair after which neither the result nor another operand has it.
struct Einsum: Operation {
    static let foldingLimit = 1 << 20

    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .inputs
    let savedCount: Dimension
    let scratchCount: Dimension
    private let equation: EinsumEquation
    private let contractions: [EinsumContraction]

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("equation")
        guard let text = try context.string("equation") else {
            throw context.error(.malformed, "attribute equation is absent")
        }
        var shapes: [[Dimension]] = []
        try context.allowInputs(64)
        for index in 0..<context.inputCount { shapes.append(try context.floatInput(index).shape) }
        let equation = try EinsumEquation(text, ranks: shapes.map(\.count), context: context)
        self.equation = equation
        guard equation.labelCount <= Int(INSTAR_MAXIMUM_STRIDED_RANK) else {
            throw context.error(
                .unsupported,
                "equation \(text) has \(equation.labelCount) indices; at most \(INSTAR_MAXIMUM_STRIDED_RANK) are implemented"
            )
        }
        var extents = [Dimension](repeating: Dimension(1), count: equation.labelCount)
        for (label, extent) in zip(equation.operands.joined(), shapes.joined()) where extent != Dimension(1) {
            guard extents[label] == Dimension(1) || extents[label] == extent else {
                throw context.error(
                    .mismatch, "shapes \(shapes) do not fit equation \(text): \(extents[label]) against \(extent)")
            }
            extents[label] = extent
        }
        contractions = equation.contractions()
        guard let rooms = Self.rooms(contractions, extents) else {
            throw context.error(
                .unsupported, "equation \(text) over \(shapes) is quadratic in the batch, or too large")
        }
        (savedCount, scratchCount) = rooms
        outputs = [ValueDescription(try context.floatInput(0).elementType, equation.result.map { extents[$0] })]
    }

    /// Results between two pairs are kept; scratch holds a pair's matrices and the gradients of such results.
    private static func rooms(
        _ contractions: [EinsumContraction], _ extents: [Dimension]
    ) -> (saved: Dimension, scratch: Dimension)? {
        var (saved, scratch) = (Dimension(0), Dimension(0))
        for (index, contraction) in contractions.enumerated() {
            guard let matrices = contraction.scratchCount(extents), let sum = scratch.plus(matrices) else { return nil }
            scratch = sum
            guard index < contractions.count - 1 else { break }
            guard let count = contraction.result.map({ extents[$0] }).product, let total = saved.plus(count),
                let sum = scratch.plus(count)
            else { return nil }
            (saved, scratch) = (total, sum)
        }
        return (saved, scratch)
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        let sizes = sizes(frame)
        guard !contractions.isEmpty else {
            var strides = operand(frame, 0).strides(to: equation.result, sizes: sizes)
            Movement.fill(frame, with: 0)
            instar_accumulate(Scalar.kernelType, &strides, 1, frame.input(0), frame.output(0))
            return
        }
        var (left, place) = (operand(frame, 0), frame.saved)
        for (index, contraction) in contractions.enumerated() {
            let y = index == contractions.count - 1 ? frame.output(0) : place
            contraction.forward(left, operand(frame, index + 1), sizes: sizes, scratch: frame.scratch, into: y)
            left = contraction.array(UnsafePointer(y), sizes: sizes)
            place += left.count
        }
    }

    /// From the last pair to the first: the gradient of a pair's result is divided among its two sides.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard var dy = frame.outputGradient(0) else { return }
        let sizes = sizes(frame)
        guard !contractions.isEmpty else {
            guard let dx = frame.inputGradient(0) else { return }
            var strides = operand(frame, 0).strides(to: equation.result, sizes: sizes).reversed
            instar_accumulate(Scalar.kernelType, &strides, 1, dy, dx)
            return
        }
        var lefts = [operand(frame, 0)]
        for contraction in contractions.dropLast() {
            let place = lefts.dropFirst().reduce(0) { $0 + $1.count }
            lefts.append(contraction.array(UnsafePointer(frame.saved + place), sizes: sizes))
        }
        var scratch = frame.scratch
        for (index, contraction) in contractions.enumerated().reversed() {
            var dLeft = frame.inputGradient(0)
            let isLeftWanted = (0...index).contains { frame.inputGradient($0) != nil }
            if index > 0, isLeftWanted {
                dLeft = scratch
                scratch += lefts[index].count
                instar_zero(dLeft, lefts[index].count * MemoryLayout<Scalar>.stride)
            }
            contraction.backward(
                lefts[index], operand(frame, index + 1), dy: dy, sizes: sizes, scratch: scratch, dLeft,
                frame.inputGradient(index + 1))
            guard isLeftWanted, let dLeft else { return }
            dy = UnsafePointer(dLeft)
        }
    }

    private func operand<Scalar: Real>(_ frame: Frame<Scalar>, _ index: Int) -> EinsumArray<Scalar> {
        EinsumArray(
            pointer: frame.input(index), labels: equation.operands[index], extents: Array(frame.inputShape(index)))
    }

    /// The extent of each label.
    private func sizes<Scalar: Real>(_ frame: Frame<Scalar>) -> [Int] {
        var sizes = [Int](repeating: 1, count: equation.labelCount)
        for (operand, labels) in equation.operands.enumerated() {
            let shape = frame.inputShape(operand)
            for (axis, label) in labels.enumerated() where shape[axis] != 1 { sizes[label] = shape[axis] }
        }
        return sizes
    }
}

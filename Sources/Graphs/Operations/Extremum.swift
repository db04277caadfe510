import CKernels
import Tensors

/// `Max` and `Min` (opset 13) of any number of operands with broadcasting; NaN where an operand is.
///
/// Computed pair by pair, ((a ∘ b) ∘ c) ∘ …: at a tie each side of a pair gets half of the gradient, as in PyTorch.
struct Extremum: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .inputs
    let savedCount: Dimension
    let scratchCount: Dimension
    private let code: Int32
    private let operandCount: Int

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow()
        code = context.node.operatorName == "Max" ? INSTAR_MAXIMUM : INSTAR_MINIMUM
        operandCount = context.inputCount
        let first = try context.input(0)
        var shape = first.shape
        for index in 1..<max(1, operandCount) {
            let next = try context.input(index)
            guard next.isFloat == first.isFloat else {
                throw context.typesDiffer(first, next)
            }
            shape = try context.broadcast(shape, next.shape)
        }
        // Results that enter another pair are kept; of their gradients one is read while the next is made.
        let innerCount = max(0, operandCount - 2)
        guard let count = shape.product, let saved = count.times(Dimension(innerCount)),
            let scratch = count.times(Dimension(min(2, innerCount)))
        else { throw context.error(.unsupported, "the shape \(shape) is quadratic in the batch, or too large") }
        (savedCount, scratchCount) = (saved, scratch)
        outputs = [ValueDescription(first.elementType, shape)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard operandCount > 1 else { return frame.copyInput() }
        for index in 1..<operandCount {
            var layout = layout(frame, index)
            if frame.isFloatInput(0) {
                instar_binary(
                    Scalar.kernelType, code, &layout, left(frame, index), frame.input(index),
                    index == operandCount - 1 ? frame.output(0) : result(frame, index))
            } else {
                let (y, right) = (frame.integerOutput(0), frame.integerInput(index))
                let left = index == 1 ? frame.integerInput(0) : UnsafePointer(y)
                instar_binary(INSTAR_INTEGER, code, &layout, left, right, y)
            }
        }
    }

    /// From the last pair to the first, each gradient is divided among the pair's two sides.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard var dy = frame.outputGradient(0) else { return }
        guard operandCount > 1 else {
            var whole = instar_strides()
            whole.append(frame.outputShape(0).elementCount, source: 1, target: 1)
            return Movement.addGradient(frame, whole)
        }
        let count = frame.outputShape(0).elementCount
        for index in (1..<operandCount).reversed() {
            let (left, right) = (left(frame, index), frame.input(index))
            var layout = layout(frame, index)
            var leftGradient = frame.inputGradient(0)
            let isLeftWanted = (0..<index).contains { frame.inputGradient($0) != nil }
            if index > 1, isLeftWanted {
                let gradient = frame.scratch + index % 2 * count
                instar_zero(gradient, count * MemoryLayout<Scalar>.stride)
                leftGradient = gradient
            }
            for (side, gradient) in [leftGradient, frame.inputGradient(index)].enumerated() {
                guard let gradient else { continue }
                instar_binary_backward(
                    Scalar.kernelType, code, Int32(side), &layout, left, right, frame.output(0), dy, gradient)
            }
            guard isLeftWanted, let leftGradient else { return }
            dy = UnsafePointer(leftGradient)
        }
    }

    /// What operand `index` is compared with: operand 0, or the result so far.
    private func left<Scalar: Real>(_ frame: Frame<Scalar>, _ index: Int) -> UnsafePointer<Scalar> {
        index == 1 ? frame.input(0) : UnsafePointer(result(frame, index - 1))
    }

    /// The place of the result of operands 0 to `index`, which is not the last one.
    private func result<Scalar: Real>(_ frame: Frame<Scalar>, _ index: Int) -> UnsafeMutablePointer<Scalar> {
        frame.saved + (index - 1) * frame.outputShape(0).elementCount
    }

    /// How the sides of pair `index` broadcast to the output's shape, which results have too.
    private func layout<Scalar: Real>(_ frame: Frame<Scalar>, _ index: Int) -> instar_broadcast {
        let y = frame.outputShape(0)
        return instar_broadcast(index == 1 ? frame.inputShape(0) : y, frame.inputShape(index), to: y)
    }
}

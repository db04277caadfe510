import CKernels
import Tensors

/// `Where` (opset 16): condition ? a : b with broadcasting.
struct Where: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .inputs

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow()
        try context.allowInputs(3)
        let (condition, a, b) = (try context.input(0), try context.input(1), try context.input(2))
        guard !condition.isFloat else {
            throw context.error(.malformed, "the condition must be bool; it is \(condition.elementType)")
        }
        guard a.isFloat == b.isFloat else {
            throw context.typesDiffer(a, b)
        }
        outputs = [ValueDescription(a.elementType, try context.broadcast(condition.shape, a.shape, b.shape))]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        var layout = instar_broadcast(frame, operandCount: 3)
        let condition = frame.integerInput(0)
        if frame.isFloatInput(1) {
            instar_where(Scalar.kernelType, &layout, condition, frame.input(1), frame.input(2), frame.output(0))
        } else {
            instar_where(
                INSTAR_INTEGER, &layout, condition, frame.integerInput(1), frame.integerInput(2), frame.integerOutput(0)
            )
        }
    }

    /// da += dy where the condition holds, db += dy elsewhere, summed over broadcast axes.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0) else { return }
        var layout = instar_broadcast(frame, operandCount: 3)
        for (input, wanted) in [(1, Int32(1)), (2, Int32(0))] {
            guard let gradient = frame.inputGradient(input) else { continue }
            instar_where_backward(Scalar.kernelType, wanted, &layout, frame.integerInput(0), dy, gradient)
        }
    }
}

import CKernels
import Tensors

/// `Add`, `Sub`, `Mul`, `Div` (opset 13) of two operands: y = a ∘ b with broadcasting.
///
/// Integers too; their quotient is rounded towards zero, and what is beyond their type wraps around.
struct BinaryOperation: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds
    let passedGradients: [Int]
    private let code: Int32

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow()
        switch context.node.operatorName {
        case "Add": (code, needs) = (INSTAR_ADD, [])
        case "Sub": (code, needs) = (INSTAR_SUBTRACT, [])
        case "Mul": (code, needs) = (INSTAR_MULTIPLY, .inputs)
        case "Div": (code, needs) = (INSTAR_DIVIDE, [.inputs, .outputs])
        default: preconditionFailure("\(context.node.operatorName) is registered and has no kernel")
        }
        let (a, b) = (try context.input(0), try context.input(1))
        guard a.isFloat == b.isFloat else {
            throw context.typesDiffer(a, b)
        }
        try context.allowInputs(2)
        let shape = try context.broadcast(a.shape, b.shape)
        outputs = [ValueDescription(a.elementType, shape)]
        let terms = code == INSTAR_ADD ? [0, 1] : code == INSTAR_SUBTRACT ? [0] : []
        passedGradients = terms.filter { [a, b][$0].shape == shape }
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        var layout = instar_broadcast(frame, operandCount: 2)
        if frame.isFloatInput(0) {
            instar_binary(Scalar.kernelType, code, &layout, frame.input(0), frame.input(1), frame.output(0))
        } else {
            instar_binary(
                INSTAR_INTEGER, code, &layout, frame.integerInput(0), frame.integerInput(1), frame.integerOutput(0))
            frame.narrowOutput(to: outputs[0].elementType)
        }
    }

    /// da += ∂y/∂a·dy and db += ∂y/∂b·dy, summed over broadcast axes.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0) else { return }
        var layout = instar_broadcast(frame, operandCount: 2)
        for operand in 0..<2 {
            guard let gradient = frame.inputGradient(operand) else { continue }
            instar_binary_backward(
                Scalar.kernelType, code, Int32(operand), &layout, frame.input(0), frame.input(1), frame.output(0), dy,
                gradient)
        }
    }
}

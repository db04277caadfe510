import CKernels
import Tensors

/// `Add`, `Sub`, `Mul`, `Div` (opset 7), and `Max`, `Min` (opset 8) of two operands: y = a ∘ b with broadcasting.
///
/// Integers too; their quotient is rounded towards zero. At a tie of `Max` or `Min` each operand gets half of the
/// gradient, as in PyTorch.
struct BinaryOperation: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds
    private let code: Int32

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow()
        switch context.node.operatorName {
        case "Add": (code, needs) = (INSTAR_ADD, [])
        case "Sub": (code, needs) = (INSTAR_SUBTRACT, [])
        case "Mul": (code, needs) = (INSTAR_MULTIPLY, .inputs)
        case "Div": (code, needs) = (INSTAR_DIVIDE, [.inputs, .outputs])
        case "Max": (code, needs) = (INSTAR_MAXIMUM, .inputs)
        case "Min": (code, needs) = (INSTAR_MINIMUM, .inputs)
        default: preconditionFailure("\(context.node.operatorName) is registered and has no kernel")
        }
        guard context.inputCount == 2 else {
            throw context.error(.unsupported, "\(context.inputCount) operands; two are implemented")
        }
        let (a, b) = (try context.input(0), try context.input(1))
        guard a.isFloat == b.isFloat else {
            throw context.error(.mismatch, "the operands have types \(a.elementType) and \(b.elementType)")
        }
        outputs = [ValueDescription(a.elementType, try context.broadcast(a.shape, b.shape))]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        var layout = instar_broadcast(frame, operandCount: 2)
        if frame.isFloatInput(0) {
            instar_binary(Scalar.kernelType, code, &layout, frame.input(0), frame.input(1), frame.output(0))
        } else {
            instar_binary(
                INSTAR_INTEGER, code, &layout, frame.integerInput(0), frame.integerInput(1), frame.integerOutput(0))
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

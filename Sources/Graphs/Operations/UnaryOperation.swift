import CKernels
import Tensors

/// The operators y = f(x) of one operand: `Neg`, `Abs`, `Sqrt`, `Exp`, `Log`, `Reciprocal`, `Erf`, `Tanh`, `Sigmoid`
/// (opset 13), `Relu` (opset 14), `Sin`, `Cos` (opset 7).
///
/// `Neg`, `Abs` and `Relu` take integers too. The derivative is 0 at 0 for `Abs` and `Relu`.
struct UnaryOperation: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds
    private let code: Int32

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow()
        switch context.node.operatorName {
        case "Neg": (code, needs) = (INSTAR_NEGATE, [])
        case "Abs": (code, needs) = (INSTAR_ABSOLUTE, .inputs)
        case "Sqrt": (code, needs) = (INSTAR_SQUARE_ROOT, .outputs)
        case "Exp": (code, needs) = (INSTAR_EXPONENTIAL, .outputs)
        case "Log": (code, needs) = (INSTAR_LOGARITHM, .inputs)
        case "Reciprocal": (code, needs) = (INSTAR_RECIPROCAL, .outputs)
        case "Erf": (code, needs) = (INSTAR_ERROR_FUNCTION, .inputs)
        case "Tanh": (code, needs) = (INSTAR_TANH, .outputs)
        case "Sigmoid": (code, needs) = (INSTAR_SIGMOID, .outputs)
        case "Relu": (code, needs) = (INSTAR_RELU, .outputs)
        case "Sin": (code, needs) = (INSTAR_SINE, .inputs)
        case "Cos": (code, needs) = (INSTAR_COSINE, .inputs)
        default: preconditionFailure("\(context.node.operatorName) is registered and has no kernel")
        }
        let takesIntegers = [INSTAR_NEGATE, INSTAR_ABSOLUTE, INSTAR_RELU].contains(code)
        let x = try takesIntegers ? context.input(0) : context.floatInput(0)
        outputs = [ValueDescription(x.elementType, x.shape)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        let count = frame.outputShape(0).elementCount
        if frame.isFloatInput(0) {
            instar_unary(Scalar.kernelType, code, frame.input(0), frame.output(0), count)
        } else {
            instar_unary(INSTAR_INTEGER, code, frame.integerInput(0), frame.integerOutput(0), count)
            frame.narrowOutput(to: outputs[0].elementType)
        }
    }

    /// dx += f′(x)·dy.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0), let dx = frame.inputGradient(0) else { return }
        instar_unary_backward(
            Scalar.kernelType, code, frame.input(0), frame.output(0), dy, dx, frame.outputShape(0).elementCount)
    }
}

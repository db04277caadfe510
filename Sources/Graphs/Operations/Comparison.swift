import CKernels
import Tensors

/// `Equal`, `Greater`, `Less` (opset 7, 9 and 13), `GreaterOrEqual`, `LessOrEqual` (opset 12): bool, with broadcasting.
struct Comparison: Operation {
    let outputs: [ValueDescription]
    private let code: Int32

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow()
        switch context.node.operatorName {
        case "Equal": code = INSTAR_EQUAL
        case "Greater": code = INSTAR_GREATER
        case "Less": code = INSTAR_LESS
        case "GreaterOrEqual": code = INSTAR_GREATER_OR_EQUAL
        case "LessOrEqual": code = INSTAR_LESS_OR_EQUAL
        default: preconditionFailure("\(context.node.operatorName) is registered and has no kernel")
        }
        let (a, b) = (try context.input(0), try context.input(1))
        guard a.isFloat == b.isFloat else {
            throw context.typesDiffer(a, b)
        }
        outputs = [ValueDescription(.bool, try context.broadcast(a.shape, b.shape))]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        var layout = instar_broadcast(frame, operandCount: 2)
        if frame.isFloatInput(0) {
            instar_compare(Scalar.kernelType, code, &layout, frame.input(0), frame.input(1), frame.integerOutput(0))
        } else {
            instar_compare(
                INSTAR_INTEGER, code, &layout, frame.integerInput(0), frame.integerInput(1), frame.integerOutput(0))
        }
    }
}

import CKernels
import Tensors

/// `And`, `Or` (opset 7), with broadcasting, and `Not` (opset 1): the product, the maximum and the complement of zeros
/// and ones.
struct Logic: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = []
    private let isNegation: Bool
    private let code: Int32

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow()
        isNegation = context.node.operatorName == "Not"
        code = context.node.operatorName == "And" ? INSTAR_MULTIPLY : INSTAR_MAXIMUM
        let a = try context.input(0)
        let b = isNegation ? a : try context.input(1)
        guard a.elementType == .bool, b.elementType == .bool else {
            throw context.error(.malformed, "the operands have types \(a.elementType) and \(b.elementType), not bool")
        }
        outputs = [ValueDescription(.bool, try context.broadcast(a.shape, b.shape))]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        let (a, y) = (frame.integerInput(0), frame.integerOutput(0))
        if isNegation {
            for index in 0..<frame.outputShape(0).elementCount { y[index] = a[index] == 0 ? 1 : 0 }
        } else {
            var layout = instar_broadcast(frame, operandCount: 2)
            instar_binary(INSTAR_INTEGER, code, &layout, a, frame.integerInput(1), y)
        }
    }
}

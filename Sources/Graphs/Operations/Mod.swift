import CKernels
import Tensors

/// `Mod` (opset 13) of whole numbers: the remainder with the sign of the divisor, or with `fmod` of the dividend.
struct Mod: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = []
    private let isTruncated: Bool

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("fmod")
        isTruncated = try context.integer("fmod") == 1
        let (a, b) = (try context.input(0), try context.input(1))
        guard !a.isFloat, !b.isFloat else {
            throw context.error(
                .unsupported, "operands of types \(a.elementType) and \(b.elementType); integers are implemented")
        }
        outputs = [ValueDescription(a.elementType, try context.broadcast(a.shape, b.shape))]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        var layout = instar_broadcast(frame, operandCount: 2)
        instar_modulo(
            isTruncated ? 1 : 0, &layout, frame.integerInput(0), frame.integerInput(1), frame.integerOutput(0))
    }
}

import CKernels
import Tensors

/// `Dropout` (opset 13) at inference: the identity, and as output 1 a mask that keeps everything.
struct Dropout: Operation {
    static var mayLackFirstOutput: Bool { true }

    let outputs: [ValueDescription]
    let isView: Bool
    let needs: BackwardNeeds = []

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("seed")
        let x = try context.input(0)
        if context.optionalInput(2) != nil, try context.knownIntegers(2) != [0] {
            // The ratio is ½ where it is absent; one of 0 drops nothing.
            guard context.optionalInput(1) != nil, try context.knownNumber(1) == 0 else {
                throw context.error(.unsupported, "training mode draws at random; export the model in evaluation mode")
            }
        }
        isView = context.node.outputs.count == 1
        let all = [ValueDescription(x.elementType, x.shape), ValueDescription(.bool, x.shape)]
        outputs = Array(all.prefix(context.node.outputs.count))
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        if frame.hasOutput(0) { frame.copyInput() }
        guard frame.hasOutput(1) else { return }
        var kept: Int64 = 1
        instar_fill(INSTAR_INTEGER, &kept, frame.integerOutput(1), frame.outputShape(1).elementCount)
    }

    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        var whole = instar_strides()
        whole.append(frame.inputShape(0).elementCount, source: 1, target: 1)
        Movement.addGradient(frame, whole)
    }
}

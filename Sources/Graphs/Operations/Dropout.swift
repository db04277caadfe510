import Tensors

/// `Dropout` (opset 13) at inference: the identity.
struct Dropout: Operation {
    let outputs: [ValueDescription]
    let isView = true
    let needs: BackwardNeeds = []

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("seed")
        let x = try context.input(0)
        if context.optionalInput(2) != nil, try context.knownIntegers(2) != [0] {
            throw context.error(.unsupported, "training mode draws at random; export the model in evaluation mode")
        }
        guard context.node.outputs.dropFirst().allSatisfy(\.isEmpty) else {
            throw context.error(.unsupported, "the mask is asked for; only the first output is implemented")
        }
        outputs = [ValueDescription(x.elementType, x.shape)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) { frame.copyInput() }
}

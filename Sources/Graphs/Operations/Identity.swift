import Tensors

/// `Identity` (opset 13): y = x.
struct Identity: Operation {
    let outputs: [ValueDescription]
    let isView = true

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow()
        let x = try context.input(0)
        outputs = [ValueDescription(x.elementType, x.shape)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) { frame.copyInput() }
}

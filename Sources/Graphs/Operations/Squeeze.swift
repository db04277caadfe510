import Tensors

/// `Squeeze` (opset 13): without the named axes of extent 1, or without all of them.
struct Squeeze: Operation {
    let outputs: [ValueDescription]
    let isView = true
    let needs: BackwardNeeds = []

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow()
        let x = try context.input(0)
        var axes = Set(x.shape.indices.filter { x.shape[$0] == Dimension(1) })
        if context.optionalInput(1) != nil {
            let named = try context.knownIntegers(1)
            let wanted = Set(try named.map { axis throws(GraphError) in try context.axis(axis, rank: x.shape.count) })
            guard wanted.isSubset(of: axes) else {
                throw context.error(.mismatch, "axes \(named) of shape \(x.shape) are not all of extent 1")
            }
            axes = wanted
        }
        outputs = [ValueDescription(x.elementType, x.shape.indices.filter { !axes.contains($0) }.map { x.shape[$0] })]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) { frame.copyInput() }
}

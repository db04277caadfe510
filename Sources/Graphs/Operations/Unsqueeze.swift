import Tensors

/// `Unsqueeze` (opset 13): new axes of extent 1 at the named places of the output.
struct Unsqueeze: Operation {
    let outputs: [ValueDescription]
    let isView = true
    let needs: BackwardNeeds = []

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow()
        let x = try context.input(0)
        let named = try context.knownIntegers(1)
        let rank = x.shape.count + named.count
        let axes = Set(try named.map { axis throws(GraphError) in try context.axis(axis, rank: rank) })
        guard axes.count == named.count else { throw context.error(.malformed, "axes \(named) repeat") }
        var rest = x.shape[...]
        let shape = (0..<rank).map { axes.contains($0) ? Dimension(1) : rest.removeFirst() }
        outputs = [ValueDescription(x.elementType, shape)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) { frame.copyInput() }
}

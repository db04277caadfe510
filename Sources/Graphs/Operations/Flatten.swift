import Tensors

/// `Flatten` (opset 13): a matrix of the axes before `axis` by those from it on.
struct Flatten: Operation {
    let outputs: [ValueDescription]
    let isView = true
    let needs: BackwardNeeds = []

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("axis")
        let x = try context.input(0)
        let given = try context.integer("axis") ?? 1
        // The one operator whose axis may equal the rank: all axes are then before it.
        let axis = given == x.shape.count ? given : try context.axis(given, rank: x.shape.count)
        guard let rows = x.shape[..<axis].product, let columns = x.shape[axis...].product else {
            throw context.error(.unsupported, "the shape \(x.shape) is quadratic in the batch")
        }
        outputs = [ValueDescription(x.elementType, [rows, columns])]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) { frame.copyInput() }
}

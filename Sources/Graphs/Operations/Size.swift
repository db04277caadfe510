import Tensors

/// `Size` (opset 13): the number of elements, known before evaluation as a function of the batch.
struct Size: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = []

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow()
        let shape = try context.input(0).shape
        guard let size = shape.product else {
            throw context.error(.unsupported, "the shape \(shape) is quadratic in the batch")
        }
        outputs = [ValueDescription(.int64, [], contents: .symbolic([size]))]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        frame.integerOutput(0).pointee = Int64(frame.inputShape(0).elementCount)
    }
}

import Tensors

/// `Shape` (opset 15): the extents of the axes from `start` up to, but without, `end`, as whole numbers.
///
/// The numbers are known before evaluation, as functions of the batch.
struct ShapeOperation: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = []
    private let axes: Range<Int>

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("start", "end")
        let shape = try context.input(0).shape
        func clamped(_ axis: Int) -> Int { min(max(axis < 0 ? axis + shape.count : axis, 0), shape.count) }
        let start = clamped(try context.integer("start") ?? 0)
        let end = clamped(try context.integer("end") ?? shape.count)
        axes = start..<max(start, end)
        outputs = [ValueDescription(.int64, [Dimension(axes.count)], contents: .symbolic(Array(shape[axes])))]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        let (shape, y) = (frame.inputShape(0), frame.integerOutput(0))
        for (index, axis) in axes.enumerated() { y[index] = Int64(shape[axis]) }
    }
}

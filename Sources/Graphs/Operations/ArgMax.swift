import CKernels
import Tensors

/// `ArgMax` and `ArgMin` (opset 13): the place of the largest or smallest element along `axis`, the first one or, with
/// `select_last_index`, the last. NaN counts as the largest and as the smallest, as in PyTorch. No gradient.
struct ArgMax: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = []
    private let axis: Int
    private let isLargest: Bool
    private let isLast: Bool

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("axis", "keepdims", "select_last_index")
        let x = try context.input(0)
        axis = try context.axis(try context.integer("axis") ?? 0, rank: x.shape.count)
        guard x.shape[axis] != Dimension(0) else {
            throw context.error(.malformed, "axis \(axis) of \(x.shape) has no element")
        }
        isLargest = context.node.operatorName == "ArgMax"
        isLast = try context.integer("select_last_index") == 1
        var shape = x.shape
        if try context.integer("keepdims") ?? 1 != 0 { shape[axis] = Dimension(1) } else { shape.remove(at: axis) }
        outputs = [ValueDescription(.int64, shape)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        let shape = frame.inputShape(0)
        var line = instar_axis(
            outer: shape.product(0..<axis), extent: shape[axis], inner: shape.stride(of: axis))
        let (type, x) =
            frame.isFloatInput(0)
            ? (Scalar.kernelType, UnsafeRawPointer(frame.input(0)))
            : (INSTAR_INTEGER, UnsafeRawPointer(frame.integerInput(0)))
        instar_extreme_position(type, &line, isLargest ? 1 : 0, isLast ? 1 : 0, x, frame.integerOutput(0))
    }
}

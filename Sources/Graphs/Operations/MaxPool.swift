import CKernels
import Tensors

/// `MaxPool` (opset 12): the largest element under a window over one to three axes; padding never wins.
///
/// Output 1 is the place of that element among all elements of the input; with `storage_order` 1 the first of the sliding
/// axes is counted fastest.
struct MaxPool: Operation {
    static let foldingLimit = 0

    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .inputs
    private let window: SlidingWindow
    private let isColumnMajor: Bool

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow(
            "auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "storage_order", "strides")
        let x = try context.floatInput(0)
        window = try SlidingWindow(context, x: x.shape, kernel: try context.integers("kernel_shape") ?? [])
        isColumnMajor = try context.integer("storage_order") == 1
        let shape = x.shape[..<2] + window.output
        let all = [ValueDescription(x.elementType, Array(shape)), ValueDescription(.int64, Array(shape))]
        outputs = Array(all.prefix(context.node.outputs.count))
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        var window = window.raw
        instar_max_pool(
            Scalar.kernelType, &window, isColumnMajor ? 1 : 0, frame.inputShape(0).product(0..<2), frame.input(0),
            frame.output(0), frame.hasOutput(1) ? frame.integerOutput(1) : nil)
    }

    /// The first of the largest elements gets the gradient, as in PyTorch.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0), let dx = frame.inputGradient(0) else { return }
        var window = window.raw
        instar_max_pool_backward(
            Scalar.kernelType, &window, frame.inputShape(0).product(0..<2), frame.input(0), dy, dx)
    }
}

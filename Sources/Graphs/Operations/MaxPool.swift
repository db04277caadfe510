import CKernels
import Tensors

/// `MaxPool` (opset 12): the largest element under a window over one or two axes; padding never wins.
struct MaxPool: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .inputs
    private let window: SlidingWindow

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow(
            "auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "storage_order", "strides")
        let x = try context.floatInput(0)
        window = try SlidingWindow(context, x: x.shape, kernel: try context.integers("kernel_shape") ?? [])
        guard context.node.outputs.dropFirst().allSatisfy(\.isEmpty) else {
            throw context.error(.unsupported, "indices are asked for; only the first output is implemented")
        }
        outputs = [ValueDescription(x.elementType, x.shape[..<2] + window.output)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        var window = window.raw
        instar_max_pool(
            Scalar.kernelType, &window, frame.inputShape(0).product(0..<2), frame.input(0), frame.output(0))
    }

    /// The first of the largest elements gets the gradient, as in PyTorch.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0), let dx = frame.inputGradient(0) else { return }
        var window = window.raw
        instar_max_pool_backward(
            Scalar.kernelType, &window, frame.inputShape(0).product(0..<2), frame.input(0), dy, dx)
    }
}

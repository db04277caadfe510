import CKernels
import Tensors

/// `AveragePool` (opset 11; `dilations` from 19): the mean of the elements under a window over one to three axes.
///
/// With `count_include_pad` the zeros of the padding are counted.
struct AveragePool: Operation {
    static let foldingLimit = 0

    let outputs: [ValueDescription]
    let needs: BackwardNeeds = []
    private let window: SlidingWindow
    private let countsPadding: Bool

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow(
            "auto_pad", "ceil_mode", "count_include_pad", "dilations", "kernel_shape", "pads", "strides")
        let x = try context.floatInput(0)
        window = try SlidingWindow(context, x: x.shape, kernel: try context.integers("kernel_shape") ?? [])
        countsPadding = try context.integer("count_include_pad") == 1
        outputs = [ValueDescription(x.elementType, x.shape[..<2] + window.output)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        var window = window.raw
        instar_average_pool(
            Scalar.kernelType, &window, countsPadding ? 1 : 0, frame.inputShape(0).product(0..<2), frame.input(0),
            frame.output(0))
    }

    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0), let dx = frame.inputGradient(0) else { return }
        var window = window.raw
        instar_average_pool_backward(
            Scalar.kernelType, &window, countsPadding ? 1 : 0, frame.inputShape(0).product(0..<2), dy, dx)
    }
}

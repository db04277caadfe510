import CKernels
import Tensors

/// `GlobalAveragePool` (opset 1): the mean over all axes after the first two, kept with extent 1.
struct GlobalAveragePool: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = []

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow()
        let x = try context.floatInput(0)
        guard x.shape.count >= 3 else {
            throw context.error(.malformed, "the input has shape \(x.shape); [batch, channels, …] is expected")
        }
        outputs = [
            ValueDescription(x.elementType, x.shape[..<2] + x.shape[2...].map { _ in Dimension(1) })
        ]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        var (strides, inner) = strides(frame)
        Movement.fill(frame, with: 0)
        instar_accumulate(Scalar.kernelType, &strides, 1 / Double(inner), frame.input(0), frame.output(0))
    }

    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0), let dx = frame.inputGradient(0) else { return }
        let (strides, inner) = strides(frame)
        var reversed = strides.reversed
        instar_accumulate(Scalar.kernelType, &reversed, 1 / Double(inner), dy, dx)
    }

    private func strides<Scalar: Real>(_ frame: Frame<Scalar>) -> (instar_strides, inner: Int) {
        let x = frame.inputShape(0)
        let inner = x.product(2..<x.count)
        var strides = instar_strides()
        strides.append(x.product(0..<2), source: inner, target: 1)
        strides.append(inner, source: 1, target: 0)
        return (strides, inner)
    }
}

import CKernels
import Tensors

/// `Softmax` and `LogSoftmax` (opset 13) along `axis`: yᵢ = exp(xᵢ)/Σⱼ exp(xⱼ) or its logarithm.
///
/// The largest x is subtracted first, so that nothing overflows.
struct Softmax: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .outputs
    private let isLogarithm: Bool
    private let axis: Int

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("axis")
        let x = try context.floatInput(0)
        isLogarithm = context.node.operatorName == "LogSoftmax"
        axis = try context.axis(try context.integer("axis") ?? -1, rank: x.shape.count)
        outputs = [ValueDescription(x.elementType, x.shape)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        let x = frame.inputShape(0)
        instar_softmax(
            Scalar.kernelType, isLogarithm ? 1 : 0, x.product(0..<axis), x[axis], x.stride(of: axis), frame.input(0),
            frame.output(0))
    }

    /// dx = y·(dy − Σⱼ yⱼ·dyⱼ), and dx = dy − exp(y)·Σⱼ dyⱼ for the logarithm.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0), let dx = frame.inputGradient(0) else { return }
        let x = frame.inputShape(0)
        instar_softmax_backward(
            Scalar.kernelType, isLogarithm ? 1 : 0, x.product(0..<axis), x[axis], x.stride(of: axis), frame.output(0),
            dy, dx)
    }
}

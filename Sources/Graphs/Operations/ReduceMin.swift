import CKernels
import Tensors

/// `ReduceMin` (opset 13; axes are an input from 18): the smallest element along axes, NaN where there is one.
///
/// Computed as −max(−x); integers too, directly.
struct ReduceMin: Operation {
    let outputs: [ValueDescription]
    /// −x, then in `backward` −y and the number of elements that share each minimum.
    let scratchCount: Dimension
    private let reduction: Reduction

    init(_ context: NodeContext) throws(GraphError) {
        let x = try context.input(0)
        reduction = try Reduction(context, axesInputSince: 18)
        outputs = [reduction.output]
        guard let count = x.shape.product, let room = reduction.output.shape.product?.times(Dimension(2))?.plus(count)
        else { throw context.error(.unsupported, "the shape \(x.shape) is quadratic in the batch") }
        scratchCount = room
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        let count = frame.outputShape(0).elementCount
        var strides = reduction.strides(frame)
        guard frame.isFloatInput(0) else {
            // The smallest of no booleans is true.
            var greatest: Int64 = outputs[0].elementType == .bool ? 1 : .max
            instar_fill(INSTAR_INTEGER, &greatest, frame.integerOutput(0), count)
            instar_minimize_integers(&strides, frame.integerInput(0), frame.integerOutput(0))
            return
        }
        let (negated, maxima) = room(frame)
        var least = -Scalar.infinity
        instar_fill(Scalar.kernelType, &least, maxima, count)
        instar_maximize(Scalar.kernelType, &strides, negated, maxima)
        instar_unary(Scalar.kernelType, INSTAR_NEGATE, maxima, frame.output(0), count)
    }

    /// Elements that share the minimum share the gradient, as in PyTorch's amin.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0), let dx = frame.inputGradient(0) else { return }
        let (negated, maxima) = room(frame)
        let count = frame.outputShape(0).elementCount
        instar_unary(Scalar.kernelType, INSTAR_NEGATE, frame.output(0), maxima, count)
        var strides = reduction.strides(frame)
        instar_maximize_backward(Scalar.kernelType, &strides, negated, maxima, dy, count, maxima + count, dx)
    }

    /// −x, and room for the maxima behind it.
    private func room<Scalar: Real>(
        _ frame: Frame<Scalar>
    ) -> (negated: UnsafeMutablePointer<Scalar>, maxima: UnsafeMutablePointer<Scalar>) {
        let count = frame.inputShape(0).elementCount
        instar_unary(Scalar.kernelType, INSTAR_NEGATE, frame.input(0), frame.scratch, count)
        return (frame.scratch, frame.scratch + count)
    }
}

import CKernels
import Tensors

/// `ReduceLogSumExp` (opset 13; axes are an input from 18): log Σ eˣ over axes, computed as m + log Σ e^(x − m) with m the
/// largest element.
struct ReduceLogSumExp: Operation {
    let outputs: [ValueDescription]
    /// x − m and its exponentials; m and the sums.
    let scratchCount: Dimension
    private let reduction: Reduction

    init(_ context: NodeContext) throws(GraphError) {
        let x = try context.floatInput(0)
        reduction = try Reduction(context, axesInputSince: 18)
        outputs = [reduction.output]
        guard let count = x.shape.product, let both = reduction.output.shape.product?.plus(count),
            let room = both.times(Dimension(2))
        else { throw context.error(.unsupported, "the shape \(x.shape) is quadratic in the batch") }
        scratchCount = room
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        let (count, outputCount) = (frame.inputShape(0).elementCount, frame.outputShape(0).elementCount)
        let exponentials = frame.scratch + count
        let (maxima, sums) = (exponentials + count, exponentials + count + outputCount)
        var strides = reduction.strides(frame)
        var least = -Scalar.infinity
        instar_fill(Scalar.kernelType, &least, sums, outputCount)
        instar_maximize(Scalar.kernelType, &strides, frame.input(0), sums)
        // An infinite m would be subtracted from itself.
        let greatest = Double(Scalar.greatestFiniteMagnitude)
        instar_activation(Scalar.kernelType, INSTAR_CLIP, -greatest, greatest, sums, maxima, outputCount)
        subtract(frame, maxima)
        let exponential = instar_function(code: INSTAR_FUNCTION_EXPONENTIAL, p: 0, q: 0)
        instar_apply(Scalar.kernelType, exponential, frame.scratch, exponentials, count)
        instar_zero(sums, outputCount * MemoryLayout<Scalar>.stride)
        instar_accumulate(Scalar.kernelType, &strides, 1, exponentials, sums)
        instar_unary(Scalar.kernelType, INSTAR_LOGARITHM, sums, frame.output(0), outputCount)
        var all = instar_strides()
        all.append(outputCount, source: 1, target: 1)
        instar_accumulate(Scalar.kernelType, &all, 1, maxima, frame.output(0))
    }

    /// dx += e^(x − y)·dy.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0), let dx = frame.inputGradient(0) else { return }
        let count = frame.inputShape(0).elementCount
        let repeated = frame.scratch + count
        subtract(frame, frame.output(0))
        instar_zero(repeated, count * MemoryLayout<Scalar>.stride)
        var strides = reduction.strides(frame).reversed
        instar_accumulate(Scalar.kernelType, &strides, 1, dy, repeated)
        let exponential = instar_function(code: INSTAR_FUNCTION_EXPONENTIAL, p: 0, q: 0)
        instar_apply_backward(Scalar.kernelType, exponential, frame.scratch, repeated, dx, count)
    }

    /// Leaves the input less what belongs to each of its elements in scratch.
    private func subtract<Scalar: Real>(_ frame: Frame<Scalar>, _ reduced: UnsafeMutablePointer<Scalar>) {
        frame.scratch.update(from: frame.input(0), count: frame.inputShape(0).elementCount)
        var strides = reduction.strides(frame).reversed
        instar_accumulate(Scalar.kernelType, &strides, -1, reduced, frame.scratch)
    }
}

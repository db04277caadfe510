import CKernels
import Tensors

/// `ReduceL1`, `ReduceL2`, `ReduceSumSquare` and `ReduceLogSum` (opset 13; axes are an input from 18): Σ|x|, √Σx², Σx² and
/// log Σx over axes.
///
/// y = f(Σ g(x)), so dx += g′(x)·f′·dy with f′ = 1, 1/(2y), 1 and e⁻ʸ. The slope of `ReduceL2` at 0 is 0, as in PyTorch.
struct ReduceNorm: Operation {
    let outputs: [ValueDescription]
    /// g(x), or f′·dy for each element of the input; and f′·dy for each of the output.
    let scratchCount: Dimension
    private let reduction: Reduction
    private let inner: instar_function
    private let outer: Int32

    init(_ context: NodeContext) throws(GraphError) {
        let x = try context.floatInput(0)
        let code: Int32
        switch context.node.operatorName {
        case "ReduceL1": (code, outer) = (INSTAR_FUNCTION_ABSOLUTE, INSTAR_OUTER_IDENTITY)
        case "ReduceL2": (code, outer) = (INSTAR_FUNCTION_SQUARE, INSTAR_OUTER_ROOT)
        case "ReduceSumSquare": (code, outer) = (INSTAR_FUNCTION_SQUARE, INSTAR_OUTER_IDENTITY)
        case "ReduceLogSum": (code, outer) = (INSTAR_FUNCTION_AFFINE, INSTAR_OUTER_LOGARITHM)
        default: preconditionFailure("\(context.node.operatorName) is registered and has no kernel")
        }
        inner = instar_function(code: code, p: 1, q: 0)
        reduction = try Reduction(context, axesInputSince: 18)
        outputs = [reduction.output]
        guard let count = x.shape.product, let room = reduction.output.shape.product?.plus(count) else {
            throw context.error(.unsupported, "the shape \(x.shape) is quadratic in the batch")
        }
        scratchCount = room
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        let (count, outputCount) = (frame.inputShape(0).elementCount, frame.outputShape(0).elementCount)
        let sums = outer == INSTAR_OUTER_IDENTITY ? frame.output(0) : frame.scratch + count
        instar_apply(Scalar.kernelType, inner, frame.input(0), frame.scratch, count)
        instar_zero(sums, outputCount * MemoryLayout<Scalar>.stride)
        var strides = reduction.strides(frame)
        instar_accumulate(Scalar.kernelType, &strides, 1, frame.scratch, sums)
        guard outer != INSTAR_OUTER_IDENTITY else { return }
        let code = outer == INSTAR_OUTER_ROOT ? INSTAR_SQUARE_ROOT : INSTAR_LOGARITHM
        instar_unary(Scalar.kernelType, code, sums, frame.output(0), outputCount)
    }

    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0), let dx = frame.inputGradient(0) else { return }
        let (count, outputCount) = (frame.inputShape(0).elementCount, frame.outputShape(0).elementCount)
        let sums = frame.scratch + count
        instar_zero(frame.scratch, (count + outputCount) * MemoryLayout<Scalar>.stride)
        instar_outer_slope(Scalar.kernelType, outer, frame.output(0), dy, sums, outputCount)
        var strides = reduction.strides(frame).reversed
        instar_accumulate(Scalar.kernelType, &strides, 1, sums, frame.scratch)
        instar_apply_backward(Scalar.kernelType, inner, frame.input(0), frame.scratch, dx, count)
    }
}

import CKernels
import Tensors

/// `ReduceMax` (opset 13; axes are an input from 18): the largest element along axes, NaN where there is one; of none, the
/// least number of the type.
struct ReduceMax: Operation {
    let outputs: [ValueDescription]
    let scratchCount: Dimension
    private let reduction: Reduction

    init(_ context: NodeContext) throws(GraphError) {
        reduction = try Reduction(context, axesInputSince: 18)
        outputs = [reduction.output]
        guard let count = reduction.output.shape.product else {
            throw context.error(.unsupported, "the shape \(reduction.output.shape) is quadratic in the batch")
        }
        scratchCount = count
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        var strides = reduction.strides(frame)
        let count = frame.outputShape(0).elementCount
        if frame.isFloatInput(0) {
            var least = -Scalar.infinity
            instar_fill(Scalar.kernelType, &least, frame.output(0), count)
            instar_maximize(Scalar.kernelType, &strides, frame.input(0), frame.output(0))
        } else {
            var least = outputs[0].elementType.leastInteger
            instar_fill(INSTAR_INTEGER, &least, frame.integerOutput(0), count)
            instar_maximize(INSTAR_INTEGER, &strides, frame.integerInput(0), frame.integerOutput(0))
        }
    }

    /// Elements that share the maximum share the gradient, as in PyTorch's amax.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0), let dx = frame.inputGradient(0) else { return }
        var strides = reduction.strides(frame)
        instar_maximize_backward(
            Scalar.kernelType, &strides, frame.input(0), frame.output(0), dy, frame.outputShape(0).elementCount,
            frame.scratch, dx)
    }
}

extension ElementType {
    /// The least number of an integer type; false.
    fileprivate var leastInteger: Int64 {
        switch self {
        case .int8: Int64(Int8.min)
        case .int16: Int64(Int16.min)
        case .int32: Int64(Int32.min)
        case .int64: .min
        default: 0
        }
    }
}

import CKernels
import Tensors

/// `PRelu` (opset 9): x, or slope·x below 0; the slope broadcasts to x.
///
/// He et al. 2015, "Delving Deep into Rectifiers", arXiv:1502.01852, equation 1. At 0 the derivative is the
/// slope, as in PyTorch.
struct PRelu: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .inputs
    /// The slope of every element, and in `backward` what each contributes to the gradient of the slope.
    let scratchCount: Dimension

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow()
        let (x, slope) = (try context.floatInput(0), try context.floatInput(1))
        guard try context.broadcast(x.shape, slope.shape) == x.shape else {
            throw context.error(.mismatch, "a slope of shape \(slope.shape) does not broadcast to \(x.shape)")
        }
        guard let room = x.shape.product?.times(Dimension(2)) else {
            throw context.error(.unsupported, "the shape \(x.shape) is quadratic in the batch")
        }
        scratchCount = room
        outputs = [ValueDescription(x.elementType, x.shape)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        let count = frame.outputShape(0).elementCount
        var layout = instar_broadcast(frame, input: 1)
        instar_expand(Scalar.kernelType, &layout, 1, frame.input(1), frame.scratch)
        instar_prelu(Scalar.kernelType, frame.input(0), frame.scratch, frame.output(0), count)
    }

    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0) else { return }
        let count = frame.outputShape(0).elementCount
        let (slopes, contributions) = (frame.scratch, frame.scratch + count)
        var layout = instar_broadcast(frame, input: 1)
        instar_expand(Scalar.kernelType, &layout, 1, frame.input(1), slopes)
        let dslope = frame.inputGradient(1)
        instar_prelu_backward(
            Scalar.kernelType, frame.input(0), slopes, dy, frame.inputGradient(0),
            dslope == nil ? nil : contributions, count)
        if let dslope { instar_expand_backward(Scalar.kernelType, &layout, 1, contributions, dslope) }
    }
}

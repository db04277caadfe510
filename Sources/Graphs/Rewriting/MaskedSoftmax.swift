import CKernels
import Tensors

/// y = softmax(mask(scale·x)) along the last axis: what the rewriting puts in the place of attention's scaling, mask and
/// Softmax.
///
/// Inputs: x and, where there is one, the mask, repeated along the leading axes. It is added, or (`replaces`) stands in for x
/// wherever it is not 0; no gradient passes there.
struct MaskedSoftmax: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds
    let assignedGradients = [true, false]
    private let scale: Double
    private let replaces: Bool

    init(_ context: NodeContext) {
        preconditionFailure("masked softmaxes come from rewriting, not from graphs")
    }

    init(scale: Double, replaces: Bool, output: ValueDescription) {
        self.scale = scale
        self.replaces = replaces
        // Of the inputs only the mask is read, which is known and always there.
        needs = .outputs
        outputs = [output]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        let (rows, extent) = self.extents(frame)
        instar_masked_softmax(
            Scalar.kernelType, rows, extent, scale, frame.input(0), frame.hasInput(1) ? frame.input(1) : nil,
            maskCount(frame), replaces ? 1 : 0, frame.output(0))
    }

    /// dx = scale·y·(dy − Σⱼ yⱼ·dyⱼ), 0 where x was replaced.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0), let dx = frame.inputGradient(0) else { return }
        let (rows, extent) = self.extents(frame)
        instar_masked_softmax_backward(
            Scalar.kernelType, rows, extent, scale, frame.output(0), frame.hasInput(1) ? frame.input(1) : nil,
            maskCount(frame), replaces ? 1 : 0, dy, dx, frame.assigns(0) ? 1 : 0)
    }

    private func extents<Scalar: Real>(_ frame: Frame<Scalar>) -> (rows: Int, extent: Int) {
        let shape = frame.outputShape(0)
        let extent = shape[shape.count - 1]
        return (extent == 0 ? 0 : shape.elementCount / extent, extent)
    }

    private func maskCount<Scalar: Real>(_ frame: Frame<Scalar>) -> Int {
        frame.hasInput(1) ? frame.inputShape(1).elementCount : 0
    }
}

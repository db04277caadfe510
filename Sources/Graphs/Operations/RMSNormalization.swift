import CKernels
import Tensors

/// `RMSNormalization` (opset 23): y = x/√(mean(x²) + epsilon)·scale over the axes from `axis` on.
///
/// Zhang & Sennrich 2019, "Root Mean Square Layer Normalization", arXiv:1910.07467, equation 4. `stash_type` is the type
/// that an engine with several precisions at once would compute in; here all is computed in one.
struct RMSNormalization: Operation {
    static var opsets: ClosedRange<Int> { 23...25 }

    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .inputs
    let savedCount: Dimension
    private let extent: Int
    private let epsilon: Double

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("axis", "epsilon", "stash_type")
        let x = try context.floatInput(0)
        let axis = try context.axis(try context.integer("axis") ?? -1, rank: x.shape.count)
        // The standard's attributes are single precision.
        epsilon = try context.float("epsilon") ?? Double(Float(1e-5))
        let normalized = Array(x.shape[axis...])
        guard let extent = normalized.product?.fixed, let rows = x.shape[..<axis].product else {
            throw context.error(.unsupported, "the axes from \(axis) on of \(x.shape) depend on the batch")
        }
        let scale = try context.floatInput(1).shape
        guard scale == normalized else {
            throw context.error(.mismatch, "the scale has shape \(scale); \(normalized) is expected")
        }
        self.extent = extent
        savedCount = rows
        outputs = [ValueDescription(x.elementType, x.shape)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        instar_rms_norm(
            Scalar.kernelType, rows(frame), extent, epsilon, frame.input(0), frame.input(1), frame.output(0),
            frame.saved)
    }

    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0) else { return }
        instar_rms_norm_backward(
            Scalar.kernelType, rows(frame), extent, frame.input(0), frame.input(1), frame.saved, dy,
            frame.inputGradient(0), frame.inputGradient(1))
    }

    private func rows<Scalar: Real>(_ frame: Frame<Scalar>) -> Int {
        extent == 0 ? 0 : frame.inputShape(0).elementCount / extent
    }
}

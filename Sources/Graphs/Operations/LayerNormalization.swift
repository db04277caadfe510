import CKernels
import Tensors

/// `LayerNormalization` (opset 17): y = (x − mean)/√(variance + epsilon)·scale + bias over the axes from `axis` on.
///
/// Ba, Kiros & Hinton 2016, "Layer Normalization", arXiv:1607.06450, equations 3 and 4.
struct LayerNormalization: Operation {
    static var opsets: ClosedRange<Int> { 17...25 }

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
        guard let extent = normalized.product?.fixed, let rows = x.shape[..<axis].product?.times(Dimension(2)) else {
            throw context.error(.unsupported, "the axes from \(axis) on of \(x.shape) depend on the batch")
        }
        for index in 1...2 where index == 1 || context.optionalInput(index) != nil {
            let shape = try context.floatInput(index).shape
            guard shape == normalized else {
                throw context.error(.mismatch, "input \(index) has shape \(shape); \(normalized) is expected")
            }
        }
        guard context.node.outputs.dropFirst().allSatisfy(\.isEmpty) else {
            throw context.error(.unsupported, "mean and deviation are asked for; only the first output is implemented")
        }
        self.extent = extent
        savedCount = rows
        outputs = [ValueDescription(x.elementType, x.shape)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        instar_layer_norm(
            Scalar.kernelType, rows(frame), extent, epsilon, frame.input(0), frame.input(1),
            frame.hasInput(2) ? frame.input(2) : nil, frame.output(0), frame.saved)
    }

    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0) else { return }
        instar_layer_norm_backward(
            Scalar.kernelType, rows(frame), extent, frame.input(0), frame.input(1), frame.saved, dy,
            frame.inputGradient(0), frame.inputGradient(1), frame.hasInput(2) ? frame.inputGradient(2) : nil)
    }

    private func rows<Scalar: Real>(_ frame: Frame<Scalar>) -> Int {
        extent == 0 ? 0 : frame.inputShape(0).elementCount / extent
    }
}

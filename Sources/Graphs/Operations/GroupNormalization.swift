import CKernels
import Tensors

/// `GroupNormalization` (opset 18) and `InstanceNormalization` (opset 6), in which every channel is a group:
/// y = (x − mean)/√(variance + epsilon)·scale + bias over each group of channels of X `[batch, channels, …]`.
///
/// Scale and bias are per channel; in the `GroupNormalization` of opsets 18 to 20, per group. Wu & He 2018, "Group
/// Normalization", arXiv:1803.08494, equations 1, 2 and 7; Ulyanov, Vedaldi & Lempitsky 2016, arXiv:1607.08022,
/// equation 4. `stash_type` as in `RMSNormalization`.
struct GroupNormalization: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .inputs
    let savedCount: Dimension
    private let groupCount: Int
    private let channelCount: Int
    /// Neighbouring channels that have one scale and one bias.
    private let sharedCount: Int
    private let epsilon: Double

    init(_ context: NodeContext) throws(GraphError) {
        let isGrouped = context.node.operatorName == "GroupNormalization"
        if isGrouped {
            guard context.opset >= 18 else { throw context.error(.unsupported, "the operator exists since opset 18") }
            try context.allow("epsilon", "num_groups", "stash_type")
        } else {
            try context.allow("epsilon")
        }
        let x = try context.floatInput(0)
        guard x.shape.count >= 2, let channelCount = x.shape[1].fixed else {
            throw context.error(.mismatch, "the input has shape \(x.shape); [batch, channels, …] is expected")
        }
        let groupCount = isGrouped ? try context.integer("num_groups") : channelCount
        guard let groupCount,
            !isGrouped || (1...max(1, channelCount)).contains(groupCount) && channelCount % groupCount == 0
        else {
            throw context.error(
                .malformed, "num_groups is \(groupCount.map { "\($0)" } ?? "absent") for \(channelCount) channels")
        }
        guard let saved = x.shape[0].times(Dimension(2 * groupCount)) else {
            throw context.error(.unsupported, "an input of shape \(x.shape) is too large")
        }
        let sharesGroups = isGrouped && context.opset < 21
        (self.groupCount, self.channelCount) = (groupCount, channelCount)
        sharedCount = sharesGroups ? max(1, channelCount / groupCount) : 1
        savedCount = saved
        // The standard's attributes are single precision.
        epsilon = try context.float("epsilon") ?? Double(Float(1e-5))
        let expected = [Dimension(sharesGroups ? groupCount : channelCount)]
        for index in 1...2 {
            let shape = try context.floatInput(index).shape
            guard shape == expected else {
                throw context.error(.mismatch, "input \(index) has shape \(shape); \(expected) is expected")
            }
        }
        outputs = [ValueDescription(x.elementType, x.shape)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        var groups = groups(frame)
        instar_group_norm(
            Scalar.kernelType, &groups, epsilon, frame.input(0), frame.input(1), frame.input(2), frame.output(0),
            frame.saved)
    }

    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0) else { return }
        var groups = groups(frame)
        instar_group_norm_backward(
            Scalar.kernelType, &groups, frame.input(0), frame.input(1), frame.saved, dy, frame.inputGradient(0),
            frame.inputGradient(1), frame.inputGradient(2))
    }

    private func groups<Scalar: Real>(_ frame: Frame<Scalar>) -> instar_groups {
        let x = frame.inputShape(0)
        // Without elements there is no mean.
        return instar_groups(
            batch: x.elementCount == 0 ? 0 : x[0], groups: groupCount,
            channels: groupCount == 0 ? 0 : channelCount / groupCount,
            inner: x.stride(of: 1), shared: sharedCount)
    }
}

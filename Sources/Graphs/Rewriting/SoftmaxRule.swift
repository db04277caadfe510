import Tensors

/// Puts a ``MaskedSoftmax`` in the place of Softmax along the last axis, with the known mask and the scaling before it.
enum SoftmaxRule {
    static func apply(to draft: inout PlanDraft, step: Int) {
        let softmax = draft.steps[step]
        guard softmax.node.operatorName == "Softmax" else { return }
        let rank = draft.shape(softmax.outputs[0]).count
        if case .integer(let axis) = softmax.node.attributes["axis"], axis != -1, axis != rank - 1 { return }
        var (x, scale) = (softmax.inputs[0], 1.0)
        var mask: (value: Int, replaces: Bool)?
        if let masked = draft.producer(of: x), let found = self.mask(masked, in: &draft) {
            (x, mask) = (found.x, (found.mask, found.replaces))
        }
        if let scaled = draft.producer(of: x), let (source, factor) = draft.scaling(scaled) {
            (x, scale) = (source, factor)
        }
        let operation = MaskedSoftmax(
            scale: scale, replaces: mask?.replaces ?? false, output: draft.values[softmax.outputs[0]].description)
        draft.replace(step: step, by: operation, named: "MaskedSoftmax", inputs: [x] + (mask.map { [$0.value] } ?? []))
    }

    /// x with an added mask, or with places replaced by one number other than 0.
    private static func mask(_ step: Plan.Step, in draft: inout PlanDraft) -> (x: Int, mask: Int, replaces: Bool)? {
        let shape = draft.shape(step.outputs[0])
        func isMask(_ value: Int) -> Bool {
            guard draft.known(value) != nil else { return false }
            let mask = draft.shape(value)
            return mask.count <= shape.count && !mask.isEmpty && mask.last == shape.last
                && Array(mask.drop { $0 == Dimension(1) }) == shape.suffix(mask.drop { $0 == Dimension(1) }.count)
        }
        switch step.node.operatorName {
        case "Add":
            guard let mask = step.inputs.first(where: isMask), let x = step.inputs.first(where: { $0 != mask }),
                draft.shape(x) == shape
            else { return nil }
            return (x, mask, false)
        case "Where":
            let (condition, kept, other) = (step.inputs[0], step.inputs[1], step.inputs[2])
            guard isMask(condition), let tensor = draft.known(condition), let conditions = tensor.integers else {
                return nil
            }
            let (x, fill, keeps) =
                draft.scalar(other).map { (kept, $0, true) } ?? (other, draft.scalar(kept) ?? 0, false)
            guard Float(fill) != 0, draft.shape(x) == shape else { return nil }
            let shape = Shape(draft.shape(condition).map(\.constant))
            let mask = draft.add(named: "value \(condition) as \(fill) where \(keeps ? "false" : "true")") {
                Tensor(conditions.map { ($0 != 0) == keeps ? 0 : fill }, shape: shape)
            }
            return (x, mask, true)
        default: return nil
        }
    }
}

import Tensors

/// Recognises the two forms of Gelu that exporters spell out before opset 20, in whatever order they multiply:
/// c·x·(1 + erf(k·x)) and c·x·(1 + tanh(k·(x + b·x³))). The graph's own constants, rounded or not, are kept.
enum GeluRule {
    static func apply(to draft: inout PlanDraft, step: Int) {
        guard ["Mul", "Div"].contains(draft.steps[step].node.operatorName) else { return }
        let output = draft.steps[step].outputs[0]
        // A factor outside is taken with the rest, once its turn comes.
        if let reader = draft.onlyReader(of: output), draft.scaling(draft.steps[reader]) != nil { return }
        let product = draft.factors(of: output)
        guard product.values.count == 2 else { return }
        for (x, gate) in [(product.values[0], product.values[1]), (product.values[1], product.values[0])] {
            guard var form = form(of: gate, x, in: draft), draft.shape(x) == draft.shape(output) else { continue }
            form.scale = product.constant
            let gelu = Gelu(form, output: draft.values[output].description)
            draft.replace(step: step, by: gelu, named: "Gelu", inputs: [x])
            return
        }
    }

    /// The form whose second factor, 1 + erf(…) or 1 + tanh(…), the value is.
    private static func form(of gate: Int, _ x: Int, in draft: PlanDraft) -> Gelu.Form? {
        guard let sum = draft.producer(of: gate, "Add"), let one = sum.inputs.first(where: { draft.scalar($0) == 1 }),
            let other = sum.inputs.first(where: { $0 != one }), let function = draft.producer(of: other)
        else { return nil }
        let argument = draft.factors(of: function.inputs[0])
        switch function.node.operatorName {
        case "Erf" where argument.values == [x]: return Gelu.Form(isTanh: false, inner: argument.constant)
        case "Tanh" where argument.values.count == 1:
            guard let inner = draft.producer(of: argument.values[0], "Add"), inner.inputs.contains(x),
                let cube = inner.inputs.first(where: { $0 != x }).map({ draft.factors(of: $0) }),
                cube.values == [x, x, x]
            else { return nil }
            return Gelu.Form(isTanh: true, inner: argument.constant, cubic: cube.constant)
        default: return nil
        }
    }
}

import Tensors

extension PlanDraft {
    /// Fuses steps for speed. What is computed stays the same up to rounding: every rule is tested against the plain plan.
    ///
    /// Each rule looks at one step and puts a faster operation in the place of it and its neighbours, or leaves it.
    mutating func rewrite() {
        let rules: [(inout PlanDraft, Int) -> Void] = [
            GeluRule.apply, ProductRule.apply, SoftmaxRule.apply,
        ]
        for rule in rules {
            for index in steps.indices where !isDropped[index] { rule(&self, index) }
        }
    }

    /// What a step multiplies by a known number, and the number; nil for other steps.
    func scaling(_ step: Plan.Step) -> (value: Int, factor: Double)? {
        guard step.inputs.count == 2, step.inputs.allSatisfy({ $0 >= 0 }) else { return nil }
        let (a, b) = (step.inputs[0], step.inputs[1])
        let scaled: (value: Int, factor: Double)? =
            switch step.node.operatorName {
            case "Mul": scalar(b).map { (a, $0) } ?? scalar(a).map { (b, $0) }
            case "Div": scalar(b).map { (a, 1 / $0) }
            default: nil
            }
        guard let scaled, shape(scaled.value) == shape(step.outputs[0]) else { return nil }
        return scaled
    }

    /// How a step transposes its input; nil for other steps.
    func permutation(_ step: Plan.Step) -> [Int]? {
        guard step.node.operatorName == "Transpose", values[step.outputs[0]].description.isFloat else { return nil }
        if case .integers(let permutation) = step.node.attributes["perm"] { return permutation }
        return shape(step.inputs[0]).indices.reversed()
    }

    /// A value as a product of a number and other values of its shape, as far as Mul, Div and whole powers go for up to
    /// three values and `depth` steps: no rule asks for more, and a hostile graph could multiply without end.
    func factors(of value: Int, depth: Int = 8) -> (constant: Double, values: [Int]) {
        guard depth > 0, let step = producer(of: value) else { return (1, [value]) }
        if let (scaled, factor) = scaling(step) {
            let rest = factors(of: scaled, depth: depth - 1)
            return (factor * rest.constant, rest.values)
        }
        if step.node.operatorName == "Mul", step.inputs.allSatisfy({ shape($0) == shape(value) }) {
            let parts = step.inputs.map { factors(of: $0, depth: depth - 1) }
            let values = (parts[0].values + parts[1].values).sorted()
            return values.count <= 3 ? (parts[0].constant * parts[1].constant, values) : (1, [value])
        }
        if step.node.operatorName == "Pow", let exponent = scalar(step.inputs[1]), [2, 3].contains(exponent),
            shape(step.inputs[0]) == shape(value)
        {
            return (1, [Int](repeating: step.inputs[0], count: Int(exponent)))
        }
        return (1, [value])
    }
}

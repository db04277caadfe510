/// When each value of a plan, and its gradient, is in use, for evaluation alone or with the gradient.
///
/// Moments: data at 0, step i forward at i + 1, the loss at n + 1, step i backward at 2n + 1 − i, with n steps.
struct Liveness {
    /// Whether the loss depends on the value through differentiable steps, and the value on what is sampled.
    let hasGradient: [Bool]
    /// Whether the backward pass visits the step.
    let isDifferentiated: [Bool]
    /// For each value that has storage of its own in the workspace, when it is in use.
    let values: [ClosedRange<Int>?]
    /// The same for gradients; those of parameters lie in the caller's vector.
    let gradients: [ClosedRange<Int>?]
    /// For each step, when what it saves is in use.
    let saved: [ClosedRange<Int>]

    init(_ plan: Plan, withGradient: Bool) {
        let stepCount = plan.steps.count
        let roots = plan.values.indices.map { plan.root(of: $0) }
        let (hasGradient, isDifferentiated) = Liveness.differentiation(plan, withGradient: withGradient)
        let lossMoment = stepCount + 1
        func backward(_ step: Int) -> Int { 2 * stepCount + 1 - step }

        var first = [Int?](repeating: nil, count: plan.values.count)
        var last = [Int](repeating: 0, count: plan.values.count)
        var gradientFirst = [Int?](repeating: nil, count: plan.values.count)
        var gradientLast = [Int](repeating: 0, count: plan.values.count)
        func use(_ value: Int, at moment: Int) { last[roots[value]] = max(last[roots[value]], moment) }
        func useGradient(_ value: Int, at moment: Int) {
            let root = roots[value]
            gradientFirst[root] = min(gradientFirst[root] ?? moment, moment)
            gradientLast[root] = max(gradientLast[root], moment)
        }

        for (index, value) in plan.values.enumerated() {
            switch value.source {
            case .data: first[index] = 0
            case .computed(let step): first[index] = step + 1
            default: break
            }
        }
        for (index, step) in plan.steps.enumerated() where !step.operation.isView {
            for value in step.inputs + step.outputs where value >= 0 { use(value, at: index + 1) }
            guard isDifferentiated[index] else { continue }
            let read =
                (step.operation.needs.contains(.inputs) ? step.inputs : [])
                + (step.operation.needs.contains(.outputs) ? step.outputs : [])
            for value in read where value >= 0 { use(value, at: backward(index)) }
            for value in step.inputs + step.outputs where value >= 0 && hasGradient[value] {
                useGradient(value, at: backward(index))
            }
        }
        use(plan.output, at: withGradient ? lossMoment : 2 * stepCount + 2)
        if hasGradient[plan.output] { useGradient(plan.output, at: lossMoment) }

        self.hasGradient = hasGradient
        self.isDifferentiated = isDifferentiated
        values = plan.values.indices.map { index in first[index].map { $0...max($0, last[index]) } }
        gradients = plan.values.indices.map { index in
            if case .parameter = plan.values[index].source { return nil }
            return gradientFirst[index].map { $0...gradientLast[index] }
        }
        saved = plan.steps.indices.map { $0 + 1...(isDifferentiated[$0] ? backward($0) : $0 + 1) }
    }

    private static func differentiation(
        _ plan: Plan, withGradient: Bool
    ) -> (hasGradient: [Bool], isDifferentiated: [Bool]) {
        var depends = plan.values.map { value in
            if case .parameter(_, isTrainable: true) = value.source { withGradient } else { false }
        }
        for step in plan.steps where step.inputs.contains(where: { $0 >= 0 && depends[$0] }) {
            for output in step.outputs where output >= 0 && plan.values[output].description.isFloat {
                depends[output] = true
            }
        }
        var hasGradient = [Bool](repeating: false, count: plan.values.count)
        var isDifferentiated = [Bool](repeating: false, count: plan.steps.count)
        hasGradient[plan.output] = depends[plan.output]
        for (index, step) in plan.steps.enumerated().reversed()
        where step.outputs.contains(where: { $0 >= 0 && hasGradient[$0] }) {
            isDifferentiated[index] = true
            for input in step.inputs where input >= 0 && depends[input] { hasGradient[input] = true }
        }
        return (hasGradient, isDifferentiated)
    }
}

/// When each value of a plan, and its gradient, is in use, for evaluation alone or with the gradient.
///
/// Moments: data at 0, step i forward at i + 1, the loss at n + 1, step i backward at 2n + 1 − i, with n steps.
struct Liveness: Sendable {
    /// Whether the loss depends on the value through differentiable steps, and the value on what is sampled.
    let hasGradient: [Bool]
    /// Whether the backward pass visits the step.
    let isDifferentiated: [Bool]
    /// For each value that has storage of its own in the workspace, when it is in use.
    let values: [ClosedRange<Int>?]
    /// The same for gradients; those of parameters lie in the caller's vector.
    let gradients: [ClosedRange<Int>?]
    /// For each value, the one whose gradient's storage it shares: the value it is a view of, or the sum it is a term of.
    let gradientRoots: [Int]
    /// For each step, when what it saves is in use.
    let saved: [ClosedRange<Int>]
    /// Whether the gradient of the output takes the output's place: nothing reads the output once its losses are known.
    let outputHoldsGradient: Bool

    init(_ plan: Plan, withGradient: Bool) {
        let stepCount = plan.steps.count
        let roots = plan.values.indices.map { plan.root(of: $0) }
        let (hasGradient, isDifferentiated) = Liveness.differentiation(plan, withGradient: withGradient)
        let gradientRoots = Liveness.gradientRoots(
            plan, roots: roots, hasGradient: hasGradient, isDifferentiated: isDifferentiated)
        let lossMoment = stepCount + 1
        func backward(_ step: Int) -> Int { 2 * stepCount + 1 - step }

        var first = [Int?](repeating: nil, count: plan.values.count)
        var last = [Int](repeating: 0, count: plan.values.count)
        var gradientFirst = [Int?](repeating: nil, count: plan.values.count)
        var gradientLast = [Int](repeating: 0, count: plan.values.count)
        func use(_ value: Int, at moment: Int) { last[roots[value]] = max(last[roots[value]], moment) }
        func useGradient(_ value: Int, at moment: Int) {
            let root = gradientRoots[value]
            gradientFirst[root] = min(gradientFirst[root] ?? moment, moment)
            gradientLast[root] = max(gradientLast[root], moment)
        }

        for (index, value) in plan.values.enumerated() {
            switch value.source {
            case .data:
                // Kept throughout, so that the next evaluation of the same examples finds it in place.
                first[index] = 0
                use(index, at: 2 * stepCount + 2)
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

        let outputRoot = roots[plan.output]
        outputHoldsGradient =
            hasGradient[plan.output] && last[outputRoot] == lossMoment && gradientRoots[outputRoot] == outputRoot
        self.hasGradient = hasGradient
        self.gradientRoots = gradientRoots
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
        // Whatever else a view reads, such as the type of CastLike's second input, has no part in it.
        func sources(_ step: Plan.Step) -> ArraySlice<Int> {
            step.operation.isView ? step.inputs.prefix(1) : step.inputs[...]
        }
        var depends = plan.values.map { value in
            if case .parameter(_, isTrainable: true) = value.source { withGradient } else { false }
        }
        for step in plan.steps where sources(step).contains(where: { $0 >= 0 && depends[$0] }) {
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
            for input in sources(step) where input >= 0 && depends[input] { hasGradient[input] = true }
        }
        return (hasGradient, isDifferentiated)
    }

    /// Lets the terms of a sum use its gradient as theirs, where nothing that is added later reaches what is still to be
    /// read: the gradient of a residual stream then is one buffer, into which the branches add.
    private static func gradientRoots(
        _ plan: Plan, roots: [Int], hasGradient: [Bool], isDifferentiated: [Bool]
    ) -> [Int] {
        var result = roots
        var makers = [Int?](repeating: nil, count: roots.count)
        var readers = [[Int]](repeating: [], count: roots.count)
        for (index, step) in plan.steps.enumerated() where !step.operation.isView && isDifferentiated[index] {
            for output in step.outputs where output >= 0 { makers[roots[output]] = index }
            for input in step.inputs where input >= 0 && hasGradient[input] { readers[roots[input]].append(index) }
        }
        // For each buffer, its terms whose makers are still to come backward.
        var members: [Int: [(term: Int, maker: Int)]] = [:]
        for (index, step) in plan.steps.enumerated().reversed() where isDifferentiated[index] {
            let sum = step.outputs[0]
            for position in step.operation.passedGradients {
                let term = roots[step.inputs[position]]
                guard hasGradient[step.inputs[position]], let maker = makers[term], term != roots[plan.output],
                    step.inputs.count(where: { $0 >= 0 && roots[$0] == term }) == 1,
                    readers[term].allSatisfy({ $0 <= index })
                else { continue }
                // Whoever shares the buffer reads its gradient when its maker's turn comes: what is added to another
                // one's gradient must come after that.
                members[result[sum]]?.removeAll { $0.maker >= index }
                let isSafe = (members[result[sum]] ?? []).allSatisfy { other in
                    readers[term].allSatisfy { $0 == index || $0 < other.maker }
                        && readers[other.term].allSatisfy { $0 >= index || $0 < maker }
                }
                guard isSafe else { continue }
                result[term] = result[sum]
                members[result[sum], default: []].append((term, maker))
            }
        }
        return roots.map { result[$0] }
    }
}

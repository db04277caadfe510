/// The place of every buffer of a workspace, for a number of examples.
struct WorkspaceLayout {
    let liveness: Liveness
    /// The start of each value's storage among the floats or the integers; nil where it lies elsewhere.
    let valueOffsets: [Int?]
    /// The start of each gradient among the floats.
    let gradientOffsets: [Int?]
    /// The start of what each step saves, among the floats.
    let savedOffsets: [Int]
    /// The start of the room that steps use one after another, among the floats.
    let scratchOffset: Int
    /// The values that are parameters, or views of one, with their offsets in the flat vector.
    let parameters: [(value: Int, offset: Int)]
    /// For each step, the values whose gradients its backward pass is the first to touch.
    let zeroedBefore: [[Int]]
    let floatCount: Int
    let integerCount: Int

    init(_ plan: Plan, capacity: Int, withGradient: Bool, reusesMemory: Bool = true) {
        let liveness = Liveness(plan, withGradient: withGradient)
        let values = plan.values
        let counts = values.map { $0.description.shape.values(batch: capacity).reduce(1, *) }
        let forever = 0...(2 * plan.steps.count + 2)

        var floats: [MemoryPlan.Buffer] = []
        var integers: [MemoryPlan.Buffer] = []
        var valueIndex = [Int?](repeating: nil, count: values.count)
        var gradientIndex = [Int?](repeating: nil, count: values.count)
        for index in values.indices {
            if let lifetime = liveness.values[index] {
                let buffer = MemoryPlan.Buffer(count: counts[index], lifetime: lifetime)
                if values[index].description.isFloat {
                    valueIndex[index] = floats.count
                    floats.append(buffer)
                } else {
                    valueIndex[index] = integers.count
                    integers.append(buffer)
                }
            }
            if let lifetime = liveness.gradients[index] {
                gradientIndex[index] = floats.count
                floats.append(MemoryPlan.Buffer(count: counts[index], lifetime: lifetime))
            }
        }
        let savedStart = floats.count
        for (index, step) in plan.steps.enumerated() {
            let count = step.operation.savedCount.value(batch: capacity)
            floats.append(MemoryPlan.Buffer(count: count, lifetime: liveness.saved[index]))
        }
        let scratch = plan.steps.map { $0.operation.scratchCount.value(batch: capacity) }.max() ?? 0
        floats.append(MemoryPlan.Buffer(count: scratch, lifetime: forever))

        let floatPlan = MemoryPlan(floats, reusesMemory: reusesMemory)
        let integerPlan = MemoryPlan(integers, reusesMemory: reusesMemory)
        self.liveness = liveness
        valueOffsets = values.indices.map { index in
            valueIndex[index].map { (values[index].description.isFloat ? floatPlan : integerPlan).offsets[$0] }
        }
        gradientOffsets = gradientIndex.map { $0.map { floatPlan.offsets[$0] } }
        savedOffsets = plan.steps.indices.map { floatPlan.offsets[savedStart + $0] }
        scratchOffset = floatPlan.offsets[savedStart + plan.steps.count]
        parameters = values.indices.compactMap { index in
            guard case .parameter(let offset, _) = values[plan.root(of: index)].source else { return nil }
            return (index, offset)
        }
        zeroedBefore = WorkspaceLayout.firstTouches(plan, liveness)
        floatCount = floatPlan.count
        integerCount = integerPlan.count
    }

    /// The gradient of the output is written by the loss, those of parameters are the caller's; all others start at zero.
    private static func firstTouches(_ plan: Plan, _ liveness: Liveness) -> [[Int]] {
        var isTouched = [Bool](repeating: false, count: plan.values.count)
        isTouched[plan.root(of: plan.output)] = true
        var result = [[Int]](repeating: [], count: plan.steps.count)
        for (index, step) in plan.steps.enumerated().reversed() where liveness.isDifferentiated[index] {
            guard !step.operation.isView else { continue }
            for value in step.inputs + step.outputs where value >= 0 && liveness.hasGradient[value] {
                let root = plan.root(of: value)
                guard !isTouched[root], liveness.gradients[root] != nil else { continue }
                isTouched[root] = true
                result[index].append(root)
            }
        }
        return result
    }
}

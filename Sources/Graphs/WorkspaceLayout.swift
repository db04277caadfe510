/// The place of every buffer of a workspace, for a number of examples.
struct WorkspaceLayout: Sendable {
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
    /// For each step, the values whose gradients its backward pass is the first to touch, and which start at zero.
    let zeroedBefore: [[Int]]
    /// For each step, the inputs whose gradients its backward pass assigns; bit k for input k.
    let assignedInputs: [UInt64]
    /// For each step, the inputs whose gradients are that of output 0.
    let passedInputs: [UInt64]
    let size: WorkspaceSize

    /// Placing so many buffers takes a minute, by the square of their number; the longest plans have as many.
    private static let greatestBufferCount = 100_000

    /// - Throws: `unsupported` where a value has more elements for that many examples than the kernels can hold, and for
    ///   more steps than can be placed.
    init(_ plan: Plan, capacity: Int, withGradient: Bool, reusesMemory: Bool = true) throws(GraphError) {
        let liveness = Liveness(plan, withGradient: withGradient)
        let values = plan.values
        func count(_ shape: [Dimension], _ owner: String) throws(GraphError) -> Int {
            if let count = KernelLimits.elementCount(of: shape, batch: capacity) { return count }
            throw GraphError(
                .unsupported,
                "\(capacity == 1 ? "one example" : "\(capacity) examples") of \(owner) take more than "
                    + "\(KernelLimits.elementCount) elements (\(shape)); a smaller model, or shorter examples, are needed"
            )
        }
        let counts = try values.map { value throws(GraphError) in
            try count(value.description.shape, "value \(value.name)")
        }
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
            if liveness.outputHoldsGradient, index == plan.root(of: plan.output), let place = valueIndex[index],
                let lifetime = liveness.gradients[index]
            {
                let last = max(floats[place].lifetime.upperBound, lifetime.upperBound)
                floats[place] = MemoryPlan.Buffer(
                    count: counts[index], lifetime: floats[place].lifetime.lowerBound...last)
                gradientIndex[index] = place
            } else if let lifetime = liveness.gradients[index] {
                gradientIndex[index] = floats.count
                floats.append(MemoryPlan.Buffer(count: counts[index], lifetime: lifetime))
            }
        }
        let savedStart = floats.count
        var scratch = 0
        for (index, step) in plan.steps.enumerated() {
            let owner = "operation \(type(of: step.operation))"
            let saved = try count([step.operation.savedCount], owner)
            floats.append(MemoryPlan.Buffer(count: saved, lifetime: liveness.saved[index]))
            scratch = max(scratch, try count([step.operation.scratchCount], owner))
        }
        floats.append(MemoryPlan.Buffer(count: scratch, lifetime: forever))

        let bufferCount = (floats + integers).count { $0.count > 0 }
        guard bufferCount <= WorkspaceLayout.greatestBufferCount else {
            throw GraphError(
                .unsupported,
                "output \(plan.outputName) takes \(bufferCount) values and gradients; at most "
                    + "\(WorkspaceLayout.greatestBufferCount) are implemented. Export a model with fewer")
        }
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
        (zeroedBefore, assignedInputs) = WorkspaceLayout.firstTouches(plan, liveness)
        passedInputs = plan.steps.map { step in
            step.operation.passedGradients.reduce(0) { mask, position in
                let (term, sum) = (step.inputs[position], step.outputs[0])
                let isShared =
                    liveness.hasGradient[term] && liveness.hasGradient[sum]
                    && liveness.gradientRoots[term] == liveness.gradientRoots[sum]
                return isShared ? mask | 1 << UInt64(position) : mask
            }
        }
        size = WorkspaceSize(floatCount: floatPlan.count, integerCount: integerPlan.count)
    }

    /// The gradient of the output is written by the loss, those of parameters are the caller's; all others start at zero,
    /// or are assigned by the first operation that would add to them.
    private static func firstTouches(_ plan: Plan, _ liveness: Liveness) -> (zeroed: [[Int]], assigned: [UInt64]) {
        var isTouched = [Bool](repeating: false, count: plan.values.count)
        isTouched[liveness.gradientRoots[plan.output]] = true
        var zeroed = [[Int]](repeating: [], count: plan.steps.count)
        var assigned = [UInt64](repeating: 0, count: plan.steps.count)
        for (index, step) in plan.steps.enumerated().reversed() where liveness.isDifferentiated[index] {
            guard !step.operation.isView else { continue }
            let roots = (step.inputs + step.outputs).map { $0 < 0 ? -1 : liveness.gradientRoots[$0] }
            for (position, value) in (step.inputs + step.outputs).enumerated()
            where value >= 0 && liveness.hasGradient[value] {
                let root = roots[position]
                guard !isTouched[root], liveness.gradients[root] != nil else { continue }
                isTouched[root] = true
                let mayAssign = step.operation.assignedGradients
                if position < min(64, mayAssign.count), mayAssign[position], roots.count(where: { $0 == root }) == 1 {
                    assigned[index] |= 1 << UInt64(position)
                } else {
                    zeroed[index].append(root)
                }
            }
        }
        return (zeroed, assigned)
    }
}

public import Tensors

/// A model, its examples and a loss as a function of the flat parameter vector.
///
/// The value is shared by all chains; each asks for an evaluator of its own.
public struct ModelLoss<Scalar: Real>: Sendable {
    /// The graph made ready.
    public let plan: Plan
    /// How losses follow from outputs.
    public let head: LossHead
    /// n, the number of examples that indices refer to.
    public let exampleCount: Int
    let data: [(value: Int, table: ExampleTable<Scalar>)]
    let targets: LossTargets<Scalar>
    let fedTensors: [String: Tensor]
    /// The examples taken, where not all are.
    let selection: [Int]?

    /// Joins a plan with examples.
    ///
    /// - Parameters:
    ///   - plan: The graph made ready, for the output that `head` reads.
    ///   - head: The loss.
    ///   - inputs: All examples by graph input; the first axis is that of examples. Others than the graph's are left alone.
    ///   - targets: What outputs are compared with; nil for next-token and for graphs that emit losses.
    ///   - otherTensors: The checkpoint's tensors that are fed and are not floating point, by their names in the graph.
    ///   - examples: The indices of the examples to take, n of them; nil for all. Index i of an evaluation is then
    ///     `examples[i]`.
    /// - Throws: `notFound` or `mismatch` where examples, targets and graph do not fit together.
    public init(
        plan: Plan, head: LossHead, inputs: [String: Tensor], targets: Tensor?, otherTensors: [String: Tensor] = [:],
        examples: [Int]? = nil
    ) throws(GraphError) {
        var data: [(value: Int, table: ExampleTable<Scalar>)] = []
        var tokens: [Tensor] = []
        var count: (examples: Int, input: String)?
        for declared in plan.binding.dataInputs {
            guard let tensor = inputs[declared.name] else {
                throw GraphError(
                    .notFound,
                    "no examples for graph input \(declared.name); there are some for "
                        + inputs.keys.sorted().list)
            }
            let inputCount = tensor.shape.dimensions.first ?? 0
            if let count, count.examples != inputCount {
                throw GraphError(
                    .mismatch, "\(inputCount) examples in \(declared.name), \(count.examples) in \(count.input)")
            }
            count = (inputCount, declared.name)
            if tensor.integers != nil { tokens.append(tensor) }
            guard let value = plan.values.firstIndex(where: { $0.isData(declared.name) }) else { continue }
            let expected = plan.values[value].description
            let shape = Shape(tensor.shape.dimensions.dropFirst().map { $0 })
            guard shape.dimensions == expected.shape.dropFirst().map(\.constant) else {
                throw GraphError(
                    .mismatch, "graph input \(declared.name) has shape \(expected.shape); examples have shape \(shape)")
            }
            guard expected.isFloat == (tensor.integers == nil) else {
                throw GraphError(
                    .mismatch,
                    "graph input \(declared.name) is \(expected.elementType); the examples are "
                        + "\(tensor.elementType)")
            }
            data.append((value, ExampleTable(tensor, exampleCount: inputCount)))
        }
        guard let available = count?.examples, available > 0 else {
            throw GraphError(.mismatch, "expected at least one example, found none, or no graph input that takes them")
        }
        if let wrong = examples?.first(where: { !(0..<available).contains($0) }) {
            throw GraphError(.mismatch, "example \(wrong) is chosen; there are \(available), counted from 0")
        }
        self.plan = plan
        self.head = head
        self.data = data
        self.targets = try LossTargets(
            head, targets: targets, tokens: tokens.count == 1 ? tokens.first : nil, outputShape: plan.outputShape,
            exampleCount: available)
        fedTensors = otherTensors
        selection = examples
        exampleCount = examples?.count ?? available
    }

    /// The length of the flat parameter vector.
    public var parameterCount: Int { plan.binding.parameterCount }

    /// The bytes that an evaluator for that many examples takes; `Int.max` where none can be made.
    public func evaluatorByteCount(capacity: Int, withGradient: Bool = true) -> Int {
        (try? blockSize(capacity: capacity, withGradient: withGradient)).flatMap {
            byteCount(block: $0, withGradient: withGradient)?.addingReportingOverflow(fixedByteCount(block: $0))
                .partialValue
        } ?? .max
    }

    /// How many examples are evaluated together: as many as keep the workspace within `blockByteCount`, at least one,
    /// and all blocks about equally large. It depends on plan, precision and `capacity` alone, not on the machine.
    ///
    /// - Throws: `unsupported` where a single example takes more than the kernels can hold.
    public func blockSize(capacity: Int, withGradient: Bool = true) throws(GraphError) -> Int {
        func fits(_ block: Int) -> Bool {
            byteCount(block: block, withGradient: withGradient).map { $0 <= blockByteCount } ?? false
        }
        _ = try plan.layouts.size(of: plan, capacity: 1, withGradient: withGradient)
        var (largest, tooLarge) = (1, capacity + 1)
        while tooLarge - largest > 1 {
            let middle = largest + (tooLarge - largest) / 2
            if fits(middle) { largest = middle } else { tooLarge = middle }
        }
        let blocks = (capacity + largest - 1) / largest
        return (capacity + blocks - 1) / blocks
    }

    /// The bytes that the workspace of a block may take: what stays in the processor's cache, and where there are many
    /// parameters more, since every block reads them and adds to their gradient. Both figures were measured on five models
    /// (the benchmarks'): larger workspaces leave the cache, smaller ones make the matrix products too small.
    private var blockByteCount: Int { (1 << 19) + 3 * parameterCount * MemoryLayout<Scalar>.stride }

    /// Beside the workspace: the constants, of which each evaluator has its own, and the targets of a block.
    private func fixedByteCount(block: Int) -> Int {
        let constants = plan.values.reduce(0) { sum, value in
            guard case .constant(let tensor) = value.source else { return sum }
            return sum + tensor.count
                * (tensor.integers == nil ? MemoryLayout<Scalar>.stride : MemoryLayout<Int64>.stride)
        }
        let target = MemoryLayout<Scalar>.stride + MemoryLayout<Int64>.stride
        return constants + block * (targets.table?.rowLength ?? 0) * target
    }

    private func byteCount(block: Int, withGradient: Bool) -> Int? {
        (try? plan.layouts.size(of: plan, capacity: block, withGradient: withGradient))?.byteCount(as: Scalar.self)
    }

    /// Makes an evaluator with room for `capacity` examples at a time.
    public func makeEvaluator(capacity: Int) throws(GraphError) -> ModelEvaluator<Scalar> {
        try makeEvaluator(capacity: capacity, withGradient: true)
    }

    /// Makes an evaluator; without gradients it takes less memory, and `lossesAndGradient` may not be called.
    public func makeEvaluator(capacity: Int, withGradient: Bool) throws(GraphError) -> ModelEvaluator<Scalar> {
        try ModelEvaluator(self, capacity: capacity, withGradient: withGradient)
    }
}

extension Plan.Value {
    /// Whether the value is that data input.
    func isData(_ name: String) -> Bool { if case .data(name) = source { true } else { false } }
}

import Tensors

/// Makes a ``Plan``: numbers the values, infers shapes node by node, folds what is known, and drops what nobody reads.
struct PlanBuilder {
    private let graph: Graph
    private let binding: ParameterBinding
    private var values: [Plan.Value] = []
    private var steps: [Plan.Step] = []
    private var numbers: [String: Int] = [:]
    private var sequences = Sequences()
    private var foldingBudget = ConstantFolding.Budget()

    init(graph: Graph, binding: ParameterBinding) {
        self.graph = graph
        self.binding = binding
    }

    /// Numbers what is given from outside: parameters, other checkpoint tensors, data, and stored constants.
    mutating func addSources(exampleShapes: [String: Shape]) throws(GraphError) {
        let declared = Dictionary(
            graph.inputs.map { ($0.name, $0.elementType) }, uniquingKeysWith: { first, _ in first })
        for slot in binding.slots {
            let type = graph.initializers[slot.valueName]?.elementType ?? declared[slot.valueName] ?? .float32
            try addGiven(
                slot.valueName, ValueDescription(type, slot.shape.dimensions.map { Dimension($0) }),
                .parameter(offset: slot.range.lowerBound, isTrainable: slot.isTrainable))
        }
        for tensor in binding.fedTensors {
            let description = ValueDescription(tensor.elementType, tensor.shape.dimensions.map { Dimension($0) })
            try addGiven(tensor.valueName, description, .fed(tensor.valueName))
        }
        try addData(exampleShapes: exampleShapes)
        for (name, tensor) in graph.initializers.sorted(by: { $0.key < $1.key }) where numbers[name] == nil {
            let shape = tensor.shape.dimensions.map { Dimension($0) }
            try addGiven(
                name, ValueDescription(tensor.elementType, shape, contents: .constant(tensor)), .constant(tensor))
        }
    }

    /// The data inputs: their first axis is the batch, other symbolic extents are those of the examples.
    private mutating func addData(exampleShapes: [String: Shape]) throws(GraphError) {
        var symbols: [String: (extent: Int, input: String)] = [:]
        for input in binding.dataInputs {
            guard let shape = exampleShapes[input.name] else {
                throw GraphError(
                    .notFound,
                    "no examples for graph input \(input.name); there are some for "
                        + exampleShapes.keys.sorted().joined(separator: ", "))
            }
            let found = "examples of shape \(shape)"
            if let declared = input.dimensions {
                guard declared.count == shape.rank + 1, case let first? = declared.first else {
                    throw GraphError(
                        .mismatch,
                        "graph input \(input.name) has shape \(declared), the first axis being that of "
                            + "examples; found \(found)")
                }
                if case .fixed(let batch) = first {
                    throw GraphError(
                        .unsupported,
                        "graph input \(input.name) takes batches of \(batch) only; export the graph with "
                            + "a dynamic first axis")
                }
                for (extent, actual) in zip(declared.dropFirst(), shape.dimensions) {
                    switch extent {
                    case .fixed(let expected) where expected != actual:
                        throw GraphError(.mismatch, "graph input \(input.name) has shape \(declared); found \(found)")
                    case .symbolic(let name):
                        if let bound = symbols[name], bound.extent != actual {
                            throw GraphError(
                                .mismatch,
                                "extent \(name) is \(bound.extent) in \(bound.input) and \(actual) in "
                                    + "\(input.name)")
                        }
                        symbols[name] = (actual, input.name)
                    default: break
                    }
                }
            }
            let extents = [Dimension.batch] + shape.dimensions.map { Dimension($0) }
            try addGiven(input.name, ValueDescription(input.elementType, extents), .data(input.name))
        }
    }

    /// Adds the nodes that `output` depends on, in order.
    mutating func addNodes(towards output: String) throws(GraphError) {
        let nodes = nodesLeading(to: output)
        var missing: [(reason: String, location: String)] = []
        for node in nodes where !Sequences.operators.contains(node.operatorName) {
            if case .failure(let error) = OperationRegistry.find(node, opset: graph.opset) {
                missing.append((error.reason, error.location ?? ""))
            }
        }
        guard missing.isEmpty else {
            throw GraphError(
                .unsupported,
                "not implemented: \(Self.words(missing).list). Export the model without them, or with another opset")
        }
        let hasSequences = nodes.contains { Sequences.operators.contains($0.operatorName) }
        let known = hasSequences ? Set(graph.nodes.flatMap(\.outputs)).union(numbers.keys) : []
        for node in nodes {
            guard Sequences.operators.contains(node.operatorName) else {
                try add(node)
                continue
            }
            let context = context(of: node, inputs: try inputs(of: node))
            for ordinary in try sequences.replacement(of: context) {
                if let name = ordinary.outputs.first(where: { known.contains($0) && !node.outputs.contains($0) }) {
                    throw context.error(
                        .unsupported, "it makes an element \(name), and another value has that name; rename that one")
                }
                try add(ordinary)
            }
        }
    }

    /// Each reason once, with the first place and the number of others.
    private static func words(_ missing: [(reason: String, location: String)]) -> [String] {
        let places = Dictionary(grouping: missing, by: \.reason)
        return places.keys.sorted().map { reason in
            let all = places[reason] ?? []
            let others = all.count > 1 ? " and \((all.count - 1).counted("other"))" : ""
            return "\(reason) (\(all.first?.location ?? "")\(others))"
        }
    }

    /// The nodes that `output` depends on; what is bound or stored is not computed, whatever node makes it.
    private func nodesLeading(to output: String) -> [Node] {
        var wanted: Set = [output]
        var result: [Node] = []
        for node in graph.nodes.reversed()
        where node.outputs.contains(where: { wanted.contains($0) && numbers[$0] == nil }) {
            wanted.formUnion(node.inputs.filter { !$0.isEmpty })
            result.append(node)
        }
        return result.reversed()
    }

    /// The numbers of a node's inputs; −1 where one is absent, or is a sequence for those that take one.
    private func inputs(of node: Node) throws(GraphError) -> [Int] {
        let takesSequences = Sequences.operators.contains(node.operatorName)
        var inputs: [Int] = []
        // Absent inputs at the end are as good as not listed.
        for name in node.inputs.prefix((node.inputs.lastIndex { !$0.isEmpty } ?? -1) + 1) {
            if name.isEmpty || (takesSequences && sequences.contains(name)) {
                inputs.append(-1)
            } else if let number = numbers[name] {
                inputs.append(number)
            } else {
                throw GraphError(
                    .malformed, "value \(name) is read before any node makes it", location: "node \"\(node.label)\"")
            }
        }
        return inputs
    }

    private func context(of node: Node, inputs: [Int]) -> NodeContext {
        NodeContext(
            node: node, opset: graph.opset, inputs: inputs.map { $0 < 0 ? nil : values[$0].description })
    }

    private mutating func add(_ node: Node) throws(GraphError) {
        let type = try OperationRegistry.find(node, opset: graph.opset).get()
        let inputs = try inputs(of: node)
        let context = context(of: node, inputs: inputs)
        let operation = try type.init(context)
        var results = operation.outputs
        for shape in results.map(\.shape) + [[operation.savedCount], [operation.scratchCount]] {
            try KernelLimits.check(shape, location: context.location)
        }
        if let folded = ConstantFolding.contents(of: operation, inputs: context.inputs, budget: &foldingBudget) {
            for index in results.indices where results[index].contents == nil {
                results[index].contents = folded[index]
            }
        }
        guard type.mayLackFirstOutput || node.outputs.first.map({ !$0.isEmpty && numbers[$0] == nil }) == true else {
            throw context.error(.malformed, "output 0 is required, and is absent or given by another")
        }
        let step = steps.count
        var outputs: [Int] = []
        for (index, name) in node.outputs.enumerated() {
            guard !name.isEmpty, numbers[name] == nil, index < results.count else {
                outputs.append(-1)
                continue
            }
            outputs.append(values.count)
            if case .constant(let tensor) = results[index].contents {
                add(name, results[index], .constant(tensor))
            } else if case .symbolic(let dimensions) = results[index].contents {
                add(name, results[index], .symbolic(dimensions))
            } else if operation.isView, index == 0, let viewed = inputs.first {
                add(name, results[index], .view(of: root(of: viewed)))
            } else {
                add(name, results[index], .computed(step: step))
            }
        }
        steps.append(Plan.Step(node: node, operation: operation, inputs: inputs, outputs: outputs))
    }

    /// The value whose storage `value` uses; views never lead to views, however many follow each other.
    private func root(of value: Int) -> Int {
        if case .view(let other) = values[value].source { other } else { value }
    }

    /// All values and steps, once the output is known to be one that can be evaluated.
    consuming func finish(output name: String) throws(GraphError) -> PlanDraft {
        guard let output = numbers[name] else {
            throw GraphError(.malformed, "no node makes a tensor \(name), which is the output to evaluate")
        }
        let shape = values[output].description.shape
        guard values[output].description.isFloat, shape.first == .batch,
            shape.dropFirst().allSatisfy({ ($0.fixed ?? 0) > 0 })
        else {
            throw GraphError(
                .mismatch,
                "output \(name) must be floating point with examples along its first axis and not empty; it is "
                    + "\(values[output].description.elementType) \(shape)")
        }
        return PlanDraft(values: values, steps: steps, output: output)
    }

    /// Adds what no node makes.
    private mutating func addGiven(
        _ name: String, _ description: ValueDescription, _ source: Plan.Source
    ) throws(GraphError) {
        try KernelLimits.check(description.shape, location: "value \"\(name)\"")
        add(name, description, source)
    }

    private mutating func add(_ name: String, _ description: ValueDescription, _ source: Plan.Source) {
        numbers[name] = values.count
        values.append(Plan.Value(name: name, description: description, source: source))
    }

}

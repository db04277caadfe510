import Tensors

/// What must hold between a checkpoint and a graph for the loss to be the one that was trained.
enum BindingChecks {
    /// Bound names must have one shape and one kind of element.
    static func shapes(graph: Graph, tensors: [CheckpointTensor], names: NameMatching) throws(GraphError) {
        var declared: [String: (type: ElementType, dimensions: [Graph.Extent]?)] = [:]
        for (name, tensor) in graph.initializers {
            declared[name] = (tensor.elementType, tensor.shape.dimensions.map { .fixed($0) })
        }
        for input in graph.inputs { declared[input.name] = (input.elementType, input.dimensions) }
        var problems: [String] = []
        for tensor in tensors {
            guard let name = names.valueName[tensor.name], let (type, dimensions) = declared[name] else { continue }
            if type.isFloatingPoint != tensor.elementType.isFloatingPoint {
                problems.append("\(tensor.name): \(tensor.elementType) in the checkpoint, \(type) in the graph")
            }
            guard let dimensions else { continue }
            let fits =
                dimensions.count == tensor.shape.rank
                && zip(dimensions, tensor.shape.dimensions).allSatisfy { extent, found in
                    if case .fixed(let expected) = extent { expected == found } else { true }
                }
            if !fits {
                problems.append("\(tensor.name): shape \(tensor.shape) in the checkpoint, \(dimensions) in the graph")
            }
        }
        guard problems.isEmpty else {
            throw GraphError(
                .mismatch,
                "checkpoint and graph disagree: " + problems.joined(separator: "; ")
                    + ". Export the graph from the model that was trained")
        }
    }

    /// Every floating-point tensor must be used, be a bound one under a second name, or be ignored on request.
    static func unused(
        tensors: [CheckpointTensor], names: NameMatching, rules: BindingRules, equal: (String, String) -> Bool
    ) throws(GraphError) -> [ParameterBinding.TiedPair] {
        var tied: [ParameterBinding.TiedPair] = []
        var unused: [String] = []
        for tensor in tensors where tensor.elementType.isFloatingPoint && names.valueName[tensor.name] == nil {
            let twin = tensors.first {
                names.valueName[$0.name] != nil && $0.shape == tensor.shape && $0.elementType == tensor.elementType
                    && equal($0.name, tensor.name)
            }
            if let twin {
                tied.append(ParameterBinding.TiedPair(name: twin.name, duplicate: tensor.name))
            } else if !rules.ignored.contains(tensor.name) {
                unused.append(tensor.name)
            }
        }
        guard unused.isEmpty else {
            throw GraphError(
                .mismatch,
                "the graph does not use checkpoint tensors " + unused.joined(separator: ", ")
                    + ": an exporter renamed or folded them, and the loss would not be that of the checkpoint. Export the "
                    + "graph with parameters as inputs (the recorder does), or list them under `ignored:`")
        }
        return tied
    }

    /// The graph inputs that examples must provide.
    static func dataInputs(
        graph: Graph, names: NameMatching, dataNames: [String]?
    ) throws(GraphError) -> [Graph.Value] {
        let rest = graph.inputs.filter { !names.provided.contains($0.name) && graph.initializers[$0.name] == nil }
        let missing = rest.filter { input in
            if let dataNames { return !dataNames.contains(input.name) }
            guard input.elementType.isFloatingPoint else { return false }
            return input.dimensions?.allSatisfy { if case .fixed = $0 { true } else { false } } ?? false
        }
        guard missing.isEmpty else {
            throw GraphError(
                .notFound,
                "nothing provides graph inputs "
                    + missing.map { "\($0.name) \($0.dimensions.map { "\($0)" } ?? "")" }.joined(separator: ", ")
                    + ": neither checkpoint nor examples have these names. Name the tensors alike, or export the graph "
                    + "with a dynamic first axis if these are examples")
        }
        return rest
    }

    /// Numbers inside the graph that no checkpoint holds may be weights at the moment of the export.
    static func foldedWeights(graph: Graph, names: NameMatching, rules: BindingRules) throws(GraphError) {
        var stored = graph.initializers
        for node in graph.nodes where node.operatorName == "Constant" {
            if let name = node.outputs.first, case .tensor(let tensor)? = node.attributes["value"] {
                stored[name] = tensor
            }
        }
        let suspicious = stored.filter { name, tensor in
            tensor.elementType.isFloatingPoint && tensor.count >= 2 && !names.provided.contains(name)
                && !rules.constants.contains(name)
        }
        guard suspicious.isEmpty else {
            throw GraphError(
                .unsupported,
                "the graph holds numbers that no checkpoint has: "
                    + suspicious.keys.sorted().map { "\($0) \(suspicious[$0]?.shape.description ?? "")" }
                    .joined(separator: ", ")
                    + ". An exporter may have folded weights into them, and the loss would silently be wrong. Export the "
                    + "graph with parameters as inputs (the recorder does), or list them under `constants:`")
        }
    }

    /// The checkpoint names that are sampled.
    static func trainableNames(
        graph: Graph, tensors: [CheckpointTensor], names: NameMatching, rules: BindingRules,
        tiedPairs: [ParameterBinding.TiedPair]
    ) throws(GraphError) -> Set<String> {
        let known = Set(tensors.map(\.name))
        // A prefix may have been left out, so that the graph's name stands for the checkpoint's.
        let byValue = Dictionary(names.valueName.map { ($0.value, $0.key) }) { first, _ in first }
        let unknown = ((rules.trainable ?? []) + rules.buffers).filter { !known.contains($0) && byValue[$0] == nil }
        guard unknown.isEmpty else {
            throw GraphError(
                .notFound,
                "`trainable:` or `buffers:` name " + unknown.joined(separator: ", ")
                    + ", which no checkpoint holds; there are " + known.sorted().joined(separator: ", "))
        }
        func inCheckpoint(_ names: [String]) -> [String] { names.map { known.contains($0) ? $0 : byValue[$0] ?? $0 } }
        let buffers = inCheckpoint(rules.buffers)
        if let trainable = rules.trainable.map(inCheckpoint) {
            let first = tiedPairs.filter { trainable.contains($0.duplicate) }.map(\.name)
            return Set(trainable).union(first).subtracting(buffers)
        }
        // Inputs 3 and 4 of BatchNormalization are running mean and variance (ONNX, BatchNormalization-15).
        let statistics = Set(
            graph.nodes.filter { $0.operatorName == "BatchNormalization" }.flatMap { $0.inputs.dropFirst(3).prefix(2) })
        return known.filter { name in
            guard let value = names.valueName[name] else { return false }
            return !statistics.contains(value)
        }.subtracting(buffers)
    }
}

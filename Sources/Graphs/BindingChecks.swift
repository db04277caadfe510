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
                "checkpoint and graph disagree: " + problems.list
                    + ". Export the graph from the model that was trained")
        }
    }

    /// Every weight of the checkpoint must be the graph's, and every number in the graph the checkpoint's: an exporter may
    /// have renamed a weight, or folded it into another tensor.
    ///
    /// - Returns: Tensors that are bound ones under a second name.
    static func completeness(
        graph: Graph, tensors: [CheckpointTensor], names: NameMatching, rules: BindingRules,
        equal: (String, String) -> Bool
    ) throws(GraphError) -> [ParameterBinding.TiedPair] {
        let (tied, unused) = unboundTensors(tensors, names: names, rules: rules, equal: equal)
        let unread = unreadTensors(graph: graph, tensors: tensors, names: names, rules: rules)
        let stored = storedNumbers(graph: graph, names: names, rules: rules)
        var problems: [String] = []
        if !unused.isEmpty {
            problems.append("the graph does not use checkpoint tensors " + unused.list(atMost: 24))
        }
        if !unread.isEmpty {
            problems.append(
                "no node of the graph reads " + unread.list(atMost: 24)
                    + " (what the loss does not depend on is listed under `buffers:`)")
        }
        if !stored.isEmpty {
            problems.append(
                "the graph holds numbers that no checkpoint has: "
                    + stored.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.list(atMost: 24))
        }
        guard problems.isEmpty else {
            throw GraphError(
                unused.isEmpty && unread.isEmpty ? .unsupported : .mismatch,
                problems.joined(separator: "; ")
                    + ". An exporter may have renamed weights or folded them into others, and the loss would silently be "
                    + "that of the exported weights. Export again with parameters as inputs of the graph (the recorder "
                    + "does), or without the exporter's optimiser: torch.onnx.export(…, dynamo=True, optimize=False). "
                    + "Tensors that the loss does not need are listed under `ignored:`, numbers that are no weights under "
                    + "`constants:`")
        }
        return tied
    }

    /// Floating-point tensors that have no place in the graph: those equal to a bound one, and those that are lost.
    private static func unboundTensors(
        _ tensors: [CheckpointTensor], names: NameMatching, rules: BindingRules, equal: (String, String) -> Bool
    ) -> (tied: [ParameterBinding.TiedPair], unused: [String]) {
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
        return (tied, unused)
    }

    /// Tensors that are bound to a value that nothing depends on, as where a frozen model was exported with its
    /// parameters as inputs.
    private static func unreadTensors(
        graph: Graph, tensors: [CheckpointTensor], names: NameMatching, rules: BindingRules
    ) -> [String] {
        let read = Set(graph.nodes.flatMap(\.inputs)).union(graph.outputs.map(\.name))
        return tensors.filter { tensor in
            guard tensor.elementType.isFloatingPoint, let value = names.valueName[tensor.name] else { return false }
            return !read.contains(value) && !rules.buffers.contains(tensor.name) && !rules.buffers.contains(value)
        }.map(\.name)
    }

    /// Shapes of floating-point numbers inside the graph that no checkpoint holds and that may be weights: not single
    /// numbers, and not the units of a group normalisation.
    private static func storedNumbers(graph: Graph, names: NameMatching, rules: BindingRules) -> [String: Shape] {
        var stored = graph.initializers
        for node in graph.nodes where node.operatorName == "Constant" {
            guard let name = node.outputs.first else { continue }
            switch (node.attributes["value"], node.attributes["value_floats"]) {
            case (.tensor(let tensor)?, _): stored[name] = tensor
            case (_, .floats(let numbers)?): stored[name] = Tensor(numbers, shape: [numbers.count])
            default: break
            }
        }
        let units = groupNormalizationUnits(graph: graph, stored: stored)
        return stored.filter { name, tensor in
            tensor.elementType.isFloatingPoint && tensor.count >= 2 && !names.provided.contains(name)
                && !rules.constants.contains(name) && !units.contains(name)
        }.mapValues(\.shape)
    }

    /// The ones and zeros with which PyTorch writes group normalisation before opset 21: InstanceNormalization over the
    /// groups with scale 1 and bias 0; the gains and biases of the channels come after it.
    private static func groupNormalizationUnits(graph: Graph, stored: [String: Tensor]) -> Set<String> {
        var units: Set<String> = []
        for node in graph.nodes where node.operatorName == "InstanceNormalization" {
            for (name, unit) in zip(node.inputs.dropFirst(), [1.0, 0.0]) {
                guard let tensor = stored[name], tensor.values(as: Double.self).allSatisfy({ $0 == unit }) else {
                    continue
                }
                units.insert(name)
            }
        }
        return units
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
                    + missing.map { "\($0.name) \($0.dimensions.map { "\($0)" } ?? "")" }.list
                    + ": neither checkpoint nor examples have these names"
                    + (dataNames.map { "; the examples are \($0.isEmpty ? "none" : $0.list)" } ?? "")
                    + ". Give tensor and graph input one name; `targets` is kept for what outputs are compared with")
        }
        return rest
    }

    /// The checkpoint names that are sampled.
    static func trainableNames(
        graph: Graph, tensors: [CheckpointTensor], names: NameMatching, rules: BindingRules,
        tiedPairs: [ParameterBinding.TiedPair]
    ) throws(GraphError) -> Set<String> {
        let known = Set(tensors.map(\.name))
        // A prefix may have been left out, so that the graph's name stands for the checkpoint's.
        let byValue = Dictionary(names.valueName.map { ($0.value, $0.key) }) { first, _ in first }
        let unknown = ((rules.trainable ?? []) + rules.buffers + rules.ignored).filter {
            !known.contains($0) && byValue[$0] == nil
        }
        guard unknown.isEmpty else {
            throw GraphError(
                .notFound,
                "`trainable:`, `buffers:` or `ignored:` in run.yaml lists \(unknown.list), which no checkpoint holds; there are "
                    + known.sorted().list)
        }
        func inCheckpoint(_ names: [String]) -> [String] { names.map { known.contains($0) ? $0 : byValue[$0] ?? $0 } }
        let buffers = inCheckpoint(rules.buffers)
        if let trainable = rules.trainable.map(inCheckpoint) {
            let both = trainable.filter(buffers.contains)
            guard both.isEmpty else {
                throw GraphError(
                    .mismatch,
                    "\(both.list): listed under `trainable:` and under `buffers:` in run.yaml, which are not sampled. Keep one"
                )
            }
            let first = tiedPairs.filter { trainable.contains($0.duplicate) }.map(\.name)
            return Set(trainable).union(first)
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

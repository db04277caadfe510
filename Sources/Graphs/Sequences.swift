import Tensors

/// Lists of values, which exist while the plan is made and never during an evaluation.
///
/// `SplitToSequence`, `SequenceConstruct`, `SequenceAt`, `SequenceLength` and `ConcatFromSequence` (opset 11) become
/// ordinary nodes: a sequence's name stands for the names of its elements. Lengths and positions must be known beforehand.
struct Sequences {
    /// The operators that make or read sequences.
    static let operators: Set = [
        "ConcatFromSequence", "SequenceAt", "SequenceConstruct", "SequenceLength", "SplitToSequence",
    ]

    /// How many more elements sequences may be split or joined in: each becomes a value of the plan, or one more reader.
    private var room = 1 << 17

    /// The names of the values in each sequence.
    private var elements: [String: [String]] = [:]

    /// Whether `name` is a sequence.
    func contains(_ name: String) -> Bool { elements[name] != nil }

    /// The ordinary nodes that do what a node of `operators` does; none where it only names a sequence.
    ///
    /// - Throws: `unsupported` for lengths and positions that depend on parameters, data or the batch; `malformed` for
    ///   positions out of range and for nodes that break the specification.
    mutating func replacement(of context: NodeContext) throws(GraphError) -> [Node] {
        let node = context.node
        guard (13...25).contains(context.opset) else {
            throw context.error(.unsupported, "opsets 13 to 25 are implemented")
        }
        guard let output = node.outputs.first, node.outputs.count == 1 else {
            throw context.error(.malformed, "\(node.outputs.count) outputs; one is expected")
        }
        switch node.operatorName {
        case "SplitToSequence": return try split(context, into: output)
        case "SequenceConstruct":
            try context.allow()
            elements[output] = node.inputs
            return []
        case "SequenceAt":
            try context.allow()
            let names = try sequence(context)
            let positions = try context.knownIntegers(1)
            guard positions.count == 1 else {
                throw context.error(.malformed, "the position \(positions) is no single number")
            }
            guard positions[0] >= -names.count && positions[0] < names.count else {
                throw context.error(.malformed, "position \(positions[0]) is out of range for \(names.count) elements")
            }
            let element = names[positions[0] < 0 ? positions[0] + names.count : positions[0]]
            return [ordinary("Identity", [element], [output])]
        case "SequenceLength":
            try context.allow()
            let length = Tensor(
                shape: Shape([]), elementType: .int64, elements: .integer([Int64(try sequence(context).count)]))
            return [ordinary("Constant", [], [output], ["value": .tensor(length)])]
        case "ConcatFromSequence": return try concatenate(context, into: output)
        default: preconditionFailure("\(node.operatorName) is listed and not implemented")
        }
    }

    /// A scalar `split` is the size of every part (the last may be smaller), a vector the sizes; without it the parts have
    /// extent 1, and lose the axis unless `keepdims`.
    private mutating func split(_ context: NodeContext, into output: String) throws(GraphError) -> [Node] {
        try context.allow("axis", "keepdims")
        let x = try context.input(0)
        let axis = try context.axis(try context.integer("axis") ?? 0, rank: x.shape.count)
        guard let extent = x.shape[axis].fixed else {
            throw context.error(.unsupported, "axis \(axis) of \(x.shape) depends on the batch")
        }
        let dropsAxis = try context.integer("keepdims") == 0 && context.optionalInput(1) == nil
        let sizes: [Int]
        if let given = context.optionalInput(1) {
            let stated = try context.knownIntegers(1)
            if given.shape.isEmpty {
                let size = stated[0]
                guard size > 0 else {
                    throw context.error(.malformed, "parts of size \(size); a positive size is expected")
                }
                try take((extent - 1) / size + 1, context)
                sizes = stride(from: 0, to: extent, by: size).map { min(size, extent - $0) }
            } else {
                try take(stated.count, context)
                sizes = stated
            }
        } else {
            try take(extent, context)
            sizes = [Int](repeating: 1, count: extent)
        }
        let names = sizes.indices.map { "\(output)[\($0)]" }
        let parts = dropsAxis ? names.map { "\($0).kept" } : names
        elements[output] = names
        guard !names.isEmpty else { return [] }
        var nodes = [
            integers(sizes, named: "\(output).sizes"),
            ordinary("Split", [context.node.inputs[0], "\(output).sizes"], parts, ["axis": .integer(axis)]),
        ]
        if dropsAxis {
            nodes.append(integers([axis], named: "\(output).axis"))
            nodes += zip(parts, names).map { ordinary("Squeeze", [$0, "\(output).axis"], [$1]) }
        }
        return nodes
    }

    /// Takes room for `count` elements.
    private mutating func take(_ count: Int, _ context: NodeContext) throws(GraphError) {
        guard count <= room else {
            throw context.error(
                .unsupported, "a sequence of \(count) elements, where the graph's sequences have room for \(room) more")
        }
        room -= count
    }

    private mutating func concatenate(_ context: NodeContext, into output: String) throws(GraphError) -> [Node] {
        try context.allow("axis", "new_axis")
        guard let axis = try context.integer("axis") else {
            throw context.error(.malformed, "attribute axis is absent")
        }
        let names = try sequence(context)
        try take(names.count, context)
        guard try context.integer("new_axis") ?? 0 != 0 else {
            return [ordinary("Concat", names, [output], ["axis": .integer(axis)])]
        }
        let widened = names.indices.map { "\(output)[\($0)]" }
        return [integers([axis], named: "\(output).axis")]
            + zip(names, widened).map { ordinary("Unsqueeze", [$0, "\(output).axis"], [$1]) }
            + [ordinary("Concat", widened, [output], ["axis": .integer(axis)])]
    }

    /// The elements of the sequence that is input 0.
    private func sequence(_ context: NodeContext) throws(GraphError) -> [String] {
        let name = context.node.inputs.first ?? ""
        guard let names = elements[name] else {
            throw context.error(
                .unsupported, "\(name) is no sequence of known length; SplitToSequence and SequenceConstruct make one")
        }
        return names
    }

    private func integers(_ values: [Int], named name: String) -> Node {
        let tensor = Tensor(
            shape: Shape([values.count]), elementType: .int64, elements: .integer(values.map { Int64($0) }))
        return ordinary("Constant", [], [name], ["value": .tensor(tensor)])
    }

    private func ordinary(
        _ operatorName: String, _ inputs: [String], _ outputs: [String], _ attributes: [String: Attribute] = [:]
    ) -> Node {
        Node(operatorName: operatorName, inputs: inputs, outputs: outputs, attributes: attributes)
    }
}

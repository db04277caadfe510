import Tensors

/// A node in its place: with the opset and what is known about its inputs.
struct NodeContext: Sendable {
    let node: Node
    /// The version of the default operator set.
    let opset: Int
    /// One description per input of the node; nil where the input is absent.
    let inputs: [ValueDescription?]

    /// The number of inputs, absent ones included.
    var inputCount: Int { inputs.count }

    /// Input `index`, which the operator requires.
    func input(_ index: Int) throws(GraphError) -> ValueDescription {
        guard let value = optionalInput(index) else {
            throw error(.malformed, "input \(index) is required and absent")
        }
        return value
    }

    /// Input `index`, which the operator requires to be floating point.
    func floatInput(_ index: Int) throws(GraphError) -> ValueDescription {
        let value = try input(index)
        guard value.isFloat else {
            throw error(
                .unsupported, "input \(index) has type \(value.elementType); only floating point is implemented")
        }
        return value
    }

    /// Input `index`, or nil where it is absent.
    func optionalInput(_ index: Int) -> ValueDescription? { index < inputs.count ? inputs[index] : nil }

    /// Refuses attributes that the operation does not read: ignoring one would change the result silently.
    func allow(_ names: String...) throws(GraphError) {
        let others = node.attributes.keys.filter { !names.contains($0) }.sorted()
        guard others.isEmpty else {
            throw error(.unsupported, "attribute \(others.list) is not implemented")
        }
    }

    /// Refuses inputs that the operation does not read.
    func allowInputs(_ count: Int) throws(GraphError) {
        guard inputs.count <= count else {
            throw error(.malformed, "there are \(inputs.count) inputs; at most \(count) are expected")
        }
    }

    /// Attribute `name` as a whole number; nil where it is absent.
    func integer(_ name: String) throws(GraphError) -> Int? {
        switch node.attributes[name] {
        case nil: nil
        case .integer(let value): value
        default: throw error(.malformed, "attribute \(name) is no integer")
        }
    }

    /// Attribute `name` as whole numbers; nil where it is absent.
    func integers(_ name: String) throws(GraphError) -> [Int]? {
        switch node.attributes[name] {
        case nil: nil
        case .integers(let values): values
        default: throw error(.malformed, "attribute \(name) is no list of integers")
        }
    }

    /// Attribute `name` as a number; nil where it is absent.
    func float(_ name: String) throws(GraphError) -> Double? {
        switch node.attributes[name] {
        case nil: nil
        case .float(let value): Double(value)
        default: throw error(.malformed, "attribute \(name) is no float")
        }
    }

    /// Attribute `name` as text; nil where it is absent.
    func string(_ name: String) throws(GraphError) -> String? {
        switch node.attributes[name] {
        case nil: nil
        case .string(let value): value
        default: throw error(.malformed, "attribute \(name) is no string")
        }
    }

    /// The whole numbers that input `index` holds; an error where they depend on parameters, data or the batch.
    func knownIntegers(_ index: Int) throws(GraphError) -> [Int] {
        let dimensions = try knownDimensions(index)
        let fixed = dimensions.compactMap(\.fixed)
        guard fixed.count == dimensions.count else {
            throw error(
                .unsupported, "input \(index) must be the same for every batch; it is \(dimensions)")
        }
        return fixed
    }

    /// The whole numbers that input `index` holds, which may depend on the batch; an error where they depend on
    /// parameters or data. They are extents, axes or places, so that a long list is an error.
    func knownDimensions(_ index: Int) throws(GraphError) -> [Dimension] {
        let value = try input(index)
        let count = KernelLimits.elementCount(of: value.shape, batch: 1) ?? .max
        guard value.contents == nil || count <= KernelLimits.listCount else {
            throw error(
                .unsupported,
                "input \(index) (\(node.inputs[index])) lists \(count) numbers; at most \(KernelLimits.listCount) are read"
            )
        }
        switch value.contents {
        case .symbolic(let dimensions): return dimensions
        case .constant(let tensor):
            if let integers = tensor.integers { return integers.map { Dimension(Int($0)) } }
            throw error(.malformed, "input \(index) must hold integers; it has type \(value.elementType)")
        case nil:
            throw error(
                .unsupported,
                "input \(index) (\(node.inputs[index])) must be known before evaluation; it depends on data or parameters"
            )
        }
    }

    /// `axis` counted from the front for a value of `rank` axes.
    func axis(_ axis: Int, rank: Int) throws(GraphError) -> Int {
        guard axis >= -rank && axis < rank else {
            throw error(.malformed, "axis \(axis) is out of range for \(rank) axes")
        }
        return axis < 0 ? axis + rank : axis
    }

    /// The shape that `shapes` broadcast to, by the rule of NumPy; ONNX, Broadcasting in ONNX.
    func broadcast(_ shapes: [Dimension]...) throws(GraphError) -> [Dimension] {
        let rank = shapes.map(\.count).max() ?? 0
        var result = [Dimension](repeating: Dimension(1), count: rank)
        for shape in shapes {
            for (axis, extent) in zip((rank - shape.count)..<rank, shape) where extent != Dimension(1) {
                guard result[axis] == Dimension(1) || result[axis] == extent else {
                    throw error(.mismatch, "shapes \(shapes) do not broadcast: \(result[axis]) against \(extent)")
                }
                result[axis] = extent
            }
        }
        return result
    }

    /// The error of operands of which one is floating point and the other is not.
    func typesDiffer(_ a: ValueDescription, _ b: ValueDescription) -> GraphError {
        error(
            .mismatch,
            "the operands have types \(a.elementType) and \(b.elementType); both or neither must be floating point")
    }

    /// What an error about this node names.
    var location: String { "node \"\(node.label)\" (\(node.operatorName), opset \(opset))" }

    /// An error about this node.
    func error(_ kind: GraphError.Kind, _ reason: String) -> GraphError {
        GraphError(kind, reason, location: location)
    }
}

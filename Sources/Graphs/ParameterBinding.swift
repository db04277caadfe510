public import Tensors

/// What a checkpoint says about one of its tensors.
public struct CheckpointTensor: Sendable, Equatable {
    /// The name in the checkpoint.
    public let name: String
    /// The shape.
    public let shape: Shape
    /// The type as stored.
    public let elementType: ElementType

    /// Describes a tensor.
    public init(name: String, shape: Shape, elementType: ElementType) {
        self.name = name
        self.shape = shape
        self.elementType = elementType
    }
}

/// What the user or the recorder says about the tensors of a run; names are those of the checkpoint.
public struct BindingRules: Sendable, Equatable {
    /// The tensors that are sampled; nil: all but BatchNormalization's statistics and `buffers`.
    public var trainable: [String]?
    /// Tensors that are fed to the graph and never sampled.
    public var buffers: [String]
    /// Checkpoint tensors that the graph need not use.
    public var ignored: [String]
    /// Floating-point tensors stored in the graph that are known to be constants, not folded weights.
    public var constants: [String]

    /// Creates rules; without arguments, those of a run that says nothing.
    public init(
        trainable: [String]? = nil, buffers: [String] = [], ignored: [String] = [], constants: [String] = []
    ) {
        self.trainable = trainable
        self.buffers = buffers
        self.ignored = ignored
        self.constants = constants
    }
}

/// How the tensors of a checkpoint meet the values of a graph: by name, never by shape.
///
/// Every bound floating-point tensor has a place in one flat vector, in the order in which the checkpoint was described;
/// which of them are sampled is a mask over that vector.
public struct ParameterBinding: Sendable {
    /// A floating-point tensor of the flat vector.
    public struct Slot: Sendable, Equatable {
        /// The tensor's name in the checkpoint.
        public let name: String
        /// The name of the graph's value that it provides.
        public let valueName: String
        /// The shape, the same in both.
        public let shape: Shape
        /// Its coordinates in the flat vector.
        public let range: Range<Int>
        /// Whether it is sampled.
        public let isTrainable: Bool
    }

    /// A tensor that is fed to the graph and is not floating point.
    public struct FedTensor: Sendable, Equatable {
        /// The tensor's name in the checkpoint.
        public let name: String
        /// The name of the graph's value that it provides.
        public let valueName: String
        /// The shape.
        public let shape: Shape
        /// The type.
        public let elementType: ElementType
    }

    /// Two names of the checkpoint that hold the same numbers, of which the graph uses the first.
    public struct TiedPair: Sendable, Equatable {
        /// The name that has a slot.
        public let name: String
        /// The other name.
        public let duplicate: String
    }

    /// The flat vector's tensors, in its order.
    public private(set) var slots: [Slot]
    /// Tensors that are fed and are not floating point.
    public let fedTensors: [FedTensor]
    /// The graph inputs that remain, in the graph's order: examples must provide them.
    public let dataInputs: [Graph.Value]
    /// Tensors under a second name.
    public let tiedPairs: [TiedPair]
    /// The prefix, e.g. `module.`, that the names of one side have and those of the other lack; nil where they agree.
    public let strippedPrefix: String?

    /// Binds checkpoint tensors to a graph.
    ///
    /// - Parameters:
    ///   - graph: The forward graph.
    ///   - tensors: What the checkpoints of the run hold, in the order the flat vector shall have.
    ///   - rules: What is known about the tensors.
    ///   - dataNames: The names under which there are examples; nil where that is not known, and graph inputs with a fixed
    ///     first extent are then taken for parameters.
    ///   - equal: Whether two tensors of the checkpoint are equal bit for bit; asked only where one is unused.
    /// - Throws: `mismatch` for shapes that differ and floating-point checkpoint tensors that the graph does not use;
    ///   `unsupported` where only the graph holds floating-point numbers that no checkpoint has, because an exporter may
    ///   have folded weights into them; `notFound` for graph inputs that nothing provides and for rules that name
    ///   nothing. All tensors with a problem are listed at once.
    public init(
        graph: Graph, tensors: [CheckpointTensor], rules: BindingRules = BindingRules(), dataNames: [String]? = nil,
        equal: (String, String) -> Bool
    ) throws(GraphError) {
        let names = try NameMatching(graph: graph, tensors: tensors.map(\.name), excluded: Set(dataNames ?? []))
        strippedPrefix = names.strippedPrefix
        try BindingChecks.shapes(graph: graph, tensors: tensors, names: names)
        let tied = try BindingChecks.completeness(
            graph: graph, tensors: tensors, names: names, rules: rules, equal: equal)
        tiedPairs = tied
        dataInputs = try BindingChecks.dataInputs(graph: graph, names: names, dataNames: dataNames)
        let trainable = try BindingChecks.trainableNames(
            graph: graph, tensors: tensors, names: names, rules: rules, tiedPairs: tied)

        var slots: [Slot] = []
        var fed: [FedTensor] = []
        var offset = 0
        for tensor in tensors {
            guard let valueName = names.valueName[tensor.name] else { continue }
            guard tensor.elementType.isFloatingPoint else {
                fed.append(
                    FedTensor(
                        name: tensor.name, valueName: valueName, shape: tensor.shape, elementType: tensor.elementType))
                continue
            }
            let end = offset + tensor.shape.elementCount
            slots.append(
                Slot(
                    name: tensor.name, valueName: valueName, shape: tensor.shape, range: offset..<end,
                    isTrainable: trainable.contains(tensor.name)))
            offset = end
        }
        self.slots = slots
        fedTensors = fed
    }

    /// The same binding with only some of the trainable slots left so, by their numbers.
    func training(only kept: Set<Int>) -> ParameterBinding {
        var result = self
        result.slots = slots.enumerated().map { index, slot in
            Slot(
                name: slot.name, valueName: slot.valueName, shape: slot.shape, range: slot.range,
                isTrainable: slot.isTrainable && kept.contains(index))
        }
        return result
    }

    /// The length of the flat vector.
    public var parameterCount: Int { slots.last?.range.upperBound ?? 0 }

    /// The coordinates that are sampled, ascending.
    public var trainableRanges: [Range<Int>] { slots.filter(\.isTrainable).map(\.range) }

    /// The flat vector of one checkpoint.
    ///
    /// - Parameter tensors: The checkpoint's tensors by name; those without a slot are left alone.
    /// - Returns: `parameterCount` numbers, rounded where `Scalar` is narrower than the file's type.
    /// - Throws: `notFound` or `mismatch` where this checkpoint differs from the one that was described.
    public func flatten<Scalar: Real>(_ tensors: [String: Tensor]) throws(GraphError) -> [Scalar] {
        var result: [Scalar] = []
        result.reserveCapacity(parameterCount)
        for slot in slots {
            guard let tensor = tensors[slot.name] else {
                throw GraphError(.notFound, "tensor \(slot.name) is not in this checkpoint; it is in others of the run")
            }
            guard tensor.shape == slot.shape, tensor.elementType.isFloatingPoint else {
                throw GraphError(
                    .mismatch,
                    "tensor \(slot.name) is \(tensor.elementType) \(tensor.shape) in this checkpoint; expected "
                        + "floating point \(slot.shape) as in the others")
            }
            result += tensor.values(as: Scalar.self)
        }
        return result
    }
}

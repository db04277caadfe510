public import Tensors

/// A forward graph as an ONNX file states it: names, nodes and stored tensors, nothing evaluated.
///
/// Source: the ONNX intermediate representation, `GraphProto` and `ModelProto`.
public struct Graph: Sendable {
    /// What a graph declares about one of its inputs or outputs.
    public struct Value: Sendable, Equatable {
        /// The name, unique within the graph.
        public let name: String
        /// The type of the elements.
        public let elementType: ElementType
        /// The extents, outermost first; nil where the file declares no shape.
        public let dimensions: [Extent]?

        /// Creates a declaration.
        public init(name: String, elementType: ElementType, dimensions: [Extent]?) {
            self.name = name
            self.elementType = elementType
            self.dimensions = dimensions
        }
    }

    /// One declared extent.
    public enum Extent: Sendable, Equatable, CustomStringConvertible {
        /// A number.
        case fixed(Int)
        /// A name (`dim_param`), equal wherever the same extent is meant.
        case symbolic(String)
        /// Declared without number or name.
        case unknown

        /// The number or the name.
        public var description: String {
            switch self {
            case .fixed(let extent): "\(extent)"
            case .symbolic(let name): name
            case .unknown: "?"
            }
        }
    }

    /// Inputs in order, those that also have an initializer included.
    public var inputs: [Value]
    /// Outputs in order.
    public var outputs: [Value]
    /// Stored tensors by name.
    public var initializers: [String: Tensor]
    /// Nodes, each after those whose outputs it reads.
    public var nodes: [Node]
    /// The version of the default operator set.
    public var opset: Int

    /// Creates a graph.
    public init(
        inputs: [Value], outputs: [Value], initializers: [String: Tensor], nodes: [Node], opset: Int
    ) {
        self.inputs = inputs
        self.outputs = outputs
        self.initializers = initializers
        self.nodes = nodes
        self.opset = opset
    }
}

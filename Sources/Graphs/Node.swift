public import Tensors

/// One application of an operator.
public struct Node: Sendable {
    /// The node's name; may be empty.
    public let name: String
    /// The operator, e.g. `MatMul`.
    public let operatorName: String
    /// The operator's domain; empty for the default one, `ai.onnx`.
    public let domain: String
    /// Names of the values read; empty for an optional input that is absent.
    public let inputs: [String]
    /// Names of the values made; empty for an optional output that nobody wants.
    public let outputs: [String]
    /// Attributes by name.
    public let attributes: [String: Attribute]

    /// Creates a node.
    public init(
        name: String = "", operatorName: String, domain: String = "", inputs: [String], outputs: [String],
        attributes: [String: Attribute] = [:]
    ) {
        self.name = name
        self.operatorName = operatorName
        self.domain = domain
        self.inputs = inputs
        self.outputs = outputs
        self.attributes = attributes
    }

    /// What a message calls the node: its name, or its first output where it has none.
    public var label: String { name.isEmpty ? (outputs.first { !$0.isEmpty } ?? "unnamed") : name }
}

/// The value of a node's attribute.
public enum Attribute: Sendable, Equatable {
    case integer(Int)
    case float(Float)
    case string(String)
    case integers([Int])
    case floats([Float])
    case strings([String])
    case tensor(Tensor)
}

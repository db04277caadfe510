import Tensors

/// Why a graph cannot be used.
public struct GraphError: Error, Sendable, CustomStringConvertible {
    /// The class of the problem; tests and callers decide by this, never by the wording.
    public enum Kind: String, Sendable {
        /// The graph contradicts itself or the ONNX specification.
        case malformed
        /// The graph is valid, and uses what Instar does not implement.
        case unsupported
        /// Something named is not there.
        case notFound
        /// Two things that belong together disagree: names, shapes, types, counts.
        case mismatch
        /// The graph could not be read.
        case io
    }

    /// The class of the problem.
    public let kind: Kind
    /// What was expected, what was found, and what to do.
    public let reason: String
    /// The node, value or operator it concerns, e.g. `node "/fc1/Gemm" (Gemm, opset 18)`; nil where it is no fault of the
    /// graph's.
    public let location: String?

    /// Creates an error.
    public init(_ kind: Kind, _ reason: String, location: String? = nil) {
        self.kind = kind
        self.reason = reason.abridged(to: MessageLimit.reason)
        self.location = location?.abridged(to: MessageLimit.name)
    }

    /// Location and reason, for a person.
    public var description: String { location.map { "\($0): \(reason)" } ?? reason }
}

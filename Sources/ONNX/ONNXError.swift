import Tensors

/// Why an ONNX file cannot be imported.
public struct ONNXError: Error, Sendable, CustomStringConvertible {
    /// The class of the problem; tests and callers decide by this, never by the wording.
    public enum Kind: String, Sendable {
        /// The bytes are no complete ONNX model, or the model contradicts the standard.
        case malformed
        /// The model is valid, and uses what Instar does not read.
        case unsupported
        /// There is no such file.
        case notFound
        /// Two parts of the model that belong together disagree.
        case mismatch
        /// The file could not be read.
        case io
    }

    /// The class of the problem.
    public let kind: Kind
    /// What was expected, what was found, and what to do.
    public let reason: String
    /// The node, tensor or attribute concerned, e.g. `initializer "fc.weight"`; nil where it is the whole file.
    public let location: String?
    /// The file; nil until the importer has added it.
    public internal(set) var file: String?

    /// Creates an error.
    public init(_ kind: Kind, _ reason: String, location: String? = nil, file: String? = nil) {
        self.kind = kind
        self.reason = reason.abridged(to: MessageLimit.reason)
        self.location = location?.abridged(to: MessageLimit.name)
        self.file = file
    }

    /// File, location and reason, for a person.
    public var description: String { [file, location, reason].compactMap { $0 }.joined(separator: ": ") }
}

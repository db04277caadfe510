/// Input that cannot be sampled.
public struct SamplingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What sort of thing is wrong.
    public enum Kind: String, Sendable {
        /// A value that no computation can use.
        case malformed
        /// Two inputs that do not fit each other.
        case mismatch
    }

    /// What sort of thing is wrong.
    public let kind: Kind
    /// What was expected, what was found and what to do.
    public let reason: String
    /// The setting or quantity concerned.
    public let location: String

    /// Creates an error.
    public init(_ kind: Kind, _ reason: String, location: String) {
        self.kind = kind
        self.reason = reason
        self.location = location
    }

    /// The location and the reason.
    public var description: String { "\(location): \(reason)" }
}

import Tensors

/// Why an HDF5 file could not be read or written.
public struct HDF5Error: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, coarsely.
    public enum Kind: Sendable, Equatable {
        /// The file breaks the format, or holds less than it declares.
        case malformed
        /// The file is sound but uses a feature that is refused or not known.
        case unsupported
        /// No such file, group, dataset or attribute.
        case notFound
        /// An object is there but has another type or shape than was asked for.
        case mismatch
        /// The operating system refused: permission, a full disk, a lock.
        case io
    }

    /// What is wrong, coarsely.
    public let kind: Kind
    /// What was expected, what was found and what to do.
    public let reason: String
    /// The file.
    public let path: String
    /// The group, dataset or attribute inside the file, where one is to blame.
    public let object: String?
    /// Whether trying again later may succeed: the file is still being written.
    public let isTemporary: Bool

    /// Creates an error.
    public init(_ kind: Kind, _ reason: String, path: String, object: String? = nil, isTemporary: Bool = false) {
        self.kind = kind
        self.reason = reason.abridged(to: MessageLimit.reason)
        self.path = path
        self.object = object?.abridged(to: MessageLimit.name)
        self.isTemporary = isTemporary
    }

    /// File, object and reason in one line.
    public var description: String { "\(path): \(objectAndReason)" }

    /// The same without the file.
    package var objectAndReason: String { object.map { "\($0): \(reason)" } ?? reason }
}

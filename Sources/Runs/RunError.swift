import HDF5
import Tensors

/// Why a run could not be read.
public struct RunError: Error, Sendable, Equatable, Codable, CustomStringConvertible {
    /// What is wrong, coarsely.
    public enum Kind: String, Sendable, Codable {
        /// A file breaks its format, or holds values that cannot be meant.
        case malformed
        /// A file is sound but uses a feature that is not read.
        case unsupported
        /// A folder, file or entry is not there.
        case notFound
        /// Things that must agree do not, or several candidates fit.
        case mismatch
        /// The operating system refused.
        case io
        /// A file is still being written; trying again later may succeed.
        case temporary
    }

    /// What is wrong, coarsely.
    public let kind: Kind
    /// What was expected, what was found and what to do.
    public let reason: String
    /// The file or folder.
    public let path: String
    /// The tensor, dataset or key inside it, where one is to blame.
    public let object: String?

    /// Creates an error.
    public init(_ kind: Kind, _ reason: String, path: String, object: String? = nil) {
        self.kind = kind
        self.reason = reason.abridged(to: MessageLimit.reason)
        self.path = path
        self.object = object?.abridged(to: MessageLimit.name)
    }

    /// An error of a file, with the words of the file's reader.
    init(_ error: HDF5Error) {
        let kind: Kind =
            switch error.kind {
            case .malformed: .malformed
            case .unsupported: .unsupported
            case .notFound: .notFound
            case .mismatch: .mismatch
            case .io: error.isTemporary ? .temporary : .io
            }
        self.init(kind, error.reason, path: error.path, object: error.object)
    }

    /// The same error with advice at the end.
    func advising(_ advice: String) -> RunError {
        RunError(kind, "\(reason); \(advice)", path: path, object: object)
    }

    /// Path, object and reason in one line.
    public var description: String {
        guard let object else { return "\(path): \(reason)" }
        return "\(path): \(object): \(reason)"
    }
}

/// Does what reads HDF5 and gives its errors as those of a run.
func readingHDF5<Result>(_ body: () throws(HDF5Error) -> Result) throws(RunError) -> Result {
    do throws(HDF5Error) { return try body() } catch { throw RunError(error) }
}

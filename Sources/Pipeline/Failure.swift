import Graphs
import HDF5
import ONNX
import Runs
import Sampling
import Tensors

/// Why a command could not do its work: every module's errors, with the one classification that exit statuses follow.
public struct Failure: Error, Sendable, CustomStringConvertible {
    /// What went wrong, coarsely.
    public enum Kind: String, Sendable {
        /// The input breaks the rules of its format.
        case malformed
        /// The input is sound but uses what Instar does not read or compute.
        case unsupported
        /// Something named is not there.
        case notFound
        /// Two inputs contradict each other, or a stored result contradicts the request.
        case mismatch
        /// The operating system refused: no space, no permission.
        case io
        /// A file is still being written: trying again later may work.
        case temporary
        /// The request itself makes no sense.
        case usage
        /// A defect of Instar's.
        case defect
    }

    /// What went wrong, coarsely.
    public let kind: Kind
    /// File, what was expected, what was found, what to do.
    public let reason: String

    /// Creates a failure.
    public init(_ kind: Kind, _ reason: String) {
        self.kind = kind
        self.reason = reason
    }

    /// Classifies an error of any module; one that no module declares is a defect.
    public init(wrapping error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as RunError: self.init(Kind(error.kind), error.description)
        case let error as HDF5Error: self.init(Kind(error), error.description)
        case let error as GraphError:
            // The graph is there: a name that is missing in it contradicts what was stated.
            let kind = error.kind == .notFound ? .mismatch : Kind(rawValue: error.kind.rawValue) ?? .malformed
            self.init(kind, error.location == nil ? error.description : exportRemedy(error.description, kind))
        case let error as ONNXError:
            let kind = Kind(rawValue: error.kind.rawValue) ?? .malformed
            self.init(kind, exportRemedy(error.description, kind))
        case let error as LinearAlgebraError:
            self.init(
                .malformed,
                "what was measured cannot be decomposed (\(error)): are there values in it that are not finite, or far too "
                    + "large?")
        case let error as SamplingError: self.init(error.kind == .mismatch ? .mismatch : .usage, error.description)
        default: self.init(.defect, "a defect of Instar's, please report it: \(error)")
        }
    }

    /// The same, said of a file that the error itself does not name.
    init(wrapping error: GraphError, in file: String) {
        let failure = Failure(wrapping: error)
        self.init(failure.kind, "\(file): \(failure.reason)")
    }

    /// The reason.
    public var description: String { reason }
}

/// The text with what helps against a graph that is wrong or not understood, where it does not say so itself.
private func exportRemedy(_ text: String, _ kind: Failure.Kind) -> String {
    guard !text.contains("xport") else { return text }
    switch kind {
    case .malformed, .mismatch: return "\(text); export the model again"
    case .unsupported: return "\(text); export the model without it, or in another form"
    default: return text
    }
}

extension Failure.Kind {
    fileprivate init(_ kind: RunError.Kind) {
        self =
            switch kind {
            case .malformed: .malformed
            case .unsupported: .unsupported
            case .notFound: .notFound
            case .mismatch: .mismatch
            case .io: .io
            case .temporary: .temporary
            }
    }

    fileprivate init(_ error: HDF5Error) {
        self =
            switch error.kind {
            case .malformed: .malformed
            case .unsupported: .unsupported
            case .notFound: .notFound
            case .mismatch: .mismatch
            case .io: error.isTemporary ? .temporary : .io
            }
    }
}

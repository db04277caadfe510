import Graphs
import HDF5
import ONNX
import Runs
import Sampling
import Tensors
import Testing

@testable import Pipeline

private struct Undeclared: Error, CustomStringConvertible {
    let description = "of nobody's"
}

/// What becomes of an error of each module.
@Suite struct FailureTests {
    @Test func `every kind of error of every module keeps its meaning and its words`() {
        let runs: [(RunError.Kind, Failure.Kind)] = [
            (.malformed, .malformed), (.unsupported, .unsupported), (.notFound, .notFound), (.mismatch, .mismatch),
            (.io, .io), (.temporary, .temporary),
        ]
        let files: [(HDF5Error.Kind, Failure.Kind)] = [
            (.malformed, .malformed), (.unsupported, .unsupported), (.notFound, .notFound), (.mismatch, .mismatch),
            (.io, .io),
        ]
        // A name that the graph lacks contradicts what was stated.
        let graphs: [(GraphError.Kind, Failure.Kind)] = [
            (.malformed, .malformed), (.unsupported, .unsupported), (.notFound, .mismatch), (.mismatch, .mismatch),
            (.io, .io),
        ]
        let samplings: [(SamplingError.Kind, Failure.Kind)] = [(.malformed, .usage), (.mismatch, .mismatch)]
        let cases: [(any Error, Failure.Kind, String)] =
            runs.map { (RunError($0, "why", path: "file", object: "x"), $1, "file: x: why") }
            + files.map { (HDF5Error($0, "why", path: "file"), $1, "file: why") }
            + graphs.map { (GraphError($0, "why; export it", location: "node"), $1, "node: why; export it") }
            + samplings.map { (SamplingError($0, "why", location: "draws"), $1, "draws: why") }
            + [
                (HDF5Error(.io, "why", path: "file", isTemporary: true), .temporary, "file: why"),
                (Failure(.usage, "why"), .usage, "why"),
            ]
        for (error, kind, reason) in cases {
            let failure = Failure(wrapping: error)
            #expect(failure.kind == kind && failure.description == reason, "\(error)")
        }
    }

    @Test func `what no module declares is a defect, which the user is asked to report`() {
        let failure = Failure(wrapping: Undeclared())
        #expect(failure.kind == .defect)
        #expect(failure.reason == "a defect of Instar's, please report it: of nobody's")
    }

    @Test func `a matrix that cannot be decomposed is what was measured`() {
        let failure = Failure(wrapping: LinearAlgebraError.didNotConverge)
        #expect(failure.kind == .malformed && failure.reason.contains("(the eigenvalues did not converge)"))
    }

    @Test func `an error of a graph names the file where it does not, and what helps`() {
        let unsupported = Failure(wrapping: GraphError(.unsupported, "why", location: "node"), in: "model.onnx")
        #expect(unsupported.kind == .unsupported)
        #expect(unsupported.reason == "model.onnx: node: why; export the model without it, or in another form")
        let malformed = Failure(wrapping: ONNXError(.malformed, "why", location: "node", file: "model.onnx"))
        #expect(malformed.reason == "model.onnx: node: why; export the model again")
        // What is said of examples or checkpoints is no fault of the graph.
        #expect(Failure(wrapping: GraphError(.mismatch, "why")).reason == "why")
    }

    @Test func `a name from a file is one line of a message, and no long one`() {
        let name = "w\ninstar: done" + String(repeating: "!", count: 100_000)
        let errors: [any Error] = [
            RunError(.malformed, name, path: "file", object: name),
            HDF5Error(.malformed, name, path: "file", object: name),
            GraphError(.malformed, name, location: name), ONNXError(.malformed, name, location: name),
        ]
        for error in errors {
            let reason = Failure(wrapping: error).reason
            #expect(reason.contains("w instar: done!"))
            #expect(!reason.contains("\n") && reason.count < MessageLimit.reason + MessageLimit.name + 100)
        }
    }
}

import Graphs
import HDF5
import Runs
import Sampling
import Tensors
import Testing

@testable import Pipeline

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
            + graphs.map { (GraphError($0, "why", location: "node"), $1, "node: why") }
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
        let failure = Failure(wrapping: LinearAlgebraError.didNotConverge)
        #expect(failure.kind == .defect)
        #expect(failure.reason == "a defect of Instar's, please report it: the eigenvalues did not converge")
    }

    @Test func `an error of a graph names the file where it does not`() {
        let failure = Failure(wrapping: GraphError(.unsupported, "why", location: "node"), in: "model.onnx")
        #expect(failure.kind == .unsupported && failure.reason == "model.onnx: node: why")
    }
}

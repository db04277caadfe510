import Foundation
import HDF5
import Tensors
import TestSupport
import Testing

@testable import Pipeline

/// Input that does not fit: the message names the file or tensor, what was expected and what was found.
@Suite struct BadInputTests {
    let run: RunCopy

    init() throws { run = try RunCopy() }

    func analyzeFailure() async throws -> Failure {
        try await failure { _ = try await analyzeRun(at: run.path, options: run.quick) }
    }

    @Test func `examples of another shape than the graph takes are refused`() async throws {
        try run.rewriteExamples([
            ("x", Tensor([Float](repeating: 0.5, count: 50), shape: [10, 5])),
            ("targets", Tensor([Float](repeating: 0.5, count: 50), shape: [10, 5])),
        ])
        let failure = try await analyzeFailure()
        #expect(failure.kind == .mismatch)
        #expect(failure.reason.contains("x") && failure.reason.contains("5") && failure.reason.contains("6"))
    }

    @Test func `whole numbers where the graph takes floating point are refused`() async throws {
        try run.rewriteExamples([
            ("x", Tensor([Int64](repeating: 1, count: 60), shape: [10, 6])),
            ("targets", Tensor([Float](repeating: 0.5, count: 60), shape: [10, 6])),
        ])
        let failure = try await analyzeFailure()
        #expect(failure.kind == .mismatch && failure.reason.contains("int64"))
    }

    @Test func `targets of another count are refused with both counts`() async throws {
        try run.rewriteExamples([
            ("x", Tensor([Float](repeating: 0.5, count: 60), shape: [10, 6])),
            ("targets", Tensor([Float](repeating: 0.5, count: 54), shape: [9, 6])),
        ])
        let failure = try await analyzeFailure()
        #expect(failure.kind == .mismatch && failure.reason.contains("10") && failure.reason.contains("9"))
    }

    @Test func `class targets out of range are refused with the example and the range`() async throws {
        try run.rewriteManifest("loss: cross-entropy\n")
        var classes = [Int64](repeating: 2, count: 10)
        classes[7] = 6
        try run.rewriteExamples([
            ("x", Tensor([Float](repeating: 0.5, count: 60), shape: [10, 6])),
            ("targets", Tensor(classes, shape: [10])),
        ])
        let failure = try await analyzeFailure()
        #expect(failure.reason.contains("7") && failure.reason.contains("6"))
    }

    @Test func `recorded outputs that the graph does not reproduce stop the analysis`() async throws {
        try HDF5File.writeAtomically(to: "\(run.path)/data.h5") { root throws(HDF5Error) in
            let x = Tensor((0..<60).map { Float($0 % 7) / 7 }, shape: [10, 6])
            try root.write("x", x)
            try root.write("targets", x)
            try root.createGroup("recorded_outputs").write(
                "0", Tensor([Float](repeating: 3, count: 12), shape: [2, 6]))
        }
        let failure = try await analyzeFailure()
        #expect(failure.kind == .mismatch && failure.reason.contains("folded"))
    }

    @Test func `a loss that cannot be inferred lists the candidates`() async throws {
        try run.rewriteManifest("name: nameless\n")
        let failure = try await analyzeFailure()
        #expect(failure.reason.contains("sum-squared-error") && failure.reason.contains("run.yaml"))
    }

    @Test func `a checkpoint replaced between two runs is named and its results are kept`() async throws {
        // Without recorded outputs, which the replaced checkpoint would not meet either.
        try run.rewriteExamples([
            ("x", Tensor([Float](repeating: 0.5, count: 600), shape: [100, 6])),
            ("targets", Tensor([Float](repeating: 0.5, count: 600), shape: [100, 6])),
        ])
        _ = try await analyzeRun(at: run.path, options: run.quick)
        let names = try FileManager.default.contentsOfDirectory(atPath: "\(run.path)/checkpoints").sorted()
        let step = try RunDirectoryProbe.lastStep(of: run.path)
        let unit = MeasurementStore(run: run.path, output: nil).chainPath(step: step, restriction: nil, chain: 0)
        let before = try Data(contentsOf: URL(fileURLWithPath: unit))
        let last = try #require(names.last)
        try HDF5File.writeAtomically(to: "\(run.path)/checkpoints/\(last)") { root throws(HDF5Error) in
            try root.setAttribute("step", .integer(step))
            try root.write("W", Tensor([Float](repeating: 0.25, count: 12), shape: [2, 6]))
            try root.write("b", Tensor([Float](repeating: 0, count: 6), shape: [6]))
        }
        let failure = try await analyzeFailure()
        #expect(failure.kind == .mismatch)
        #expect(
            failure.reason.contains("\(run.path)/instar/units/")
                && failure.reason.contains("checkpoint \(step) has now"))
        #expect(failure.reason.contains("Was the checkpoint replaced?") && failure.reason.contains("--output"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: unit)) == before)
    }
}

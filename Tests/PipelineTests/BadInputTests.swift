import Foundation
import HDF5
import Runs
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

    @Test func `recorded outputs that are no numbers are not held against the model`() async throws {
        try HDF5File.writeAtomically(to: "\(run.path)/data.h5") { root throws(HDF5Error) in
            let x = Tensor((0..<60).map { Float($0 % 7) / 7 }, shape: [10, 6])
            try root.write("x", x)
            try root.write("targets", x)
            try root.createGroup("recorded_outputs").write(
                "0", Tensor([Float](repeating: .nan, count: 12), shape: [2, 6]))
        }
        let failure = try await analyzeFailure()
        #expect(failure.kind == .malformed && failure.reason.contains("at step 0 are not all finite numbers"))
        #expect(failure.reason.contains("Record them again, or remove them"))
    }

    @Test func `a loss that cannot be inferred lists the candidates`() async throws {
        try run.rewriteManifest("name: nameless\n")
        let failure = try await analyzeFailure()
        #expect(failure.kind == .mismatch && failure.reason.contains("cannot be told from targets of type float32"))
        #expect(failure.reason.contains("sum-squared-error") && failure.reason.contains("run.yaml"))
    }

    @Test func `a loss that is none is answered with the nearest`() async throws {
        try run.rewriteManifest("loss: cross-entropie\n")
        let failure = try await analyzeFailure()
        #expect(failure.kind == .malformed && failure.reason.contains("run.yaml: loss: expected one of"))
        #expect(failure.reason.contains("found 'cross-entropie'; did you mean 'cross-entropy'?"))
    }

    @Test func `without targets the loss must be stated`() async throws {
        try run.rewriteManifest("name: nameless\n")
        try run.rewriteExamples([("x", Tensor([Float](repeating: 0.5, count: 60), shape: [10, 6]))])
        let failure = try await analyzeFailure()
        #expect(failure.kind == .notFound && failure.reason.contains("no `targets` to infer it from"))
        #expect(failure.reason.contains("\(run.path)/data.h5") && failure.reason.contains("expected `loss:`"))
    }

    @Test func `too few examples for the default temperature are refused with what to state`() async throws {
        try run.rewriteExamples([
            ("x", Tensor([Float](repeating: 0.5, count: 12), shape: [2, 6])),
            ("targets", Tensor([Float](repeating: 0.5, count: 12), shape: [2, 6])),
        ])
        let failure = try await analyzeFailure()
        #expect(failure.kind == .mismatch)
        #expect(
            failure.reason.contains("at least 3 training examples, found 2")
                && failure.reason.contains("state --n-beta"))
    }

    /// Defaults are derived from the curvature, which such an example has none of.
    @Test func `an example whose loss is not finite is named`() async throws {
        var numbers = [Double](repeating: 0.5, count: 60)
        numbers[42] = 1e200
        try run.rewriteExamples([
            ("x", Tensor([Float](repeating: 0.5, count: 60), shape: [10, 6])),
            ("targets", Tensor(numbers, shape: [10, 6])),
        ])
        var options = run.quick
        options.sampling.stepSize = nil
        let failure = try await failure { [options] in _ = try await analyzeRun(at: run.path, options: options) }
        #expect(
            failure.kind == .malformed && failure.reason.contains("training example 7 gives the loss inf"),
            "\(failure.reason)")
        #expect(failure.reason.contains("state both --step-size and --localization"))
    }

    @Test func `settings are not derived from checkpoints that cannot be read`() async throws {
        let folder = "\(run.path)/checkpoints"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        let last = names.count - 1
        // Those that are looked at, and one that is left.
        for place in 0...4 {
            try #require(FileHandle(forWritingAtPath: "\(folder)/\(names[place * last / 4])")).truncate(atOffset: 700)
        }
        var options = run.quick
        (options.sampling.stepSize, options.every) = (nil, nil)
        options.steps = [try RunDirectory(at: run.path).series.references[1].step]
        let failure = try await failure { [options] in _ = try await analyzeRun(at: run.path, options: options) }
        #expect(failure.kind == .malformed)
        #expect(failure.reason.contains("nor any other checkpoint that settings are derived from can be read"))
        #expect(failure.reason.contains("State --step-size and --localization"))
    }

    @Test func `recorded outputs of another count are refused with both counts`() async throws {
        try HDF5File.writeAtomically(to: "\(run.path)/data.h5") { root throws(HDF5Error) in
            let x = Tensor((0..<60).map { Float($0 % 7) / 7 }, shape: [10, 6])
            try root.write("x", x)
            try root.write("targets", x)
            try root.createGroup("recorded_outputs").write(
                "0", Tensor([Float](repeating: 3, count: 10), shape: [2, 5]))
        }
        let failure = try await analyzeFailure()
        #expect(failure.kind == .mismatch)
        #expect(failure.reason.contains("at step 0: expected 12 numbers for 2 examples, found 10 in shape"))
    }

    @Test func `whole numbers that the graph uses must be the same at every checkpoint`() async throws {
        let run = try RunCopy(of: "modular-addition")
        let series = try RunDirectory(at: run.path).series
        let checkpoints = try [0, 1].map { try series.read(at: $0) }
        try FileManager.default.removeItem(atPath: "\(run.path)/checkpoints")
        try FileManager.default.createDirectory(
            atPath: "\(run.path)/checkpoints", withIntermediateDirectories: false)
        // Which of the two numbers is the first of a pair: a constant of the graph, stored as if it were trained.
        for (index, checkpoint) in checkpoints.enumerated() {
            try HDF5File.writeAtomically(to: "\(run.path)/checkpoints/step_\(index).h5") { root throws(HDF5Error) in
                for tensor in checkpoint.tensors { try root.write(tensor.name, tensor.tensor) }
                try root.write("val_0", Tensor([Int64(index)], shape: []))
            }
        }
        try run.rewriteManifest("loss: cross-entropy\n")
        let failure = try await failure {
            let directory = try RunDirectory(at: run.path)
            let model = try LoadedModel(
                run: directory, modelPath: #require(directory.modelPath),
                examplesPath: #require(directory.examplesPath), checkpoint: directory.series.read(at: 0))
            _ = try model.center(of: directory.series.read(at: 0), as: Float.self)
            _ = try model.center(of: directory.series.read(at: 1), as: Float.self)
        }
        #expect(failure.kind == .unsupported && failure.reason.contains("checkpoint 1: 'val_0' is not floating point"))
        #expect(failure.reason.contains("Store it as floating point"))
    }

    @Test func `results of another run are refused, and left as they are`() async throws {
        _ = try await measure(RunDirectory(at: run.path), options: run.quick)
        let folder = "\(run.path)/instar"
        func contents() throws -> [String: Data] {
            let names = try FileManager.default.subpathsOfDirectory(atPath: folder)
            return Dictionary(
                uniqueKeysWithValues: names.compactMap { name in
                    FileManager.default.contents(atPath: "\(folder)/\(name)").map { (name, $0) }
                })
        }
        let before = try contents()
        let other = try RunCopy(of: "tms-seed-B")
        var options = run.quick
        (options.output, options.sampling.drawCount) = (folder, 30)
        func refusals() async throws -> [Failure] {
            let other = try RunDirectory(at: other.path)
            return [
                try await failure { _ = try await measure(other, options: options) },
                try await failure {
                    _ = try await measureShare(.shard(try #require(Shard("0/1"))), of: other, options: options)
                },
                try await failure { _ = try await mergeShares(of: other, options: options, shardCount: nil) },
            ]
        }
        var limits = WatchLimits()
        limits.interval = 0
        let watching = try await failure {
            try await watchRun(at: other.path, options: options, limits: limits) { event in
                guard case .waiting = event else { throw Failure(.defect, "went on: \(event)") }
            }
        }
        for refusal in try await refusals() + [watching] {
            #expect(refusal.kind == .mismatch)
            #expect(refusal.reason.contains("holds results of the run tms-seed-A, and this one is tms-seed-B"))
            #expect(refusal.reason.contains("State another --output; if the run was only renamed"))
        }
        #expect(try contents().filter { before[$0.key] != nil } == before)
        // Of one name their weights tell them apart, unless they may be replaced, as while a trainer is at work.
        let manifest = try String(contentsOfFile: "\(other.path)/run.yaml", encoding: .utf8)
        try other.rewriteManifest(manifest.replacingOccurrences(of: "tms-seed-B", with: "tms-seed-A"))
        for refusal in try await refusals() {
            #expect(refusal.kind == .mismatch)
            #expect(refusal.reason.contains("Was the checkpoint replaced, or is this another run?"), "\(refusal)")
        }
        #expect(try contents().filter { before[$0.key] != nil } == before)
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
        #expect(failure.reason.contains("Was the checkpoint replaced") && failure.reason.contains("--output"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: unit)) == before)
    }

    @Test(arguments: ["trainable: []", "buffers: [W, b]"])
    func `a run of which nothing is sampled is refused`(rules: String) async throws {
        try run.rewriteManifest("loss: sum-squared-error\n\(rules)\n")
        let failure = try await analyzeFailure()
        #expect(failure.kind == .mismatch && failure.reason.contains("nothing is left to sample"), "\(failure)")
    }
}

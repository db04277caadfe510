import Development
import Foundation
import Runs
import Sampling
import Testing

@testable import Pipeline

/// Requests that make no sense, or that a run cannot meet.
@Suite struct RequestTests {
    /// A change to options, and what is said of it.
    struct Refusal: Sendable, CustomTestStringConvertible {
        let words: String
        let kind: Failure.Kind
        let change: @Sendable (inout MeasureOptions) -> Void

        init(
            _ words: String, _ kind: Failure.Kind = .usage, _ change: @escaping @Sendable (inout MeasureOptions) -> Void
        ) {
            (self.words, self.kind, self.change) = (words, kind, change)
        }

        var testDescription: String { words }
    }

    @Test(arguments: [
        Refusal("--chains: expected 1 to 1000") { $0.sampling.chainCount = 0 },
        Refusal("--draws: expected 4 to 10⁸") { $0.sampling.drawCount = 3 },
        Refusal("--burn-in: expected 0 to 10⁸") { $0.sampling.burnInCount = -1 },
        Refusal("--batch: expected 1 to 10⁹") { $0.sampling.batchSize = 0 },
        Refusal("--steps-per-draw: expected 1 to 10⁹") { $0.sampling.stepsPerDraw = 0 },
        Refusal("--observe-every: expected 0 to 10⁸") { $0.sampling.observationInterval = -1 },
        Refusal("--trace-examples: expected 0 to 10⁹") { $0.sampling.tracedExampleCount = -1 },
        Refusal("--covariance: expected 0 to 10⁴") { $0.sampling.covarianceRank = -1 },
        Refusal("--target-error: expected a number above 0") { $0.sampling.targetError = 0 },
        Refusal("--target-error: expected a number above 0") { $0.sampling.targetError = .infinity },
        Refusal("--max-draws: expected 4 to 10⁹") { $0.sampling.drawLimit = 3 },
        Refusal("--step-size: expected a number above 0") { $0.sampling.stepSize = -1 },
        Refusal("--step-size: expected a number above 0") { $0.sampling.stepSize = .nan },
        Refusal("--n-beta: expected a number above 0") { $0.sampling.nBeta = 0 },
        Refusal("--localization: expected a number of 0 or more") { $0.sampling.localization = -1 },
        Refusal("--jobs must be at least 1") { $0.jobs = 0 },
        Refusal("--memory must be a size above zero, as in 4G") { $0.memory = 0 },
        Refusal("--steps and --every exclude each other") { ($0.steps, $0.every) = ([0], 2) },
    ]) func `an option out of its range is named`(_ refusal: Refusal) throws {
        var options = MeasureOptions()
        try options.validate()
        refusal.change(&options)
        let failure = #expect(throws: Failure.self) { try options.validate() }
        #expect(failure?.kind == refusal.kind)
        #expect(failure?.reason.hasPrefix(refusal.words) == true, "\(failure?.reason ?? "")")
    }

    @Test(arguments: [
        Refusal("--every: expected at least 1, found 0") { $0.every = 0 },
        Refusal("the series has no checkpoint at 7") { ($0.steps, $0.every) = ([0, 7], nil) },
        Refusal("record at every k-th draw; give --observe-every k above 0") {
            ($0.sampling.tracedExampleCount, $0.sampling.observationInterval) = (5, 0)
        },
        Refusal("--max-draws limits what --target-error may take") { $0.sampling.drawLimit = 100 },
        Refusal("an epoch of 20000 examples holds no minibatch of 20001", .mismatch) {
            ($0.sampling.batchSize, $0.sampling.minibatches) = (20_001, .epochs)
        },
        Refusal("expected all 20000 examples for hmc, found 50") { $0.sampling.method = .hmc },
        Refusal("restriction 'biases': ") { $0.restrictions = [Restriction(parameters: ["biases"])] },
        Refusal("subsets/rare", .notFound) { $0.restrictions = [Restriction(examples: "rare")] },
        Refusal("1 MiB are allowed (--memory", .unsupported) { $0.memory = 1 << 20 },
    ]) func `what a run cannot meet is refused`(_ refusal: Refusal) async throws {
        let run = try RunCopy()
        var options = run.quick
        refusal.change(&options)
        let found = try await failure { [options] in
            _ = try await measure(RunDirectory(at: run.path), options: options)
        }
        #expect(found.kind == refusal.kind && found.reason.contains(refusal.words), "\(found.kind) \(found.reason)")
        #expect(!FileManager.default.fileExists(atPath: "\(run.path)/instar"))
    }

    @Test func `what takes a model says so where there is none`() async throws {
        let run = try RunCopy()
        try FileManager.default.removeItem(atPath: "\(run.path)/model.onnx")
        let directory = try RunDirectory(at: run.path)
        var restricted = run.quick
        restricted.restrictions = [Restriction(parameters: ["b"])]
        let found = try await failure { [restricted] in _ = try await measure(directory, options: restricted) }
        #expect(found.kind == .notFound && found.reason.contains("restrict λ̂, which takes a model and examples"))
        let calibrated = try await failure { _ = try await calibrate(directory, options: MeasureOptions()) }
        #expect(calibrated.kind == .notFound)
        #expect(calibrated.reason.contains("\(run.path): expected a model and examples"))
        #expect(calibrated.reason.contains("`instar inspect` says what is missing"))
    }
}

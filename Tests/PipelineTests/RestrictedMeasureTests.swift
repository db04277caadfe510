import Development
import Foundation
import HDF5
import Runs
import Sampling
import Tensors
import TestSupport
import Testing

@testable import Pipeline

@Suite struct RestrictedMeasureTests {
    let run: RunCopy

    init() throws { run = try RunCopy() }

    static let biases = Restriction(name: "biases", parameters: ["b"])
    static let feature = Restriction(name: "first feature", parameters: ["W[:, 0]", "b[0]"])

    var options: MeasureOptions {
        var options = run.quick
        options.restrictions = [Self.biases, Self.feature]
        return options
    }

    @Test func `restrictions are measured beside the whole, which they leave as it is, and read back`() async throws {
        let measured = try await measure(RunDirectory(at: run.path), options: options)
        #expect(measured.restrictions.map(\.restriction) == [Self.biases, Self.feature])
        #expect(measured.restrictions.map(\.sampledCount) == [6, 3])
        var alone = run.quick
        alone.output = "\(run.path)/alone"
        let whole = try await measure(RunDirectory(at: run.path), options: alone)
        #expect(whole.checkpoints.map(\.llc) == measured.checkpoints.map(\.llc))
        let read = try MeasurementStore(run: run.path, output: nil).readMeasurements()
        for (a, b) in zip(read.restrictions, measured.restrictions) {
            #expect(a.restriction == b.restriction && a.sampledCount == b.sampledCount)
            #expect(a.points.map(\.llc) == b.points.map(\.llc) && a.points.map(\.chains) == b.points.map(\.chains))
            #expect(a.points.map(\.loss) == b.points.map(\.loss))
        }
    }

    @Test func `a restriction added later is the one measured at once, and stays with the results`() async throws {
        let whole = try await measure(RunDirectory(at: run.path), options: run.quick)
        #expect(whole.restrictions.isEmpty)
        _ = try await measure(RunDirectory(at: run.path), options: options)
        let again = try await measure(RunDirectory(at: run.path), options: run.quick)
        #expect(again.restrictions.count == 2)
        var elsewhere = options
        elsewhere.output = "\(run.path)/elsewhere"
        elsewhere.jobs = 1
        _ = try await measure(RunDirectory(at: run.path), options: elsewhere)
        for name in ["measurements.h5", "units", "settings.json"] {
            #expect(
                FileManager.default.contentsEqual(
                    atPath: "\(run.path)/instar/\(name)", andPath: "\(run.path)/elsewhere/\(name)"), "\(name)")
        }
    }

    @Test func `one name cannot mean two restrictions`() async throws {
        _ = try await measure(RunDirectory(at: run.path), options: options)
        var other = run.quick
        other.restrictions = [Restriction(name: "biases", parameters: ["W"])]
        let failure = try await failure {
            _ = try await measure(RunDirectory(at: run.path), options: other)
        }
        #expect(failure.kind == .mismatch && failure.reason.contains("'biases' was measured before as"))
    }

    @Test func `a pattern or subset that names nothing is refused with what there is`() async throws {
        for (restriction, words) in [
            (Restriction(parameters: ["biases"]), "the nearest"), (Restriction(examples: "rare"), "subsets/rare"),
        ] {
            var wrong = run.quick
            wrong.restrictions = [restriction]
            let failure = try await failure {
                _ = try await measure(RunDirectory(at: run.path), options: wrong)
            }
            #expect(failure.reason.contains(words), "\(failure.reason)")
        }
    }

    /// At the 6-gon that the run ends at, the loss is regular in the biases, λ = 6/2, and in one feature's weights and
    /// bias, λ = 3/2. The step and the minibatches add at most what is told, and the checkpoint is the trainer's, not
    /// the minimum: 5 %.
    @Test func `restricted to regular directions λ̂ is half their number`() async throws {
        var precise = options
        precise.every = nil
        precise.steps = [225_000]
        precise.sampling = SamplingRequest()
        precise.sampling.nBeta = 2_000
        precise.sampling.localization = 1
        precise.sampling.stepSize = 5e-5
        precise.sampling.burnInCount = 2_000
        precise.sampling.drawCount = 20_000
        let measured = try await measure(RunDirectory(at: run.path), options: precise)
        for (series, truth) in zip(measured.restrictions, [3, 1.5]) {
            let llc = try #require(series.points.first?.llc)
            let (value, error) = (try #require(llc.value), try #require(llc.standardError))
            let bias = try #require(llc.stepBias)
            print("restricted to \(series.restriction.name): λ̂ \(value) ± \(error), λ \(truth), step's share \(bias)")
            #expect(abs(value - bias - truth) < 0.05 * truth + 3 * error)
        }
    }
}

@Suite struct ObservedMeasureTests {
    let run: RunCopy

    init() throws { run = try RunCopy() }

    @Test func `chains are lengthened until the error asked for, alike whenever they were stopped`() async throws {
        var options = run.quick
        options.every = 25
        options.sampling.drawCount = 200
        options.sampling.stepSize = 1e-3
        options.sampling.localization = 20
        options.sampling.targetError = 0.4
        options.sampling.drawLimit = 3_000
        let measured = try await measure(RunDirectory(at: run.path), options: options)
        for checkpoint in measured.checkpoints {
            let llc = try #require(checkpoint.llc)
            let isReached = try #require(llc.standardError) <= 0.4
            #expect(isReached != llc.concerns.contains { $0.kind == .targetMissed })
            #expect(isReached ? llc.drawCount <= 3_000 : llc.drawCount == 3_000)
        }
        #expect(Set(measured.checkpoints.compactMap { $0.llc?.drawCount }).count > 1)
        #expect(
            try MeasurementStore(run: run.path, output: nil).readMeasurements().checkpoints.map(\.llc)
                == measured.checkpoints.map(\.llc))

        var before = options
        before.output = "\(run.path)/elsewhere"
        before.sampling.targetError = nil
        before.sampling.drawLimit = nil
        before.sampling.drawCount = 1_000
        _ = try await measure(RunDirectory(at: run.path), options: before)
        options.output = before.output
        _ = try await measure(RunDirectory(at: run.path), options: options)
        #expect(
            FileManager.default.contentsEqual(
                atPath: "\(run.path)/instar/measurements.h5", andPath: "\(run.path)/elsewhere/measurements.h5"))
    }

    @Test func `what else the chains say is recorded on request and read back`() async throws {
        var options = run.quick
        options.sampling.observationInterval = 4
        options.sampling.tracedExampleCount = 7
        options.sampling.covarianceRank = 3
        let measured = try await measure(RunDirectory(at: run.path), options: options)
        let observations = try #require(measured.checkpoints.last?.observations)
        #expect(observations.wbic?.isAtItsTemperature == true)
        #expect(observations.singularFluctuation != nil && observations.covarianceEigenvalues.count == 3)
        let read = try MeasurementStore(run: run.path, output: nil).readMeasurements()
        #expect(read.checkpoints.map(\.observations) == measured.checkpoints.map(\.observations))
        #expect(read.checkpoints.map(\.chains) == measured.checkpoints.map(\.chains))
        let step = try #require(measured.steps.last)
        let path = MeasurementStore(run: run.path, output: nil).chainPath(step: step, restriction: nil, chain: 0)
        let chain = try #require(try Chain<Float>.read(path)?.value)
        #expect(chain.observations?.tracedLosses.map(\.count) == [7, 7, 7, 7, 7])
    }

    @Test func `chains that observe are lengthened and not shortened, and trace no more examples than there are`()
        async throws
    {
        var options = run.quick
        options.every = 25
        options.sampling.observationInterval = 4
        options.sampling.tracedExampleCount = 1_000_000
        _ = try await measure(RunDirectory(at: run.path), options: options)
        options.sampling.drawCount = 40
        let longer = try await measure(RunDirectory(at: run.path), options: options)
        #expect(longer.checkpoints.last?.observations != nil)
        options.sampling.drawCount = 20
        let failure = try await failure {
            _ = try await measure(RunDirectory(at: run.path), options: options)
        }
        #expect(failure.kind == .mismatch && failure.reason.contains("can be lengthened and not shortened"))
    }

    @Test func `settings must fit the examples of a restriction too`() async throws {
        var options = run.quick
        options.sampling.minibatches = .epochs
        // Beside checkpoints it would be taken for one.
        let indices = "\(run.path)-few.h5"
        defer { try? FileManager.default.removeItem(atPath: indices) }
        options.restrictions = [Restriction(examples: "\(indices):few")]
        try HDF5File.writeAtomically(to: indices) { root throws(HDF5Error) in
            try root.write("few", Tensor([Int64(1), 2, 3], shape: [3]))
        }
        let failure = try await failure {
            _ = try await measure(RunDirectory(at: run.path), options: options)
        }
        #expect(failure.kind == .mismatch && failure.reason.contains("an epoch of 3 examples"))
    }

    @Test(arguments: SamplingMethod.allCases)
    func `every sampler measures a run`(_ method: SamplingMethod) async throws {
        try run.rewriteExamples([
            ("x", Tensor((0..<300).map { Float($0 % 7) / 7 }, shape: [50, 6])),
            ("targets", Tensor((0..<300).map { Float($0 % 7) / 7 }, shape: [50, 6])),
        ])
        var options = run.quick
        options.sampling.batchSize = nil
        options.sampling.method = method
        let measured = try await measure(RunDirectory(at: run.path), options: options)
        #expect(measured.settings?.method == method)
        #expect(measured.settings?.batchSize == 50)
        for checkpoint in measured.checkpoints {
            let llc = try #require(checkpoint.llc)
            // Too few draws for a check of SGLD's acceptance after burn-in.
            #expect(llc.value != nil && (llc.acceptance != nil) == method.isExact)
        }
    }
}

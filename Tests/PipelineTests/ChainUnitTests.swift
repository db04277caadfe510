import Development
import Foundation
import Runs
import Sampling
import TestSupport
import Testing

@testable import Pipeline

/// Chains that are stopped and resumed, and checkpoints that change under them.
@Suite struct ChainUnitTests {
    let run: RunCopy

    init() throws { run = try RunCopy() }

    /// One checkpoint with two chains, long enough to be stopped.
    func options(_ method: SamplingMethod, output: String) throws -> MeasureOptions {
        var options = run.quick
        options.every = nil
        options.steps = [try RunDirectoryProbe.lastStep(of: run.path)]
        options.output = "\(run.path)/\(output)"
        options.jobs = 2
        options.sampling.method = method
        options.sampling.chainCount = 2
        options.sampling.burnInCount = 50
        options.sampling.drawCount = isExact(method) ? 100 : 20_000
        if isExact(method) { options.sampling.batchSize = 20_000 }
        options.sampling.observationInterval = isExact(method) ? 10 : 500
        options.sampling.covarianceRank = 2
        return options
    }

    /// Whether it takes all examples at every step, and so few steps in a test.
    func isExact(_ method: SamplingMethod) -> Bool { [.mala, .hmc].contains(method) }

    func chain(_ number: Int, of options: MeasureOptions) throws -> Chain<Float>? {
        let store = MeasurementStore(run: run.path, output: options.output)
        let step = try #require(options.steps?.first)
        return try Chain<Float>.read(store.chainPath(step: step, restriction: nil, chain: number))?.value
    }

    /// Stopped three times at different draws, with every sampler, observations included.
    @Test(arguments: SamplingMethod.allCases)
    func `a chain that is interrupted is stored where it stands and goes on from there to the same bytes`(
        method: SamplingMethod
    ) async throws {
        let (whole, stopped) = (try options(method, output: "whole"), try options(method, output: "stopped"))
        let margin = isExact(method) ? 8 : 200
        var counts: [Int] = []
        for _ in 0..<3 {
            let (stream, progress) = AsyncStream.makeStream(of: WorkProgress.self, bufferingPolicy: .bufferingNewest(1))
            let work = Task { [path = run.path] in
                defer { progress.finish() }
                _ = try await measure(RunDirectory(at: path), options: stopped, progress: progress)
            }
            for await state in stream
            where state.phase == "sampling" && state.drawsDone > (counts.last ?? 0) * 2 + margin {
                work.cancel()
            }
            await #expect(throws: CancellationError.self) { try await work.value }
            counts.append(try #require(try chain(0, of: stopped)).trace.drawCount)
            #expect(try chain(1, of: stopped) != nil)
        }
        // Three different numbers of draws: the first two stops, at least, found the chain unfinished.
        #expect(counts == counts.sorted() && Set(counts).count == 3 && counts[0] > 0, "\(counts)")
        for options in [stopped, whole] { _ = try await measure(RunDirectory(at: run.path), options: options) }
        #expect(
            FileManager.default.contentsEqual(atPath: "\(run.path)/stopped", andPath: "\(run.path)/whole"))
    }

    @Test func `a checkpoint that is written anew while it is measured is noticed and nothing of it stored`()
        async throws
    {
        let directory = try RunDirectory(at: run.path)
        let store = MeasurementStore(run: run.path, output: nil)
        let lock = try store.lock(.exclusive)
        try store.prepare()
        defer { lock.release() }
        let work = try prepareWork(directory, options: run.quick, store: store)
        let settings = try #require(work.settings.sampling)
        let centers = try CenterCache<Float>(series: directory.series, targets: work.targets, jobs: 1)
        let unit = ChainUnit(
            index: 3, target: 0, step: directory.series.references[3].step, chain: 0, drawCount: 5, key: "key",
            weightsDigest: "of the weights that were there", replacesOther: true)
        let found = try await failure {
            _ = try await unit.run(
                sampling: settings, centers: centers, store: store,
                counter: ProgressCounter(phase: "", drawCount: 0, unitCount: 1, into: nil))
        }
        #expect(found.kind == .temporary)
        #expect(found.reason.contains(directory.series.references[3].file))
        #expect(found.reason.contains("written anew while it was measured") && found.reason.contains("Run again"))
        #expect(!FileManager.default.fileExists(atPath: store.chainPath(step: unit.step, restriction: nil, chain: 0)))
    }

    @Test func `a folder that is held is not measured into`() async throws {
        let store = MeasurementStore(run: run.path, output: nil)
        let lock = try store.lock(.exclusive)
        let found = try await failure { _ = try await measure(RunDirectory(at: run.path), options: run.quick) }
        #expect(found.kind == .temporary && found.reason.contains("in use by process \(getpid()) on "))
        lock.release()
        _ = try await measure(RunDirectory(at: run.path), options: run.quick)
    }

    @Test func `units of other weights than the measurements are not compared`() async throws {
        let other = try RunCopy(of: "tms-seed-B")
        for path in [run.path, other.path] { _ = try await analyzeRun(at: path, options: run.quick) }
        let runs = [run.path, other.path].map { ComparedRun.results($0) }
        _ = try compareRuns(runs)
        let store = MeasurementStore(run: other.path, output: nil)
        let path = store.surveyPath(step: 0)
        var survey = try #require(try Survey.read(path, tensorCount: 2, subsetCount: 0))
        survey.value.weightsDigest = "of other weights"
        try survey.value.write(to: path, key: survey.key, processor: survey.processor)
        let found = try await failure { _ = try compareRuns(runs) }
        #expect(found.kind == .mismatch)
        #expect(found.reason.contains("\(store.folder): measurements.h5 and units are of different weights"))
    }

    /// The first chain of the only checkpoint that `quick` measures beside the start.
    private func stored(_ run: RunCopy, _ options: MeasureOptions) async throws -> (
        path: String, unit: StoredUnit<Chain<Float>>
    ) {
        let measured = try await measure(RunDirectory(at: run.path), options: options)
        let step = try #require(measured.checkpoints.last?.step)
        let path = MeasurementStore(run: run.path, output: nil).chainPath(step: step, restriction: nil, chain: 0)
        return (path, try #require(try Chain<Float>.read(path)))
    }

    @Test func `a chain whose stored state is of another model is damaged`() async throws {
        let run = try RunCopy()
        var options = run.quick
        let (path, unit) = try await stored(run, options)
        try Chain(trace: unit.value.trace, state: SamplerState<Float>(position: [1]), observations: nil).write(
            to: path, step: 0, key: unit.key, processor: unit.processor)
        options.sampling.drawCount = 40
        let found = try await failure { [options] in _ = try await measure(RunDirectory(at: run.path), options: options)
        }
        #expect(found.kind == .malformed && found.reason.contains("\(path): holds a state of 1 parameters"))
        #expect(found.reason.contains("Remove it and run again"))
    }

    @Test func `a covariance of another size than the other chains' is damaged`() async throws {
        let run = try RunCopy()
        var options = run.quick
        (options.sampling.covarianceRank, options.sampling.observationInterval) = (2, 4)
        let (path, unit) = try await stored(run, options)
        let observed = try #require(unit.value.observations)
        let other = CovarianceSketch<Float>(dimension: 18, rowCount: 8)
        let observations = ChainObservations<Float>(
            moments: observed.moments, tracedLosses: observed.tracedLosses, covariance: other,
            tracedExampleCount: observed.tracedExampleCount)
        try Chain(trace: unit.value.trace, state: unit.value.state, observations: observations).write(
            to: path, step: 0, key: unit.key, processor: unit.processor)
        let found = try await failure { [options] in _ = try await measure(RunDirectory(at: run.path), options: options)
        }
        #expect(found.kind == .malformed && found.reason.contains("a covariance of another size"), "\(found.reason)")
    }
}

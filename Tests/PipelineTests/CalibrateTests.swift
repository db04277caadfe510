import Development
import Foundation
import Runs
import Sampling
import TestSupport
import Testing

@testable import Pipeline

@Suite struct CalibrateTests {
    let run: RunCopy

    init() throws { run = try RunCopy() }

    /// Options of a calibration that takes a moment: one checkpoint near the end, small minibatches, nβ stated.
    private func options(jobs: Int, output: String? = nil) -> MeasureOptions {
        var options = MeasureOptions()
        options.steps = [117_000]
        options.sampling.batchSize = 64
        options.sampling.nBeta = 144.8
        options.jobs = jobs
        options.output = output
        return options
    }

    @Test func `a calibration has the same bytes for any number of jobs`() async throws {
        let directory = try RunDirectory(at: run.path)
        let plan = try await planCalibration(of: directory, options: options(jobs: 1))
        let calibration = try await calibrate(directory, options: options(jobs: 1))
        _ = try await calibrate(directory, options: options(jobs: 3, output: "\(run.path)/elsewhere"))
        #expect(
            FileManager.default.contentsEqual(
                atPath: "\(run.path)/instar/calibration.json", andPath: "\(run.path)/elsewhere/calibration.json"))
        #expect(calibration.checkpoints.map(\.step) == [117_000])
        #expect(calibration.drawCount <= plan.drawLimit)
        #expect(calibration.settings.nBeta == 144.8)
    }

    @Test func `measuring picks a calibration up, unless settings are stated`() async throws {
        let directory = try RunDirectory(at: run.path)
        let calibration = try await calibrate(directory, options: options(jobs: 2))
        var measuring = MeasureOptions()
        measuring.steps = [117_000]
        measuring.sampling.drawCount = 20
        measuring.sampling.burnInCount = 8
        let notes = Notes()
        let measured = try await measure(directory, options: measuring, note: notes.add)
        for setting in SweptSetting.allCases {
            let path = setting.inSettings
            #expect(measured.settings?[keyPath: path] == calibration.settings[keyPath: path])
        }
        #expect(measured.settings?.batchSize == 64 && measured.settings?.drawCount == 20)
        #expect(notes.lines.contains { $0.hasPrefix("settings of the calibration") })

        // A stronger pull is stated: ε keeps its part of the stability limit.
        measuring.output = "\(run.path)/stated"
        measuring.sampling.localization = 1_000
        let stated = try #require(try await measure(directory, options: measuring).settings)
        let found = calibration.settings
        let scales = calibration.scales
        #expect(stated.localization == 1_000 && stated.nBeta == found.nBeta)
        func share(_ settings: SamplingSettings) -> Double {
            scales.shareOfStabilityLimit(
                stepSize: settings.stepSize, nBeta: settings.nBeta, localization: settings.localization)
        }
        #expect(Tolerance.relative(1e-12).accepts(share(stated), share(found)))
    }

    @Test func `a calibration of other weights is refused with the difference`() async throws {
        let directory = try RunDirectory(at: run.path)
        _ = try await calibrate(directory, options: options(jobs: 2))
        let path = "\(run.path)/instar/calibration.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let digest = try directory.series.read(
            at: try #require(directory.series.references.firstIndex { $0.step == 117_000 })
        ).digest
        try text.replacing(digest, with: String(repeating: "0", count: 64)).write(
            toFile: path, atomically: true, encoding: .utf8)
        var measuring = MeasureOptions()
        measuring.steps = [117_000]
        let failure = try await failure { _ = try await measure(directory, options: measuring) }
        #expect(failure.kind == .mismatch)
        #expect(failure.reason.contains("weights at 117000") && failure.reason.contains("instar calibrate"))
        // All that it decides is stated: it is not asked.
        _ = try await measure(directory, options: run.quickAt117000)
    }

    @Test func `without settings a short calibration comes first, is said and takes a tenth at most`() async throws {
        let reader = CountingReader(CheckpointFileReader())
        let directory = try RunDirectory(at: run.path, reader: reader)
        var measuring = MeasureOptions()
        measuring.steps = [27_000, 117_000, 225_000]
        measuring.sampling.batchSize = 32
        measuring.sampling.drawCount = 7_000
        let notes = Notes()
        let measured = try await measure(directory, options: measuring, note: notes.add)
        let calibration = try #require(try readCalibration(in: "\(run.path)/instar"))
        #expect(calibration.isShort)
        // What was to be measured before burn-in was found: 3 checkpoints, 4 chains, 1,000 draws of burn-in.
        #expect(10 * calibration.drawCount <= 3 * 4 * 8_000)
        #expect(notes.lines.contains { $0.contains("a short one comes first") })
        #expect(notes.lines.contains { $0.hasPrefix("settings of a short calibration") })
        // Whatever looks at a checkpoint: once for checks, settings, calibration and survey together, once for all chains.
        #expect(reader.counts.values.max() == 2)
        // Nothing is calibrated again.
        let again = Notes()
        #expect(try await measure(directory, options: measuring, note: again.add).settings == measured.settings)
        #expect(again.lines.isEmpty)
    }

    @Test func `where a short calibration would cost too much, the defaults are taken and that is said`() async throws {
        var measuring = MeasureOptions()
        measuring.steps = [225_000]
        measuring.sampling.batchSize = 32
        measuring.sampling.drawCount = 20
        measuring.sampling.burnInCount = 8
        let notes = Notes()
        let measured = try await measure(RunDirectory(at: run.path), options: measuring, note: notes.add)
        #expect(measured.settings?.nBeta == SamplingSettings.defaultNBeta(exampleCount: 20_000))
        #expect(try readCalibration(in: "\(run.path)/instar") == nil)
        #expect(notes.lines.contains { $0.contains("the defaults") })
    }

    @Test func `what calibration finds cannot be stated to it`() async throws {
        var stated = options(jobs: 1)
        stated.sampling.stepSize = 1e-3
        let directory = try RunDirectory(at: run.path)
        let failure = try await failure { [stated] in _ = try await calibrate(directory, options: stated) }
        #expect(failure.kind == .usage && failure.reason.contains("--step-size"))
    }

    @Test func `the checkpoints looked at are spread over log t and leave out the start`() throws {
        let series = try RunDirectory(at: run.path).series
        let steps = try CalibrationWork.places(in: series, count: 4).map { series.references[$0].step }
        #expect(steps.count == 4 && steps[0] > 0 && steps[3] == 225_000)
        let ratios = zip(steps, steps.dropFirst()).map { Double($1) / Double($0) }
        // Checkpoints are spaced by a third at most where they are chosen from.
        #expect((ratios.max() ?? 0) / (ratios.min() ?? 1) < 2)
    }

    /// The checkpoint files by step, ascending.
    private func files() throws -> [String] {
        try RunDirectory(at: run.path).series.references.map(\.file)
    }

    private func cutShort(_ path: String) throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: path))
    }

    @Test func `in place of damaged checkpoints the nearest are looked at`() throws {
        let files = try files()
        for file in files.suffix(2) { try cutShort(file) }
        let series = try RunDirectory(at: run.path).series
        let places = try CalibrationWork.places(in: series, count: 4)
        #expect(places.last == files.count - 3 && places.count == 4)
        for file in files { try cutShort(file) }
        let error = #expect(throws: RunError.self) { try CalibrationWork.places(in: series, count: 4) }
        #expect(error?.kind == .malformed)
    }

    /// Enough draws that a short calibration comes first.
    @Test func `a run whose last checkpoint is damaged is calibrated and measured without it`() async throws {
        let files = try files()
        for file in files.dropFirst(9) { try FileManager.default.removeItem(atPath: file) }
        try cutShort(files[8])
        var options = MeasureOptions()
        options.sampling.batchSize = 32
        let measured = try await measure(RunDirectory(at: run.path), options: options)
        #expect(measured.checkpoints.count == 8 && measured.damaged.count == 1)
        let calibration = try #require(try Pipeline.readCalibration(in: "\(run.path)/instar"))
        #expect(calibration.isShort && calibration.checkpoints.last?.step == measured.checkpoints.last?.step)

        // A checkpoint that it looked at goes: what was settled stays.
        let last = try RunDirectory(at: run.path).series.references[7]
        try FileManager.default.removeItem(atPath: last.file)
        let again = try await measure(RunDirectory(at: run.path), options: options)
        #expect(again.settings == measured.settings && again.checkpoints.count == 7)
    }

    @Test func `a calibration whose checkpoints were replaced decides nothing any more where settings are stored`()
        async throws
    {
        let directory = try RunDirectory(at: run.path)
        _ = try await calibrate(directory, options: options(jobs: 2))
        var measuring = MeasureOptions()
        measuring.steps = [117_000]
        measuring.sampling.drawCount = 20
        measuring.sampling.burnInCount = 8
        let measured = try await measure(directory, options: measuring)
        let files = try files()
        let place = try #require(directory.series.references.firstIndex { $0.step == 117_000 })
        try FileManager.default.removeItem(atPath: files[place])
        let other = try Fixture.url("runs/tms-seed-B/checkpoints").appending(
            path: URL(fileURLWithPath: files[place]).lastPathComponent)
        try FileManager.default.copyItem(atPath: other.path, toPath: files[place])
        measuring.remeasuresReplaced = true
        let again = try await measure(RunDirectory(at: run.path), options: measuring)
        #expect(again.settings == measured.settings)
        measuring.output = "\(run.path)/elsewhere"
        let fresh = try await failure { [measuring] in
            _ = try await measure(RunDirectory(at: run.path), options: measuring)
        }
        #expect(fresh.kind == .mismatch && fresh.reason.contains("weights at 117000: changed since"))
    }
}

/// The notes that measuring gave.
private final class Notes: @unchecked Sendable {
    // Invariant: touched by the one task that measures, and read after it.
    private(set) var lines: [String] = []
    func add(_ line: String) { lines.append(line) }
}

extension RunCopy {
    /// Options that state all that a calibration decides, for one checkpoint.
    fileprivate var quickAt117000: MeasureOptions {
        var options = quick
        options.every = nil
        options.steps = [117_000]
        options.sampling.nBeta = 144.8
        return options
    }
}

import Development
import Foundation
import Runs
import Sampling
import TestSupport
import Testing

@testable import Pipeline

@Suite struct MeasureTests {
    let run: RunCopy

    init() throws { run = try RunCopy() }

    @Test func `stored measurements read back as they were measured`() async throws {
        let measured = try await measure(RunDirectory(at: run.path), options: run.quick)
        let read = try MeasurementStore(run: run.path, output: nil).readMeasurements()
        #expect(read.steps == measured.steps)
        #expect(read.settings == measured.settings)
        #expect(read.provenance == measured.provenance)
        #expect(read.tensors == measured.tensors)
        #expect(read.outputProducts == measured.outputProducts)
        #expect(read.weightProducts == measured.weightProducts)
        #expect(read.recordedSeries == measured.recordedSeries)
        for (a, b) in zip(read.checkpoints, measured.checkpoints) {
            #expect(a.llc == b.llc && a.chains == b.chains && a.loss == b.loss && a.gradientNorm == b.gradientNorm)
            #expect(a.tensorNorms == b.tensorNorms && a.tensorMovements == b.tensorMovements)
            #expect(a.tensorTurns == b.tensorTurns && a.tensorEffectiveRanks == b.tensorEffectiveRanks)
            #expect(a.tensorStableRanks == b.tensorStableRanks)
        }
    }

    @Test func `a chain that diverges is stored as data and read back as such`() async throws {
        var options = run.quick
        options.sampling.stepSize = 50
        let measured = try await measure(RunDirectory(at: run.path), options: options)
        let last = try #require(measured.checkpoints.last)
        #expect(last.llc?.value == nil)
        #expect(last.llc?.concerns.contains { $0.kind == .diverged } == true)
        let read = try MeasurementStore(run: run.path, output: nil).readMeasurements()
        #expect(read.checkpoints.last?.chains == last.chains)
    }

    @Test func `more draws lengthen stored chains to the bytes of a longer run`() async throws {
        _ = try await measure(RunDirectory(at: run.path), options: run.quick)
        var longer = run.quick
        longer.sampling.drawCount = 45
        _ = try await measure(RunDirectory(at: run.path), options: longer)
        var elsewhere = longer
        elsewhere.output = "\(run.path)/elsewhere"
        _ = try await measure(RunDirectory(at: run.path), options: elsewhere)
        for name in ["measurements.h5", "units"] {
            #expect(
                FileManager.default.contentsEqual(
                    atPath: "\(run.path)/instar/\(name)", andPath: "\(run.path)/elsewhere/\(name)"), "\(name)")
        }
    }

    @Test func `fewer draws than stored give the bytes of a shorter run`() async throws {
        var longer = run.quick
        longer.sampling.drawCount = 45
        _ = try await measure(RunDirectory(at: run.path), options: longer)
        _ = try await measure(RunDirectory(at: run.path), options: run.quick)
        var elsewhere = run.quick
        elsewhere.output = "\(run.path)/elsewhere"
        _ = try await measure(RunDirectory(at: run.path), options: elsewhere)
        #expect(
            FileManager.default.contentsEqual(
                atPath: "\(run.path)/instar/measurements.h5", andPath: "\(run.path)/elsewhere/measurements.h5"))
    }

    @Test func `a run without model or examples is analyzed from its weights`() async throws {
        try FileManager.default.removeItem(atPath: "\(run.path)/model.onnx")
        let analysis = try await analyzeRun(at: run.path, options: run.quick)
        #expect(analysis.essentialDynamics == nil)
        // Weaker evidence, and said to be.
        #expect(analysis.stages?.method == .changePoints)
        #expect(analysis.verdict[0].contains("weaker evidence than the LLC"))
        #expect(analysis.weightDynamics != nil)
        #expect(!analysis.measurements.limitations.isEmpty)
    }

    @Test func `float and double give the same losses`() async throws {
        var options = run.quick
        let float = try await measure(RunDirectory(at: run.path), options: options)
        options.output = "\(run.path)/double"
        options.sampling.precision = .double
        let double = try await measure(RunDirectory(at: run.path), options: options)
        for (a, b) in zip(float.checkpoints, double.checkpoints) {
            // Losses of 6 outputs in Float: a few units of 2⁻²⁴ relative to the loss.
            let (loss, reference) = (try #require(a.loss), try #require(b.loss))
            #expect(abs(loss - reference) < 1e-6 * reference)
        }
    }
}

/// What tests need to know of a run on disk.
enum RunDirectoryProbe {
    static func lastStep(of path: String) throws -> Int {
        try #require(RunDirectory(at: path).series.references.last?.step)
    }
}

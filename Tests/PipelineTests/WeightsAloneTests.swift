import Development
import Foundation
import HDF5
import Runs
import Tensors
import Testing

@testable import Pipeline

/// A run that has checkpoints and nothing else.
@Suite struct WeightsAloneTests {
    let run: RunCopy

    init() throws {
        run = try RunCopy()
        for name in try FileManager.default.contentsOfDirectory(atPath: run.path) {
            try FileManager.default.removeItem(atPath: "\(run.path)/\(name)")
        }
    }

    /// Writes a checkpoint of a 2 × 2 matrix, a vector and a kernel with three axes.
    private func write(step: Int, _ matrix: [Float], large: Int? = nil) throws {
        try HDF5File.writeAtomically(to: "\(run.path)/step_\(step).h5") { root throws(HDF5Error) in
            try root.write("matrix", Tensor(matrix, shape: [2, 2]))
            try root.write("bias", Tensor([Float(step), 1], shape: [2]))
            try root.write("kernel", Tensor([Float](repeating: 1, count: 12), shape: [3, 2, 2]))
            if let large {
                try root.write("large", Tensor([Float](repeating: 1, count: large * large), shape: [large, large]))
            }
        }
    }

    private func measured(jobs: Int = 2, output: String? = nil) async throws -> Measurements {
        var options = MeasureOptions()
        options.jobs = jobs
        options.output = output
        return try await measure(RunDirectory(at: run.path), options: options)
    }

    @Test func `norms, movements, turns, ranks and products follow from the checkpoints`() async throws {
        for (step, matrix): (Int, [Float]) in [
            (0, [1, 0, 0, 1]), (10, [2, 0, 0, 1]), (20, [2, 0, 0, 2]), (30, [2, 0, 0, 1]), (40, [2, 0, 0, 1]),
        ] { try write(step: step, matrix) }
        let measurements = try await measured()
        #expect(measurements.tensors.map(\.name) == ["bias", "kernel", "matrix"])
        let checkpoints = measurements.checkpoints
        #expect(checkpoints.map { $0.tensorNorms[2] } == [2, 5, 8, 5, 5].map { $0.squareRoot() })
        #expect(checkpoints.map { $0.tensorMovements[2] } == [0, 1, 1, 1, 0])
        let turns = checkpoints.map { $0.tensorTurns[2] }
        #expect(turns == [nil, nil, .pi / 2, .pi, nil])
        #expect(checkpoints.map { $0.tensorTurns[0] } == [nil, nil, 0, 0, 0])
        #expect(checkpoints.allSatisfy { $0.tensorTurns[1] == nil && $0.tensorEffectiveRanks[0] == nil })
        // p = 2/3 and 1/3: exp(log 3 − 2/3·log 2).
        let expected = 3 / pow(2, 2.0 / 3)
        for (checkpoint, rank) in zip(checkpoints, [2, expected, 2, expected, expected]) {
            #expect(abs(try #require(checkpoint.tensorEffectiveRanks[2]) - rank) < 1e-12)
            #expect(abs(try #require(checkpoint.tensorEffectiveRanks[1]) - 1) < 1e-6)
        }
        #expect(abs(try #require(checkpoints[1].tensorStableRanks[2]) - 1.25) < 1e-12)
        let products = try #require(measurements.weightProducts)
        #expect(products.dimension == 18 && products.values[1] == 2 + 1 + 12 + 1)
        #expect(measurements.outputProducts == nil)
        let read = try MeasurementStore(run: run.path, output: nil).readMeasurements()
        for (a, b) in zip(read.checkpoints, checkpoints) {
            #expect(a.tensorTurns == b.tensorTurns && a.tensorEffectiveRanks == b.tensorEffectiveRanks)
            #expect(a.tensorStableRanks == b.tensorStableRanks)
        }
        #expect(read.weightProducts == measurements.weightProducts)
    }

    @Test func `the number of workers changes no byte`() async throws {
        for step in 0..<40 { try write(step: step, [Float(step), Float(step * step % 7), 1, -1]) }
        // Groups of 10 checkpoints, and of one.
        for jobs in [1, 50] { _ = try await measured(jobs: jobs, output: "\(run.path)/out-\(jobs)") }
        for name in ["measurements.h5", "units"] {
            #expect(
                FileManager.default.contentsEqual(
                    atPath: "\(run.path)/out-1/\(name)", andPath: "\(run.path)/out-50/\(name)"), "\(name)")
        }
    }

    @Test func `a survey of another version is taken again`() async throws {
        for step in 0..<4 { try write(step: step, [Float(step), 0, 0, 1]) }
        let before = try await measured()
        try HDF5File.writeAtomically(to: MeasurementStore(run: run.path, output: nil).surveyPath(step: 2)) {
            root throws(HDF5Error) in
            try root.setAttribute("key", .text("that of an older version, without turns"))
        }
        let after = try await measured()
        #expect(after.checkpoints.map(\.tensorTurns) == before.checkpoints.map(\.tensorTurns))
    }

    @Test func `matrices too large for a rank are named among the limitations`() async throws {
        for step in 0..<3 { try write(step: step, [Float(step), 0, 0, 1], large: 1_025) }
        let measurements = try await measured()
        #expect(measurements.limitations.contains { $0.contains("effective rank") && $0.contains("large") })
        let large = try #require(measurements.tensors.firstIndex { $0.name == "large" })
        #expect(measurements.checkpoints.allSatisfy { $0.tensorEffectiveRanks[large] == nil })
        #expect(measurements.checkpoints[0].tensorNorms[large] == 1_025)
    }
}

import Development
import Foundation
import HDF5
import Runs
import Tensors
import Testing

@testable import Pipeline

@Suite struct CompareRunsTests {
    @Test func `runs of which one has no finite outputs at the end are compared without common components`()
        async throws
    {
        let runs = [try RunCopy(), try RunCopy(of: "tms-seed-B")]
        // The folders go with them.
        defer { withExtendedLifetime(runs) {} }
        let last = try RunDirectoryProbe.lastStep(of: runs[1].path)
        let name = try #require(FileManager.default.contentsOfDirectory(atPath: "\(runs[1].path)/checkpoints").max())
        // Without recorded outputs, which it would not meet.
        for run in runs {
            try run.rewriteExamples([
                ("x", Tensor([Float](repeating: 0.5, count: 600), shape: [100, 6])),
                ("targets", Tensor([Float](repeating: 0.5, count: 600), shape: [100, 6])),
            ])
        }
        try HDF5File.writeAtomically(to: "\(runs[1].path)/checkpoints/\(name)") { root throws(HDF5Error) in
            try root.setAttribute("step", .integer(last))
            try root.write("W", Tensor([Float](repeating: 1e30, count: 12), shape: [2, 6]))
            try root.write("b", Tensor([Float](repeating: 0, count: 6), shape: [6]))
        }
        _ = try await analyzeRun(at: runs[0].path, options: runs[0].quick)
        let analysis = try await analyzeRun(at: runs[1].path, options: runs[1].quick)
        #expect(analysis.measurements.outputProducts?.values.contains { !$0.isFinite } == true)
        let comparison = try compareRuns(runs.map { .results($0.path) })
        #expect(!comparison.hasCommonComponents)
    }
}

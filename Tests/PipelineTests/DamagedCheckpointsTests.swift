import Foundation
import Sampling
import TestSupport
import Testing

@testable import Development
@testable import Pipeline

/// A damaged checkpoint is left out and told of; the series goes on.
@Suite struct DamagedCheckpointsTests {
    let run: RunCopy

    init() throws { run = try RunCopy() }

    /// The checkpoint files by step, ascending.
    private func files() throws -> [String] {
        let folder = "\(run.path)/checkpoints"
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted {
            $0.localizedStandardCompare($1) == .orderedAscending
        }.map { "\(folder)/\($0)" }
    }

    private func cutShort(_ path: String) throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: path))
    }

    @Test(arguments: [0, 2, 3]) func `the others give what they give without it`(place: Int) async throws {
        let files = try files()
        for file in files.dropFirst(4) { try FileManager.default.removeItem(atPath: file) }
        var options = run.quick
        options.every = 1
        options.output = "\(run.path)/with"
        try cutShort(files[place])
        let with = try await analyzeRun(at: run.path, options: options)
        let step = try #require(with.measurements.damaged.first).step
        #expect(with.measurements.checkpoints.count == 3)
        #expect(!with.measurements.checkpoints.contains { $0.step == step })
        #expect(with.measurements.damaged.map(\.reason).joined().contains("was cut short"))
        #expect(!with.measurements.damaged.map(\.reason).joined().contains("/"))
        #expect(with.verdict.contains { $0.contains("1 of 4 checkpoints is damaged and left out") })
        #expect(with.advisories.contains { $0.severity == .warning && $0.finding.contains("\(step)") })

        try FileManager.default.removeItem(atPath: files[place])
        options.output = "\(run.path)/without"
        let without = try await analyzeRun(at: run.path, options: options)
        for (left, right) in zip(with.measurements.checkpoints, without.measurements.checkpoints) {
            #expect(left.step == right.step && left.loss == right.loss && left.llc?.value == right.llc?.value)
            #expect(left.tensorMovements == right.tensorMovements)
        }
        // Stored and read again, it is still known.
        let stored = try analyzeStoredRun(at: run.path, output: "\(run.path)/with")
        #expect(stored.measurements.damaged == with.measurements.damaged)
    }

    @Test func `a run of damaged checkpoints alone is an error that names the first`() async throws {
        let files = try files()
        for file in files.dropFirst(2) { try FileManager.default.removeItem(atPath: file) }
        for file in files.prefix(2) { try cutShort(file) }
        var options = run.quick
        options.every = 1
        let failure = try await failure { _ = try await analyzeRun(at: run.path, options: options) }
        #expect(failure.kind == .malformed && failure.reason.contains("was cut short"))
    }
}

import ArgumentParser
import Foundation
import Pipeline
import Runs

/// What it costs to read a series in a process of its own.
struct Reading: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Reads every checkpoint of a run in this process and in another, by turns.",
        discussion: "The ratio of each pair of turns, and their median: what isolation costs.")

    @Argument(help: "The run directory.") var path: String
    @Option(help: "The program that reads.") var instar: String
    @Option(help: "Pairs of turns.") var repeats = 9
    @Option(help: "Files that are read at once.") var jobs = 1
    @Flag(help: "Measure the run, which has no model, and not only read it.") var measures = false

    func run() async throws {
        let workers = ReadingWorkers(command: [instar, "__read"], limits: .init(memory: 16 << 30))
        let run = try RunDirectory(at: path)
        func turn(_ workers: ReadingWorkers?) async throws -> Double {
            let clock = ContinuousClock()
            let start = clock.now
            try await ReadingWorkers.$current.withValue(workers) {
                try await measures ? measureAnew(run) : read(run.series)
            }
            return (clock.now - start) / .seconds(1)
        }
        // Files in the page cache, the readers started.
        _ = try await (turn(nil), turn(workers))
        var ratios: [Double] = []
        for _ in 0..<repeats {
            let (here, there) = try await (turn(nil), turn(workers))
            ratios.append(there / here)
            print("here \(here) s, there \(there) s, ratio \(there / here)")
        }
        print("median ratio \(ratios.sorted()[ratios.count / 2])")
    }

    private func read(_ series: CheckpointSeries) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for job in 0..<jobs {
                group.addTask { [jobs] in
                    for index in stride(from: job, to: series.references.count, by: jobs) {
                        _ = try series.read(at: index).digest
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func measureAnew(_ run: RunDirectory) async throws {
        var options = MeasureOptions()
        options.jobs = jobs
        options.output = "\(NSTemporaryDirectory())instar-reading-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: options.output ?? "") }
        _ = try await measure(run, options: options)
    }
}

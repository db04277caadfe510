import ArgumentParser
import Foundation
import Runs

/// What it costs to read a series in a process of its own.
struct Reading: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Reads every checkpoint of a series in this process and in another, by turns.",
        discussion: "The ratio of each pair of turns, and their median: what isolation costs.")

    @Argument(help: "The checkpoint files.") var files: [String]
    @Option(help: "The program that reads.") var instar: String
    @Option(help: "Pairs of turns.") var repeats = 9
    @Option(help: "Files that are read at once.") var jobs = 1

    func run() async throws {
        let workers = ReadingWorkers(command: [instar, "__read"], limits: .init(memory: 16 << 30))
        let series = try CheckpointSeries(files: files)
        func turn(_ workers: ReadingWorkers?) async throws -> Double {
            let clock = ContinuousClock()
            let start = clock.now
            try await ReadingWorkers.$current.withValue(workers) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for job in 0..<jobs {
                        group.addTask {
                            for index in stride(from: job, to: series.references.count, by: jobs) {
                                _ = try series.read(at: index).digest
                            }
                        }
                    }
                    try await group.waitForAll()
                }
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
}

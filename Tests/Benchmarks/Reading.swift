import ArgumentParser
import Foundation
import Runs

/// What it costs to read a series in a process of its own.
struct Reading: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Reads every checkpoint of a series in this process and in another, by turns.",
        discussion: "The ratio of each pair of turns, and their median: what isolation costs.")

    @Argument(help: "The checkpoint files.") var files: [String]
    @Option(help: "The program that reads.") var instar: String
    @Option(help: "Pairs of turns.") var repeats = 9

    func run() throws {
        let workers = ReadingWorkers(command: [instar, "__read"], limits: .init(memory: 16 << 30))
        let series = try CheckpointSeries(files: files)
        func turn(_ workers: ReadingWorkers?) throws -> Double {
            let clock = ContinuousClock()
            let start = clock.now
            try ReadingWorkers.$current.withValue(workers) {
                for index in series.references.indices { _ = try series.read(at: index).digest }
            }
            return (clock.now - start) / .seconds(1)
        }
        // Files in the page cache, the reader started.
        _ = try (turn(nil), turn(workers))
        var ratios: [Double] = []
        for _ in 0..<repeats {
            let (here, there) = try (turn(nil), turn(workers))
            ratios.append(there / here)
            print("here \(here) s, there \(there) s, ratio \(there / here)")
        }
        print("median ratio \(ratios.sorted()[ratios.count / 2])")
    }
}

import ArgumentParser
import Foundation
import Graphs
import PrecisionComparison
import Sampling

/// How time grows with the size of the work: one Markdown table.
struct Scaling: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Time against batch, parameters, chains, checkpoints and threads.",
        discussion: """
            The growth is the time over that of the row before it, divided by the growth of the work: at most 1 where \
            nothing grows faster than its work. For threads it is the time times the threads. The model is a \
            perceptron with one hidden layer, 784 inputs and 10 classes; 1 thread and 1 chain, 512 examples a \
            minibatch, and 128 hidden units where nothing else is said.
            """)

    @Option(help: "Seconds of the timed blocks of a row, about.")
    var seconds = 2.0

    func validate() throws {
        guard seconds > 0 else { throw ValidationError("seconds are positive") }
    }

    func run() async throws {
        print("| what grows | value | work | milliseconds | growth per work |")
        print("| --- | ---: | ---: | ---: | ---: |")
        try await printRows("examples a minibatch", [64, 128, 256, 512, 1024, 2048, 4096]) { batchSize in
            (Double(batchSize), try await secondsPerRound(batchSize: batchSize))
        }
        try await printRows("hidden units, by parameters", [32, 64, 128, 256, 512, 1024, 2048, 4096]) { width in
            let model = try SyntheticModel(hiddenWidth: width)
            return (Double(model.posterior.center.count), try await secondsPerRound(model))
        }
        try await printRows("chains", [1, 2, 4, 8, 16]) { chainCount in
            (Double(chainCount), try await secondsPerRound(chainCount: chainCount))
        }
        try await printRows("checkpoints of 4 chains of 64 draws, 2 threads", [1, 2, 4, 8]) { count in
            (Double(count), try await secondsOfMeasurement(checkpointCount: count))
        }
        try await printRows("threads, 4 chains", [1, 2]) { threadCount in
            (1 / Double(threadCount), try await secondsPerRound(chainCount: 4, threadCount: threadCount))
        }
    }

    private func printRows(
        _ title: String, _ values: [Int], _ measure: (Int) async throws -> (work: Double, seconds: Double)
    ) async throws {
        var previous: (work: Double, seconds: Double)?
        for value in values {
            let row = try await measure(value)
            let growth = previous.map { row.seconds / $0.seconds / (row.work / $0.work) }
            print(
                "| \(title) | \(value) | "
                    + String(format: "%g | %.4g | ", row.work, row.seconds * 1e3)
                    + (growth.map { String(format: "%.2f", $0) } ?? "") + " |")
            previous = row
        }
    }

    /// The time of one step of every chain.
    private func secondsPerRound(
        _ model: SyntheticModel? = nil, batchSize: Int = 512, chainCount: Int = 1, threadCount: Int = 1
    ) async throws -> Double {
        let model = try model ?? SyntheticModel(hiddenWidth: 128)
        let rate = try await StepRate(
            of: model.loss(as: Float.self), posterior: model.posterior,
            settings: model.settings(chainCount: chainCount, batchSize: batchSize), threadCount: threadCount,
            seconds: seconds, blockCount: 5)
        return Double(chainCount) / rate.median
    }

    /// The time of all chains of a series, each with an evaluator of its own as in a measurement.
    private func secondsOfMeasurement(checkpointCount: Int) async throws -> Double {
        let model = try SyntheticModel(hiddenWidth: 128)
        let loss = try model.loss(as: Float.self)
        let units = checkpointCount * 4
        let use = try await MachineUse.during {
            try await concurrently([0, 1]) { thread in
                for unit in stride(from: thread, to: units, by: 2) {
                    try await ChainWorker(
                        loss: loss, posterior: model.posterior,
                        settings: model.settings(chainCount: 4, batchSize: 512),
                        centerLosses: [Double](repeating: 0, count: loss.exampleCount), chains: [unit]
                    ).advance(by: 64)
                }
            }
        }
        return use.wall
    }
}

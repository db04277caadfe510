import Graphs
import Sampling
import Tensors

/// The rate of gradient steps, all chains together, in blocks of the same number of steps.
struct StepRate: Sendable {
    /// Steps per second of each block.
    let rates: [Double]
    /// CPU cores that this process used.
    let coresUsed: Double
    /// CPU cores that everything else on the machine used.
    let otherCores: Double

    var median: Double { rates.median }

    /// Samples with the chains shared out evenly among threads, first to warm up, then in timed blocks.
    ///
    /// - Parameters:
    ///   - seconds: The time of all blocks, about; a block has at least one step of every chain.
    ///   - blockCount: The number of blocks.
    init<Scalar: Real>(
        of loss: ModelLoss<Scalar>, posterior: LocalPosterior<Scalar>, settings: SamplingSettings,
        threadCount: Int, seconds: Double, blockCount: Int
    ) async throws {
        let chainCount = settings.chainCount
        // The differences are recorded, not looked at, so any losses of the center do.
        let centerLosses = [Double](repeating: 0, count: loss.exampleCount)
        let workers = try (0..<threadCount).map { thread in
            try ChainWorker(
                loss: loss, posterior: posterior, settings: settings, centerLosses: centerLosses,
                chains: Array(stride(from: thread, to: chainCount, by: threadCount)))
        }
        func block(_ draws: Int) async throws -> MachineUse {
            try await MachineUse.during { try await concurrently(workers) { try await $0.advance(by: draws) } }
        }
        let target = seconds / Double(blockCount)
        var draws = 1
        var wall = try await block(draws).wall
        while wall < target / 4 {
            draws *= 2
            wall = try await block(draws).wall
        }
        draws = max(1, Int((target * Double(draws) / wall).rounded(.up)))
        var total = MachineUse()
        var rates: [Double] = []
        for _ in 0..<blockCount {
            let use = try await block(draws)
            rates.append(Double(draws * chainCount) / use.wall)
            total = total + use
        }
        self.rates = rates
        coresUsed = total.own / total.wall
        otherCores = total.others / total.wall
    }
}

import Graphs
import Sampling
import Tensors

/// One of the workers that share the chains of a workload, as in a measurement: its own evaluator, chains in turn.
actor ChainWorker<Scalar: Real> {
    private let evaluator: ModelEvaluator<Scalar>
    private let posterior: LocalPosterior<Scalar>
    private let settings: SamplingSettings
    private let centerLosses: [Double]
    private var chains: [Chain<Scalar>]

    /// Creates a worker for chains of the given indices.
    init(
        loss: ModelLoss<Scalar>, posterior: LocalPosterior<Scalar>, settings: SamplingSettings,
        centerLosses: [Double], chains: [Int]
    ) throws {
        evaluator = try loss.makeEvaluator(capacity: settings.batchSize)
        self.posterior = posterior
        self.settings = settings
        self.centerLosses = centerLosses
        self.chains = chains.map {
            Chain(chain: $0, posterior: posterior, settings: settings, trainingStep: 0)
        }
    }

    /// Makes `draws` more draws in every chain.
    func advance(by draws: Int) throws {
        for index in chains.indices {
            try chains[index].advance(
                to: chains[index].trace.drawCount + draws, evaluator: evaluator, centerLosses: centerLosses,
                posterior: posterior, settings: settings, trainingStep: 0)
            guard chains[index].trace.outcome == .completed else {
                throw BenchmarkError("chain \(chains[index].trace.chain) diverged")
            }
        }
    }

    /// What the chains recorded.
    var traces: [ChainTrace] { chains.map(\.trace) }
}

/// A benchmark that cannot be taken, in words.
struct BenchmarkError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Calls `body` for all items at once and waits for all of them.
func concurrently<Item: Sendable>(
    _ items: [Item], _ body: @escaping @Sendable (Item) async throws -> Void
) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for item in items { group.addTask { try await body(item) } }
        try await group.waitForAll()
    }
}

extension [Double] {
    /// The middle value, or the mean of the two; the array must not be empty.
    var median: Double {
        let sorted = self.sorted()
        return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
    }
}

import Graphs
import Runs
import Sampling
import Tensors

/// A checkpoint as its chains need it: w\* and the loss of every training example there.
struct Center<Scalar: Real>: Sendable {
    let position: [Scalar]
    /// Axes `[example]`, by index into the training examples.
    let losses: [Double]
}

/// Prepares each checkpoint once for all of its chains, and keeps the few that are being worked on.
actor CenterCache<Scalar: Real> {
    nonisolated let model: LoadedModel
    nonisolated let loss: ModelLoss<Scalar>
    private let series: CheckpointSeries
    private var tasks: [(index: Int, task: Task<Center<Scalar>, any Error>)] = []
    /// Units are started in order of checkpoints, so only the latest few are asked for again.
    private let limit: Int

    init(series: CheckpointSeries, model: LoadedModel, jobs: Int) throws {
        self.series = series
        self.model = model
        self.loss = try model.loss(as: Scalar.self)
        limit = jobs + 1
    }

    /// The checkpoint at `index` of the series.
    func center(at index: Int) async throws -> Center<Scalar> {
        if let known = tasks.first(where: { $0.index == index }) { return try await known.task.value }
        let task = Task { [series, model, loss] in
            let position = try model.center(of: series.read(at: index), as: Scalar.self)
            let evaluator = try loss.makeEvaluator(capacity: fullLossChunk)
            let losses = evaluator.fullLoss(
                at: position, examples: 0..<loss.exampleCount, chunkSize: fullLossChunk
            ).exampleLosses
            return Center(position: position, losses: losses)
        }
        tasks.append((index, task))
        if tasks.count > limit { tasks.removeFirst() }
        return try await task.value
    }
}

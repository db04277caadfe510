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

/// Reads each checkpoint once for all that is sampled at it, prepares it once for all of its chains, and keeps the few
/// that are being worked on.
actor CenterCache<Scalar: Real> {
    nonisolated let targets: [SamplingTarget]
    /// The loss of each target.
    nonisolated let losses: [ModelLoss<Scalar>]
    private let series: CheckpointSeries
    private var positions: [(index: Int, task: Task<[Scalar], any Error>)] = []
    private var tasks: [(index: Int, target: Int, task: Task<Center<Scalar>, any Error>)] = []
    /// Units are started in order of checkpoints, so only the latest few are asked for again.
    private let limit: Int

    init(series: CheckpointSeries, targets: [SamplingTarget], jobs: Int) throws {
        self.series = series
        self.targets = targets
        self.losses = try targets.map { try $0.model.loss(as: Scalar.self) }
        limit = jobs + 1
    }

    /// The checkpoint at `index` of the series, with the losses of a target's examples.
    ///
    /// - Parameter weightsDigest: Of the weights that were surveyed; nil takes those that are there.
    /// - Throws: `Failure` of kind `temporary` where the checkpoint holds others now.
    func center(at index: Int, target: Int, weightsDigest: String? = nil) async throws -> Center<Scalar> {
        if let known = tasks.first(where: { $0.index == index && $0.target == target }) {
            return try await known.task.value
        }
        let task = Task { [loss = losses[target], reading = position(at: index, weightsDigest: weightsDigest)] in
            let position = try await reading.value
            let evaluator = try loss.makeEvaluator(capacity: fullLossChunk)
            let losses = evaluator.fullLoss(
                at: position, examples: 0..<loss.exampleCount, chunkSize: fullLossChunk
            ).exampleLosses
            return Center(position: position, losses: losses)
        }
        tasks.append((index, target, task))
        if tasks.count > limit { tasks.removeFirst() }
        return try await task.value
    }

    /// w\* at a checkpoint; restrictions leave it as it is.
    private func position(at index: Int, weightsDigest: String?) -> Task<[Scalar], any Error> {
        if let known = positions.first(where: { $0.index == index }) { return known.task }
        let task = Task { [series, model = targets[0].model] in
            let checkpoint = try series.read(at: index)
            guard weightsDigest == nil || checkpoint.digest == weightsDigest else {
                throw Failure(
                    .temporary,
                    "\(series.references[index].file): expected the weights of step \(checkpoint.step) as they were read "
                        + "before, found others: the checkpoint was written anew while it was measured. Run again once "
                        + "the trainer is done with it")
            }
            return try model.center(of: checkpoint, as: Scalar.self)
        }
        positions.append((index, task))
        if positions.count > limit { positions.removeFirst() }
        return task
    }
}

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
    private var readings: [(index: Int, task: Task<Weights, any Error>)] = []
    private var digests: [Int: String] = [:]
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
        let task = Task { [series, loss = losses[target], reading = reading(of: index)] in
            let weights = try await reading.value
            guard weightsDigest == nil || weights.digest == weightsDigest else {
                let reference = series.references[index]
                throw Failure(
                    .temporary,
                    "\(reference.file): expected the weights of step \(reference.step) as they were read before, found "
                        + "others: the checkpoint was written anew while it was measured. Run again once the trainer is "
                        + "done with it")
            }
            let evaluator = try loss.makeEvaluator(capacity: fullLossChunk)
            let losses = evaluator.fullLoss(
                at: weights.position, examples: 0..<loss.exampleCount, chunkSize: fullLossChunk
            ).exampleLosses
            return Center(position: weights.position, losses: losses)
        }
        tasks.append((index, target, task))
        if tasks.count > limit { tasks.removeFirst() }
        return try await task.value
    }

    /// The digest of the weights of the checkpoint at `index` of the series; kept, as it is asked for again for each chain.
    func digest(at index: Int) async throws -> String {
        if let known = digests[index] { return known }
        let digest = try await reading(of: index).value.digest
        digests[index] = digest
        return digest
    }

    /// What is read of a checkpoint.
    private struct Weights {
        let digest: String
        /// w\*; restrictions leave it as it is.
        let position: [Scalar]
    }

    /// The reading of a checkpoint, begun by whoever asks first.
    private func reading(of index: Int) -> Task<Weights, any Error> {
        if let known = readings.first(where: { $0.index == index }) { return known.task }
        let task = Task { [series, model = targets[0].model] in
            let checkpoint = try series.read(at: index)
            return Weights(digest: checkpoint.digest, position: try model.center(of: checkpoint, as: Scalar.self))
        }
        readings.append((index, task))
        if readings.count > limit { readings.removeFirst() }
        return task
    }
}

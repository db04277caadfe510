import Graphs
import HDF5
import Sampling
import Tensors

/// One chain at one checkpoint: the unit of sampling work.
struct ChainUnit: Sendable {
    /// The checkpoint's place in the series.
    let index: Int
    /// The place of what is sampled among the targets.
    let target: Int
    let step: Int
    let chain: Int
    /// The draws it is to have, burn-in included.
    let drawCount: Int
    let key: String
    /// Of the weights that `key` stands for.
    let weightsDigest: String
    /// Whether a stored chain of other weights is replaced; else it is an error.
    let replacesOther: Bool

    /// Between two looks at the store, the cancellation and the progress; short enough for a prompt answer.
    private static let drawsAtOnce = 64
    /// A long chain is stored from time to time, so that a killed process loses little of it.
    private static let savingInterval = Duration.seconds(300)

    /// Continues the stored chain, or starts it, until it has all draws; what was done is stored even when cancelled.
    func run<Scalar: Real>(
        sampling: SamplingSettings, centers: CenterCache<Scalar>, store: MeasurementStore, counter: ProgressCounter
    ) async throws -> StoredUnit<ChainTrace> {
        let target = centers.targets[target]
        let path = store.chainPath(step: step, restriction: target.key, chain: chain)
        let total = drawCount
        var stored = try readingUnit(path) { () throws(HDF5Error) in try Chain<Scalar>.read(path) }
        if let other = stored, other.key != key {
            stored = nil
            guard replacesOther else {
                throw store.otherWeights(path, step: step)
            }
        }
        if let stored, stored.value.trace.drawCount >= total || stored.value.trace.outcome != .completed {
            await counter.add(draws: total, units: 1)
            return StoredUnit(
                key: key, processor: stored.processor, value: stored.value.trace.prefix(total, settings: sampling))
        }
        let center = try await centers.center(at: index, target: self.target, weightsDigest: weightsDigest)
        if let state = stored?.value.state, !state.isOf(parameterCount: center.position.count) {
            throw Failure(
                .malformed,
                "\(path): holds a state of \(state.position.count) parameters, and the model has \(center.position.count). "
                    + "Remove it and run again: it is then measured anew")
        }
        let posterior = LocalPosterior(
            center: center.position, nBeta: sampling.nBeta, localization: sampling.localization,
            subset: target.model.subset)
        var chain =
            stored?.value ?? Chain(chain: chain, posterior: posterior, settings: sampling, trainingStep: step)
        await counter.add(draws: chain.trace.drawCount)
        let evaluator = try centers.losses[self.target].makeEvaluator(capacity: sampling.batchSize)
        var saved = ContinuousClock.now
        func save() throws {
            try store.prepare()
            try chain.write(to: path, step: step, key: key, processor: Processor.description)
            saved = .now
        }
        do {
            while chain.trace.drawCount < total, chain.trace.outcome == .completed {
                let before = chain.trace.drawCount
                try chain.advance(
                    to: min(before + Self.drawsAtOnce, total), evaluator: evaluator, centerLosses: center.losses,
                    posterior: posterior, settings: sampling, trainingStep: step)
                await counter.add(draws: chain.trace.drawCount - before)
                if ContinuousClock.now - saved > Self.savingInterval { try save() }
                await Task.yield()
            }
        } catch is CancellationError {
            try save()
            throw CancellationError()
        }
        try save()
        await counter.add(draws: total - chain.trace.drawCount, units: 1)
        return StoredUnit(key: key, processor: Processor.description, value: chain.trace)
    }
}

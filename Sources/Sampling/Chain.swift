public import Tensors

/// One chain that started at a checkpoint: what it recorded and where it stands.
///
/// The unit of sampling work and of storage. A chain that was stored and is continued gives the same bytes as one
/// that was never interrupted, because a step's random numbers depend on (seed, training step, chain, step) alone.
public struct Chain<Scalar: Real>: Sendable, Codable, Equatable {
    /// What was recorded; its last entry belongs to the position before the last draw's steps.
    public private(set) var trace: ChainTrace
    /// The sampler's state after the last step; without meaning once diverged.
    public private(set) var state: SamplerState<Scalar>
    /// What was observed of the posterior after burn-in; nil where nothing was asked for.
    public private(set) var observations: ChainObservations<Scalar>?

    /// Starts a chain at the posterior's center.
    public init(chain: Int, posterior: LocalPosterior<Scalar>, settings: SamplingSettings, trainingStep: Int) {
        let randomness = SamplerRandomness(seed: settings.seed, trainingStep: trainingStep, chain: chain)
        trace = ChainTrace(chain: chain)
        state = settings.sampler(ofChain: chain).start(
            at: posterior.center, posterior: posterior, randomness: randomness)
        observations = ChainObservations(settings.observations, dimension: posterior.subset.count)
    }

    /// Restores a stored chain.
    public init(trace: ChainTrace, state: SamplerState<Scalar>, observations: ChainObservations<Scalar>?) {
        self.trace = trace
        self.state = state
        self.observations = observations
    }

    /// Samples until the trace has `drawCount` draws, burn-in included; does nothing if it has them or has diverged.
    ///
    /// A loss, gradient or position that is not finite ends the chain as `diverged`, with the trace ending before it.
    ///
    /// - Parameters:
    ///   - drawCount: The number of draws the trace is to have in all.
    ///   - evaluator: This task's evaluator, with room for a minibatch.
    ///   - centerLosses: The loss of every example at w\*, by example index, computed once per checkpoint; they pair
    ///     each minibatch with itself at the center. Axes `[example]`.
    ///   - posterior: What is sampled; `settings` is read for the rest.
    ///   - settings: Sampler, step size, minibatches and seed.
    ///   - trainingStep: The checkpoint's step; with seed and chain it keys the random numbers.
    ///   - onDraw: Called after each draw with the number of draws the trace then has.
    /// - Throws: `CancellationError` when the task is cancelled, checked before every draw. The chain then holds all
    ///   that was done and can be advanced again.
    public mutating func advance(
        to drawCount: Int, evaluator: some LossEvaluator<Scalar>, centerLosses: [Double],
        posterior: LocalPosterior<Scalar>, settings: SamplingSettings, trainingStep: Int,
        onDraw: (Int) -> Void = { _ in }
    ) throws {
        precondition(state.position.count == posterior.center.count, "the chain belongs to this posterior")
        guard trace.outcome == .completed else { return }
        if trace.centerLoss == nil { trace.centerLoss = centerLosses.mean }
        let sampler = settings.sampler(ofChain: trace.chain)
        let randomness = SamplerRandomness(seed: settings.seed, trainingStep: trainingStep, chain: trace.chain)
        let stream = RandomStream(
            seed: settings.seed, trainingStep: trainingStep, chain: trace.chain, purpose: .minibatches)
        var minibatches = Minibatches(
            exampleCount: centerLosses.count, batchSize: settings.batchSize, scheme: settings.minibatches,
            stream: stream)
        var minibatch = MinibatchEvaluation(evaluator: evaluator, centerLosses: centerLosses, settings: settings)

        for draw in trace.drawCount..<max(drawCount, trace.drawCount) {
            try Task.checkCancellation()
            let observed = try observe(draw, evaluator: evaluator, centerLosses: centerLosses, posterior, settings)
            for repetition in 0..<settings.stepsPerDraw {
                let step = draw * settings.stepsPerDraw + repetition
                minibatches.indices(ofDraw: step, into: &minibatch.examples)
                let (loss, difference) = minibatch.evaluate(at: state.position)
                let isRecorded = repetition == 0
                let isChecked =
                    isRecorded && !settings.method.isExact && settings.acceptanceInterval > 0
                    && draw.isMultiple(of: settings.acceptanceInterval)
                let before = isChecked ? state.position : []
                let info = sampler.step(
                    &state, loss: loss, gradient: minibatch.gradient, posterior: posterior, randomness: randomness,
                    step: step, evaluate: { minibatch.evaluate(at: $0, gradient: &$1) })
                guard observed?.isFinite ?? true, loss.isFinite, difference.isFinite, info.areFinite else {
                    trace.outcome = .diverged(atDraw: trace.drawCount)
                    let observationCount = placesBefore(trace.drawCount, every: settings.observations.interval)
                    trace.fullLossDifferences = Array(trace.fullLossDifferences.prefix(observationCount))
                    return
                }
                guard isRecorded else { continue }
                trace.losses.append(loss)
                trace.lossDifferences.append(difference)
                trace.driftProducts.append(info.driftProduct)
                trace.squaredDrifts.append(info.squaredDrift)
                trace.squaredDistances.append(info.squaredDistance)
                if let acceptance = info.acceptance { trace.acceptances.append(acceptance) }
                if isChecked {
                    trace.acceptances.append(
                        minibatch.acceptance(
                            from: before, loss: loss, to: state.position, posterior: posterior,
                            stepSize: settings.stepSize(ofChain: trace.chain)))
                }
            }
            onDraw(trace.drawCount)
        }
    }

    /// The mean over all examples of ℓ(w_t) − ℓ(w\*), where the draw is one at which it was asked for; nil elsewhere.
    private mutating func observe(
        _ draw: Int, evaluator: some LossEvaluator<Scalar>, centerLosses: [Double], _ posterior: LocalPosterior<Scalar>,
        _ settings: SamplingSettings
    ) throws(LinearAlgebraError) -> Double? {
        let interval = settings.observations.interval
        guard interval > 0, draw.isMultiple(of: interval) else { return nil }
        let losses = evaluator.fullLoss(
            at: state.position, examples: centerLosses.indices, chunkSize: settings.batchSize
        ).exampleLosses
        let differences = zip(losses, centerLosses).map { $0 - $1 }
        let mean = differences.mean
        trace.fullLossDifferences.append(mean)
        if mean.isFinite, draw >= settings.burnInCount {
            try observations?.add(
                losses: losses, differences: differences, position: state.position, posterior: posterior)
        }
        return mean
    }
}

extension SamplingSettings {
    /// The sampler of one chain.
    func sampler(ofChain chain: Int) -> any Sampler {
        method.sampler(stepSize: stepSize(ofChain: chain), adaptationCount: adaptationCount)
    }
}

/// A chain's evaluations on the minibatch of its present step, with the buffers they use.
private struct MinibatchEvaluation<Evaluator: LossEvaluator> {
    typealias Scalar = Evaluator.Scalar
    private let evaluator: Evaluator
    private let centerLosses: [Double]
    /// The minibatch.
    var examples: [Int] = []
    /// ∇L_B at the position that was evaluated last.
    private(set) var gradient: [Scalar] = []
    private var losses: [Double]
    private var otherGradient: [Scalar] = []

    init(evaluator: Evaluator, centerLosses: [Double], settings: SamplingSettings) {
        self.evaluator = evaluator
        self.centerLosses = centerLosses
        losses = [Double](repeating: 0, count: settings.batchSize)
    }

    /// L_B(w) and L_B(w) − L_B(w\*).
    mutating func evaluate(at position: [Scalar]) -> (loss: Double, difference: Double) {
        if gradient.isEmpty { gradient = [Scalar](repeating: 0, count: position.count) }
        evaluator.lossesAndGradient(at: position, examples: examples, losses: &losses, gradient: &gradient)
        var loss = 0.0
        var difference = 0.0
        for (example, value) in zip(examples, losses) {
            loss += value
            difference += value - centerLosses[example]
        }
        return (loss / Double(examples.count), difference / Double(examples.count))
    }

    /// L_B at another position, with its gradient.
    func evaluate(at position: [Scalar], gradient: inout [Scalar]) -> Double {
        var losses = [Double](repeating: 0, count: examples.count)
        evaluator.lossesAndGradient(at: position, examples: examples, losses: &losses, gradient: &gradient)
        return losses.prefix(examples.count).reduce(0, +) / Double(examples.count)
    }

    /// The probability with which a Metropolis step would accept the move, both ends on this minibatch.
    mutating func acceptance(
        from before: [Scalar], loss: Double, to after: [Scalar], posterior: LocalPosterior<Scalar>, stepSize: Double
    ) -> Double {
        if otherGradient.isEmpty { otherGradient = [Scalar](repeating: 0, count: after.count) }
        let lossAfter = evaluate(at: after, gradient: &otherGradient)
        return Acceptance.probability(
            from: (before, gradient, loss), to: (after, otherGradient, lossAfter), posterior: posterior,
            stepSize: stepSize)
    }
}

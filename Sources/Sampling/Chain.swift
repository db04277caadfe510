public import Tensors

/// One SGLD chain that started at a checkpoint: what it recorded and where it stands.
///
/// The unit of sampling work and of storage. A chain that was stored and is continued gives the same bytes as one
/// that was never interrupted, because draw t's noise and minibatch depend on (seed, training step, chain, t) alone.
public struct Chain<Scalar: Real>: Sendable, Codable, Equatable {
    /// What was recorded; its last entry belongs to the position before the last step.
    public private(set) var trace: ChainTrace
    /// The whole flat vector after the last step: w_t with t = `trace.drawCount`; without meaning once diverged.
    public private(set) var position: [Scalar]

    /// Starts a chain at the posterior's center.
    public init(chain: Int, posterior: LocalPosterior<Scalar>) {
        self.init(trace: ChainTrace(chain: chain), position: posterior.center)
    }

    /// Restores a stored chain.
    public init(trace: ChainTrace, position: [Scalar]) {
        self.trace = trace
        self.position = position
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
    ///   - settings: Step size, minibatches and seed.
    ///   - trainingStep: The checkpoint's step; with seed and chain it keys the random numbers.
    ///   - onDraw: Called after each draw with the number of draws the trace then has.
    /// - Throws: `CancellationError` when the task is cancelled, checked before every draw. The chain then holds all
    ///   that was done and can be advanced again.
    public mutating func advance(
        to drawCount: Int, evaluator: some LossEvaluator<Scalar>, centerLosses: [Double],
        posterior: LocalPosterior<Scalar>, settings: SamplingSettings, trainingStep: Int,
        onDraw: (Int) -> Void = { _ in }
    ) throws {
        precondition(position.count == posterior.center.count, "the chain belongs to this posterior")
        guard trace.outcome == .completed else { return }
        func stream(_ purpose: RandomStream.Purpose) -> RandomStream {
            RandomStream(seed: settings.seed, trainingStep: trainingStep, chain: trace.chain, purpose: purpose)
        }
        let noise = stream(.noise)
        let sampler = SGLD(stepSize: settings.stepSize)
        var minibatches = Minibatches(
            exampleCount: centerLosses.count, batchSize: settings.batchSize, scheme: settings.minibatches,
            stream: stream(.minibatches))
        var examples: [Int] = []
        var losses = [Double](repeating: 0, count: settings.batchSize)
        var gradient = [Scalar](repeating: 0, count: position.count)

        for draw in trace.drawCount..<max(drawCount, trace.drawCount) {
            try Task.checkCancellation()
            minibatches.indices(ofDraw: draw, into: &examples)
            evaluator.lossesAndGradient(at: position, examples: examples, losses: &losses, gradient: &gradient)
            var loss = 0.0
            var difference = 0.0
            for (example, value) in zip(examples, losses) {
                loss += value
                difference += value - centerLosses[example]
            }
            loss /= Double(examples.count)
            difference /= Double(examples.count)
            let sums = sampler.step(&position, gradient: gradient, posterior: posterior, noise: noise, draw: draw)
            guard loss.isFinite && difference.isFinite && sums.areFinite else {
                trace.outcome = .diverged(atDraw: draw)
                return
            }
            trace.losses.append(loss)
            trace.lossDifferences.append(difference)
            trace.driftProducts.append(sums.driftProduct)
            trace.squaredDrifts.append(sums.squaredDrift)
            trace.squaredDistances.append(sums.squaredDistance)
            onDraw(trace.drawCount)
        }
    }
}

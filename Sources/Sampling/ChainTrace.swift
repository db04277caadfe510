/// What one chain recorded, draw by draw, burn-in included.
///
/// Entry t belongs to the position w_t *before* its step, with the minibatch B_t of that step; w_0 is the
/// center w\*. So every entry pairs a position with the gradient that was used to leave it. A trace that another program
/// recorded has losses alone.
public struct ChainTrace: Sendable, Codable, Equatable {
    /// How a chain ended. A diverged chain is data: it is reported and takes no part in any estimate.
    public enum Outcome: Sendable, Codable, Equatable {
        /// All draws were made.
        case completed
        /// The loss or the position stopped being finite at this draw; the trace ends before it.
        case diverged(atDraw: Int)
    }

    /// The chain's index; with seed and training step it keys the random numbers.
    public let chain: Int
    /// Lₙ(w\*) over all examples; nil before the first draw.
    public var centerLoss: Double?
    /// L_B(w_t), the mean loss of the minibatch. Axes `[draw]`.
    public var losses: [Double] = []
    /// L_B(w_t) − L_B(w\*) over the same minibatch: the paired difference. Axes `[draw]`.
    public var lossDifferences: [Double] = []
    /// δ·g with δ = w_t − w\* and g = nβ·∇L_B(w_t) + γδ. Axes `[draw]`.
    public var driftProducts: [Double] = []
    /// gᵀGg with G the preconditioner, |g|² without one. Axes `[draw]`.
    public var squaredDrifts: [Double] = []
    /// |δ|². Axes `[draw]`.
    public var squaredDistances: [Double] = []
    /// The probability with which a Metropolis step would accept, or did, the draw's step, with both ends on its
    /// minibatch: at every `acceptanceInterval`-th draw from draw 0, at every draw of an exact sampler. Axes `[check]`.
    public var acceptances: [Double] = []
    /// Lₙ(w_t) − Lₙ(w\*) over all examples, at every k-th draw from draw 0 where it was asked for. Axes `[observation]`.
    public var fullLossDifferences: [Double] = []
    /// How the chain ended.
    public var outcome: Outcome = .completed

    /// The draws from one acceptance to the next, where it takes an evaluation of its own: 3 % of the chain's cost.
    public static let acceptanceInterval = 32

    /// Creates an empty trace.
    public init(chain: Int) { self.chain = chain }

    /// The number of draws recorded.
    public var drawCount: Int { losses.count }

    /// The first `count` draws, as a shorter chain would have recorded them.
    ///
    /// - Parameter settings: What the chain was run with.
    public func prefix(_ count: Int, settings: SamplingSettings) -> ChainTrace {
        guard count <= drawCount else { return self }
        var shorter = self
        shorter.losses = Array(losses.prefix(count))
        shorter.lossDifferences = Array(lossDifferences.prefix(count))
        shorter.driftProducts = Array(driftProducts.prefix(count))
        shorter.squaredDrifts = Array(squaredDrifts.prefix(count))
        shorter.squaredDistances = Array(squaredDistances.prefix(count))
        shorter.acceptances = Array(acceptances.prefix(placesBefore(count, every: settings.acceptanceInterval)))
        shorter.fullLossDifferences = Array(
            fullLossDifferences.prefix(placesBefore(count, every: settings.observations.interval)))
        if case .diverged(let draw) = outcome, draw >= count { shorter.outcome = .completed }
        return shorter
    }
}

/// How many of the draws 0, k, 2k, … lie before draw `count`; none for k = 0.
package func placesBefore(_ count: Int, every interval: Int) -> Int {
    interval > 0 ? (count + interval - 1) / interval : 0
}

extension SamplingSettings {
    /// The draws from one recorded acceptance to the next; 0 where none is recorded.
    public var acceptanceInterval: Int {
        switch method {
        case .sgld: ChainTrace.acceptanceInterval
        case .mala, .hmc: 1
        case .rmspropSGLD, .adaptiveRMSpropSGLD, .sgnht: 0
        }
    }

    /// The steps for which the sampler may adapt: the first half of burn-in, so that the second lets chains settle.
    var adaptationCount: Int { burnInCount * stepsPerDraw / 2 }
}

/// What one chain recorded, draw by draw, burn-in included.
///
/// Entry t belongs to the position w_t *before* step t, with the minibatch B_t of that step; w_0 is the
/// center w\*. So every entry pairs a position with the gradient that was used to leave it.
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
    /// L_B(w_t), the mean loss of the minibatch. Axes `[draw]`.
    public var losses: [Double] = []
    /// L_B(w_t) − L_B(w\*) over the same minibatch: the paired difference. Axes `[draw]`.
    public var lossDifferences: [Double] = []
    /// δ·g with δ = w_t − w\* and g = nβ·∇L_B(w_t) + γδ. Axes `[draw]`.
    public var driftProducts: [Double] = []
    /// |g|². Axes `[draw]`.
    public var squaredDrifts: [Double] = []
    /// |δ|². Axes `[draw]`.
    public var squaredDistances: [Double] = []
    /// How the chain ended.
    public var outcome: Outcome = .completed

    /// Creates an empty trace.
    public init(chain: Int) { self.chain = chain }

    /// The number of draws recorded.
    public var drawCount: Int { losses.count }
}

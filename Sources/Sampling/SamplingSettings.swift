/// All that decides a chain's numbers, apart from the loss and the checkpoint; resolved, with nothing left to default.
///
/// Stored in every output and compared field by field before stored work is reused.
public struct SamplingSettings: Sendable, Codable, Equatable {
    /// How minibatches are drawn. The scheme moves λ̂, so it is stored and printed.
    public enum Minibatches: String, Sendable, Codable, CaseIterable {
        /// Independent draws with replacement.
        case iid
        /// Shuffled passes over the examples, a short last batch left out.
        case epochs
    }

    /// The precision of parameters and gradients.
    public enum Precision: String, Sendable, Codable, CaseIterable {
        case float, double
    }

    /// The number of chains per checkpoint.
    public var chainCount: Int
    /// Draws per chain that count, after burn-in.
    public var drawCount: Int
    /// Draws per chain before those.
    public var burnInCount: Int
    /// Examples per minibatch.
    public var batchSize: Int
    /// How minibatches are drawn.
    public var minibatches: Minibatches
    /// ε.
    public var stepSize: Double
    /// nβ.
    public var nBeta: Double
    /// γ.
    public var localization: Double
    /// The seed of all random numbers.
    public var seed: UInt64
    /// The precision of parameters and gradients.
    public var precision: Precision

    /// Creates settings.
    public init(
        chainCount: Int, drawCount: Int, burnInCount: Int, batchSize: Int, minibatches: Minibatches,
        stepSize: Double, nBeta: Double, localization: Double, seed: UInt64, precision: Precision
    ) {
        self.chainCount = chainCount
        self.drawCount = drawCount
        self.burnInCount = burnInCount
        self.batchSize = batchSize
        self.minibatches = minibatches
        self.stepSize = stepSize
        self.nBeta = nBeta
        self.localization = localization
        self.seed = seed
        self.precision = precision
    }
}

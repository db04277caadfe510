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

    /// The sampler.
    public var method: SamplingMethod = .sgld
    /// The number of chains per checkpoint.
    public var chainCount: Int
    /// Draws per chain that count, after burn-in.
    public var drawCount: Int
    /// Draws per chain before those.
    public var burnInCount: Int
    /// Steps of the sampler from one draw to the next.
    public var stepsPerDraw = 1
    /// Examples per minibatch.
    public var batchSize: Int
    /// How minibatches are drawn.
    public var minibatches: Minibatches
    /// ε.
    public var stepSize: Double
    /// Whether every second chain takes steps of ε/2, so that the bias of the step can be extrapolated away.
    public var extrapolates = false
    /// nβ.
    public var nBeta: Double
    /// γ.
    public var localization: Double
    /// The seed of all random numbers.
    public var seed: UInt64
    /// The precision of parameters and gradients.
    public var precision: Precision
    /// What is recorded beside the minibatches' losses.
    public var observations = Observations()
    /// The standard error of λ̂ at which chains are long enough; nil: all chains have `drawCount` draws.
    public var targetError: Double?
    /// The most draws that a chain is lengthened to for `targetError`.
    public var drawLimit = 0

    /// What is recorded of the posterior at every k-th draw; it costs an evaluation of all examples each time.
    public struct Observations: Sendable, Codable, Equatable {
        /// k; 0: nothing is recorded.
        public var interval = 0
        /// The number of examples, the first ones, whose losses are kept draw by draw.
        public var tracedExampleCount = 0
        /// The number of leading eigenvalues of the posterior covariance that are kept.
        public var covarianceRank = 0

        /// Records nothing.
        public init() {}
    }

    /// Creates settings of SGLD that record the minibatches' losses alone.
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

    /// ε of one chain.
    public func stepSize(ofChain chain: Int) -> Double {
        extrapolates && !chain.isMultiple(of: 2) ? stepSize / 2 : stepSize
    }

    /// The draws of a chain at first, burn-in included.
    public var totalDrawCount: Int { burnInCount + drawCount }
}

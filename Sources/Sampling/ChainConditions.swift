/// What an estimate must know of how its chains were run.
public struct ChainConditions: Sendable, Equatable {
    /// nβ of the posterior that was sampled.
    public var nBeta: Double
    /// Draws left out at each chain's start.
    public var burnInCount: Int
    /// The sampler; nil where another program sampled.
    public var method: SamplingMethod?
    /// γ; nil where it is not known.
    public var localization: Double?
    /// d, the number of sampled coordinates; nil where it is not known.
    public var dimension: Int?
    /// ε; nil where it is not known.
    public var stepSize: Double?
    /// Whether every second chain took steps of ε/2.
    public var extrapolates = false
    /// Draws from one recorded acceptance to the next; 0: none recorded.
    public var acceptanceInterval = 0
    /// Draws from one recorded loss over all examples to the next; 0: none recorded.
    public var fullLossInterval = 0

    /// Of chains that another program ran: losses alone.
    public init(nBeta: Double, burnInCount: Int, stepSize: Double? = nil, localization: Double? = nil) {
        self.nBeta = nBeta
        self.burnInCount = burnInCount
        self.stepSize = stepSize
        self.localization = localization
    }

    /// Of chains that were run with some settings on d coordinates.
    public init(_ settings: SamplingSettings, dimension: Int) {
        self.init(
            nBeta: settings.nBeta, burnInCount: settings.burnInCount, stepSize: settings.stepSize,
            localization: settings.localization)
        method = settings.method
        self.dimension = dimension
        extrapolates = settings.extrapolates
        acceptanceInterval = settings.acceptanceInterval
        fullLossInterval = settings.observations.interval
    }

    /// ε of one chain.
    func stepSize(ofChain chain: Int) -> Double? {
        stepSize.map { extrapolates && !chain.isMultiple(of: 2) ? $0 / 2 : $0 }
    }

    /// The factor of E[gᵀGg] in the stationary identity E[δ·g] = d + factor·E[gᵀGg]; nil where no identity holds exactly.
    func identityFactor(ofChain chain: Int) -> Double? {
        switch method {
        case .sgld, .rmspropSGLD, .adaptiveRMSpropSGLD: stepSize(ofChain: chain).map { $0 / 4 }
        case .mala, .hmc, .sgnht: 0
        case nil: nil
        }
    }
}

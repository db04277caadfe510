import Foundation

/// What an estimate must know of how its chains were run.
public struct ChainConditions: Sendable, Equatable {
    /// nβ of the posterior that was sampled.
    public var nBeta: Double
    /// Draws left out at each chain's start.
    public var burnInCount: Int
    /// Steps of the sampler before the draws that count.
    public var burnInStepCount = 0
    /// Steps of the sampler from one draw to the next.
    public var stepsPerDraw = 1
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
        burnInStepCount = settings.burnInCount * settings.stepsPerDraw
        stepsPerDraw = settings.stepsPerDraw
        extrapolates = settings.extrapolates
        acceptanceInterval = settings.acceptanceInterval
        fullLossInterval = settings.observations.interval
    }

    /// ε of one chain.
    func stepSize(ofChain chain: Int) -> Double? {
        stepSize.map { extrapolates && !chain.isMultiple(of: 2) ? $0 / 2 : $0 }
    }

    /// How much of γ|δ|² is missing, on average over the draws, in a direction in which the loss is flat, as a share of what it
    /// comes to in the end; 1 where nothing is known of it.
    ///
    /// There a chain that starts at the center is autoregressive: its variance approaches 1/γ as 1 − e^(−κt), κ = εγ a step
    /// of SGLD; less by the proposals that are rejected for MALA, and with the square of the shortest trajectory's length for
    /// HMC, up to where it comes back. Where the loss curves the chain settles sooner. A preconditioner is not recorded.
    ///
    /// - Parameter acceptance: The mean share of accepted proposals, for samplers that have them.
    func unsettledShare(ofChain chain: Int, drawCount: Int, acceptance: Double?) -> Double {
        guard let stepSize = stepSize(ofChain: chain), let localization, drawCount > 0 else { return 1 }
        let rate: Double
        switch method {
        case .sgld: rate = stepSize * localization
        case .mala: rate = (acceptance ?? 0) * stepSize * localization
        case .hmc:
            let length = Double(HamiltonianMonteCarlo.usualLeapfrogCount / 2)
            rate = (acceptance ?? 0) * min(0.5, length * length * stepSize * localization)
        case .rmspropSGLD, .adaptiveRMSpropSGLD, .sgnht, nil: return 1
        }
        guard rate > 0 else { return 1 }
        let length = rate * Double(drawCount * stepsPerDraw)
        return exp(-rate * Double(burnInStepCount)) * -expm1(-length) / length
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

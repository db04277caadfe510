/// λ̂ at one checkpoint with its error and the evidence for and against it.
///
/// λ̂ = nβ·(mean over chains and draws of L_B(w) − L_B(w\*)), burn-in excluded. Every number that cannot
/// be computed is nil, never NaN. Diverged chains take no part and are listed.
public struct LLCEstimate: Sendable, Codable, Equatable {
    /// λ̂, dimensionless; nil when no chain completed. Negative values are reported, not clamped.
    public var value: Double?
    /// MCSE of λ̂: posterior standard deviation over √ESS of the mean; of adjusted draws, with what directions that have not
    /// settled may have added to their mean, in quadrature.
    public var standardError: Double?
    /// Rank-normalised split R-hat; nil with fewer than two chains.
    public var rHat: Double?
    /// Effective sample size of the bulk.
    public var bulkESS: Double?
    /// Effective sample size of the tails, quantiles 0.05 and 0.95.
    public var tailESS: Double?
    /// E[δ·g] and its value for a stationary chain; nil for traces without drifts.
    public var identity: StationaryIdentity?
    /// What finite steps and minibatch noise add to λ̂, at a quadratic: (ε/8)(E|g|² − γd); 0 where nothing is added, nil
    /// where it is not known.
    public var stepBias: Double?
    /// What extrapolation to ε = 0 took off; nil where there was none.
    public var removedBias: Double?
    /// Whether the draws were adjusted by the identity's control variate, which lowers the error of their mean and, in a chain
    /// that has settled, leaves what it estimates.
    public var isAdjusted: Bool
    /// The standard error without that adjustment.
    public var unadjustedError: Double?
    /// Draws of each chain that counted, after burn-in; 0 where none did.
    public var drawCount: Int
    /// Each chain's own evidence, by chain index. Axes `[chain]`.
    public var chains: [ChainEvidence]
    /// What speaks against the number; empty when it is sound.
    public var concerns: [Concern]

    /// Creates an estimate from its parts.
    public init(
        value: Double?, standardError: Double?, rHat: Double?, bulkESS: Double?, tailESS: Double?,
        identity: StationaryIdentity?, stepBias: Double?, removedBias: Double? = nil, isAdjusted: Bool = false,
        unadjustedError: Double? = nil, drawCount: Int, chains: [ChainEvidence], concerns: [Concern]
    ) {
        self.value = value
        self.standardError = standardError
        self.rHat = rHat
        self.bulkESS = bulkESS
        self.tailESS = tailESS
        self.identity = identity
        self.stepBias = stepBias
        self.removedBias = removedBias
        self.isAdjusted = isAdjusted
        self.unadjustedError = unadjustedError
        self.drawCount = drawCount
        self.chains = chains
        self.concerns = concerns
    }

    /// λ̂ of each chain, by chain index; nil for a diverged one. Axes `[chain]`.
    public var chainValues: [Double?] { chains.map(\.value) }

    /// The draw at which each diverged chain stopped, by chain index; nil for a completed one. Axes `[chain]`.
    public var divergedAtDraw: [Int?] { chains.map(\.divergedAtDraw) }

    /// The mean Metropolis acceptance over the chains; nil where it was not recorded.
    public var acceptance: Double? { meanOverChains(\.acceptance) }

    /// The share of draws whose loss lies below that at the checkpoint.
    public var shareBelowStart: Double? { meanOverChains(\.shareBelowStart) }

    /// The root mean square of |w − w\*|; nil for traces without it.
    public var distance: Double? {
        let squares = chains.compactMap { $0.distance.map { $0 * $0 } }
        return squares.isEmpty ? nil : squares.mean.squareRoot()
    }

    /// The chains' Geweke score that is farthest from zero.
    public var geweke: Double? { chains.compactMap(\.geweke).max { abs($0) < abs($1) } }

    private func meanOverChains(_ quantity: KeyPath<ChainEvidence, Double?>) -> Double? {
        let values = chains.compactMap { $0[keyPath: quantity] }
        return values.isEmpty ? nil : values.mean
    }
}

/// What one chain says for and against itself; a diverged chain says nothing but where it stopped.
public struct ChainEvidence: Sendable, Codable, Equatable {
    /// λ̂ of this chain alone.
    public var value: Double?
    /// The draw at which it diverged.
    public var divergedAtDraw: Int?
    /// The mean probability of acceptance.
    public var acceptance: Double?
    /// Geweke's score of the loss trace.
    public var geweke: Double?
    /// The share of draws with a loss below that at the checkpoint.
    public var shareBelowStart: Double?
    /// The root mean square of |w − w\*|.
    public var distance: Double?

    /// Creates evidence from its parts.
    public init(
        value: Double?, divergedAtDraw: Int? = nil, acceptance: Double? = nil, geweke: Double? = nil,
        shareBelowStart: Double? = nil, distance: Double? = nil
    ) {
        self.value = value
        self.divergedAtDraw = divergedAtDraw
        self.acceptance = acceptance
        self.geweke = geweke
        self.shareBelowStart = shareBelowStart
        self.distance = distance
    }
}

/// Both sides of the stationary identity E[δ·g] = d + f·E[gᵀGg], g = nβ·∇L_B + γδ: f = ε/4 for SGLD, with G its
/// preconditioner, and f = 0 for samplers without a bias of the step, and for SGNHT up to terms of ε.
public struct StationaryIdentity: Sendable, Codable, Equatable {
    /// E[δ·g].
    public var left: Double
    /// d + f·E[gᵀGg].
    public var right: Double
    /// MCSE of the difference left − right.
    public var standardError: Double
    /// Creates the two sides.
    public init(left: Double, right: Double, standardError: Double) {
        self.left = left
        self.right = right
        self.standardError = standardError
    }

    /// The difference in standard errors.
    public var score: Double { (left - right) / standardError }
}

/// A reason to doubt an estimate, with what to do about it.
public struct Concern: Sendable, Codable, Equatable {
    /// What was found.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// At least one chain diverged.
        case diverged
        /// R-hat above 1.01, and chain values that differ by more than chance and by enough to matter.
        case chainsDisagree
        /// Fewer than 25 effective draws in all: the errors themselves are unsure.
        case fewEffectiveDraws
        /// The stationary identity fails by more than its error: the chain has not settled into the posterior.
        case notStationary
        /// The first and last part of the trace differ by more than their errors.
        case drifting
        /// Finite steps and minibatch noise add more to λ̂ than three of its standard errors and than 5 % of it.
        case stepSizeTooLarge
        /// A Metropolis step would accept too few of the steps, both ends on one minibatch.
        case lowAcceptance
        /// The sampler adapts throughout and does not sample the posterior.
        case adaptationBias
        /// The loss pushes the chains outwards: they are farther from the checkpoint than localization alone lets them.
        case escaping
        /// λ̂ is below zero by more than its error: the checkpoint is no local minimum at this scale.
        case negative
        /// One chain only: no R-hat.
        case singleChain
        /// The standard error that was asked for was not reached within the limit of draws.
        case targetMissed
    }
    /// How bad it is.
    public enum Severity: String, Sendable, Codable {
        /// The number is to be read with care and is drawn as such.
        case doubtful
        /// The number means nothing and takes no part in stage finding: no draws, most chains diverged, significantly
        /// negative and below −1, or fewer than 10 effective draws.
        case unusable
    }
    /// What was found.
    public var kind: Kind
    /// How bad it is.
    public var severity: Severity
    /// The finding in words, with its numbers.
    public var finding: String
    /// What to do about it.
    public var remedy: String
    /// Creates a concern.
    public init(kind: Kind, severity: Severity, finding: String, remedy: String) {
        self.kind = kind
        self.severity = severity
        self.finding = finding
        self.remedy = remedy
    }
}

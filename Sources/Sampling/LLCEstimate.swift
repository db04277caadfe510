/// λ̂ at one checkpoint with its error and the evidence for and against it.
///
/// λ̂ = nβ·(mean over chains and draws of L_B(w) − L_B(w\*)), burn-in excluded. Every number that cannot
/// be computed is nil, never NaN. Diverged chains take no part and are listed.
public struct LLCEstimate: Sendable, Codable, Equatable {
    /// λ̂, dimensionless; nil when no chain completed. Negative values are reported, not clamped.
    public var value: Double?
    /// MCSE of λ̂: posterior standard deviation over √ESS of the mean.
    public var standardError: Double?
    /// λ̂ of each chain, by chain index; nil for a diverged one. Axes `[chain]`.
    public var chainValues: [Double?]
    /// Rank-normalised split R-hat; nil with fewer than two chains.
    public var rHat: Double?
    /// Effective sample size of the bulk.
    public var bulkESS: Double?
    /// Effective sample size of the tails, quantiles 0.05 and 0.95.
    public var tailESS: Double?
    /// E[δ·g] and d + (ε/4)·E|g|², equal for a stationary SGLD chain at any ε.
    public var identity: StationaryIdentity?
    /// The draw at which each diverged chain stopped, by chain index; nil for a completed one. Axes `[chain]`.
    public var divergedAtDraw: [Int?]
    /// What speaks against the number; empty when it is sound.
    public var concerns: [Concern]

    /// Creates an estimate from its parts.
    public init(
        value: Double?, standardError: Double?, chainValues: [Double?], rHat: Double?, bulkESS: Double?,
        tailESS: Double?, identity: StationaryIdentity?, divergedAtDraw: [Int?], concerns: [Concern]
    ) {
        self.value = value
        self.standardError = standardError
        self.chainValues = chainValues
        self.rHat = rHat
        self.bulkESS = bulkESS
        self.tailESS = tailESS
        self.identity = identity
        self.divergedAtDraw = divergedAtDraw
        self.concerns = concerns
    }
}

/// Both sides of the stationary identity E[δ·g] = d + (ε/4)·E|g|², g = nβ·∇L_B + γδ.
public struct StationaryIdentity: Sendable, Codable, Equatable {
    /// E[δ·g].
    public var left: Double
    /// d + (ε/4)·E|g|².
    public var right: Double
    /// MCSE of the difference left − right.
    public var standardError: Double
    /// Creates the two sides.
    public init(left: Double, right: Double, standardError: Double) {
        self.left = left
        self.right = right
        self.standardError = standardError
    }

    /// (ε/8)·E|g|², in units of λ̂: at a quadratic what finite steps and minibatch noise add to λ̂ at most.
    ///
    /// - Parameter dimension: d, the number of sampled coordinates.
    public func inflation(dimension: Int) -> Double { (right - Double(dimension)) / 2 }
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
        /// λ̂ is below zero by more than its error: the checkpoint is no local minimum at this scale.
        case negative
        /// One chain only: no R-hat.
        case singleChain
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

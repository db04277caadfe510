/// The stages of one run, with what they were found on.
///
/// A boundary is a point where the LLC stops changing: a local minimum of |dλ̂/d log(t+1)| on a
/// Gaussian-process fit with learnt noise and the known standard errors. Where there is no LLC, or another method is
/// asked for, boundaries are those of that witness. "No boundary" is an answer: `boundaries` is then empty and
/// `stages` holds one stage.
public struct StageFinding: Sendable, Codable, Equatable {
    /// The witness whose boundaries these are.
    public var method: Method
    /// Boundaries in order of step.
    public var boundaries: [Boundary]
    /// The search on the LLC series, whatever the method: candidates and the fitted curve; nil without such a series.
    public var search: BoundarySearch?
    /// The stages the boundaries delimit, in order; at least one.
    public var stages: [Stage]
    /// Steps of checkpoints that took no part, because their estimate is unusable.
    public var excludedSteps: [Int]

    /// Creates a finding.
    public init(
        method: Method = .llc, boundaries: [Boundary], search: BoundarySearch?, stages: [Stage], excludedSteps: [Int]
    ) {
        self.method = method
        self.boundaries = boundaries
        self.search = search
        self.stages = stages
        self.excludedSteps = excludedSteps
    }
}

/// A point where one stage ends and the next begins: where the LLC, or another series, stops changing.
public struct Boundary: Sendable, Codable, Equatable {
    /// The training step: the minimum of |dλ̂/d log(t+1)| on the mean curve.
    public var step: Double
    /// The 95 % interval of the position over posterior draws of the curve.
    public var interval: ClosedRange<Double>
    /// The 50 % interval.
    public var innerInterval: ClosedRange<Double>
    /// The fraction of posterior draws that have a boundary here; nil for a method without draws.
    public var support: Double?
    /// |dλ̂/d log(t+1)| at the boundary, as a fraction of the larger of the two neighbouring maxima; nil as `support`.
    public var relativeSlope: Double?
    /// One over the width in log(t+1) over which |dλ̂/d log(t+1)| stays below half the smaller of the two neighbouring
    /// maxima: 1 where the rest lasts for a factor e of steps, more where it is shorter; nil as `support`.
    public var sharpness: Double?

    /// Creates a boundary.
    public init(
        step: Double, interval: ClosedRange<Double>, innerInterval: ClosedRange<Double>, support: Double? = nil,
        relativeSlope: Double? = nil, sharpness: Double? = nil
    ) {
        self.step = step
        self.interval = interval
        self.innerInterval = innerInterval
        self.support = support
        self.relativeSlope = relativeSlope
        self.sharpness = sharpness
    }
}

/// What lies between two boundaries.
public struct Stage: Sendable, Codable, Equatable {
    /// What happens to loss and LLC; A and B after Hoogland et al. 2024, arXiv:2402.02364, table 1.
    public enum Kind: String, Sendable, Codable {
        /// A: the loss falls and the LLC rises.
        case lossFallsComplexityRises = "A"
        /// B: the loss falls and the LLC falls.
        case lossFallsComplexityFalls = "B"
        /// The loss rises and so does the LLC.
        case lossRisesComplexityRises = "loss rises, LLC rises"
        /// The loss rises while the LLC falls.
        case lossRisesComplexityFalls = "loss rises, LLC falls"
        /// The loss stays where it is, to a hundredth of its range over the run, while the LLC rises.
        case lossFlatComplexityRises = "loss flat, LLC rises"
        /// The loss stays where it is, to a hundredth of its range over the run, while the LLC falls.
        case lossFlatComplexityFalls = "loss flat, LLC falls"
        /// A change is within two standard errors of zero (the loss's without being shown to be flat), or the start or
        /// the end rests on a checkpoint whose λ̂ is significantly negative or excluded.
        case undecided

        /// A letter for the two kinds that have one; `other` or a dash for the rest.
        public var symbol: String {
            switch self {
            case .lossFallsComplexityRises, .lossFallsComplexityFalls: rawValue
            case .undecided: "–"
            default: "other"
            }
        }

        /// The kind in words.
        public var meaning: String {
            switch self {
            case .lossFallsComplexityRises: "loss falls, LLC rises"
            case .lossFallsComplexityFalls: "loss falls, LLC falls"
            case .undecided: "not told: a change is within its error, or not known"
            default: rawValue
            }
        }
    }
    /// The first and last checkpoint or boundary step of the stage.
    public var start: Double
    /// The end.
    public var end: Double
    /// The change of the training loss; nil without losses. Its error holds the interpolation between checkpoints and
    /// the boundaries' places.
    public var lossChange: Estimate?
    /// The change of λ̂ on the fitted curve between the stated steps; its error does not hold the boundaries' places.
    /// Nil without λ̂.
    public var llcChange: Estimate?
    /// What kind of stage it is.
    public var kind: Kind

    /// Creates a stage.
    public init(start: Double, end: Double, lossChange: Estimate?, llcChange: Estimate?, kind: Kind) {
        self.start = start
        self.end = end
        self.lossChange = lossChange
        self.llcChange = llcChange
        self.kind = kind
    }
}

/// A number with its standard error.
public struct Estimate: Sendable, Codable, Equatable {
    /// The number.
    public var value: Double
    /// Its standard error.
    public var standardError: Double
    /// Creates an estimate.
    public init(value: Double, standardError: Double) {
        self.value = value
        self.standardError = standardError
    }
}

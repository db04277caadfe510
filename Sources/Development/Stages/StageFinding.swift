/// The stages of one run as found on its LLC series, with the smoothed curve they were found on.
///
/// A boundary is a point where the LLC stops changing: a local minimum of |dλ̂/d log(t+1)| on a
/// Gaussian-process fit with learnt noise and the known standard errors. "No boundary" is an answer:
/// `boundaries` is then empty and `stages` holds one stage.
public struct StageFinding: Sendable, Codable, Equatable {
    /// The fitted curve on a grid, for drawing.
    public struct Curve: Sendable, Codable, Equatable {
        /// Training steps of the grid (real-valued, evenly spaced in log(t+1)).
        public var steps: [Double]
        /// Posterior mean of λ at each.
        public var mean: [Double]
        /// Posterior standard deviation of λ at each.
        public var deviation: [Double]
        /// Posterior mean of dλ/d log(t+1) at each.
        public var slope: [Double]
        /// Creates a curve.
        public init(steps: [Double], mean: [Double], deviation: [Double], slope: [Double]) {
            self.steps = steps
            self.mean = mean
            self.deviation = deviation
            self.slope = slope
        }
    }

    /// Boundaries in order of step, those above the support threshold only.
    public var boundaries: [Boundary]
    /// Candidates below the threshold, for the reader who asks why something is not a boundary.
    public var rejected: [Boundary]
    /// The stages the boundaries delimit, in order; at least one.
    public var stages: [Stage]
    /// The fitted curve.
    public var curve: Curve
    /// The share of posterior draws a boundary needs.
    public var supportThreshold: Double
    /// Steps of checkpoints that took no part, because their estimate is unusable.
    public var excludedSteps: [Int]
    /// The learnt noise: the standard deviation of λ̂ about the curve that its standard errors do not explain.
    public var noise: Double
    /// Gaps between checkpoints, in steps, too wide to tell whether the LLC stops changing within them.
    public var unresolved: [ClosedRange<Double>]

    /// Creates a finding.
    public init(
        boundaries: [Boundary], rejected: [Boundary], stages: [Stage], curve: Curve, supportThreshold: Double,
        excludedSteps: [Int], noise: Double, unresolved: [ClosedRange<Double>]
    ) {
        self.boundaries = boundaries
        self.rejected = rejected
        self.stages = stages
        self.curve = curve
        self.supportThreshold = supportThreshold
        self.excludedSteps = excludedSteps
        self.noise = noise
        self.unresolved = unresolved
    }
}

/// A point where the LLC stops changing.
public struct Boundary: Sendable, Codable, Equatable {
    /// The training step: the minimum of |dλ̂/d log(t+1)| on the mean curve.
    public var step: Double
    /// The 95 % interval of the position over posterior draws of the curve.
    public var interval: ClosedRange<Double>
    /// The 50 % interval.
    public var innerInterval: ClosedRange<Double>
    /// The fraction of posterior draws that have a boundary here.
    public var support: Double
    /// |dλ̂/d log(t+1)| at the boundary, as a fraction of the larger of the two neighbouring maxima.
    public var relativeSlope: Double

    /// Creates a boundary.
    public init(
        step: Double, interval: ClosedRange<Double>, innerInterval: ClosedRange<Double>, support: Double,
        relativeSlope: Double
    ) {
        self.step = step
        self.interval = interval
        self.innerInterval = innerInterval
        self.support = support
        self.relativeSlope = relativeSlope
    }
}

/// What lies between two boundaries.
public struct Stage: Sendable, Codable, Equatable {
    /// What happens to loss and LLC; named after Hoogland et al. 2024, arXiv:2402.02364, table 1.
    public enum Kind: String, Sendable, Codable {
        /// A: the loss falls and the LLC rises.
        case lossFallsComplexityRises = "A"
        /// B: the loss falls and the LLC falls.
        case lossFallsComplexityFalls = "B"
        /// The loss does not fall, a change is within two standard errors of zero, or the start or the end rests on a
        /// checkpoint whose λ̂ is significantly negative or excluded.
        case undecided = "–"
    }
    /// The first and last checkpoint or boundary step of the stage.
    public var start: Double
    /// The end.
    public var end: Double
    /// The change of the training loss; nil without losses. Its error holds the interpolation between checkpoints and
    /// the boundaries' places.
    public var lossChange: Estimate?
    /// The change of λ̂ on the fitted curve between the stated steps; its error does not hold the boundaries' places.
    public var llcChange: Estimate
    /// What kind of stage it is.
    public var kind: Kind

    /// Creates a stage.
    public init(start: Double, end: Double, lossChange: Estimate?, llcChange: Estimate, kind: Kind) {
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

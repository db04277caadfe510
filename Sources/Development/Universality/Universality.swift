/// Whether several runs go through the same stages: their boundaries matched in order, with a score, and the score
/// that boundaries placed at random would have had.
///
/// Boundaries are matched on log step, on loss and on λ̂ (`Coordinate`); all three are here, where known. A p-value is
/// the chance that as many boundaries per run, uniform over log(t + 1) in the run's range, would match as well. A small
/// one says that the runs' stages coincide, not why: runs with one learning-rate schedule may share boundaries for it.
public struct Universality: Sendable, Codable, Equatable {
    /// What boundaries are compared by.
    public enum Coordinate: String, Sendable, Codable, CaseIterable {
        /// log(t + 1).
        case logStep
        /// The training loss where the boundary is.
        case loss
        /// λ̂ where the boundary is.
        case llc
    }

    /// A score beside what chance would have given.
    public struct Score: Sendable, Codable, Equatable {
        /// Twice the sum of 1 − distance/tolerance over the matched pairs, divided by the number of boundaries of both
        /// runs: between 0, nothing matched, and 1, all boundaries at the same places.
        public var value: Double
        /// The mean of the scores of random boundaries.
        public var chanceMean: Double
        /// The 95 % quantile of the scores of random boundaries.
        public var chanceQuantile: Double
        /// (1 + the number of random scores at least as large)/(1 + the number of random scores).
        public var pValue: Double

        /// Creates a score.
        public init(value: Double, chanceMean: Double, chanceQuantile: Double, pValue: Double) {
            self.value = value
            self.chanceMean = chanceMean
            self.chanceQuantile = chanceQuantile
            self.pValue = pValue
        }
    }

    /// Two boundaries that were matched.
    public struct Match: Sendable, Codable, Equatable {
        /// The index among the first run's boundaries.
        public var first: Int
        /// The index among the second's.
        public var second: Int
        /// (t + 1 of the second)/(t + 1 of the first): above 1 the second run gets there later.
        public var stepRatio: Double
        /// Its 95 % interval, from those of the two boundaries, added in quadrature on the logarithm as independent.
        public var interval: ClosedRange<Double>

        /// Creates a match.
        public init(first: Int, second: Int, stepRatio: Double, interval: ClosedRange<Double>) {
            self.first = first
            self.second = second
            self.stepRatio = stepRatio
            self.interval = interval
        }
    }

    /// Two runs compared.
    public struct Pair: Sendable, Codable, Equatable {
        /// The index of the first run.
        public var first: Int
        /// The index of the second.
        public var second: Int
        /// The distance at which two boundaries are no longer matched, in the coordinate's unit: an eighth of what both
        /// runs together cover.
        public var tolerance: Double
        /// The matched boundaries, in order.
        public var matches: [Match]
        /// The score; nil when one of the runs has no boundaries.
        public var score: Score?

        /// Creates a pair.
        public init(first: Int, second: Int, tolerance: Double, matches: [Match], score: Score?) {
            self.first = first
            self.second = second
            self.tolerance = tolerance
            self.matches = matches
            self.score = score
        }
    }

    /// All runs compared on one coordinate.
    public struct Comparison: Sendable, Codable, Equatable {
        /// The coordinate.
        public var coordinate: Coordinate
        /// Every two runs, `first < second`, in order of `first`, then `second`. Two runs that do not both know the
        /// coordinate, or over which it does not change, are left out.
        public var pairs: [Pair]
        /// The mean score over the pairs that have one; nil when none has. Its p-value is its own: random boundaries
        /// are placed in all runs at once, so that one run's share in several pairs is counted once.
        public var joint: Score?
        /// `[run][boundary of the first run]`: the index of the boundary that was matched, nil where none was. The
        /// first row is the first run itself.
        public var rows: [[Int?]]

        /// Creates a comparison.
        public init(coordinate: Coordinate, pairs: [Pair], joint: Score?, rows: [[Int?]]) {
            self.coordinate = coordinate
            self.pairs = pairs
            self.joint = joint
            self.rows = rows
        }
    }

    /// What went in, in order.
    public var runs: [RunStages]
    /// One comparison for each coordinate that at least two runs know, in order of `Coordinate.allCases`.
    public var comparisons: [Comparison]
    /// The number of random placements.
    public var placementCount: Int
    /// The seed of the random placements.
    public var seed: UInt64

    /// Whether no run has a boundary: then the runs agree that there are none, and nothing has a score.
    public var agreesOnNone: Bool { runs.allSatisfy(\.boundaries.isEmpty) }

    /// Creates a result.
    public init(runs: [RunStages], comparisons: [Comparison], placementCount: Int, seed: UInt64) {
        self.runs = runs
        self.comparisons = comparisons
        self.placementCount = placementCount
        self.seed = seed
    }
}

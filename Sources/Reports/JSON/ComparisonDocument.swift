public import Development

/// `comparison.json`: several runs side by side. Keys and nulls are as in `AnalysisDocument`.
public struct ComparisonDocument: Sendable, Codable, Equatable {
    /// The schema: a consumer accepts what has the same number; keys may be added within it.
    public static let currentSchema = "instar-comparison/1"

    /// `instar-comparison/1`.
    public var schema: String
    /// The verdict in sentences, for readers.
    public var verdict: [String]
    /// The runs, the baseline first: ratios and differences refer to it.
    public var runs: [Run]
    /// What differs between the runs, settings that bear on λ̂ first.
    public var differences: [Comparison.Difference]
    /// Whether the components are common to all runs.
    public var hasCommonComponents: Bool
    /// The stages of the runs matched by step, loss and λ̂, with scores, their distribution under chance and p-values.
    public var universality: Universality?
    /// The coordinate that the verdict goes by.
    public var alignment: Universality.Coordinate
    /// The runs grouped by a hyperparameter; absent unless that was asked for.
    public var grouping: Groups?
    /// What the reader must know before comparing, gravest first.
    public var advisories: [Advisory]

    /// One run of a comparison.
    public struct Run: Sendable, Codable, Equatable {
        /// The run's name, told apart where names coincide.
        public var name: String
        /// The training loss at each checkpoint.
        public var loss: Series
        /// The usable λ̂.
        public var llc: Series
        /// The loss minus the baseline's; absent for the baseline and where it cannot be subtracted.
        public var lossDifference: Difference?
        /// λ̂ minus the baseline's, likewise.
        public var llcDifference: Difference?
        /// Boundaries and stages.
        public var stages: AnalysisDocument.Stages?
        /// Principal components of the outputs.
        public var essentialDynamics: AnalysisDocument.Dynamics?
    }

    /// A run minus the baseline over the training.
    public struct Difference: Sendable, Codable, Equatable {
        /// `common steps`, or `interpolated`: the baseline on straight lines over log(t + 1) between its checkpoints.
        public var basis: Comparison.Deviation.Basis
        /// The differences, with the standard errors of both runs together.
        public var series: Series

        init(_ deviation: Comparison.Deviation) {
            basis = deviation.basis
            series = Series(deviation.series)
        }
    }

    /// Runs grouped by a hyperparameter.
    public struct Groups: Sendable, Codable, Equatable {
        /// The hyperparameter.
        public var key: String
        /// The other hyperparameters that differ between the runs.
        public var varying: [String]
        /// The groups; differences refer to the first.
        public var groups: [Group]

        /// Runs of one value.
        public struct Group: Sendable, Codable, Equatable {
            /// The value; absent for runs that state none.
            public var value: String?
            /// The names of the runs.
            public var runs: [String]
            /// Whether the differences are over pairs of runs, else by Welch's interval.
            public var isPaired: Bool
            /// Mean λ̂ over the runs.
            public var llc: Curve
            /// The mean loss.
            public var loss: Curve
            /// The difference from the first group's λ̂; empty for the first group.
            public var llcDifference: Curve
            /// The same of the loss.
            public var lossDifference: Curve
            /// log(t + 1) where the runs reach each boundary of the baseline; `null` where none does.
            public var boundaries: [Mean?]
        }

        /// Means at steps that all runs have.
        public struct Curve: Sendable, Codable, Equatable {
            /// Training steps, ascending.
            public var steps: [Int]
            /// One per step.
            public var means: [Mean]

            init(_ curve: Grouping.Curve) {
                steps = curve.steps
                means = curve.means.map(Mean.init)
            }
        }

        /// A mean over runs.
        public struct Mean: Sendable, Codable, Equatable {
            /// The mean.
            public var value: Nullable
            /// Lower and upper end of its 95 % interval; absent for a single run.
            public var interval: [Nullable]?
            /// The number of runs.
            public var count: Int

            init(_ mean: RunMean) {
                value = Nullable(mean.value)
                interval = mean.interval.map(ends)
                count = mean.count
            }
        }

        init(_ grouping: Grouping, runNames: [String]) {
            key = grouping.key
            varying = grouping.varying
            groups = grouping.groups.map { group in
                Group(
                    value: group.value, runs: group.runs.map { runNames[$0] }, isPaired: group.isPaired,
                    llc: Curve(group.llc), loss: Curve(group.loss), llcDifference: Curve(group.llcDifference),
                    lossDifference: Curve(group.lossDifference), boundaries: group.boundaries.map { $0.map(Mean.init) })
            }
        }
    }

    /// A measured series.
    public struct Series: Sendable, Codable, Equatable {
        /// Training steps, ascending.
        public var steps: [Int]
        /// One value per step.
        public var values: [Nullable]
        /// The standard error of each.
        public var standardErrors: [Nullable]

        init(_ series: Comparison.Series) {
            steps = series.steps
            values = series.values.map(Nullable.init)
            standardErrors = series.standardErrors.map(Nullable.init)
        }
    }

    /// Describes a comparison.
    public init(_ comparison: Comparison) {
        schema = Self.currentSchema
        verdict = comparison.verdict
        runs = comparison.runNames.enumerated().map { index, name in
            Run(
                name: name, loss: Series(comparison.losses[index]), llc: Series(comparison.llcs[index]),
                lossDifference: comparison.lossDeviations[index].map(Difference.init),
                llcDifference: comparison.llcDeviations[index].map(Difference.init),
                stages: comparison.analyses[index].stages.map(AnalysisDocument.Stages.init),
                essentialDynamics: comparison.essentialDynamics[index].map(AnalysisDocument.Dynamics.init))
        }
        differences = comparison.differences
        hasCommonComponents = comparison.hasCommonComponents
        universality = comparison.universality?.withFiniteSharpness
        grouping = comparison.grouping.map { Groups($0, runNames: comparison.runNames) }
        alignment = comparison.alignment
        advisories = comparison.advisories
    }

    /// The document as JSON text, in UTF-8 with sorted keys.
    ///
    /// - Throws: An encoding error; none is known to occur.
    public func json() throws -> String { try documentText(self) }
}

extension Universality {
    /// The same without the sharpness of boundaries where it is not finite, which JSON cannot hold.
    fileprivate var withFiniteSharpness: Universality {
        var result = self
        for run in result.runs.indices {
            for boundary in result.runs[run].boundaries.indices {
                let sharpness = result.runs[run].boundaries[boundary].sharpness
                result.runs[run].boundaries[boundary].sharpness = sharpness.flatMap { $0.isFinite ? $0 : nil }
            }
        }
        return result
    }
}

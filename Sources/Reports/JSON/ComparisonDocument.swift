public import Development

/// `comparison.json`: several runs side by side. Keys and nulls are as in `AnalysisDocument`.
public struct ComparisonDocument: Sendable, Codable, Equatable {
    /// The schema: a consumer accepts what has the same number; keys may be added within it.
    public static let currentSchema = "instar-comparison/1"

    /// `instar-comparison/1`.
    public var schema: String
    /// The verdict in sentences, for readers.
    public var verdict: [String]
    /// The runs, in the order in which they were given; changes refer to the first.
    public var runs: [Run]
    /// What differs between the runs, settings that bear on λ̂ first.
    public var differences: [Comparison.Difference]
    /// Whether the components are common to all runs.
    public var hasCommonComponents: Bool
    /// The stages of the runs matched by step, loss and λ̂, with scores, their distribution under chance and p-values.
    public var universality: Universality?
    /// The coordinate that the verdict goes by.
    public var alignment: Universality.Coordinate
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
        /// Boundaries and stages.
        public var stages: AnalysisDocument.Stages?
        /// Principal components of the outputs.
        public var essentialDynamics: AnalysisDocument.Dynamics?
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
                stages: comparison.analyses[index].stages.map(AnalysisDocument.Stages.init),
                essentialDynamics: comparison.essentialDynamics[index].map(AnalysisDocument.Dynamics.init))
        }
        differences = comparison.differences
        hasCommonComponents = comparison.hasCommonComponents
        universality = comparison.universality
        alignment = comparison.alignment
        advisories = comparison.advisories
    }

    /// The document as JSON text, in UTF-8 with sorted keys.
    ///
    /// - Throws: An encoding error; none is known to occur.
    public func json() throws -> String { try documentText(self) }
}

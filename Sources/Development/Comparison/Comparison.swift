import Sampling

/// Two or more analysed runs side by side: a pure value for reports.
public struct Comparison: Sendable {
    /// A named value that is not the same in all runs.
    public struct Difference: Sendable, Codable, Equatable {
        /// What the value is of.
        public enum Subject: String, Sendable, Codable {
            /// A setting of the chains, the loss or the number of examples: it decides whether λ̂ can be compared.
            case measurement
            /// Chains, draws, burn-in and seed: they move the error of λ̂, not λ̂.
            case effort
            /// A hyperparameter of the training.
            case hyperparameter
            /// The model, the examples or the program's version.
            case provenance
        }
        /// What the value is of.
        public var subject: Subject
        /// The name.
        public var name: String
        /// The value of each run as text, in the order of the runs; nil where the run has none.
        public var values: [String?]
    }

    /// One measured series of one run.
    public struct Series: Sendable, Codable, Equatable {
        /// The steps with a value, ascending.
        public var steps: [Int]
        /// One value per step.
        public var values: [Double]
        /// The standard error of each value; zeros for a loss, which is exact over the training examples.
        public var standardErrors: [Double]
    }

    /// The analysis of each run, the baseline first; all other arrays follow this order.
    public var analyses: [Analysis]
    /// What differs, settings that bear on λ̂ first.
    public var differences: [Difference]
    /// The training loss of each run; empty series where it was not measured.
    public var losses: [Series]
    /// λ̂ of each run, the usable estimates; empty series where it was not measured.
    public var llcs: [Series]
    /// Principal components of the outputs of each run.
    public var essentialDynamics: [EssentialDynamics?]
    /// Whether the components are those of all runs stacked, so that scores of different runs share their axes.
    public var hasCommonComponents: Bool
    /// The stages of the runs matched, by step, loss and λ̂, with what chance would have given; nil unless stages were
    /// looked for in at least two runs.
    public var universality: Universality?
    /// The coordinate whose matching the verdict and the tables show.
    public var alignment: Universality.Coordinate
    /// How each run's λ̂ differs from the baseline's over the training; nil for the baseline itself and where heights cannot be
    /// compared or one of the runs has none.
    public var llcDeviations: [Deviation?]
    /// The same of the training loss; nil where the losses are not of one kind.
    public var lossDeviations: [Deviation?]
    /// The runs grouped by a hyperparameter; nil where that was not asked for.
    public var grouping: Grouping?
    /// What the reader must know before comparing, gravest first.
    public var advisories: [Advisory]

    /// The most runs of a comparison: more cannot be told apart in one chart.
    public static let largestRunCount = 20

    /// Whether the losses are of one kind, so that they can be subtracted.
    public var lossesAreComparable: Bool {
        !differences.contains { $0.subject == .measurement && $0.name == "loss" }
    }

    /// Whether λ̂ was measured in all runs in one way, so that its heights can be subtracted and not only its steps.
    public var levelsAreComparable: Bool { !differences.contains { $0.subject == .measurement } }

    /// The name of each run; the run's place is added where names coincide.
    public var runNames: [String] {
        let names = analyses.map(\.measurements.runName)
        return names.enumerated().map { index, name in
            names.filter { $0 == name }.count > 1 ? "\(name) (\(index + 1))" : name
        }
    }

    /// Compares at least two runs.
    ///
    /// - Parameters:
    ///   - analyses: The runs; the first is the baseline, which ratios and differences refer to.
    ///   - jointDynamics: Components of all runs stacked, one per run (`EssentialDynamics.joint`); nil where the
    ///     outputs were not taken on one probe set, and each run then keeps components of its own.
    ///   - alignment: The coordinate by which stages are matched in the verdict; all are computed.
    ///   - groupKey: The hyperparameter to group by.
    public init(
        _ analyses: [Analysis], jointDynamics: [EssentialDynamics]? = nil,
        alignment: Universality.Coordinate = .logStep, groupKey: String? = nil
    ) {
        precondition(analyses.count > 1, "a comparison is of at least two runs")
        precondition(jointDynamics.map { $0.count == analyses.count } ?? true, "one joint trajectory per run")
        self.analyses = analyses
        self.differences = Difference.between(analyses.map(\.measurements))
        self.losses = analyses.map { analysis in
            let points = analysis.measurements.checkpoints.compactMap { point in point.loss.map { (point.step, $0) } }
            return Series(
                steps: points.map(\.0), values: points.map(\.1), standardErrors: points.map { _ in 0 })
        }
        self.llcs = analyses.map { analysis in
            let points = analysis.measurements.usablePoints
            return Series(
                steps: points.map(\.step), values: points.map(\.llc.value),
                standardErrors: points.map(\.llc.standardError))
        }
        self.essentialDynamics = jointDynamics ?? analyses.map(\.essentialDynamics)
        self.hasCommonComponents = jointDynamics != nil
        self.alignment = alignment
        self.universality = nil
        self.llcDeviations = []
        self.lossDeviations = []
        self.advisories = []
        self.universality = matchedStages
        self.llcDeviations = deviations(of: llcs, isAllowed: levelsAreComparable)
        self.lossDeviations = deviations(of: losses, isAllowed: lossesAreComparable)
        self.grouping = groupKey.flatMap { Grouping(self, by: $0) }
        self.advisories = Advisory.gravestFirst(
            comparability + sameRunAdvisories + versionAdvisories + dynamicsAdvisories + stageAdvisories)
    }

    /// The runs with stages, matched; heights of λ̂ take part only where they can be compared.
    private var matchedStages: Universality? {
        let runs = zip(runNames, analyses).compactMap { name, analysis -> RunStages? in
            guard let stages = analysis.stages, let span = analysis.matchedSpan else { return nil }
            let losses = analysis.measurements.losses.filter { $0.loss.isFinite }
            return RunStages(
                name: name, range: span, boundaries: stages.boundaries,
                loss: losses.isEmpty
                    ? nil : RunStages.Curve(steps: losses.map { Double($0.step) }, values: losses.map(\.loss)),
                llc: levelsAreComparable
                    ? stages.search.map { RunStages.Curve($0.curve) } : nil)
        }
        // Steps and epochs are no common axis.
        guard Set(analyses.map(\.measurements.axis)).count == 1 else { return nil }
        return Universality(matching: runs)
    }

    /// Nothing is interpolated between steps and epochs.
    private func deviations(of series: [Series], isAllowed: Bool) -> [Deviation?] {
        let isOneAxis = Set(analyses.map(\.measurements.axis)).count == 1
        return series.indices.map { run in
            guard run > 0, isAllowed, isOneAxis, !series[0].steps.isEmpty, !series[run].steps.isEmpty else {
                return nil
            }
            let deviation = Deviation(of: series[run], from: series[0])
            return deviation.series.steps.isEmpty ? nil : deviation
        }
    }

    /// `[run][boundary of the baseline]`: the step at which the run reaches the boundary that was matched; nil where none
    /// was. Empty rows without stages in the baseline.
    public var matchedBoundarySteps: [[Double?]] {
        guard let universality, analyses[0].matchedSpan != nil,
            let rows = universality.comparisons.first(where: { $0.coordinate == alignment })?.rows
        else { return analyses.map { _ in [] } }
        // Runs without stages take no part in the matching.
        var place = -1
        return analyses.map { analysis in
            guard analysis.matchedSpan != nil else { return universality.runs[0].boundaries.map { _ in nil } }
            place += 1
            return rows[place].map { $0.map { universality.runs[place].boundaries[$0].step } }
        }
    }

    /// Where each run's steps lie on the baseline's training, by the boundaries that were matched.
    public var stageMaps: [StageMap] {
        let matched = matchedBoundarySteps
        return matched.indices.map { run in
            StageMap(
                zip(matched[run], matched[0]).compactMap { own, other in
                    if let own, let other { (own, other) } else { nil }
                })
        }
    }

    /// Runs whose weights and inputs are the same: their agreement says nothing.
    private var sameRunAdvisories: [Advisory] {
        let digests = analyses.map(\.measurements.provenance.digests)
        let same = digests.indices.flatMap { second in
            digests.indices.prefix(second).filter { digests[$0] == digests[second] && !digests[second].isEmpty }
                .map { "\(runNames[$0]) and \(runNames[second])" }
        }
        guard !same.isEmpty else { return [] }
        return [
            Advisory(
                severity: .warning,
                finding:
                    "\(Format.list(same)) have the same weights, examples and graph: they are one run, measured twice.",
                remedy: "Do not take their agreement for that of two runs; it shows the error of the sampling alone.")
        ]
    }

    private var versionAdvisories: [Advisory] {
        let versions = Set(analyses.map(\.measurements.provenance.version)).sorted()
        guard versions.count > 1 else { return [] }
        return [
            Advisory(
                severity: .warning, finding: "The runs were measured by different versions: \(Format.list(versions)).",
                remedy: "Measure all of them again with one version before you rely on small differences.")
        ]
    }

    private var comparability: [Advisory] {
        guard !levelsAreComparable else { return [] }
        let listing = differences.filter { $0.subject == .measurement }.map { difference in
            "\(difference.name) (\(difference.values.map { $0 ?? "–" }.joined(separator: ", ")))"
        }
        return [
            Advisory(
                severity: .warning,
                finding: "λ̂ was measured under different conditions: \(listing.joined(separator: "; ")). "
                    + "Heights of the LLC curves cannot be compared; the steps of their boundaries can, with care.",
                remedy: comparabilityRemedy)
        ]
    }

    /// The options that give all runs the settings of the first, and what no option can.
    private var comparabilityRemedy: String {
        let settings = analyses.map(\.measurements.settings)
        var sentences: [String] = []
        var namesOfSettings: Set<String> = []
        if let reference = settings.compactMap(\.self).first {
            namesOfSettings = Set(reference.conditions.map(\.entry.name))
            func options(_ settings: SamplingSettings) -> [String] {
                settings.conditions.map { "\($0.option) \($0.entry.value)" }
            }
            let others = zip(runNames, settings).filter { $1.map(options) != options(reference) }.map(\.0)
            if !others.isEmpty {
                sentences.append(
                    "Measure \(Format.list(others)) again with \(options(reference).joined(separator: " ")) "
                        + "and another --output.")
            }
        }
        if differences.contains(where: { $0.subject == .measurement && !namesOfSettings.contains($0.name) }) {
            sentences.append(
                "No setting makes up for another loss, other examples or other sampled parameters: "
                    + "compare the steps of boundaries only.")
        }
        return sentences.joined(separator: " ")
    }

    private var dynamicsAdvisories: [Advisory] {
        guard !hasCommonComponents, essentialDynamics.filter({ $0 != nil }).count > 1 else { return [] }
        let digests = Set(analyses.map { $0.measurements.outputProducts?.probeDigest })
        let read = zip(runNames, analyses).filter {
            $1.measurements.outputProducts == nil && $1.essentialDynamics != nil
        }
        guard read.isEmpty else {
            return [
                Advisory(
                    severity: .note,
                    finding:
                        "\(Format.list(read.map(\.0))) \(read.count == 1 ? "was" : "were") read from analysis.json alone, "
                        + "which holds no outputs and no series that the run recorded: each run is drawn in principal components of "
                        + "its own.",
                    remedy: "Compare the folders that hold measurements.h5 and units to get common components.")
            ]
        }
        let reason =
            digests.count > 1 || digests.contains(nil)
            ? "the outputs were not taken on the same probe set, or have different sizes"
            : "the products between outputs of different runs were not given"
        return [
            Advisory(
                severity: .note,
                finding: "Each run is drawn in principal components of its own, because \(reason): "
                    + "the axes differ from run to run.",
                remedy: "Measure all runs on the same examples with the same probe set to get common components.")
        ]
    }

    private var stageAdvisories: [Advisory] {
        methodAdvisories
            + zip(runNames, analyses).compactMap { name, analysis in
                guard analysis.stages == nil else { return nil }
                return Advisory(
                    severity: .note, finding: "\(name) has no series in which stages could be looked for.",
                    remedy: "See that run's own report for what is missing.")
            }
    }

    private var methodAdvisories: [Advisory] {
        var advisories: [Advisory] = []
        let methods = analyses.compactMap { $0.stages?.method.name }
        if Set(methods).count > 1 {
            advisories.append(
                Advisory(
                    severity: .warning,
                    finding: "The boundaries of the runs were found by different methods: \(Format.list(methods)).",
                    remedy: "Do not take their agreement for that of one kind of stage; give all runs one --method."))
        }
        if Set(analyses.map(\.measurements.axis)).count > 1 {
            advisories.append(
                Advisory(
                    severity: .warning, finding: "Some runs count steps and some epochs: stages are not matched.",
                    remedy: "Give all runs one axis."))
        }
        return advisories
    }
}

extension Analysis {
    /// The steps between which the run's boundaries can lie; nil where it takes no part in the matching.
    fileprivate var matchedSpan: ClosedRange<Double>? { stages == nil ? nil : measurements.searchedSpan(by: nil) }
}

extension RunStages.Curve {
    /// A fitted curve; where its steps are closer than numbers of their size can be, the first of equals stands.
    fileprivate init(_ curve: BoundarySearch.Curve) {
        var (steps, values): ([Double], [Double]) = ([], [])
        for (step, value) in zip(curve.steps, curve.mean) where step > steps.last ?? -.infinity {
            steps.append(step)
            values.append(value)
        }
        self.init(steps: steps, values: values)
    }
}

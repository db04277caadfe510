import Sampling
import Tensors

/// Something the reader must know, with what to do about it.
public struct Advisory: Sendable, Codable, Equatable {
    /// How grave it is.
    public enum Severity: String, Sendable, Codable {
        case warning, note
    }
    /// How grave it is.
    public var severity: Severity
    /// What was found, with its numbers.
    public var finding: String
    /// What to do about it.
    public var remedy: String
    /// The steps it concerns; empty when it concerns the whole run.
    public var steps: [Int]
    /// Creates an advisory.
    public init(severity: Severity, finding: String, remedy: String, steps: [Int] = []) {
        self.severity = severity
        self.finding = finding
        self.remedy = remedy
        self.steps = steps
    }

    /// Warnings before notes, else in the order given.
    static func gravestFirst(_ advisories: [Advisory]) -> [Advisory] {
        advisories.filter { $0.severity == .warning } + advisories.filter { $0.severity == .note }
    }
}

extension Measurements {
    /// The checkpoints whose λ̂ can carry a stage: measured, and with no concern that makes it unusable.
    var usablePoints: [StageFinding.Point] {
        checkpoints.compactMap { checkpoint in
            guard let llc = checkpoint.llc, llc.isUsable, let value = llc.value else { return nil }
            return StageFinding.Point(
                step: checkpoint.step, llc: Estimate(value: value, standardError: llc.standardError ?? 0),
                loss: checkpoint.loss)
        }
    }

    /// Steps of the checkpoints where λ̂ was measured and came out unusable.
    public var unusableSteps: [Int] {
        checkpoints.filter { $0.llc.map { !$0.isUsable } ?? false }.map(\.step)
    }

    /// Steps of the checkpoints whose λ̂ is usable but doubtful.
    var doubtfulSteps: [Int] {
        checkpoints.filter { $0.llc.map { $0.isUsable && !$0.concerns.isEmpty } ?? false }.map(\.step)
    }

    /// Whether at least half of the usable estimates within some steps are doubtful.
    func isMostlyDoubtful(within range: ClosedRange<Double>) -> Bool {
        let usable = usablePoints.filter { range.contains(Double($0.step)) }.count
        let doubtful = doubtfulSteps.filter { range.contains(Double($0)) }.count
        return doubtful > 0 && 2 * doubtful >= usable
    }

    /// What the measurements give reason to say.
    ///
    /// - Parameter stages: The stages found on them; empty without any.
    func advisories(stages: [Stage]) -> [Advisory] {
        concernAdvisories(stages: stages) + excessAdvisories + lossAdvisories + damageAdvisories + processorAdvisories
            + limitations.map {
                Advisory(
                    severity: .note, finding: Format.sentence($0),
                    remedy: tensors.isEmpty
                        ? "All else stands without it."
                        : "Add what is missing to the run directory and measure again; all else stands without it.")
            }
    }

    /// Concerns of single checkpoints, gathered by kind and severity.
    ///
    /// What makes a number unusable is a warning. Doubts, of whatever kinds, are warnings when together they concern at
    /// least half of the usable checkpoints of the series or of a stage: they then bear on more than points.
    private func concernAdvisories(stages: [Stage]) -> [Advisory] {
        let measured = checkpoints.filter { $0.llc != nil }
        let isWidespread = ([0...Double.infinity] + stages.map { $0.start...$0.end }).contains(where: isMostlyDoubtful)
        return [Concern.Severity.unusable, .doubtful].flatMap { severity in
            Concern.Kind.allCases.compactMap { kind in
                // A checkpoint is unusable or doubtful, never counted as both.
                let concerned = measured.filter { $0.llc?.isUsable == (severity == .doubtful) }.compactMap {
                    checkpoint in
                    checkpoint.llc?.concerns.first { $0.kind == kind && $0.severity == severity }
                        .map { (step: checkpoint.step, concern: $0) }
                }
                guard let first = concerned.first else { return nil }
                let verb = concerned.count == 1 ? "has" : "have"
                let consequence =
                    severity == .unusable ? "no usable λ̂ and no part in the stages" : "a doubtful λ̂"
                return Advisory(
                    severity: severity == .unusable || isWidespread ? .warning : .note,
                    finding: "\(concerned.count) of \(measured.count) checkpoints \(verb) \(consequence): "
                        + "\(kind.meaning). At \(axis.rawValue) \(Format.step(first.step)): "
                        + Format.sentence(first.concern.finding),
                    remedy: Format.sentence(first.concern.remedy), steps: concerned.map(\.step))
            }
        }
    }

    /// λ is at most d/2 at a minimum of the loss, and equal to it where the minimum is regular (Watanabe 2009): what
    /// exceeds it by more than two standard errors and the share of the finite step is said.
    private var excessAdvisories: [Advisory] {
        let bound = Double(sampledCount) / 2
        let excessive = checkpoints.compactMap { checkpoint -> (step: Int, llc: Estimate)? in
            guard bound > 0, let llc = checkpoint.llc, llc.isUsable, let value = llc.value,
                let error = llc.standardError
            else { return nil }
            let inflation = llc.stepBias ?? 0
            guard value > bound + 2 * error + inflation else { return nil }
            return (checkpoint.step, Estimate(value: value, standardError: error))
        }
        guard let first = excessive.first else { return [] }
        let measured = checkpoints.filter { $0.llc != nil }.count
        let verb = excessive.count == 1 ? "has" : "have"
        return [
            Advisory(
                severity: .note,
                finding: "\(excessive.count) of \(measured) checkpoints \(verb) a λ̂ above "
                    + "d/2 = \(Format.exact(bound)), d the number of sampled parameters: it is "
                    + "\(Format.estimate(first.llc)) at \(axis.rawValue) \(Format.step(first.step)). "
                    + "At a minimum of the loss λ is at most d/2.",
                remedy: "Do not read λ̂ there as a learning coefficient: the checkpoint is no minimum at this scale. "
                    + "Raise the localization to stay closer to it.",
                steps: excessive.map(\.step))
        ]
    }

    private var lossAdvisories: [Advisory] {
        let losses = checkpoints.compactMap { checkpoint in checkpoint.loss.map { (checkpoint.step, $0) } }
        guard losses.count > 1, let first = losses.first, let last = losses.last, last.1 >= first.1 else { return [] }
        return [
            Advisory(
                severity: .warning,
                finding:
                    "The \(tensors.isEmpty ? "loss" : "training loss") does not fall over the run: \(Format.value(first.1)) at \(axis.rawValue) "
                    + "\(Format.step(first.0)), \(Format.value(last.1)) at \(Format.step(last.0)).",
                remedy: "Check that the loss, the targets and the order of the checkpoints are those of the training.",
                steps: [first.0, last.0])
        ]
    }

    private var damageAdvisories: [Advisory] {
        damaged.map { checkpoint in
            Advisory(
                severity: .warning, finding: "\(axis.rawValue) \(checkpoint.step) is missing: \(checkpoint.reason).",
                remedy:
                    "All else stands without it; movement is counted over it. Put the file right and measure again: "
                    + "what is finished is kept.")
        }
    }

    private var processorAdvisories: [Advisory] {
        guard provenance.processors.count > 1 else { return [] }
        return [
            Advisory(
                severity: .note,
                finding: "The chains ran on a mixture of processors: \(provenance.processors.joined(separator: "; ")).",
                remedy: "Measure again on one kind of processor if byte-identical repetition matters; "
                    + "the estimates agree within their errors.")
        ]
    }
}

extension Advisory {
    /// What the stages, or the lack of them, give reason to say.
    static func concerning(stages: StageFinding?, usableCount: Int, of measurements: Measurements) -> [Advisory] {
        let unit = measurements.axis.rawValue
        guard let stages else {
            // With enough of them the search itself failed, which is said elsewhere.
            guard measurements.checkpoints.contains(where: { $0.llc != nil }),
                usableCount < BoundarySearch.minimumPointCount
            else { return [] }
            return [
                Advisory(
                    severity: .warning,
                    finding:
                        "\(usableCount) usable \(usableCount == 1 ? "checkpoint is" : "checkpoints are") too few to look for stages; "
                        + "at least \(BoundarySearch.minimumPointCount) are needed.",
                    remedy: "Measure more checkpoints, spaced evenly in log(\(unit) + 1).",
                    steps: measurements.unusableSteps)
            ]
        }
        var advisories: [Advisory] = []
        let errors = measurements.usablePoints.map(\.llc.standardError).sorted()
        let typicalError = errors.isEmpty ? 0 : errors[errors.count / 2]
        guard let search = stages.search else { return [] }
        if typicalError > 0, search.noise > 3 * typicalError {
            advisories.append(
                Advisory(
                    severity: .warning,
                    finding: "λ̂ scatters about its curve by \(Format.value(search.noise)), "
                        + "\(Format.value(search.noise / typicalError)) times its typical standard error of "
                        + "\(Format.value(typicalError)).",
                    remedy: "Believe the scatter, which the stages use: run more or longer chains, "
                        + "and look whether neighbouring checkpoints really differ."))
        }
        if !search.unresolved.isEmpty {
            let spans = search.unresolved.map { "\(unit) \(Format.interval($0))" }.joined(separator: ", ")
            advisories.append(
                Advisory(
                    severity: .note,
                    finding:
                        "The checkpoints are too far apart to tell whether the LLC stops changing within \(spans).",
                    remedy: "Measure checkpoints there, spaced evenly in log(\(unit) + 1)."))
        }
        return advisories
    }

    /// Whether the curve leaves most of how λ̂ varies to noise, where its values show changes of their level or slope: a curve
    /// of one smoothness does not follow jumps between plateaus.
    static func concerning(fitOf stages: StageFinding?, evidence: Evidence, of measurements: Measurements) -> [Advisory]
    {
        let points = measurements.usablePoints
        guard let stages, stages.method == .llc, let search = stages.search,
            let changes = evidence.changePoints.first(where: { $0.names == [Measurements.llcGroup] })?.changePoints,
            !changes.isEmpty
        else { return [] }
        let residuals = points.map { $0.llc.value - search.curve.mean(near: Double($0.step)) }
        let share = ChangePointEvidence.variance(residuals) / ChangePointEvidence.variance(points.map(\.llc.value))
        guard share > 0.5 else { return [] }
        let places = changes.map { "\(measurements.axis.rawValue) \(Format.interval($0.between))" }
        return [
            Advisory(
                severity: .warning,
                finding:
                    "The curve that stages are looked for on leaves \(Format.share(share)) of how λ̂ varies to noise, yet the "
                    + "values themselves change abruptly within \(places.list).",
                remedy:
                    "Look at the series: if these are jumps between plateaus, `instar stages --method change-points` cuts "
                    + "the stages there.")
        ]
    }

    /// What the null tests of a path give reason to say.
    static func concerning(dynamics: EssentialDynamics?) -> [Advisory] {
        guard let null = dynamics?.nullTest, !null.beatsNull else { return [] }
        return [
            Advisory(
                severity: .note,
                finding: "The components of the outputs are not told from those of a random walk with the same steps "
                    + "(p = \(Format.value(null.pValue, significantDigits: 2))).",
                remedy: "Do not read stages out of the components' shares or of their wave-like shapes alone.")
        ]
    }
}

extension LLCEstimate {
    /// Whether the number may take part in further conclusions.
    var isUsable: Bool { value != nil && !concerns.contains { $0.severity == .unusable } }
}

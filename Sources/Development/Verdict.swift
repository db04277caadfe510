extension Analysis {
    /// What was found, in a few sentences for a reader who reads nothing else; the most important first.
    public var verdict: [String] {
        var sentences: [String] = []
        let unit = measurements.axis.rawValue
        if let stages {
            let finding = stages.verdict(unit: unit, firstCheckpoint: measurements.checkpoints.first?.step)
            let isProvisional = measurements.isMostlyDoubtful(within: 0...Double.infinity)
            sentences.append(
                isProvisional ? "Provisional: \(finding.prefix(1).lowercased())\(finding.dropFirst())" : finding)
            sentences += measurements.doubt.map { [$0] } ?? []
            sentences += measurements.doubt(of: stages.boundaries).map { [$0] } ?? []
            sentences += evidenceSentences(stages)
        } else if measurements.checkpoints.contains(where: { $0.llc != nil }) {
            let count = measurements.usablePoints.count
            sentences.append(
                count >= BoundarySearch.minimumPointCount
                    ? "Stages cannot be told: the search for them failed; see the warnings."
                    : "Stages cannot be told: only \(count) \(count == 1 ? "checkpoint has" : "checkpoints have") a usable LLC, and "
                        + "at least \(BoundarySearch.minimumPointCount) are needed.")
            sentences += measurements.doubt.map { [$0] } ?? []
        } else {
            sentences.append(
                "No stages were looked for: the LLC was not measured, and nothing else is known at enough checkpoints.")
        }
        sentences += measurements.missing.map { [$0] } ?? []
        let warnings = advisories.filter { $0.severity == .warning }.count
        if warnings > 0 {
            sentences.append(
                warnings == 1
                    ? "One warning bears on this; see below." : "\(warnings) warnings bear on this; see below.")
        }
        return sentences
    }

    /// What happens in each stage, a sentence for each; empty where there is but one.
    public var stageSentences: [String] {
        guard let stages, stages.stages.count > 1 else { return [] }
        return stages.stages.enumerated().compactMap { index, stage in
            stage.lossChange != nil || stage.llcChange != nil
                ? "Stage \(index + 1): \(stage.verdict(unit: measurements.axis.rawValue))" : nil
        }
    }
}

extension Analysis {
    /// Which witnesses confirm the boundaries, beside what chance would have given, and what two solutions differ in.
    private func evidenceSentences(_ stages: StageFinding) -> [String] {
        var sentences: [String] = []
        if let table = evidence.table, table.independentCount > 0, !table.confirmations.isEmpty {
            sentences.append("Of \(table.independentCount) other series, \(Self.words(table.confirmations)).")
        }
        if let pair = evidence.equalLossPair {
            sentences.append(
                "Two solutions of one training loss: the LLC changes by \(Format.change(pair.llcDifference)) from the one that "
                    + "fails on held-out examples to the one that does not, "
                    + "\(pair.judgement).")
        }
        return sentences
    }

    private static func words(_ confirmations: [Confirmation]) -> String {
        let chances = confirmations.map { Format.value($0.expectedByChance, significantDigits: 2) }
        let pValues = confirmations.map { Format.value($0.pValue, significantDigits: 2) }
        guard confirmations.count == 1, let confirmation = confirmations.first else {
            let found = confirmations.indices.filter { confirmations[$0].isEvidence }.map { "\($0 + 1)" }
            let judgement =
                switch found.count {
                case 0: "no more than by chance"
                case confirmations.count: "more than by chance"
                default: "more than by chance only boundary \(Format.list(found))"
                }
            return Format.list(confirmations.map { "\($0.names.count)" })
                + " confirm the boundaries, in order, \(judgement) "
                + "(\(Format.list(chances)) expected, p = \(Format.list(pValues)))"
        }
        let names = confirmation.names
        guard !names.isEmpty else { return "none confirms the boundary (\(chances[0]) expected by chance)" }
        let confirmed =
            names.count == 1
            ? "1 confirms the boundary (\(names[0]))"
            : "\(names.count) confirm the boundary (\(Format.list(names)))"
        return confirmed + (confirmation.isEvidence ? ", more than by chance (" : ", no more than by chance (")
            + "\(chances[0]) expected, p = \(pValues[0]))"
    }
}

extension Comparison {
    /// The most other runs that the verdict tells one by one.
    private static let toldRunCount = 4

    /// What the comparison shows, in a few sentences: whether the stages are the same and who reaches them when, what chance
    /// would give, and what was found in each run.
    public var verdict: [String] {
        var sentences = stageSentences
        sentences += universality.map { [$0.agreement(by: alignment)] } ?? []
        if analyses.count <= 1 + Self.toldRunCount {
            sentences += zip(runNames, analyses).map { name, analysis in "\(name): \(analysis.verdict[0])" }
        }
        if !levelsAreComparable {
            sentences.append("Heights of the LLC cannot be compared: it was measured under different conditions.")
        }
        return sentences
    }

    private var stageSentences: [String] {
        let counts = analyses.map { $0.stages?.stages.count }
        guard counts.contains(where: { $0 != nil }) else {
            return ["No stages were found in any of the \(analyses.count) runs, or looked for."]
        }
        let matched = matchedBoundarySteps
        let boundaryCount = matched[0].count
        let isSame = Set(counts).count == 1 && matched.allSatisfy { $0.allSatisfy { $0 != nil } }
        if isSame, let count = counts[0] {
            let runs = analyses.count == 2 ? "both runs" : "all \(analyses.count) runs"
            let same =
                count == 1
                ? "One stage in \(runs): none has a boundary."
                : shareByChance.map {
                    "\(Format.count(count, "stage")) in \(runs). Whether they are the same is not told: boundaries at random "
                        + "agree as well in \(Format.share($0)) of cases."
                } ?? "The same \(Format.count(count, "stage").lowercased()) in \(runs)."
            return [([same] + arrivals).joined(separator: " ")]
        }
        guard !counts.contains(nil) else {
            return ["Whether the stages are the same cannot be told: \(Format.list(listing(counts)))."]
        }
        let finding =
            Set(counts).count == 1
            ? "\(counts[0].map { Format.count($0, "stage") } ?? "No stages") in each run, but not at the same places."
            : "Not the same stages: \(Format.list(listing(counts)))."
        let shared = (0..<boundaryCount).filter { boundary in matched.allSatisfy { $0[boundary] != nil } }.count
        let common =
            switch (shared, boundaryCount) {
            case (_, 0): ""
            case (0, 1): " The boundary of \(runNames[0]) has no match in some of the others."
            case (1, 1): " The boundary of \(runNames[0]) is matched in every run."
            default:
                " Of the \(boundaryCount) boundaries of \(runNames[0]), "
                    + "\(shared == 0 ? "none" : "\(shared)") \(shared < 2 ? "is" : "are") matched in every run."
            }
        let chance = shareByChance.map { "Boundaries at random agree as well in \(Format.share($0)) of cases." }
        return [([finding + common] + arrivals + [chance].compactMap(\.self)).joined(separator: " ")]
    }

    /// How often boundaries at random agree as well, where that is too often for a finding.
    private var shareByChance: Double? {
        let score = universality?.comparisons.first { $0.coordinate == alignment }?.joint
        return score.flatMap { $0.pValue > EssentialDynamics.NullTest.level ? $0.pValue : nil }
    }

    /// How many stages each run has, run by run where there are few; else how many runs have so many.
    private func listing(_ counts: [Int?]) -> [String] {
        func words(_ count: Int?) -> String {
            count.map { Format.count($0, "stage").lowercased() } ?? "none that were looked for"
        }
        guard counts.count > 1 + Self.toldRunCount else {
            return zip(runNames, counts).map { "\($0) has \(words($1))" }
        }
        let sizes = Dictionary(counts.map { ($0, 1) }, uniquingKeysWith: +)
        return sizes.sorted { ($1.value, $0.key ?? -1) < ($0.value, $1.key ?? -1) }.map { count, size in
            "\(size) of \(counts.count) runs \(size == 1 ? "has" : "have") \(words(count))"
        }
    }

    /// When the other runs reach the stages of the baseline.
    private var arrivals: [String] {
        guard let universality, analyses[0].stages != nil,
            let pairs = universality.comparisons.first(where: { $0.coordinate == alignment })?.pairs
        else { return [] }
        let told = pairs.filter { $0.first == 0 && !$0.matches.isEmpty }
        let hasOneNumbering = Set(analyses.map { $0.stages?.stages.count }).count == 1
        guard told.count <= Self.toldRunCount else { return ["The table of stages says when each run reaches them."] }
        return told.map { pair in
            let places = pair.matches.map { match in
                let ratio = "\(Format.value(match.stepRatio, significantDigits: 2))"
                let interval =
                    "[\(Format.value(match.interval.lowerBound, significantDigits: 2)), "
                    + "\(Format.value(match.interval.upperBound, significantDigits: 2))]"
                let number = "stage \(match.first + 2)"
                let stage = hasOneNumbering ? number : "\(number) of \(runNames[0])"
                if match.interval.lowerBound > 1 { return "\(stage) \(ratio)× later \(interval)" }
                if match.interval.upperBound < 1 { return "\(stage) earlier, at \(ratio)× the steps \(interval)" }
                return "\(stage) at \(ratio)× the steps \(interval), not clearly earlier or later"
            }
            return "\(universality.runs[pair.second].name) reaches \(Format.list(places))."
        }
    }
}

extension Universality {
    /// How well the runs' stages agree, beside what chance would give.
    fileprivate func agreement(by coordinate: Coordinate) -> String {
        guard !agreesOnNone else { return "The runs agree in having no stage boundary." }
        guard let comparison = comparisons.first(where: { $0.coordinate == coordinate }) else {
            return "Stages cannot be matched by \(coordinate.words): fewer than two runs know it at their boundaries."
        }
        guard let score = comparison.joint else {
            return "Matched by \(coordinate.words), no score: only some of the runs have boundaries."
        }
        return
            "Matched by \(coordinate.words), the boundaries agree to \(Format.share(score.value)), where 100 % are the same "
            + "places; random ones agree to \(Format.share(score.chanceMean)) on average, and to "
            + "\(Format.share(score.chanceQuantile)) once in twenty times (p = "
            + "\(Format.value(score.pValue, significantDigits: 2)))."
    }
}

extension Universality.Coordinate {
    /// The coordinate in words.
    public var words: String {
        switch self {
        case .logStep: "log step"
        case .loss: "loss"
        case .llc: "λ̂"
        }
    }
}

extension Measurements {
    /// How many estimates are doubtful or unusable; nil when none is.
    fileprivate var doubt: String? {
        let measured = checkpoints.filter { $0.llc != nil }.count
        let findings = [("doubtful", doubtfulSteps.count), ("unusable", unusableSteps.count)].filter { $0.1 > 0 }
        guard let first = findings.first else { return nil }
        return "The estimate of complexity, λ̂, is \(first.0) at \(first.1) of \(measured) checkpoints"
            + findings.dropFirst().map { " and \($0.0) at \($0.1)" }.joined() + "."
    }

    /// Which checkpoints are missing because they cannot be read; nil when none is.
    fileprivate var missing: String? {
        guard !damaged.isEmpty else { return nil }
        let unit = damaged.count == 1 ? axis.rawValue : "\(axis.rawValue)s"
        let shownCount = damaged.count > 6 ? 5 : damaged.count
        let places =
            damaged.prefix(shownCount).map { Format.step($0.step) }
            + (damaged.count > shownCount ? ["\(damaged.count - shownCount) more"] : [])
        return
            "\(damaged.count) of \(damaged.count + checkpoints.count) checkpoints \(damaged.count == 1 ? "is" : "are") "
            + "damaged and left out: \(unit) \(Format.list(places))."
    }

    /// The boundaries that no sound estimate stands behind; nil when there are none.
    fileprivate func doubt(of boundaries: [Boundary]) -> String? {
        let steps = usablePoints.map(\.step)
        let doubtful = Set(doubtfulSteps)
        let weak = boundaries.filter { boundary in
            let behind = StageFinding.checkpoints(behind: boundary.interval, of: steps)
            return !behind.isEmpty && doubtful.isSuperset(of: behind)
        }
        guard !weak.isEmpty else { return nil }
        let places = Format.list(weak.map { "\(axis.rawValue) \(Format.step($0.step))" })
        return weak.count == 1
            ? "The boundary at \(places) rests on doubtful estimates only."
            : "The boundaries at \(places) rest on doubtful estimates only."
    }
}

extension StageFinding {
    /// Number of stages, from where on if that is not the run's beginning, and every boundary with interval and support; or
    /// that there is none.
    fileprivate func verdict(unit: String, firstCheckpoint: Int?) -> String {
        guard !boundaries.isEmpty else { return absence(unit: unit) }
        let places = boundaries.map { boundary in
            let support = boundary.support.map { ", support \(Format.share($0))" } ?? ""
            let interval = Format.interval(boundary.interval)
            return "\(unit) \(Format.step(boundary.step, in: boundary.interval)) "
                + (boundary.support == nil ? "(between \(interval))" : "(95 % interval \(interval)\(support))")
        }
        let start = stages.first.map(\.start).flatMap { start in
            start == firstCheckpoint.map(Double.init) ? nil : " from \(unit) \(Format.step(start)) on"
        }
        return "\(Format.count(stages.count, "stage"))\(start ?? ""). "
            + (places.count == 1 ? "Boundary at " : "Boundaries at ") + Format.list(places) + "." + method.caveat
    }

    private func absence(unit: String) -> String {
        guard method == .llc, let search else {
            return "No stage boundary found." + method.caveat
        }
        let candidate = search.rejected.max { ($0.support ?? 0) < ($1.support ?? 0) }.map {
            " The best candidate, \(unit) \(Format.step($0.step)), is in \(Format.share($0.support ?? 0)) of the "
                + "posterior draws; \(Format.share(search.supportThreshold)) are needed."
        }
        let gap = search.unresolved.isEmpty ? "" : " Gaps between checkpoints may hide one."
        return "No stage boundary found: the LLC is not seen to come to rest between two places where it changes."
            + (candidate ?? "") + gap
    }
}

extension Method {
    /// That boundaries by less than λ̂ are weaker evidence; empty for λ̂.
    fileprivate var caveat: String {
        switch self {
        case .llc: ""
        case .loss: " By the loss alone, which is weaker evidence than the LLC."
        case .changePoints: " By changes of all series together, which is weaker evidence than the LLC."
        case .series(let name): " By changes of \(name) alone, which is weaker evidence than the LLC."
        }
    }
}

extension Stage {
    /// From where to where, and what loss and LLC do.
    fileprivate func verdict(unit: String) -> String {
        let changes = [
            lossChange.map { "the loss changes by \(Format.change($0))" },
            llcChange.map {
                lossChange == nil ? "the LLC changes by \(Format.change($0))" : "the LLC by \(Format.change($0))"
            },
        ].compactMap(\.self)
        let type = kind == .lossFallsComplexityRises || kind == .lossFallsComplexityFalls ? "type \(kind.symbol): " : ""
        let meaning = kind == .undecided ? "" : " (\(type)\(kind.meaning))"
        return "from \(unit) \(Format.step(start)) to \(Format.step(end)) "
            + changes.joined(separator: ", ") + meaning + "."
    }
}

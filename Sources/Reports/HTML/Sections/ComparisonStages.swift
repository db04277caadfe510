import Development

extension ComparisonReport {
    /// The stages of all runs in one table, the same stage of each run next to each other; nil when no run has any.
    var stageSection: Page.Section? {
        let findings = comparison.analyses.map(\.stages)
        let count = findings.compactMap { $0?.stages.count }.max() ?? 0
        guard count > 0 else { return nil }
        let rows = (0..<count).flatMap { stage in
            findings.indices.compactMap { run in row(ofStage: stage, run: run) }
        }
        let kinds = [Stage.Kind.lossFallsComplexityRises, .lossFallsComplexityFalls]
            .map { "\($0.symbol): \($0.meaning)" }.joined(separator: "; ")
        let columns = ["Stage", "Run", "From", "To", "Δ loss", "Δλ̂", "Kind"]
        let table = Table(
            "The same stage of each run next to each other. \(kinds).", columns: columns,
            numeric: Set(columns.indices).subtracting([1, columns.count - 1]), rows: rows)
        let boundaries = zip(comparison.runNames, findings).compactMap { name, finding -> Table? in
            guard let finding, !finding.boundaries.isEmpty else { return nil }
            return Table(boundaries: finding.boundaries, caption: "Boundaries of \(name)")
        }
        return Page.Section(
            anchor: "stages", heading: "Stages",
            blocks: [Page.Block(tables: [table] + matchingTables, foldedTables: boundaries)])
    }

    /// How well the stages of the runs agree by each coordinate, and the boundaries matched by the one that was picked.
    private var matchingTables: [Table] {
        guard let universality = comparison.universality, !universality.agreesOnNone else { return [] }
        func name(_ pair: Universality.Pair) -> String {
            "\(universality.runs[pair.first].name) and \(universality.runs[pair.second].name)"
        }
        func cells(_ score: Universality.Score?) -> [String] {
            guard let score else { return ["–", "–", "–", "–"] }
            return [
                Format.share(score.value), Format.share(score.chanceMean), Format.share(score.chanceQuantile),
                Format.value(score.pValue, significantDigits: 2),
            ]
        }
        let scores = universality.comparisons.flatMap { matching in
            matching.pairs.map { [matching.coordinate.words, name($0)] + cells($0.score) }
                + (matching.joint.map { [[matching.coordinate.words, "all runs"] + cells($0)] } ?? [])
        }
        let agreement = Table(
            "Agreement of the stages, beside that of boundaries placed at random, uniformly in log t "
                + "(\(Format.step(universality.placementCount)) placements)",
            columns: ["Matched by", "Runs", "Agreement", "By chance, mean", "95 % below", "p"], numeric: [2, 3, 4, 5],
            rows: scores)
        let matches = (universality.comparisons.first { $0.coordinate == comparison.alignment }?.pairs ?? []).flatMap {
            pair in
            pair.matches.map { match -> [String] in
                let boundaries = (
                    universality.runs[pair.first].boundaries[match.first],
                    universality.runs[pair.second].boundaries[match.second]
                )
                return [
                    name(pair), Format.step(boundaries.0.step), Format.step(boundaries.1.step),
                    "\(Format.value(match.stepRatio)) [\(Format.value(match.interval.lowerBound)), "
                        + "\(Format.value(match.interval.upperBound))]",
                ]
            }
        }
        guard !matches.isEmpty else { return [agreement] }
        let matched = Table(
            "Boundaries matched by \(comparison.alignment.words), with the ratio of their steps and its 95 % interval",
            columns: ["Runs", "First", "Second", "Second ÷ first"], numeric: [1, 2, 3], rows: matches)
        return [agreement, matched]
    }

    /// The cells of one stage of one run; nil where the run has no such stage.
    private func row(ofStage index: Int, run: Int) -> [String]? {
        guard let stages = comparison.analyses[run].stages?.stages, index < stages.count else { return nil }
        let stage = stages[index]
        let place = ["\(index + 1)", comparison.runNames[run], Format.step(stage.start), Format.step(stage.end)]
        let changes = [
            stage.lossChange.map(Format.change) ?? "not measured", stage.llcChange.map(Format.change) ?? "not measured",
        ]
        return place + changes + [stage.kind.symbol]
    }

    /// What differs between the runs; nil when nothing does.
    var differenceSection: Page.Section? {
        guard !comparison.differences.isEmpty else { return nil }
        let subjects: [Comparison.Difference.Subject] = [.measurement, .effort, .hyperparameter, .provenance]
        let tables = subjects.compactMap { subject -> Table? in
            let differences = comparison.differences.filter { $0.subject == subject }
            guard !differences.isEmpty else { return nil }
            return Table(
                subject.words, columns: ["Name"] + comparison.runNames, isShortened: true,
                rows: differences.map { difference in [difference.name] + difference.values.map { $0 ?? "–" } })
        }
        return Page.Section(anchor: "differences", heading: "What differs", blocks: [Page.Block(tables: tables)])
    }
}

extension Comparison.Difference.Subject {
    /// The subject in words.
    fileprivate var words: String {
        switch self {
        case .measurement: "Conditions of the measurement, which decide whether heights of λ̂ can be compared"
        case .effort: "Effort, which moves the error of λ̂ only"
        case .hyperparameter: "Hyperparameters of the training"
        case .provenance: "Provenance"
        }
    }
}

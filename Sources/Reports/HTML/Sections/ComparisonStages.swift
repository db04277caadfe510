import Development

extension ComparisonReport {
    /// Matched boundaries in rows, a column for each run; nil when no run has stages.
    var stageTable: Table? {
        let findings = comparison.analyses.map(\.stages)
        guard findings.contains(where: { !($0?.boundaries.isEmpty ?? true) }) else { return nil }
        let matched = comparison.matchedBoundarySteps
        let pairs = comparison.universality?.comparisons.first { $0.coordinate == comparison.alignment }?.pairs ?? []
        func cell(_ boundary: Boundary, ratio match: Universality.Match?) -> String {
            let place = "\(Format.step(boundary.step, in: boundary.interval)) \(Format.interval(boundary.interval))"
            guard let match else { return place }
            return place + "; \(Format.value(match.stepRatio, significantDigits: 2))× ["
                + "\(Format.value(match.interval.lowerBound, significantDigits: 2)), "
                + "\(Format.value(match.interval.upperBound, significantDigits: 2))]"
        }
        // The place of each run among those that have stages, which alone are matched.
        var places: [Int: Int] = [:]
        for run in findings.indices where findings[run] != nil { places[run] = places.count }
        var rows: [[String]] = []
        var shown = findings.map { _ in Set<Double>() }
        for index in (matched.first ?? []).indices {
            rows.append(
                ["End of stage \(index + 1)"]
                    + findings.indices.map { run in
                        guard index < matched[run].count, let step = matched[run][index],
                            let boundary = findings[run]?.boundaries.first(where: { $0.step == step })
                        else { return "–" }
                        shown[run].insert(step)
                        let match = pairs.first { $0.first == 0 && $0.second == places[run] }?.matches.first {
                            $0.first == index
                        }
                        return cell(boundary, ratio: run == 0 ? nil : match)
                    })
        }
        let unmatched = findings.indices.map { run in
            (findings[run]?.boundaries ?? []).filter { !shown[run].contains($0.step) }.map { cell($0, ratio: nil) }
        }
        if unmatched.contains(where: { !$0.isEmpty }) {
            rows.append(["Unmatched"] + unmatched.map { $0.isEmpty ? "–" : $0.joined(separator: ", ") })
        }
        return Table(
            "Boundaries of the baseline, \(comparison.runNames[0]), and those of the other runs matched to them by "
                + "\(comparison.alignment.words): place, 95\u{A0}% interval, and how many times the baseline’s step that is, with its 95\u{A0}% interval",
            columns: ["Boundary"] + comparison.runNames, rows: rows)
    }

    /// A table with a column for each run as it is readable: with a row for each run where there are many.
    func upright(_ table: Table) -> Table { isCrowded ? table.transposed(heading: "Run") : table }

    /// The stages of each run, how well they agree and by what coordinate; nil when no run has any.
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
            "The stages of each run by their number, with what changes in them. \(kinds).", columns: columns,
            numeric: Set(columns.indices).subtracting([1, columns.count - 1]), rows: rows)
        let boundaries = zip(comparison.runNames, findings).compactMap { name, finding -> Table? in
            guard let finding, !finding.boundaries.isEmpty else { return nil }
            return Table(boundaries: finding.boundaries, caption: "Boundaries of \(name)")
        }
        return Page.Section(
            anchor: "stages", heading: "Stages",
            blocks: [Page.Block(tables: matchingTables), Page.Block(foldedTables: [table] + boundaries)].filter {
                !$0.tables.isEmpty || !$0.foldedTables.isEmpty
            })
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
        return [agreement]
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
            return upright(
                Table(
                    subject.words, columns: ["Name"] + comparison.runNames, isShortened: true,
                    rows: differences.map { difference in [difference.name] + difference.values.map { $0 ?? "–" } }))
        }
        let common = comparison.analyses[0].measurements.hyperparameters.filter { entry in
            comparison.analyses.allSatisfy { $0.measurements.hyperparameters.contains(entry) }
        }
        let folded = Table(
            "Hyperparameters that are the same in all runs (\(common.count))", columns: ["Name", "Value"],
            isShortened: true,
            rows: common.map { [$0.name, $0.value] })
        return Page.Section(
            anchor: "differences", heading: "What differs",
            blocks: [Page.Block(tables: tables, foldedTables: common.isEmpty ? [] : [folded])])
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

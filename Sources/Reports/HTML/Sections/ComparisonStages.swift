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
        let ratioHeading = comparison.boundaryRatios == nil ? [] : ["To ÷ first run’s"]
        let columns = ["Stage", "Run", "From", "To"] + ratioHeading + ["Δ loss", "Δλ̂", "Kind"]
        let table = Table(
            "The same stage of each run next to each other. \(kinds).", columns: columns,
            numeric: Set(columns.indices).subtracting([1, columns.count - 1]), rows: rows)
        let boundaries = zip(comparison.runNames, findings).compactMap { name, finding -> Table? in
            guard let finding, !finding.boundaries.isEmpty else { return nil }
            return Table(boundaries: finding.boundaries, caption: "Boundaries of \(name)")
        }
        return Page.Section(
            anchor: "stages", heading: "Stages", blocks: [Page.Block(tables: [table], foldedTables: boundaries)])
    }

    /// The cells of one stage of one run; nil where the run has no such stage.
    private func row(ofStage index: Int, run: Int) -> [String]? {
        guard let stages = comparison.analyses[run].stages?.stages, index < stages.count else { return nil }
        let stage = stages[index]
        let place = ["\(index + 1)", comparison.runNames[run], Format.step(stage.start), Format.step(stage.end)]
        // The last stage ends with the run and not at a boundary.
        let ratio = comparison.boundaryRatios.map { [index < $0[run].count ? Format.value($0[run][index]) : "–"] } ?? []
        let changes = [
            stage.lossChange.map(Format.change) ?? "not measured", stage.llcChange.map(Format.change) ?? "not measured",
        ]
        return place + ratio + changes + [stage.kind.symbol]
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

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
        let kinds = [Stage.Kind.lossFallsComplexityRises, .lossFallsComplexityFalls, .undecided]
            .map { "\($0.rawValue): \($0.meaning)" }.joined(separator: "; ")
        let table = Table(
            "The same stage of each run next to each other. \(kinds).",
            columns: ["Stage", "Run", "From", "To", "To, in the first run’s", "Δ loss", "Δλ̂", "Kind"],
            numeric: [0, 2, 3, 4, 5, 6], rows: rows)
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
        let ratio = comparison.boundaryRatios.flatMap { index < $0[run].count ? $0[run][index] : nil }
        return [
            "\(index + 1)", comparison.runNames[run], Format.step(stage.start), Format.step(stage.end),
            ratio.map { "× \(Format.value($0))" } ?? "", stage.lossChange.map(Format.change) ?? "not measured",
            Format.change(stage.llcChange), stage.kind.rawValue,
        ]
    }

    /// What differs between the runs; nil when nothing does.
    var differenceSection: Page.Section? {
        guard !comparison.differences.isEmpty else { return nil }
        let table = Table(
            "Only what is not the same in all runs", columns: ["What", "Name"] + comparison.runNames,
            rows: comparison.differences.map { difference in
                [difference.subject.words, difference.name] + difference.values.map { $0 ?? "" }
            })
        return Page.Section(anchor: "differences", heading: "What differs", blocks: [Page.Block(tables: [table])])
    }
}

extension Comparison.Difference.Subject {
    /// The subject in words.
    fileprivate var words: String {
        switch self {
        case .measurement: "Measurement: decides whether λ̂ can be compared"
        case .effort: "Effort: moves the error of λ̂ only"
        case .hyperparameter: "Hyperparameter of the training"
        case .provenance: "Provenance"
        }
    }
}

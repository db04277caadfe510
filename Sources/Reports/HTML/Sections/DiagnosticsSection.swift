import Development
import Sampling

extension RunReport {
    /// R-hat and effective sample sizes at every checkpoint, then chain traces where they matter;
    /// nil when no LLC was measured.
    var diagnosticsSection: Page.Section? {
        let measurements = analysis.measurements
        guard measurements.checkpoints.contains(where: { $0.llc != nil }) else { return nil }
        var blocks: [Page.Block] = []
        if let chart = diagnosticsChart {
            let caption =
                "R-hat near 1 says that the chains agree with each other, not that they are right: all start at "
                + "the checkpoint. So drift and the stationary identity are judged too."
            blocks.append(
                Page.Block(figures: [Page.Figure(full: chart, caption: caption, numbers: [diagnosticsTable])]))
        } else {
            blocks.append(Page.Block(foldedTables: [diagnosticsTable]))
        }
        let concerned = measurements.checkpoints.filter { !($0.llc?.concerns.isEmpty ?? true) }
        if !concerned.isEmpty { blocks.append(Page.Block(foldedTables: [concernTable(concerned)])) }
        let traces = tracedCheckpoints.compactMap(traceFigure)
        if !traces.isEmpty {
            let words =
                "Chain traces at the first and the last checkpoint, at the boundaries and where doubts are gravest."
            blocks.append(Page.Block(paragraphs: [words], figures: traces, arrangement: "grid"))
        }
        return Page.Section(anchor: "diagnostics", heading: "Diagnostics", blocks: blocks)
    }

    private var diagnosticsChart: Chart? {
        let measurements = analysis.measurements
        var panels: [Chart.Panel] = []
        var legend: [LegendEntry] = []
        let agreement = measurements.points { $0.llc?.rHat }
        if let scale = Scale.linear(fitting: agreement.map(\.y), including: [1, 1.05]) {
            panels.append(
                Chart.Panel(
                    label: "R-hat (dotted: 1.01)", vertical: .scale(scale), height: 90,
                    marks: [.level(1.01), .markers(agreement.map(measurements.marker), SeriesStyle(index: 0))]))
            legend.append(LegendEntry(symbol: .marker(SeriesStyle(index: 0), .sound), label: "R-hat"))
        }
        let sizes = [measurements.points { $0.llc?.bulkESS }, measurements.points { $0.llc?.tailESS }]
        if let scale = Scale.linearOrLogarithmic(fitting: sizes.flatMap { $0.map(\.y) } + [100]) {
            guard sizes.contains(where: { !$0.isEmpty }) else { return nil }
            let styles = [SeriesStyle(index: 2), SeriesStyle(index: 3)]
            panels.append(
                Chart.Panel(
                    label: "Effective draws", vertical: .scale(scale), height: 110,
                    marks: zip(sizes, styles).map { .markers($0.map(measurements.marker), $1) }))
            legend.append(LegendEntry(symbol: .marker(styles[0], .sound), label: "Bulk"))
            legend.append(LegendEntry(symbol: .marker(styles[1], .sound), label: "Tails"))
        }
        guard !panels.isEmpty else { return nil }
        return Chart(
            title: "R-hat and effective sample sizes", summary: "The numbers are in the table below.",
            horizontal: measurements.stepAxis, panels: panels, stages: StageMarks(analysis.stages), legend: legend)
    }

    private var diagnosticsTable: Table {
        func text(_ value: Double?) -> String { value.map(Format.number) ?? "" }
        let rows = analysis.measurements.checkpoints.compactMap { checkpoint -> (cells: [String], rowClass: String)? in
            guard let estimate = checkpoint.llc else { return nil }
            let diverged = estimate.divergedAtDraw.compactMap { $0 }.count
            let identity = estimate.identity
            var cells = [Format.count(checkpoint.step), text(estimate.value), text(estimate.standardError)]
            cells += [estimate.rHat.map(Format.rHat) ?? "", text(estimate.bulkESS), text(estimate.tailESS)]
            cells += [text(identity?.left), text(identity?.right), text(identity?.standardError)]
            cells.append("\(diverged) of \(estimate.divergedAtDraw.count)")
            cells.append(estimate.concerns.map(\.kind.words).joined(separator: ", "))
            return (cells, estimate.rowClass)
        }
        return Table(
            "Diagnostics at each checkpoint. Identity: E[δ·g] against d + (ε/4)·E|g|², equal when the chains are stationary.",
            columns: [
                analysis.measurements.axisWord, "λ̂", "MCSE", "R-hat", "ESS bulk", "ESS tails", "E[δ·g]",
                "d + (ε/4)·E|g|²", "MCSE of the difference", "Diverged", "Concerns",
            ], numeric: Set(0...9), rows: rows)
    }

    private func concernTable(_ checkpoints: [CheckpointMeasurement]) -> Table {
        let rows = checkpoints.flatMap { checkpoint in
            (checkpoint.llc?.concerns ?? []).map { concern in
                (
                    cells: [
                        Format.count(checkpoint.step), concern.severity.rawValue, Format.sentence(concern.finding),
                        Format.sentence(concern.remedy),
                    ], rowClass: concern.severity.rawValue
                )
            }
        }
        return Table(
            "Every concern, with what to do about it (\(rows.count))",
            columns: [analysis.measurements.axisWord, "Number is", "Finding", "Remedy"], numeric: [0], rows: rows)
    }
}

extension Concern.Kind {
    /// The kind in words.
    var words: String {
        switch self {
        case .diverged: "diverged"
        case .chainsDisagree: "chains disagree"
        case .fewEffectiveDraws: "few effective draws"
        case .notStationary: "not stationary"
        case .drifting: "drifting"
        case .stepSizeTooLarge: "step size too large"
        case .negative: "negative"
        case .singleChain: "single chain"
        }
    }
}

import Development
import Sampling

extension RunReport {
    /// When each stage began and ended, how sure that is, what changed and who confirms it; nil where no series could
    /// carry stages.
    var stageSummary: Table? {
        guard let finding = analysis.stages else { return nil }
        let unit = analysis.measurements.axis.rawValue
        let witnesses = analysis.evidence.table
        let ends = finding.stages.indices.map { $0 < finding.boundaries.count ? finding.boundaries[$0] : nil }
        let confirmations = ends.enumerated().map { index, end in
            guard end != nil else { return "" }
            guard let witnesses, witnesses.independentCount > 0 else { return "no other series" }
            return witnesses.confirmations[index].words(of: witnesses.independentCount)
        }
        let knowsLoss = finding.stages.contains { $0.lossChange != nil }
        let knowsLLC = finding.stages.contains { $0.llcChange != nil }
        func changes(_ change: KeyPath<Stage, Estimate?>) -> [String] {
            finding.stages.map { $0[keyPath: change].map(Format.change) ?? "not measured" }
        }
        // What no stage has gets no column.
        let columns: [(heading: String, isNumeric: Bool, cells: [String])?] = [
            ("Stage", true, finding.stages.indices.map { "\($0 + 1)" }),
            ("From \(unit)", true, finding.stages.map { Format.step($0.start) }),
            (
                "To \(unit)", true,
                zip(finding.stages, ends).map { Format.step($0.end) + ($1 == nil ? ", the end" : "") }
            ),
            finding.boundaries.isEmpty
                ? nil : ("95 % interval", true, ends.map { $0.map { Format.interval($0.interval) } ?? "" }),
            finding.boundaries.contains { $0.support != nil }
                ? ("Support", true, ends.map { $0?.support.map { Format.share($0) } ?? "" }) : nil,
            knowsLoss ? ("Δ loss", true, changes(\.lossChange)) : nil,
            knowsLLC ? ("Δλ̂", true, changes(\.llcChange)) : nil,
            knowsLoss && knowsLLC ? ("Type", false, finding.stages.map(\.kind.words)) : nil,
            finding.boundaries.isEmpty ? nil : ("Confirmed by", false, confirmations),
        ]
        let shown = columns.compactMap(\.self)
        let caption = [
            finding.boundaries.isEmpty ? nil : "when each ends, with its interval",
            knowsLoss || knowsLLC
                ? "what changes in it, ± one standard error" + (knowsLoss && knowsLLC ? ", and its type" : "") : nil,
            finding.boundaries.isEmpty ? nil : "how many other series change where it ends",
        ].compactMap(\.self)
        return Table(
            caption.isEmpty ? "Stages" : "Stages: \(caption.joined(separator: "; ")).", columns: shown.map(\.heading),
            numeric: Set(shown.indices.filter { shown[$0].isNumeric }),
            rows: finding.stages.indices.map { row in shown.map { $0.cells[row] } })
    }

    /// Loss and λ̂ over the training with the stages in them, then the tables of boundaries and the evidence.
    var stageSection: Page.Section? {
        var blocks: [Page.Block] = []
        if let figure = courseFigure { blocks.append(Page.Block(figures: [figure])) }
        if let finding = analysis.stages {
            let boundaries =
                finding.boundaries.isEmpty ? [] : [Table(boundaries: finding.boundaries, caption: "Boundaries in full")]
            blocks.append(Page.Block(paragraphs: [stageExplanation(finding)], foldedTables: boundaries))
            if let rejected = finding.search?.rejected, !rejected.isEmpty {
                blocks.append(Page.Block(foldedTables: [rejectedTable(rejected)]))
            }
            blocks += evidenceBlocks(finding)
        }
        guard !blocks.isEmpty else { return nil }
        return Page.Section(
            anchor: "stages", heading: analysis.stages == nil ? "Loss and complexity" : "Stages", blocks: blocks)
    }

    /// λ̂ above the loss, with a shared axis; nil when neither was measured.
    private var courseFigure: Page.Figure? {
        let measurements = analysis.measurements
        let curveStyle = SeriesStyle(index: 0, key: "fitted λ")
        let llcStyle = SeriesStyle(index: 0, key: "λ̂")
        let lossStyle = SeriesStyle(index: 1, key: "loss")
        var panels: [Chart.Panel] = []
        var legend: [LegendEntry] = []
        let curve = analysis.stages?.search?.curve
        if let scale = measurements.llcScale(measurements.estimates, including: curve) {
            var marks: [Mark] = []
            if let curve {
                marks.append(.band(x: curve.steps, lower: curve.lower, upper: curve.upper, curveStyle))
                marks.append(.line(zip(curve.steps, curve.mean).map { Mark.Point(x: $0, y: $1) }, curveStyle))
                legend.append(LegendEntry(symbol: .line(curveStyle), label: "Fitted λ"))
                legend.append(LegendEntry(symbol: .band(curveStyle), label: "95 % band of the fit"))
            }
            marks.append(.markers(measurements.llcMarkers(measurements.estimates), llcStyle))
            marks += measurements.notes(measurements.estimates, outside: scale)
            let label = "λ̂, local learning coefficient"
            panels.append(
                Chart.Panel(
                    label: label, vertical: .scale(scale), height: 240, marks: marks,
                    readings: [measurements.reading("λ̂", key: llcStyle.key, measurements.estimates)]))
            legend += measurements.qualityLegend(llcStyle)
        }
        let losses = measurements.points(\.loss)
        if let scale = Scale.linearOrLogarithmic(fitting: losses.map(\.y)) {
            let unit = measurements.loss.map { "Training loss, \($0.unit)" } ?? "Training loss"
            panels.append(
                Chart.Panel(
                    label: unit, vertical: .scale(scale), height: 150,
                    marks: [
                        .line(losses, SeriesStyle(index: 1, role: .thin, key: lossStyle.key)),
                        .markers(losses.map(measurements.marker), lossStyle),
                    ], readings: [measurements.reading("loss", key: lossStyle.key, losses)]))
            legend.append(LegendEntry(symbol: .marker(lossStyle, .sound), label: "Loss"))
        }
        guard !panels.isEmpty else { return nil }
        let stages = StageMarks(analysis.stages)
        if !stages.isEmpty { legend.append(LegendEntry(symbol: .boundary, label: "Boundary, 95 % interval")) }
        let chart = Chart(
            identifier: "course", title: "Loss and local learning coefficient over the training",
            summary: analysis.verdict.joined(separator: " "),
            horizontal: measurements.stepAxis, panels: panels, stages: stages, legend: legend)
        return Page.Figure(full: chart, caption: courseCaption, numbers: [checkpointTable])
    }

    private var courseCaption: String {
        let estimates = analysis.measurements.checkpoints.compactMap(\.llc)
        guard estimates.contains(where: { $0.value != nil }) else {
            let isOurs = !analysis.measurements.tensors.isEmpty
            return (isOurs ? "The training loss over all training examples." : "The loss.")
                + (estimates.isEmpty ? "" : " λ̂ could not be computed at any checkpoint.")
        }
        var sentences = ["Each point is one checkpoint."]
        if estimates.contains(where: { $0.interval != nil }) {
            sentences.append("The bar of a λ̂ is ± 1.96 standard errors.")
        }
        if analysis.stages?.search != nil { sentences.append("The band is the 95 % band of the fitted curve.") }
        let qualities = Set(estimates.map(\.quality))
        if qualities.contains(.doubtful) {
            sentences.append("A hollow point is doubtful, for a reason given under Diagnostics.")
        }
        if qualities.contains(.unusable) {
            sentences.append("A cross is unusable and took no part in the fit or in the height of the axis.")
        }
        if estimates.contains(where: { $0.value == nil }) {
            sentences.append("A cross without a value stands on the axis.")
        }
        return sentences.joined(separator: " ")
    }

    /// The table of `series.csv` for readers; the components' scores stand beside their own chart.
    private var checkpointTable: Table {
        let table = SeriesTable(analysis)
        let shownCount = table.columns.count - (analysis.essentialDynamics?.components.count ?? 0)
        let headings = table.columns.prefix(shownCount).map { $0.replacing("_", with: " ") }
        return Table(
            "What was measured at each checkpoint", columns: headings, numeric: Set(headings.indices),
            rows: zip(table.rows, analysis.measurements.checkpoints).map { row, checkpoint in
                (row.prefix(shownCount).map { $0.map(Format.number) ?? "" }, checkpoint.llc?.rowClass ?? "")
            })
    }

    private func stageExplanation(_ finding: StageFinding) -> String {
        var text =
            switch finding.method {
            case .llc:
                "A boundary is a point where λ stops changing: a minimum of |dλ/d log(t + 1)| on the fitted curve. "
                    + "Its support is the share of curves drawn from the fit that have it; "
                    + "\(Format.share(BoundarySearch.defaultSupportThreshold)) is needed."
            case .loss:
                "A boundary is here a point where the loss stops changing: a minimum of |d log L/d log(t + 1)| on a "
                    + "fitted curve. It is weaker evidence than the LLC."
            case .changePoints, .series:
                "A boundary is here a change in the law of the series (\(finding.method.name)); its interval reaches "
                    + "from the checkpoint before to the one after. It is weaker evidence than the LLC."
            }
        if !finding.excludedSteps.isEmpty {
            text += " \(Format.counted(finding.excludedSteps.count, "unusable checkpoint")) took no part."
        }
        return text
    }

    private func rejectedTable(_ rejected: [Boundary]) -> Table {
        Table(
            boundaries: rejected,
            caption: "Candidates below the threshold, not counted as boundaries (\(rejected.count))")
    }
}

extension Table {
    /// The positions of boundaries with their intervals and support.
    init(boundaries: [Boundary], caption: String) {
        self.init(
            caption, columns: ["At", "50 % interval", "95 % interval", "Support", "Slope left", "Sharpness"],
            numeric: [0, 1, 2, 3, 4, 5],
            rows: boundaries.map {
                [
                    Format.step($0.step, in: $0.interval), Format.interval($0.innerInterval),
                    Format.interval($0.interval),
                    $0.support.map { Format.share($0) } ?? "–", $0.relativeSlope.map { Format.share($0) } ?? "–",
                    $0.sharpness.map { Format.value($0, significantDigits: 2) } ?? "–",
                ]
            })
    }
}

extension Stage.Kind {
    /// The letter, where there is one, and what it stands for.
    var words: String {
        switch self {
        case .lossFallsComplexityRises, .lossFallsComplexityFalls: "\(symbol): \(meaning)"
        default: meaning
        }
    }
}

extension LLCEstimate {
    /// The class of a table row that holds the estimate; empty when it is sound.
    var rowClass: String { quality == .sound ? "" : quality.word }
}

extension Measurements {
    /// Entries for the qualities that occur among the estimates.
    func qualityLegend(_ style: SeriesStyle) -> [LegendEntry] {
        let qualities = checkpoints.compactMap { $0.llc?.quality }
        let entries: [(Mark.Quality, String)] = [
            (.sound, "λ̂ with 95 % interval"), (.doubtful, "Doubtful"), (.unusable, "Unusable"),
        ]
        return entries.filter { qualities.contains($0.0) }
            .map { LegendEntry(symbol: .marker(style, $0.0), label: $0.1) }
    }
}

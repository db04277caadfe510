import Development
import Sampling

extension RunReport {
    /// When each stage began and ended, how sure that is, what changed and who confirms it; nil where no series could
    /// carry stages.
    var stageSummary: Table? {
        guard let finding = analysis.stages else { return nil }
        let unit = analysis.measurements.axis.rawValue
        let witnesses = analysis.evidence.table
        let columns = [
            "Stage", "From \(unit)", "To \(unit)", "95 % interval", "Support", "Δ loss", "Δλ̂", "Type", "Confirmed by",
        ]
        let rows = finding.stages.enumerated().map { index, stage in
            let end = index < finding.boundaries.count ? finding.boundaries[index] : nil
            var confirmation = end == nil ? "" : "no other series"
            if end != nil, let witnesses, witnesses.independentCount > 0 {
                confirmation =
                    "\(witnesses.confirmationCount(ofBoundary: index)) of \(witnesses.independentCount) series; by chance "
                    + Format.value(witnesses.expectedByChance(ofBoundary: index), significantDigits: 2)
            }
            return [
                "\(index + 1)", Format.step(stage.start), Format.step(stage.end) + (end == nil ? ", the end" : ""),
                end.map { Format.interval($0.interval) } ?? "", end?.support.map { Format.share($0) } ?? "",
                stage.lossChange.map(Format.change) ?? "not measured",
                stage.llcChange.map(Format.change) ?? "not measured",
                stage.kind.words, confirmation,
            ]
        }
        return Table(
            "Stages: when each ends, with interval and support; what changes in it, ± one standard error, its type; and how many "
                + "other series change where it ends.",
            columns: columns, numeric: [0, 1, 2, 3, 4, 5, 6], rows: rows)
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
                    Format.step($0.step), Format.interval($0.innerInterval), Format.interval($0.interval),
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

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
        blocks.append(Page.Block(foldedTables: [ruleTable] + (concerned.isEmpty ? [] : [concernTable(concerned)])))
        if let table = observationTable { blocks.append(Page.Block(tables: [table])) }
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
        let agreementStyle = SeriesStyle(index: 0, key: "R-hat")
        if let scale = Scale.linear(fitting: agreement.map(\.y), including: [1, 1.05]) {
            panels.append(
                Chart.Panel(
                    label: "R-hat (dotted: 1.01)", vertical: .scale(scale), height: 90,
                    marks: [.level(1.01), .markers(agreement.map(measurements.marker), agreementStyle)],
                    readings: [measurements.reading("R-hat", key: agreementStyle.key, agreement)]))
            legend.append(LegendEntry(symbol: .marker(agreementStyle, .sound), label: "R-hat"))
        }
        let sizes = [measurements.points { $0.llc?.bulkESS }, measurements.points { $0.llc?.tailESS }]
        if let scale = Scale.linearOrLogarithmic(fitting: sizes.flatMap { $0.map(\.y) } + [100]) {
            guard sizes.contains(where: { !$0.isEmpty }) else { return nil }
            let names = ["Effective draws, bulk", "Effective draws, tails"]
            let styles = zip([2, 3], names).map { SeriesStyle(index: $0, key: $1) }
            panels.append(
                Chart.Panel(
                    label: "Effective draws", vertical: .scale(scale), height: 110,
                    marks: zip(sizes, styles).map { .markers($0.map(measurements.marker), $1) },
                    readings: zip(sizes, names).map { measurements.reading($1, key: $1, $0) }))
            legend.append(LegendEntry(symbol: .marker(styles[0], .sound), label: "Bulk"))
            legend.append(LegendEntry(symbol: .marker(styles[1], .sound), label: "Tails"))
        }
        guard !panels.isEmpty else { return nil }
        return Chart(
            identifier: "diagnostics", title: "R-hat and effective sample sizes",
            summary: "The numbers are in the table below.",
            horizontal: measurements.stepAxis, panels: panels, stages: StageMarks(analysis.stages), legend: legend)
    }

    private var diagnosticsTable: Table {
        func text(_ value: Double?) -> String { value.map(Format.number) ?? "" }
        let rows = analysis.measurements.checkpoints.compactMap { checkpoint -> (cells: [String], rowClass: String)? in
            guard let estimate = checkpoint.llc else { return nil }
            let diverged = estimate.divergedAtDraw.compactMap { $0 }.count
            let identity = estimate.identity
            var cells = [Format.count(checkpoint.step), text(estimate.value), text(estimate.standardError)]
            cells += [text(estimate.stepBias ?? estimate.removedBias), Format.count(estimate.drawCount)]
            cells += [estimate.rHat.map(Format.rHat) ?? "", text(estimate.bulkESS), text(estimate.tailESS)]
            cells += [text(identity?.left), text(identity?.right), text(identity?.standardError)]
            cells += [text(estimate.acceptance), text(estimate.geweke)]
            cells += [estimate.shareBelowStart.map(Format.share) ?? "", text(estimate.distance)]
            cells.append("\(diverged) of \(estimate.divergedAtDraw.count)")
            cells.append(estimate.concerns.map(\.kind.words).joined(separator: ", "))
            return (cells, estimate.rowClass)
        }
        return Table(
            "Diagnostics at each checkpoint. Identity: E[δ·g] against its value for a stationary chain. Acceptance: of a "
                + "Metropolis step with both ends on one minibatch. Geweke: the chain's score that is farthest from 0. "
                + "Below: share of draws with a loss below the checkpoint's. |w − w*|: root mean square.",
            columns: [
                analysis.measurements.axisWord, "λ̂", "MCSE", "Step's bias", "Draws", "R-hat", "ESS bulk", "ESS tails",
                "E[δ·g]", "Expected", "MCSE of the difference", "Acceptance", "Geweke", "Below", "|w − w*|", "Diverged",
                "Concerns",
            ], numeric: Set(0...15), rows: rows)
    }

    /// What is judged at every checkpoint, with the number of checkpoints that fail.
    private var ruleTable: Table {
        let estimates = analysis.measurements.checkpoints.compactMap(\.llc)
        let rows = Concern.Kind.allCases.map { kind in
            [
                kind.words, kind.threshold, Format.sentence(kind.meaning), Format.sentence(kind.remedy),
                "\(estimates.count { $0.concerns.contains { $0.kind == kind } }) of \(estimates.count)",
            ]
        }
        return Table(
            "What is judged at every checkpoint", columns: ["Concern", "Raised by", "Means", "Remedy", "Checkpoints"],
            numeric: [4], rows: rows)
    }

    /// WBIC, singular fluctuation and the covariance's leading eigenvalues; nil where nothing was observed.
    private var observationTable: Table? {
        let observed = analysis.measurements.checkpoints.compactMap { checkpoint in
            checkpoint.observations.map { (checkpoint.step, $0) }
        }
        guard !observed.isEmpty else { return nil }
        let rows = observed.map { step, value in
            [
                Format.count(step), value.wbic.map { Format.number($0.value) } ?? "",
                value.wbic?.standardError.map(Format.number) ?? "",
                value.wbic.map { $0.isAtItsTemperature ? "yes" : "no: a tempered mean" } ?? "",
                value.singularFluctuation.map { Format.number($0.value) } ?? "",
                value.singularFluctuation?.standardError.map(Format.number) ?? "",
                value.covarianceEigenvalues.map(Format.number).joined(separator: ", "),
                value.covarianceErrorBound.map(Format.number) ?? "",
            ]
        }
        return Table(
            "From the same draws: WBIC n·E[L(w)], the singular fluctuation, and the leading eigenvalues of the posterior "
                + "covariance, each too small by at most the bound",
            columns: [
                analysis.measurements.axisWord, "WBIC", "MCSE", "At nβ = n/ln n", "Singular fluctuation", "Error",
                "Eigenvalues", "Bound",
            ], numeric: [0, 1, 2, 4, 5, 7], rows: rows)
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
        case .lowAcceptance: "low acceptance"
        case .adaptationBias: "adaptation bias"
        case .escaping: "escaping"
        case .negative: "negative"
        case .singleChain: "single chain"
        case .targetMissed: "target missed"
        }
    }
}

import Development
import Sampling

extension ComparisonReport {
    /// λ̂, boundaries and loss of all runs on one axis, the differences from the baseline, the runs' own series, and the
    /// ends in numbers.
    var courseSection: Page.Section? {
        let panels = [llcPanel, boundaryPanel, lossPanel].compactMap { $0 }
        guard !panels.isEmpty || !sharedSeriesFigures.isEmpty else { return nil }
        var blocks: [Page.Block] = []
        if !panels.isEmpty {
            let chart = Chart(
                identifier: "course", title: "Local learning coefficient, boundaries and loss of all runs",
                summary: comparison.verdict.joined(separator: " "), horizontal: stepAxis, panels: panels, legend: legend
            )
            var captions: [String] = []
            if llcPanel != nil, !isCrowded {
                captions.append("Bands are λ̂ ± 1.96 standard errors at the usable checkpoints.")
            }
            if llcPanel != nil, !comparison.levelsAreComparable {
                captions.append("Compare the shapes of these curves and not their heights.")
            }
            if boundaryPanel != nil { captions.append("Each boundary stands with the 95 % interval of its position.") }
            if isAlignedByStage {
                captions.append(
                    "Each run's steps are mapped onto the baseline's, straight in log(t + 1) between matched boundaries."
                )
            }
            blocks.append(Page.Block(figures: [Page.Figure(full: chart, caption: captions.joined(separator: " "))]))
        }
        if let figure = differenceFigure { blocks.append(Page.Block(figures: [figure])) }
        blocks.append(Page.Block(tables: [endTable]))
        let shared = sharedSeriesFigures
        if !shared.isEmpty {
            blocks.append(
                Page.Block(
                    paragraphs: ["Series that all runs recorded themselves."], figures: shared, arrangement: "grid"))
        }
        return Page.Section(anchor: "course", heading: "Loss and complexity", blocks: blocks)
    }

    /// The line of a series of a run, with its markers and its band where there is room for them.
    private func marks(_ series: Comparison.Series, run: Int, withBand: Bool) -> [Mark] {
        let x = series.steps.map { place($0, ofRun: run) }
        let points = zip(x, series.values).map { Mark.Point(x: $0, y: $1) }
        var marks: [Mark] = [.line(points, style(ofRun: run))]
        if isCrowded { return marks }
        if withBand {
            marks.insert(.band(x: x, lower: series.lower, upper: series.upper, style(ofRun: run)), at: 0)
        }
        marks.append(
            .markers(points.map { Mark.Marker(x: $0.x, y: $0.y, interval: nil, quality: .sound) }, style(ofRun: run)))
        return marks
    }

    private func reading(_ name: String, _ series: Comparison.Series, run: Int) -> Chart.Reading {
        Chart.Reading(
            name: "\(name) \(comparison.runNames[run])", key: comparison.runNames[run],
            steps: series.steps.map { place($0, ofRun: run) }, values: series.values,
            errors: series.standardErrors.contains { $0 > 0 } ? series.standardErrors : nil)
    }

    private var llcPanel: Chart.Panel? {
        let values = comparison.llcs.flatMap { isCrowded ? $0.values : $0.lower + $0.upper }
        guard let scale = Scale.linear(fitting: values) else { return nil }
        return Chart.Panel(
            label: "λ̂, local learning coefficient", vertical: .scale(scale), height: 240,
            marks: comparison.llcs.enumerated().flatMap { marks($1, run: $0, withBand: true) },
            readings: comparison.llcs.enumerated().map { reading("λ̂", $1, run: $0) })
    }

    private var boundaryPanel: Chart.Panel? {
        guard comparison.analyses.contains(where: { !($0.stages?.boundaries.isEmpty ?? true) }) else { return nil }
        let marks = comparison.analyses.enumerated().flatMap { run, analysis in
            (analysis.stages?.boundaries ?? []).map { boundary -> Mark in
                let ends = [boundary.interval.lowerBound, boundary.interval.upperBound, boundary.step].map {
                    isAlignedByStage ? comparison.stageMaps[run]($0) : $0
                }
                return .rowInterval(ends[0]...max(ends[0], ends[1]), at: ends[2], row: run, style(ofRun: run))
            }
        }
        return Chart.Panel(
            label: "Boundaries", vertical: .rows(comparison.runNames), height: Double(comparison.runNames.count) * 22,
            marks: marks)
    }

    private var lossPanel: Chart.Panel? {
        guard let scale = Scale.linearOrLogarithmic(fitting: comparison.losses.flatMap(\.values)) else { return nil }
        return Chart.Panel(
            label: "Training loss", vertical: .scale(scale), height: 150,
            marks: comparison.losses.enumerated().flatMap { marks($1, run: $0, withBand: false) },
            readings: comparison.losses.enumerated().map { reading("loss", $1, run: $0) })
    }

    /// Each run minus the baseline over the training; nil where nothing can be subtracted.
    private var differenceFigure: Page.Figure? {
        guard !isAlignedByStage else { return nil }
        func panel(_ label: String, _ name: String, _ deviations: [Comparison.Deviation?], height: Double) -> Chart
            .Panel?
        {
            let known = deviations.enumerated().compactMap { run, deviation in deviation.map { (run, $0.series) } }
            let values = known.flatMap { isCrowded ? $0.1.values : $0.1.lower + $0.1.upper }
            guard let scale = Scale.linear(fitting: values, including: [0]) else { return nil }
            return Chart.Panel(
                label: label, vertical: .scale(scale), height: height,
                marks: [.level(0)] + known.flatMap { marks($0.1, run: $0.0, withBand: true) },
                readings: known.map { reading(name, $0.1, run: $0.0) })
        }
        let baseline = comparison.runNames[0].abbreviated(to: 30)
        let panels = [
            panel("λ̂ minus that of \(baseline)", "Δλ̂", comparison.llcDeviations, height: 150),
            panel("Loss minus that of \(baseline)", "Δloss", comparison.lossDeviations, height: 110),
        ].compactMap(\.self)
        guard !panels.isEmpty else { return nil }
        let chart = Chart(
            identifier: "difference", title: "Differences from \(comparison.runNames[0]) over the training",
            summary: "Above zero, the run has more than the baseline.", horizontal: stepAxis, panels: panels,
            legend: Array(legend.dropFirst()))
        let interpolated =
            comparison.llcDeviations.contains { $0?.basis == .interpolated }
            || comparison.lossDeviations.contains { $0?.basis == .interpolated }
        let basis =
            interpolated
            ? "Where runs share fewer than three steps, the baseline stands on straight lines between its checkpoints."
            : "At the steps that both runs were measured at."
        return Page.Figure(
            full: chart, caption: (isCrowded ? "" : "Bands are ± 1.96 standard errors of both runs together. ") + basis)
    }

    /// The series that every run recorded under one name.
    private var sharedSeriesFigures: [Page.Figure] {
        let recorded = comparison.analyses.map(\.measurements.recordedSeries)
        let shared = recorded[0].map(\.name).filter { name in recorded.allSatisfy { $0.contains { $0.name == name } } }
        return shared.enumerated().compactMap { place, name in
            let series = recorded.map { $0.first { $0.name == name } }
            guard let scale = Scale.linearOrLogarithmic(fitting: series.flatMap { $0?.values ?? [] }) else {
                return nil
            }
            var marks: [Mark] = []
            var readings: [Chart.Reading] = []
            for case (let run, let one?) in series.enumerated() {
                let envelope = Envelope(
                    x: one.steps.map { self.place($0, ofRun: run) }, y: one.values, scale: stepAxis.scale,
                    cellCount: 100)
                marks.append(.line(envelope.points, style(ofRun: run)))
                readings.append(
                    Chart.Reading(
                        name: comparison.runNames[run], key: comparison.runNames[run],
                        steps: envelope.x.map { $0.rounded() },
                        values: envelope.mean))
            }
            let chart = Chart(
                identifier: "recorded-\(place + 1)", title: name,
                summary: "A series that all runs recorded themselves.",
                horizontal: stepAxis,
                panels: [
                    Chart.Panel(
                        label: name.abbreviated(to: 44), vertical: .scale(scale), height: 130, marks: marks,
                        readings: readings)
                ])
            return Page.Figure(
                small: chart, caption: "Lines are means of neighbours where there are more than 100 values.")
        }
    }

    /// The last values of each run and their differences from the baseline's, as far as heights can be compared.
    private var endTable: Table {
        func last(_ series: Comparison.Series) -> Estimate? {
            guard let value = series.values.last, let error = series.standardErrors.last else { return nil }
            return Estimate(value: value, standardError: error)
        }
        func differences(_ estimates: [Estimate?]) -> [String] {
            estimates.enumerated().map { index, estimate in
                guard index > 0, let estimate, let reference = estimates[0] else { return "–" }
                let error = (estimate.variance + reference.variance).squareRoot()
                return Format.change(Estimate(value: estimate.value - reference.value, standardError: error))
            }
        }
        let losses = comparison.losses.map(last)
        let llcs = comparison.llcs.map(last)
        let ends = comparison.analyses.map { $0.measurements.checkpoints.last.map { Format.count($0.step) } ?? "–" }
        var columns = [("Run", comparison.runNames), ("Last checkpoint", ends)]
        columns.append(("Loss", losses.map { $0.map(Format.estimate) ?? "–" }))
        if comparison.lossesAreComparable { columns.append(("Δ loss from the baseline", differences(losses))) }
        columns.append(("λ̂", llcs.map { $0.map(Format.estimate) ?? "–" }))
        if comparison.levelsAreComparable { columns.append(("Δλ̂ from the baseline", differences(llcs))) }
        let caption =
            comparison.levelsAreComparable
            ? "The last usable value of each run, and its difference from the baseline’s with the standard error of both"
            : "The last usable value of each run; λ̂ was measured under different conditions, so it is not subtracted"
        return Table(
            caption, columns: columns.map(\.0), numeric: Set(columns.indices.dropFirst()),
            rows: comparison.runNames.indices.map { run in columns.map { $0.1[run] } })
    }

    /// λ̂ against the loss, a path per run; nil where no run has both.
    var phaseSection: Page.Section? {
        let paths = comparison.analyses.enumerated().map { run, analysis in
            analysis.measurements.checkpoints.compactMap { checkpoint -> (step: Double, x: Double, y: Double)? in
                guard let loss = checkpoint.loss, let llc = checkpoint.llc, llc.quality != .unusable,
                    let value = llc.value,
                    loss.isFinite
                else { return nil }
                return (place(checkpoint.step, ofRun: run), loss, value)
            }
        }
        guard let horizontal = Scale.linearOrLogarithmic(fitting: paths.flatMap { $0.map(\.x) }),
            let vertical = Scale.linear(fitting: paths.flatMap { $0.map(\.y) })
        else { return nil }
        var marks: [Mark] = []
        var readings: [Chart.Reading] = []
        for (run, path) in paths.enumerated() where !path.isEmpty {
            let points = path.map { Mark.Point(x: $0.x, y: $0.y) }
            marks.append(.line(points, style(ofRun: run)))
            let markers = points.map { Mark.Marker(x: $0.x, y: $0.y, interval: nil, quality: .sound) }
            marks.append(.markers(isCrowded ? Array(markers.suffix(1)) : markers, style(ofRun: run)))
            readings.append(
                Chart.Reading(
                    name: comparison.runNames[run], key: comparison.runNames[run], steps: path.map(\.step),
                    x: path.map(\.x),
                    values: path.map(\.y)))
            if !isCrowded, let first = path.first, let last = path.last {
                marks += [first, last].map {
                    .note(Mark.Point(x: $0.x, y: $0.y), Format.step($0.step), key: comparison.runNames[run])
                }
            }
        }
        let chart = Chart(
            identifier: "phase", title: "λ̂ against the training loss",
            summary: "A path for each run, from its first checkpoint to its last.",
            horizontal: Chart.Axis(label: "Training loss", scale: horizontal, kind: .plane),
            panels: [
                Chart.Panel(label: "λ̂", vertical: .scale(vertical), height: 300, marks: marks, readings: readings)
            ], legend: legend)
        let caption =
            "Runs that go through the same stages at other speeds have the same path. Unusable checkpoints are left out."
            + (comparison.levelsAreComparable ? "" : " λ̂ was measured under different conditions: compare shapes only.")
        return Page.Section(
            anchor: "phase", heading: "Complexity against loss",
            blocks: [Page.Block(figures: [Page.Figure(full: chart, caption: caption)])])
    }
}

extension Comparison.Series {
    /// The lower edge of the 95 % band.
    fileprivate var lower: [Double] { zip(values, standardErrors).map { $0 - standardErrorsOf95Percent * $1 } }

    /// The upper edge of the 95 % band.
    fileprivate var upper: [Double] { zip(values, standardErrors).map { $0 + standardErrorsOf95Percent * $1 } }
}

extension Estimate {
    /// The square of the standard error.
    fileprivate var variance: Double { standardError * standardError }
}

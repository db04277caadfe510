import Development

extension RunReport {
    /// Losses on subsets, the gradient's norm and the run's own series; nil when there is none of them.
    var recordedSection: Page.Section? {
        var blocks: [Page.Block] = []
        if let figure = subsetFigure { blocks.append(Page.Block(figures: [figure])) }
        var figures: [Page.Figure] = []
        if let figure = gradientFigure { figures.append(figure) }
        figures += analysis.measurements.recordedSeries.enumerated().compactMap(recordedFigure)
        if !figures.isEmpty {
            blocks.append(
                Page.Block(
                    paragraphs: analysis.measurements.recordedSeries.isEmpty
                        ? [] : ["Series that the run recorded itself stand beside what was measured here."],
                    figures: figures, arrangement: "grid"))
        }
        return blocks.isEmpty ? nil : Page.Section(anchor: "series", heading: "Other series", blocks: blocks)
    }

    private var subsetFigure: Page.Figure? {
        let measurements = analysis.measurements
        let names = measurements.subsetNames
        guard !names.isEmpty else { return nil }
        let series = names.map { name in measurements.points { $0.subsetLoss(named: name) } }
        guard let scale = Scale.linearOrLogarithmic(fitting: series.flatMap { $0.map(\.y) }) else { return nil }
        let styles = names.enumerated().map { SeriesStyle(index: $0, key: "loss on \($1)") }
        let chart = Chart(
            identifier: "subsets", title: "Loss on each subset of the examples",
            summary: "Subsets: \(names.joined(separator: ", ")).", horizontal: measurements.stepAxis,
            panels: [
                Chart.Panel(
                    label: measurements.loss.map { "Loss, \($0.unit)" } ?? "Loss", vertical: .scale(scale), height: 180,
                    marks: zip(series, styles).map { .line($0, $1) },
                    readings: zip(series, styles).map { measurements.reading($1.key, key: $1.key, $0) })
            ], stages: StageMarks(analysis.stages),
            legend: zip(names, styles).map { LegendEntry(symbol: .line($1), label: $0.abbreviated(to: 32)) })
        return Page.Figure(
            full: chart, caption: "The loss on each named subset; the numbers are in the table of checkpoints.")
    }

    private var gradientFigure: Page.Figure? {
        let points = analysis.measurements.points(\.gradientNorm)
        guard let scale = Scale.linearOrLogarithmic(fitting: points.map(\.y)) else { return nil }
        let chart = Chart(
            identifier: "gradient", title: "Norm of the gradient",
            summary: "The gradient of the training loss at each checkpoint.",
            horizontal: analysis.measurements.stepAxis,
            panels: [
                Chart.Panel(
                    label: "|∇L|", vertical: .scale(scale), height: 130,
                    marks: [
                        .line(points, SeriesStyle(index: 0, role: .thin)),
                        .markers(points.map(analysis.measurements.marker), SeriesStyle(index: 0)),
                    ], readings: [analysis.measurements.reading("|∇L|", points)])
            ], stages: StageMarks(analysis.stages))
        return Page.Figure(small: chart, caption: "Norm of the gradient over all training examples, measured here.")
    }

    private func recordedFigure(_ place: Int, _ series: RecordedSeries) -> Page.Figure? {
        let steps = series.steps.map(Double.init)
        let own = analysis.measurements.stepScale.domain
        let isFalling = (series.values.last ?? 0) < (series.values.first ?? 0)
        let fitting =
            isFalling ? Scale.linearOrLogarithmic(fitting: series.values) : Scale.linear(fitting: series.values)
        guard let first = steps.first, let last = steps.last, let vertical = fitting else { return nil }
        let horizontal = Scale(.logStep, min(first, own.lowerBound)...max(last, own.upperBound))
        let envelope = Envelope(x: steps, y: series.values, scale: horizontal, cellCount: 150)
        let style = SeriesStyle(index: 2, role: .thin)
        let chart = Chart(
            identifier: "recorded-\(place + 1)", title: series.name,
            summary: "A series that the run recorded itself, \(Format.counted(series.values.count, "value")).",
            horizontal: Chart.Axis(label: analysis.measurements.axisLabel, scale: horizontal, kind: .checkpoints),
            panels: [
                Chart.Panel(
                    label: series.name.abbreviated(to: 44), vertical: .scale(vertical), height: 130,
                    marks: [
                        .band(x: envelope.x, lower: envelope.lowest, upper: envelope.highest, style),
                        .line(envelope.points, style),
                    ],
                    readings: [
                        Chart.Reading(
                            name: series.name, steps: envelope.x.map { $0.rounded() }, values: envelope.mean)
                    ])
            ], stages: StageMarks(analysis.stages))
        let thinning =
            series.values.count > envelope.x.count
            ? "; line: means of neighbours, band: their range" : ""
        return Page.Figure(
            small: chart, caption: "Recorded by the run: \(Format.counted(series.values.count, "value"))\(thinning).")
    }
}

extension Measurements {
    /// The names of all subsets with a loss, in order of first appearance.
    var subsetNames: [String] {
        var names: [String] = []
        for checkpoint in checkpoints {
            for subset in checkpoint.subsetLosses where !names.contains(subset.name) { names.append(subset.name) }
        }
        return names
    }
}

extension CheckpointMeasurement {
    /// The loss on a subset; nil when it was not measured here.
    func subsetLoss(named name: String) -> Double? { subsetLosses.first { $0.name == name }?.loss }
}

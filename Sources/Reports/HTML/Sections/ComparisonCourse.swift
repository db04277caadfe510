import Development

extension ComparisonReport {
    /// λ̂, boundaries and loss of all runs on one axis, then the runs' ends in numbers.
    var courseSection: Page.Section? {
        let panels = [llcPanel, boundaryPanel, lossPanel].compactMap { $0 }
        guard !panels.isEmpty else { return nil }
        let chart = Chart(
            title: "Local learning coefficient, boundaries and loss of all runs",
            summary: comparison.verdict.joined(separator: " "), horizontal: stepAxis, panels: panels, legend: legend)
        let caption =
            "Bands are λ̂ ± 1.96 standard errors at the usable checkpoints. Each boundary stands with the 95 % "
            + "interval of its position."
        return Page.Section(
            anchor: "course", heading: "Loss and complexity",
            blocks: [
                Page.Block(figures: [Page.Figure(full: chart, caption: caption)]),
                Page.Block(tables: [endTable]),
            ])
    }

    private var llcPanel: Chart.Panel? {
        var marks: [Mark] = []
        var values: [Double] = []
        for (index, series) in comparison.llcs.enumerated() {
            let x = series.steps.map(Double.init)
            let lower = zip(series.values, series.standardErrors).map { $0 - standardErrorsOf95Percent * $1 }
            let upper = zip(series.values, series.standardErrors).map { $0 + standardErrorsOf95Percent * $1 }
            let points = zip(x, series.values).map { Mark.Point(x: $0, y: $1) }
            marks += [.band(x: x, lower: lower, upper: upper, style(ofRun: index)), .line(points, style(ofRun: index))]
            values += lower + upper
        }
        guard let scale = Scale.linear(fitting: values) else { return nil }
        return Chart.Panel(label: "λ̂, local learning coefficient", vertical: .scale(scale), height: 240, marks: marks)
    }

    private var boundaryPanel: Chart.Panel? {
        let names = comparison.runNames
        guard comparison.analyses.contains(where: { !($0.stages?.boundaries.isEmpty ?? true) }) else { return nil }
        let marks = comparison.analyses.enumerated().flatMap { index, analysis in
            (analysis.stages?.boundaries ?? []).map { boundary in
                Mark.rowInterval(
                    boundary.interval, at: boundary.step, row: index, style(ofRun: index),
                    tooltip: "\(names[index]): \(Format.step(boundary.step)) \(Format.interval(boundary.interval))")
            }
        }
        return Chart.Panel(label: "Boundaries", vertical: .rows(names), height: Double(names.count) * 22, marks: marks)
    }

    private var lossPanel: Chart.Panel? {
        guard let scale = Scale.linearOrLogarithmic(fitting: comparison.losses.flatMap(\.values)) else { return nil }
        let marks = comparison.losses.enumerated().map { index, series in
            Mark.line(zip(series.steps, series.values).map { .init(x: Double($0), y: $1) }, style(ofRun: index))
        }
        return Chart.Panel(label: "Training loss", vertical: .scale(scale), height: 150, marks: marks)
    }

    /// The last values of each run and their difference from the first run's.
    private var endTable: Table {
        func last(_ series: Comparison.Series) -> Estimate? {
            guard let value = series.values.last, let error = series.standardErrors.last else { return nil }
            return Estimate(value: value, standardError: error)
        }
        func difference(_ estimate: Estimate?, from reference: Estimate?) -> String {
            guard let estimate, let reference else { return "" }
            let error =
                (estimate.standardError * estimate.standardError
                + reference.standardError * reference.standardError).squareRoot()
            return Format.change(Estimate(value: estimate.value - reference.value, standardError: error))
        }
        let losses = comparison.losses.map(last)
        let llcs = comparison.llcs.map(last)
        let rows = comparison.runNames.enumerated().map { index, name in
            let isReference = index == 0
            return [
                name, comparison.analyses[index].measurements.checkpoints.last.map { Format.count($0.step) } ?? "",
                losses[index].map(Format.estimate) ?? "", isReference ? "" : difference(losses[index], from: losses[0]),
                llcs[index].map(Format.estimate) ?? "", isReference ? "" : difference(llcs[index], from: llcs[0]),
            ]
        }
        return Table(
            "The last usable value of each run, and its difference from the first run's with the standard error of both",
            columns: ["Run", "Last checkpoint", "Loss", "Difference", "λ̂", "Difference"], numeric: [1, 2, 3, 4, 5],
            rows: rows)
    }
}

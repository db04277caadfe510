import Development
import Sampling

extension ComparisonReport {
    /// λ̂, boundaries and loss of all runs on one axis, then the runs' ends in numbers.
    var courseSection: Page.Section? {
        let panels = [llcPanel, boundaryPanel, lossPanel].compactMap { $0 }
        guard !panels.isEmpty else { return nil }
        let chart = Chart(
            identifier: "course", title: "Local learning coefficient, boundaries and loss of all runs",
            summary: comparison.verdict.joined(separator: " "), horizontal: stepAxis, panels: panels, legend: legend)
        var captions: [String] = []
        if llcPanel != nil { captions.append("Bands are λ̂ ± 1.96 standard errors at the usable checkpoints.") }
        if llcPanel != nil, !comparison.levelsAreComparable {
            captions.append("Compare the shapes of these curves and not their heights.")
        }
        if boundaryPanel != nil { captions.append("Each boundary stands with the 95 % interval of its position.") }
        return Page.Section(
            anchor: "course", heading: "Loss and complexity",
            blocks: [
                Page.Block(figures: [Page.Figure(full: chart, caption: captions.joined(separator: " "))]),
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
                    boundary.interval, at: boundary.step, row: index, style(ofRun: index))
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

    /// The last values of each run and their differences from the first run's, as far as heights can be compared.
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
        let lossIsOne = !comparison.differences.contains { $0.subject == .measurement && $0.name == "loss" }
        let ends = comparison.analyses.map { $0.measurements.checkpoints.last.map { Format.count($0.step) } ?? "–" }
        var columns = [("Run", comparison.runNames), ("Last checkpoint", ends)]
        columns.append(("Loss", losses.map { $0.map(Format.estimate) ?? "–" }))
        if lossIsOne { columns.append(("Δ loss from the first run", differences(losses))) }
        columns.append(("λ̂", llcs.map { $0.map(Format.estimate) ?? "–" }))
        if comparison.levelsAreComparable { columns.append(("Δλ̂ from the first run", differences(llcs))) }
        let caption =
            comparison.levelsAreComparable
            ? "The last usable value of each run, and its difference from the first run’s with the standard error of both"
            : "The last usable value of each run; λ̂ was measured under different conditions, so it is not subtracted"
        return Table(
            caption, columns: columns.map(\.0), numeric: Set(columns.indices.dropFirst()),
            rows: comparison.runNames.indices.map { run in columns.map { $0.1[run] } })
    }
}

extension Estimate {
    /// The square of the standard error.
    fileprivate var variance: Double { standardError * standardError }
}

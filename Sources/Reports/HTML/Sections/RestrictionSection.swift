import Development
import Sampling

extension RunReport {
    /// λ̂ under each restriction as small charts over one axis of steps; nil when none was measured.
    var restrictionSection: Page.Section? {
        let measurements = analysis.measurements
        guard !measurements.restrictions.isEmpty else { return nil }
        let whole = Page.Figure(
            small: chart(name: "All that is sampled", identifier: "restriction-0", measurements.estimates),
            caption: "All that is sampled: \(Format.counted(measurements.sampledCount, "parameter")).")
        let restricted = measurements.restrictions.enumerated().map { index, series in
            Page.Figure(
                small: chart(
                    name: series.restriction.name, identifier: "restriction-\(index + 1)", estimates(of: series)),
                caption: caption(series))
        }
        let words =
            "Each chart is λ̂ with only some parameters sampled and the rest frozen, or over only some examples, at the "
            + "settings of the whole series. Every chart has its own vertical axis."
        return Page.Section(
            anchor: "restrictions", heading: "Restricted λ̂",
            blocks: [
                Page.Block(paragraphs: [words], figures: [whole] + restricted, arrangement: "grid"),
                Page.Block(foldedTables: [restrictionTable]),
            ])
    }

    private func estimates(of series: RestrictedSeries) -> [StepEstimate] {
        zip(analysis.measurements.checkpoints, series.points).map {
            StepEstimate(step: $0.step, estimate: $1.llc)
        }
    }

    private func chart(name: String, identifier: String, _ estimates: [StepEstimate]) -> Chart {
        let measurements = analysis.measurements
        let style = SeriesStyle(index: 0)
        var panels: [Chart.Panel] = []
        if let scale = measurements.llcScale(estimates) {
            let line = estimates.filter { $0.estimate.quality != .unusable }.compactMap { point in
                point.estimate.value.map { Mark.Point(x: Double(point.step), y: $0) }
            }
            panels.append(
                Chart.Panel(
                    label: "λ̂", vertical: .scale(scale), height: 120,
                    marks: [
                        .line(line, SeriesStyle(index: 0, role: .thin)),
                        .markers(measurements.llcMarkers(estimates), style),
                    ] + measurements.notes(estimates, outside: scale),
                    readings: [measurements.reading("λ̂", key: "", estimates)]))
        }
        return Chart(
            identifier: identifier, title: "λ̂ of \(name)", summary: "The numbers are in the table below.",
            horizontal: measurements.stepAxis,
            panels: panels, stages: StageMarks(analysis.stages))
    }

    private func caption(_ series: RestrictedSeries) -> String {
        let restriction = series.restriction
        var parts = ["\(Format.counted(series.sampledCount, "parameter"))"]
        if !restriction.parameters.isEmpty { parts.append("of \(restriction.parameters.joined(separator: ", "))") }
        if let examples = restriction.examples {
            parts.append("on the \(Format.counted(series.exampleCount, "example")) of \(examples)")
        }
        return "\(restriction.name): \(parts.joined(separator: " "))."
    }

    private var restrictionTable: Table {
        let measurements = analysis.measurements
        let columns = [measurements.axisWord, "All"] + measurements.restrictions.map(\.restriction.name)
        let rows = measurements.checkpoints.enumerated().map { place, checkpoint in
            [Format.count(checkpoint.step), checkpoint.llc.map { Format.llc($0) } ?? ""]
                + measurements.restrictions.map { Format.llc($0.points[place].llc) }
        }
        return Table(
            "λ̂ under each restriction, with its standard error", columns: columns, numeric: Set(columns.indices),
            rows: rows)
    }
}

import Development
import Foundation

extension ComparisonReport {
    /// Runs grouped by a hyperparameter, each group as mean and interval; nil where that was not asked for.
    var groupSection: Page.Section? {
        guard let grouping = comparison.grouping else { return nil }
        let names = grouping.groups.map { "\(grouping.key) \($0.value ?? "not stated")" }
        let styles = names.enumerated().map { SeriesStyle(index: $0, key: $1) }
        func panel(_ label: String, _ curve: (Grouping.Group) -> Grouping.Curve, height: Double, level: Double? = nil)
            -> Chart.Panel?
        {
            let curves = grouping.groups.map(curve)
            let values = curves.flatMap {
                $0.means.flatMap { [$0.interval?.lowerBound, $0.interval?.upperBound, $0.value] }
            }
            .compactMap(\.self)
            guard let scale = Scale.linear(fitting: values, including: level.map { [$0] } ?? []), !values.isEmpty else {
                return nil
            }
            var marks: [Mark] = level.map { [.level($0)] } ?? []
            var readings: [Chart.Reading] = []
            for (index, curve) in curves.enumerated() where !curve.steps.isEmpty {
                let x = curve.steps.map(Double.init)
                marks.append(
                    .band(
                        x: x, lower: curve.means.map { $0.interval?.lowerBound ?? .nan },
                        upper: curve.means.map { $0.interval?.upperBound ?? .nan }, styles[index]))
                marks.append(.line(zip(x, curve.means).map { Mark.Point(x: $0, y: $1.value) }, styles[index]))
                readings.append(
                    Chart.Reading(
                        name: "\(label), \(names[index])", key: names[index], steps: x, values: curve.means.map(\.value)
                    ))
            }
            return Chart.Panel(label: label, vertical: .scale(scale), height: height, marks: marks, readings: readings)
        }
        let first = names[0].abbreviated(to: 30)
        let panels = [
            panel("Mean λ̂", \.llc, height: 200), panel("Mean training loss", \.loss, height: 130),
            panel("Mean λ̂ minus that of \(first)", \.llcDifference, height: 130, level: 0),
            panel("Mean loss minus that of \(first)", \.lossDifference, height: 110, level: 0),
        ].compactMap(\.self)
        var axis = comparison.analyses[0].measurements.stepAxis
        let steps = grouping.groups.flatMap { $0.llc.steps + $0.loss.steps }.map(Double.init)
        if let low = steps.min(), let high = steps.max() { axis.scale = Scale(.logStep, low...high) }
        let chart = Chart(
            identifier: "groups", title: "Runs grouped by \(grouping.key)",
            summary: "Means over the runs of each group.",
            horizontal: axis, panels: panels,
            legend: zip(names, styles).map { LegendEntry(symbol: .line($1), label: $0.abbreviated(to: 40)) })
        let caption =
            "Lines are means over the runs of a group at the steps that all of them have; bands are 95 % intervals of the mean by "
            + "Student's t over runs. A group of one run has none."
        return Page.Section(
            anchor: "groups", heading: "Grouped by \(grouping.key)",
            blocks: [
                Page.Block(
                    paragraphs: [pairing(grouping, names)],
                    figures: panels.isEmpty ? [] : [Page.Figure(full: chart, caption: caption)],
                    tables: [groupTable(grouping, names)])
            ])
    }

    private func pairing(_ grouping: Grouping, _ names: [String]) -> String {
        let varying = grouping.varying.isEmpty ? "nothing else that was recorded" : Format.list(grouping.varying)
        let sentences = zip(names, grouping.groups).dropFirst().map { name, group in
            group.isPaired
                ? "\(name) against \(names[0]) is paired: each run of one has a run of the other with the same \(varying)."
                : "\(name) against \(names[0]) is unpaired: the runs do not go together one to one in \(varying), so each group has "
                    + "a variance of its own (Welch)."
        }
        return "Within a group, runs differ in \(varying). " + sentences.joined(separator: " ")
    }

    private func groupTable(_ grouping: Grouping, _ names: [String]) -> Table {
        func text(_ mean: RunMean?, _ format: (Double) -> String) -> String {
            guard let mean else { return "–" }
            return format(mean.value)
                + (mean.interval.map { " [\(format($0.lowerBound)), \(format($0.upperBound))]" } ?? "")
                + " (\(mean.count))"
        }
        func change(_ value: Double) -> String { (value > 0 ? "+" : "") + Format.value(value) }
        let boundaries = grouping.groups.map(\.boundaries.count).max() ?? 0
        let columns =
            ["Group", "Runs", "Last λ̂", "Last loss", "Δλ̂ from the first group", "Δ loss"]
            + (0..<boundaries).map { "End of stage \($0 + 1)" }
        return Table(
            "Means with 95 % intervals over the runs; in brackets, how many runs. A boundary’s mean is that of log(t + 1)",
            columns: columns, numeric: Set(columns.indices.dropFirst()),
            rows: zip(names, grouping.groups).map { name, group in
                [
                    name, "\(group.runs.count)", text(group.llc.means.last, { Format.value($0) }),
                    text(group.loss.means.last, { Format.value($0) }), text(group.llcDifference.means.last, change),
                    text(group.lossDifference.means.last, change),
                ] + group.boundaries.map { text($0) { Format.step(expm1($0)) } }
            })
    }
}

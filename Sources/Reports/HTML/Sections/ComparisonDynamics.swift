import Development

extension ComparisonReport {
    /// The paths of the runs in principal components; on shared axes only where the components are common.
    var dynamicsSection: Page.Section? {
        let available = comparison.essentialDynamics.enumerated().compactMap { index, dynamics in
            dynamics.flatMap { $0.components.isEmpty ? nil : (run: index, dynamics: $0) }
        }
        guard !available.isEmpty else { return nil }
        let introduction =
            comparison.hasCommonComponents
            ? "Principal components of the outputs of all runs together: every run is drawn on the same axes."
            : "Principal components of each run's own outputs: the axes differ from run to run, so only the shapes "
                + "of the paths can be compared; the advisories say why."
        let groups = comparison.hasCommonComponents ? [available] : available.map { [$0] }
        let planes = groups.flatMap { group in
            [(0, 1), (0, 2), (1, 2)].compactMap { planeFigure(group, first: $0, second: $1) }
        }
        var blocks = [Page.Block(paragraphs: [introduction], figures: planes, arrangement: "grid")]
        if comparison.hasCommonComponents { blocks.append(Page.Block(figures: [componentFigure(available)])) }
        return Page.Section(anchor: "dynamics", heading: "Essential dynamics", blocks: blocks)
    }

    private typealias RunDynamics = (run: Int, dynamics: EssentialDynamics)

    private func planeFigure(_ runs: [RunDynamics], first: Int, second: Int) -> Page.Figure? {
        let drawn = runs.filter { $0.dynamics.components.count > second }
        guard !drawn.isEmpty else { return nil }
        var marks: [Mark] = []
        var readings: [Chart.Reading] = []
        for (run, dynamics) in drawn {
            let across = dynamics.components[first].smoothed
            let up = dynamics.components[second].smoothed
            let path = zip(across, up).map { Mark.Point(x: $0, y: $1) }
            marks.append(.line(path, style(ofRun: run)))
            let markers = dynamics.steps.indices.map { index in
                Mark.Marker(x: across[index], y: up[index], interval: nil, quality: .sound)
            }
            if !isCrowded { marks.append(.markers(markers, style(ofRun: run))) }
            readings.append(
                Chart.Reading(
                    name: comparison.runNames[run], key: comparison.runNames[run],
                    steps: dynamics.steps.map { place($0, ofRun: run) }, x: across, values: up))
        }
        for (run, dynamics) in drawn where !isCrowded {
            guard let x = dynamics.components[first].smoothed.last, let y = dynamics.components[second].smoothed.last,
                let step = dynamics.steps.last
            else { continue }
            marks.append(.note(Mark.Point(x: x, y: y), Format.count(step), key: comparison.runNames[run]))
        }
        guard let horizontal = Scale.linear(fitting: drawn.flatMap { $0.dynamics.components[first].smoothed }),
            let vertical = Scale.linear(fitting: drawn.flatMap { $0.dynamics.components[second].smoothed })
        else { return nil }
        let names = drawn.map { comparison.runNames[$0.run] }.joined(separator: ", ")
        let chart = Chart(
            identifier: "plane-\(drawn.map { String($0.run + 1) }.joined(separator: "-"))-\(first + 1)-\(second + 1)",
            title: "PC\(second + 1) against PC\(first + 1): \(names)",
            summary: "Smoothed paths through the plane of two principal components.",
            horizontal: Chart.Axis(label: "PC\(first + 1)", scale: horizontal, kind: .plane),
            panels: [
                Chart.Panel(
                    label: "PC\(second + 1)", vertical: .scale(vertical), height: 290, marks: marks, readings: readings)
            ],
            hasEqualUnits: true)
        return Page.Figure(
            small: chart, caption: isCrowded ? "" : names, hasTable: !comparison.hasCommonComponents)
    }

    private func componentFigure(_ runs: [RunDynamics]) -> Page.Figure {
        let count = runs.map(\.dynamics.components.count).min() ?? 0
        let panels = (0..<min(count, 3)).compactMap { component -> Chart.Panel? in
            let values = runs.flatMap { $0.dynamics.components[component].smoothed }
            guard let scale = Scale.linear(fitting: values) else { return nil }
            let marks = runs.map { run, dynamics in
                Mark.line(
                    zip(dynamics.steps, dynamics.components[component].smoothed).map {
                        .init(x: place($0, ofRun: run), y: $1)
                    },
                    style(ofRun: run))
            }
            let share = Format.share(runs.first?.dynamics.components[component].share ?? .nan)
            return Chart.Panel(
                label: "PC\(component + 1), \(share) of the variance", vertical: .scale(scale), height: 96,
                marks: marks,
                readings: runs.map { run, dynamics in
                    Chart.Reading(
                        name: "PC\(component + 1) \(comparison.runNames[run])", key: comparison.runNames[run],
                        steps: dynamics.steps.map { place($0, ofRun: run) },
                        values: dynamics.components[component].scores)
                })
        }
        let chart = Chart(
            identifier: "components", title: "Common principal components over the training",
            summary: "Smoothed scores of every run.",
            horizontal: stepAxis, panels: panels, legend: legend)
        return Page.Figure(full: chart, caption: "Scores smoothed over the index of the checkpoint.")
    }
}

import Development

extension RunReport {
    /// Principal components of the outputs and of the weights; nil when neither was computed.
    var dynamicsSection: Page.Section? {
        var blocks: [Page.Block] = []
        if let outputs = analysis.essentialDynamics {
            blocks += dynamicsBlocks(
                outputs, name: "outputs",
                introduction: "Principal components of the model's outputs on a fixed probe set, over the checkpoints.")
        }
        if let weights = analysis.weightDynamics {
            blocks += dynamicsBlocks(
                weights, name: "weights",
                introduction: "Principal components of the sampled weights themselves, over the checkpoints.")
        }
        return blocks.isEmpty ? nil : Page.Section(anchor: "dynamics", heading: "Essential dynamics", blocks: blocks)
    }

    /// The fewest checkpoints whose path has an evolute worth looking at.
    private static let evoluteMinimum = 8

    private func dynamicsBlocks(_ dynamics: EssentialDynamics, name: String, introduction: String) -> [Page.Block] {
        var blocks: [Page.Block] = []
        let hasEvolute = dynamics.steps.count >= Self.evoluteMinimum && !dynamics.planes.isEmpty
        let evolute = "The evolute, the centres of the circles that best fit the path, has cusps where the path turns."
        let marks =
            (analysis.stages?.boundaries.isEmpty ?? true ? [] : ["Hollow diamonds are the boundaries."])
            + (dynamics.forms.contains(where: \.beatsNull) ? ["Down-pointing triangles are the forms."] : [])
        let figures = dynamics.planes.map {
            Page.Figure(small: planeChart($0, of: dynamics, name: name), caption: "", hasTable: false)
        }
        blocks.append(
            Page.Block(
                subheadings: ["Of the \(name)"],
                paragraphs: [([introduction] + marks + (hasEvolute ? [evolute] : [])).joined(separator: " ")],
                evoluteSwitches: hasEvolute ? [.init(identifier: "evolute-\(name)")] : [],
                figures: figures, arrangement: "grid"))
        if let null = dynamics.nullTest { blocks.append(nullBlock(null, of: dynamics)) }
        if let chart = componentChart(dynamics, name: name) {
            let caption =
                "Scores at the checkpoints (points) and smoothed over their index (lines), on one scale each. "
                + "A share is meaningful only beside that of a Brownian path with as many points, "
                + "whose leading components are large too."
            blocks.append(
                Page.Block(
                    figures: [Page.Figure(full: chart, caption: caption, numbers: [scoreTable(dynamics)])],
                    tables: [shareTable(dynamics, name: name)],
                    foldedTables: dynamics.motion.map { [motionTable($0, steps: dynamics.steps, name: name)] } ?? []))
        }
        return blocks
    }

    /// What a random walk with this run's own steps gives, and the forms beside it.
    private func nullBlock(_ null: EssentialDynamics.NullTest, of dynamics: EssentialDynamics) -> Page.Block {
        let verdict =
            null.beatsNull
            ? "The path is not that of a random walk" : "The path is not told from that of a random walk"
        var text =
            "\(verdict) with the same steps in random senses (p = \(Format.value(null.pValue, significantDigits: 2)), "
            + "\(null.surrogateCount) walks"
            + (null.checkpointCount < dynamics.steps.count ? " of \(null.checkpointCount) checkpoints). " : "). ")
        let forms = dynamics.forms.filter(\.beatsNull)
        let others = dynamics.forms.count - forms.count
        text +=
            forms.isEmpty
            ? "No form, a place that the path turns about, stands out from what such walks have."
            : "A form is a place that the path turns about in several planes at once."
        if others > 0 { text += " \(Format.counted(others, "weaker candidate")) did not stand out." }
        guard !forms.isEmpty else { return Page.Block(paragraphs: [text]) }
        let table = Table(
            "Forms that random walks do not have",
            columns: ["At", "Within", "Planes that agree", "Center", "Prominence", "p"],
            numeric: [0, 1, 4, 5],
            rows: forms.map { form in
                [
                    Format.step(form.step, in: form.interval), Format.interval(form.interval),
                    form.pairs.map { pair in pair.map { "PC\($0 + 1)" }.joined(separator: "–") }
                        .joined(separator: ", "),
                    form.point.map { Format.value($0) }.joined(separator: ", "), Format.value(form.prominence),
                    form.pValue.map { Format.value($0, significantDigits: 2) } ?? "–",
                ]
            })
        return Page.Block(paragraphs: [text], tables: [table])
    }

    /// How far and how fast the path went.
    private func motionTable(_ motion: EssentialDynamics.Motion, steps: [Int], name: String) -> Table {
        let lengths = motion.lengths
        let speeds = motion.speeds(steps: steps)
        return Table(
            "Arc length of the \(name), their speed per \(analysis.measurements.axis.rawValue) up to each checkpoint, and the cosine between "
                + "the steps before and after it",
            columns: [analysis.measurements.axisWord, "Arc length", "Speed", "Cosine"], numeric: [0, 1, 2, 3],
            rows: steps.indices.map { index in
                let cosine = index > 0 && index - 1 < motion.cosines.count ? motion.cosines[index - 1] : nil
                let speed = index > 0 ? speeds[index - 1] : nil
                return [
                    Format.count(steps[index]), Format.number(lengths[index]),
                    speed.map { Format.number($0) } ?? "", cosine.map { Format.number($0) } ?? "",
                ]
            })
    }

    private func planeChart(_ plane: EssentialDynamics.Plane, of dynamics: EssentialDynamics, name: String) -> Chart {
        let first = dynamics.components[plane.first]
        let second = dynamics.components[plane.second]
        let path = zip(first.smoothed, second.smoothed).map { Mark.Point(x: $0, y: $1) }
        let style = SeriesStyle(index: 0)
        let markers = dynamics.steps.indices.map { index in
            Mark.Marker(x: first.scores[index], y: second.scores[index], interval: nil, quality: .sound)
        }
        let centers = plane.centers.map { center in
            center.map { Mark.Point(x: $0[0], y: $0[1]) } ?? Mark.Point(x: .nan, y: .nan)
        }
        var marks: [Mark] = [.line(path, style), .markers(markers, style)]
        if path.count >= Self.evoluteMinimum {
            marks.insert(.line(centers, SeriesStyle(index: 1, role: .evolute)), at: 0)
        }
        for index in Set([0, markers.count - 1]).sorted() where markers.indices.contains(index) {
            let place = Mark.Point(x: first.scores[index], y: second.scores[index])
            marks.append(.note(place, Format.count(dynamics.steps[index])))
        }
        for boundary in analysis.stages?.boundaries ?? [] {
            guard let place = interpolated(path, over: dynamics.steps, at: boundary.step) else { continue }
            let step = Format.step(boundary.step)
            let marker = Mark.Marker(x: place.x, y: place.y, interval: nil, quality: .doubtful)
            marks += [.markers([marker], SeriesStyle(index: 3)), .note(place, step)]
        }
        let names = ["PC\(plane.first + 1)", "PC\(plane.second + 1)"]
        let forms = dynamics.forms.filter { $0.beatsNull && $0.pairs.contains([plane.first, plane.second]) }
        for form in forms {
            let place = Mark.Point(x: form.point[plane.first], y: form.point[plane.second])
            let marker = Mark.Marker(x: place.x, y: place.y, interval: nil, quality: .sound)
            marks += [
                .markers([marker], SeriesStyle(index: 4)), .note(place, "form at \(Format.step(form.step))"),
            ]
        }
        func scale(_ index: Int) -> Scale {
            let component = dynamics.components[index]
            let values = component.scores + component.smoothed + forms.map { $0.point[index] }
            return Scale.linear(fitting: values, including: values.map { $0 * 1.15 }) ?? Scale(.linear, 0...1)
        }
        return Chart(
            identifier: "plane-\(name)-\(plane.first + 1)-\(plane.second + 1)",
            title: "\(names[1]) against \(names[0]) of the \(name)",
            summary: "The path of the run through the plane of two principal components, with its boundaries.",
            horizontal: Chart.Axis(label: names[0], scale: scale(plane.first), kind: .plane),
            panels: [
                Chart.Panel(
                    label: names[1], vertical: .scale(scale(plane.second)), height: 290, marks: marks,
                    readings: [
                        Chart.Reading(
                            name: "", steps: dynamics.steps.map(Double.init), x: first.scores, values: second.scores)
                    ])
            ],
            hasEqualUnits: true)
    }

    private func componentChart(_ dynamics: EssentialDynamics, name: String) -> Chart? {
        let steps = dynamics.steps.map(Double.init)
        let panels = dynamics.components.enumerated().compactMap { index, component -> Chart.Panel? in
            guard let scale = Scale.linear(fitting: component.scores + component.smoothed) else { return nil }
            let style = SeriesStyle(index: 0)
            return Chart.Panel(
                label: "PC\(index + 1), \(Format.share(component.share)) of the variance",
                vertical: .scale(scale), height: 84,
                marks: [
                    .line(zip(steps, component.smoothed).map { Mark.Point(x: $0, y: $1) }, style),
                    .markers(
                        zip(steps, component.scores).map { analysis.measurements.marker(.init(x: $0, y: $1)) }, style),
                ], readings: [Chart.Reading(name: "PC\(index + 1)", steps: steps, values: component.scores)])
        }
        guard !panels.isEmpty else { return nil }
        return Chart(
            identifier: "components-\(name)", title: "Principal components of the \(name) over the training",
            summary: "\(Format.counted(panels.count, "component")); the shares of variance are in the table below.",
            horizontal: analysis.measurements.stepAxis, panels: panels, stages: StageMarks(analysis.stages))
    }

    private func shareTable(_ dynamics: EssentialDynamics, name: String) -> Table {
        Table(
            "Shares of the variance of the \(name)",
            columns: ["Component", "Share", "Brownian path", "Walks with these steps, 95 % below", "p"],
            numeric: [1, 2, 3, 4],
            rows: dynamics.components.enumerated().map { index, component in
                [
                    "PC\(index + 1)", Format.share(component.share), Format.share(component.brownianShare),
                    component.surrogate.map { Format.share($0.upper) } ?? "–",
                    component.surrogate.map { Format.value($0.pValue, significantDigits: 2) } ?? "–",
                ]
            })
    }

    private func scoreTable(_ dynamics: EssentialDynamics) -> Table {
        let names = dynamics.components.indices.map { "PC\($0 + 1)" }
        return Table(
            "Scores", columns: [analysis.measurements.axisWord] + names, numeric: Set(0...names.count),
            rows: dynamics.steps.indices.map { index in
                [Format.count(dynamics.steps[index])] + dynamics.components.map { Format.number($0.scores[index]) }
            })
    }
}

/// The point of a path at a step between two of its checkpoints, linear in log(t + 1); nil outside.
private func interpolated(_ path: [Mark.Point], over steps: [Int], at step: Double) -> Mark.Point? {
    guard let next = steps.firstIndex(where: { Double($0) >= step }) else { return nil }
    guard next > 0 else { return Double(steps[0]) == step ? path[0] : nil }
    let scale = Scale(.logStep, Double(steps[next - 1])...Double(steps[next]))
    let fraction = scale.fraction(step)
    let from = path[next - 1]
    let to = path[next]
    return Mark.Point(x: from.x + fraction * (to.x - from.x), y: from.y + fraction * (to.y - from.y))
}

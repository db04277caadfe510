extension Chart {
    /// Draws the chart.
    ///
    /// - Parameter width: The width of the view box in pixels; the text is laid out for this size.
    /// - Returns: One `svg` element that scales to the width of its parent; colours come from the page's style.
    ///   The page's script finds its way by the classes and by what `data-` attributes say of frames and scales.
    func svg(width: Double) -> String {
        let layout = ChartLayout(self, width: width)
        var writer = SVGWriter()
        writer.open(
            "svg",
            [
                "xmlns": "http://www.w3.org/2000/svg", "role": "img", "class": "chart",
                "viewBox": "0 0 \(coordinate(width)) \(coordinate(layout.height))",
            ])
        writer.textElement("title", title)
        writer.textElement("desc", summary)
        for place in layout.legend { writer.draw(place) }
        for (index, panel) in panels.enumerated() {
            let frame = layout.frames[index]
            writer.open("g", frame.attributes)
            if index == 0 { writer.drawStageLabels(stages, in: frame, layout: layout) }
            writer.drawVerticalAxis(panel, in: frame, nameLength: layout.rowNameLength)
            // A view of its own, so that what a zoom moves beyond the frame can be cut off.
            writer.open(
                "svg",
                [
                    "class": "plot", "x": coordinate(frame.x), "y": coordinate(frame.y),
                    "width": coordinate(frame.width), "height": coordinate(frame.height),
                    "viewBox":
                        [frame.x, frame.y, frame.width, frame.height].map(coordinate).joined(separator: " "),
                ])
            writer.drawStages(stages, in: frame)
            for mark in panel.marks { writer.draw(mark, in: frame) }
            writer.drawBoundaries(stages, in: frame)
            writer.drawNotes(among: panel.marks, in: frame)
            writer.close("svg")
            writer.drawHorizontalAxis(horizontal, in: frame, isLabelled: index == panels.count - 1)
            writer.close("g")
        }
        writer.close("svg")
        return writer.text
    }
}

extension ChartLayout.Frame {
    /// Frame and scales as attributes: "left top width height", and "kind lower upper" of either scale.
    fileprivate var attributes: KeyValuePairs<String, String> {
        func words(_ scale: Scale) -> String { "\(scale.kind) \(scale.domain.lowerBound) \(scale.domain.upperBound)" }
        let upright =
            switch vertical {
            case .scale(let scale): words(scale)
            case .rows(let names): "rows 0 \(names.count)"
            }
        return [
            "class": "panel", "data-frame": [x, y, width, height].map(coordinate).joined(separator: " "),
            "data-x": words(horizontal), "data-y": upright,
        ]
    }
}

extension SVGWriter {
    fileprivate mutating func drawVerticalAxis(_ panel: Chart.Panel, in frame: ChartLayout.Frame, nameLength: Int) {
        label(panel.label, x: frame.x, y: frame.y - 7, class: "axis-label")
        open("g", ["class": "ticks y"])
        defer { close("g") }
        switch frame.vertical {
        case .scale(let scale):
            for tick in scale.ticks(length: frame.height, room: { _ in 26 }) {
                let y = frame.pixelY(tick.value)
                line(frame.x, y, frame.x + frame.width, y, class: "gridline")
                label(tick.label, x: frame.x - 6, y: y + 4, class: "tick", anchor: .end)
            }
        case .rows(let names):
            let rowHeight = frame.height / Double(max(names.count, 1))
            for (row, name) in names.enumerated() {
                let y = frame.pixelY(Double(row)) + rowHeight / 2 + 4
                label(name.abbreviated(to: nameLength), x: frame.x - 6, y: y, class: "tick", anchor: .end)
            }
        }
    }

    fileprivate mutating func drawHorizontalAxis(
        _ axis: Chart.Axis, in frame: ChartLayout.Frame, isLabelled: Bool
    ) {
        let bottom = frame.y + frame.height
        line(frame.x, bottom, frame.x + frame.width, bottom, class: "axis")
        open("g", ["class": isLabelled ? "ticks x labelled" : "ticks x"])
        for tick in frame.horizontal.ticks(length: frame.width, room: { estimatedWidth(of: $0) + 12 }) {
            let x = frame.pixelX(tick.value)
            line(x, bottom, x, bottom + 4, class: "axis")
            if isLabelled { label(tick.label, x: x, y: bottom + 17, class: "tick", anchor: .middle) }
        }
        close("g")
        if isLabelled {
            label(axis.label, x: frame.x + frame.width, y: bottom + 35, class: "axis-label x-label", anchor: .end)
        }
    }

    /// Names stages and boundaries above a chart, as far as there is room.
    fileprivate mutating func drawStageLabels(
        _ stages: StageMarks, in frame: ChartLayout.Frame, layout: ChartLayout
    ) {
        for span in stages.spans {
            let left = frame.pixelX(span.range.lowerBound)
            let right = frame.pixelX(span.range.upperBound)
            let words = [span.label, span.shortLabel].first { estimatedWidth(of: $0) + 6 <= right - left }
            if let words {
                label(words, x: (left + right) / 2, y: layout.stageLabelY, class: "stage-label", anchor: .middle)
            }
        }
        var occupied = layout.boundaryLabelYs.map { _ in -Double.infinity }
        for edge in stages.edges {
            let half = estimatedWidth(of: edge.label) / 2
            // A label at the end of the axis is moved inwards.
            let x = min(max(frame.pixelX(edge.step), frame.x + half), frame.x + frame.width - half)
            if let row = occupied.firstIndex(where: { x - half > $0 + 6 }) {
                label(edge.label, x: x, y: layout.boundaryLabelYs[row], class: "boundary-label", anchor: .middle)
                occupied[row] = x + half
            }
        }
    }

    fileprivate mutating func drawStages(_ stages: StageMarks, in frame: ChartLayout.Frame) {
        guard !stages.isEmpty else { return }
        func shade(_ range: ClosedRange<Double>, class styleClass: String) {
            let left = frame.pixelX(range.lowerBound)
            let width = max(frame.pixelX(range.upperBound) - left, 1)
            rectangle(x: left, y: frame.y, width: width, height: frame.height, class: styleClass)
        }
        for (index, span) in stages.spans.enumerated() where index % 2 == 1 { shade(span.range, class: "stage") }
        for edge in stages.edges { shade(edge.interval, class: "boundary-interval") }
    }

    fileprivate mutating func drawBoundaries(_ stages: StageMarks, in frame: ChartLayout.Frame) {
        for edge in stages.edges {
            let x = frame.pixelX(edge.step)
            line(x, frame.y, x, frame.y + frame.height, class: "boundary")
        }
    }

    fileprivate mutating func draw(_ place: ChartLayout.LegendPlace) {
        let middle = place.y - 4
        open("g", ["class": "key", "data-key": place.entry.key])
        defer { close("g") }
        switch place.entry.symbol {
        case .series(let style):
            line(place.x, middle, place.x + 20, middle, class: "line \(style.styleClass)")
            drawMarkers(style, .sound, at: [(place.x + 10, middle)])
        case .line(let style): line(place.x, middle, place.x + 20, middle, class: "line \(style.styleClass)")
        case .marker(let style, let quality):
            drawMarkers(style, quality, at: [(place.x + 10, middle)])
        case .band(let style):
            rectangle(x: place.x, y: middle - 5, width: 20, height: 10, class: "band \(style.styleClass)")
        case .boundary:
            rectangle(x: place.x + 5, y: middle - 6, width: 10, height: 12, class: "boundary-interval")
            line(place.x + 10, middle - 6, place.x + 10, middle + 6, class: "boundary")
        case .heat(let level):
            rectangle(x: place.x, y: middle - 6, width: 20, height: 12, class: "heat h\(level)")
        }
        label(place.entry.label, x: place.x + 26, y: place.y, class: "legend")
    }
}

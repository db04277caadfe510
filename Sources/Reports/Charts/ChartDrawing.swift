extension Chart {
    /// Draws the chart.
    ///
    /// - Parameter width: The width of the view box in pixels; the text is laid out for this size.
    /// - Returns: One `svg` element that scales to the width of its parent; colours come from the page's style.
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
            writer.drawStages(stages, in: frame, isFirst: index == 0, layout: layout)
            writer.drawVerticalAxis(panel, in: frame, nameLength: layout.rowNameLength)
            for mark in panel.marks { writer.draw(mark, in: frame) }
            writer.drawBoundaries(stages, in: frame)
            writer.drawNotes(among: panel.marks, in: frame)
            writer.drawHorizontalAxis(
                horizontal, in: frame, isLabelled: index == panels.count - 1)
        }
        writer.close("svg")
        return writer.text
    }
}

extension SVGWriter {
    fileprivate mutating func drawVerticalAxis(_ panel: Chart.Panel, in frame: ChartLayout.Frame, nameLength: Int) {
        label(panel.label, x: frame.x, y: frame.y - 7, class: "axis-label")
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
        for tick in frame.horizontal.ticks(length: frame.width, room: { estimatedWidth(of: $0) + 12 }) {
            let x = frame.pixelX(tick.value)
            line(x, bottom, x, bottom + 4, class: "axis")
            if isLabelled { label(tick.label, x: x, y: bottom + 17, class: "tick", anchor: .middle) }
        }
        if isLabelled {
            label(axis.label, x: frame.x + frame.width, y: bottom + 35, class: "axis-label", anchor: .end)
        }
    }

    fileprivate mutating func drawStages(
        _ stages: StageMarks, in frame: ChartLayout.Frame, isFirst: Bool, layout: ChartLayout
    ) {
        guard !stages.isEmpty else { return }
        for (index, span) in stages.spans.enumerated() {
            let left = frame.pixelX(span.range.lowerBound)
            let right = frame.pixelX(span.range.upperBound)
            if index % 2 == 1 {
                rectangle(x: left, y: frame.y, width: right - left, height: frame.height, class: "stage")
            }
            guard isFirst else { continue }
            let words = [span.label, span.shortLabel].first { estimatedWidth(of: $0) + 6 <= right - left }
            if let words {
                label(words, x: (left + right) / 2, y: layout.stageLabelY, class: "stage-label", anchor: .middle)
            }
        }
        var occupied = layout.boundaryLabelYs.map { _ in -Double.infinity }
        for edge in stages.edges {
            let left = frame.pixelX(edge.interval.lowerBound)
            let right = frame.pixelX(edge.interval.upperBound)
            rectangle(
                x: left, y: frame.y, width: max(right - left, 1), height: frame.height, class: "boundary-interval")
            let x = frame.pixelX(edge.step)
            let half = estimatedWidth(of: edge.label) / 2
            if isFirst, let row = occupied.firstIndex(where: { x - half > $0 + 6 }) {
                label(edge.label, x: x, y: layout.boundaryLabelYs[row], class: "boundary-label", anchor: .middle)
                occupied[row] = x + half
            }
        }
    }

    fileprivate mutating func drawBoundaries(_ stages: StageMarks, in frame: ChartLayout.Frame) {
        for edge in stages.edges {
            let x = frame.pixelX(edge.step)
            line(x, frame.y, x, frame.y + frame.height, class: "boundary")
        }
    }

    fileprivate mutating func draw(_ place: ChartLayout.LegendPlace) {
        let middle = place.y - 4
        switch place.entry.symbol {
        case .line(let style): line(place.x, middle, place.x + 20, middle, class: "line \(style.styleClass)")
        case .marker(let style, let quality):
            drawMarker(style, quality, x: place.x + 10, y: middle, tooltip: place.entry.label)
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

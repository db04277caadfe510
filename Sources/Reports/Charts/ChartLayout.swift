/// Where the parts of a chart go, in pixels of its view box.
struct ChartLayout {
    /// The plotting area of one panel.
    struct Frame {
        var x: Double
        var y: Double
        var width: Double
        var height: Double
        var horizontal: Scale
        var vertical: Chart.Vertical

        /// The pixel of a horizontal value; clamped to the frame.
        func pixelX(_ value: Double) -> Double { x + horizontal.fraction(value) * width }

        /// The pixel of a vertical value; clamped to the frame. A row index counts from the top.
        func pixelY(_ value: Double) -> Double {
            switch vertical {
            case .scale(let scale): y + (1 - scale.fraction(value)) * height
            case .rows(let names): y + value / Double(max(names.count, 1)) * height
            }
        }

        /// Whether a point lies inside.
        func contains(_ point: Mark.Point) -> Bool {
            guard point.x.isFinite, point.y.isFinite, horizontal.contains(point.x) else { return false }
            if case .scale(let scale) = vertical { return scale.contains(point.y) }
            return true
        }
    }

    /// A legend entry and where it starts.
    struct LegendPlace {
        var entry: LegendEntry
        var x: Double
        var y: Double
    }

    let width: Double
    let height: Double
    /// One per panel.
    let frames: [Frame]
    /// The baseline of the row that names the stages.
    let stageLabelY: Double
    /// The baselines of the two rows that name the boundaries' steps, the preferred one first.
    let boundaryLabelYs: [Double]
    let legend: [LegendPlace]

    /// The widest a row's name may be, in characters.
    let rowNameLength: Int

    init(_ chart: Chart, width: Double) {
        self.width = width
        rowNameLength = width > 600 ? 38 : 20
        let nameLength = rowNameLength
        let gutter =
            chart.panels.map { panel -> Double in
                switch panel.vertical {
                case .scale(let scale):
                    return scale.ticks(length: panel.height, room: { _ in 26 }).map { estimatedWidth(of: $0.label) }
                        .max()
                        ?? 0
                case .rows(let names):
                    return names.map { nameWidth(of: $0.abbreviated(to: nameLength)) }.max() ?? 0
                }
            }.max() ?? 0
        let left = gutter + 13
        let plotWidth = width - left - 14

        var places: [LegendPlace] = []
        var cursor = (x: left, y: 12.0)
        for var entry in chart.legend {
            // One that a line of its own cannot hold.
            while nameWidth(of: entry.label) > width - left - 26, entry.label.count > 8 {
                entry.label = entry.label.abbreviated(to: entry.label.count - 1)
            }
            let needed = 26 + estimatedWidth(of: entry.label) + 14
            if cursor.x > left, cursor.x + needed > width {
                cursor = (left, cursor.y + 19)
            }
            places.append(LegendPlace(entry: entry, x: cursor.x, y: cursor.y))
            cursor.x += needed
        }
        legend = places
        var y = places.isEmpty ? 0 : cursor.y + 12
        boundaryLabelYs = [y + 24, y + 10]
        stageLabelY = y + 39
        if !chart.stages.isEmpty { y += 43 }

        var frames: [Frame] = []
        for panel in chart.panels {
            y += 22
            var horizontal = chart.horizontal.scale
            var vertical = panel.vertical
            if chart.hasEqualUnits, case .scale(let scale) = panel.vertical {
                (horizontal, vertical) = Self.equalUnits(horizontal, scale, aspect: plotWidth / panel.height)
            }
            frames.append(
                Frame(
                    x: left, y: y, width: plotWidth, height: panel.height, horizontal: horizontal, vertical: vertical))
            y += panel.height + 14
        }
        self.frames = frames
        height = y + 32
    }

    /// Widens one of two linear scales so that units are equally long.
    private static func equalUnits(_ horizontal: Scale, _ vertical: Scale, aspect: Double) -> (Scale, Chart.Vertical) {
        func widened(_ scale: Scale, to span: Double) -> Scale {
            let middle = (scale.domain.lowerBound + scale.domain.upperBound) / 2
            return Scale(.linear, middle - span / 2...middle + span / 2)
        }
        let across = horizontal.domain.upperBound - horizontal.domain.lowerBound
        let up = vertical.domain.upperBound - vertical.domain.lowerBound
        return across > up * aspect
            ? (horizontal, .scale(widened(vertical, to: across / aspect)))
            : (widened(horizontal, to: up * aspect), .scale(vertical))
    }
}

extension String {
    /// The text with its middle left out when it is longer than `length` characters: ends tell tensors apart.
    func abbreviated(to length: Int) -> String {
        guard count > length else { return self }
        let tail = length / 2
        return prefix(length - 1 - tail) + "…" + suffix(tail)
    }
}

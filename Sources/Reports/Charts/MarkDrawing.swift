extension SVGWriter {
    /// Draws one mark; what lies outside the frame is cut off.
    mutating func draw(_ mark: Mark, in frame: ChartLayout.Frame) {
        switch mark {
        case .line(let points, let style): drawLine(points, style, in: frame)
        case .band(let x, let lower, let upper, let style): drawBand(x, lower, upper, style, in: frame)
        case .markers(let markers, let style):
            let radius = markers.count > 100 ? 2.0 : 3
            drawMarkers(markers.filter(\.x.isFinite), style, radius: radius, in: frame)
        case .span(let range):
            let left = frame.pixelX(range.lowerBound)
            rectangle(
                x: left, y: frame.y, width: frame.pixelX(range.upperBound) - left, height: frame.height,
                class: "span")
        case .level(let value):
            guard value.isFinite else { return }
            let y = frame.pixelY(value)
            line(frame.x, y, frame.x + frame.width, y, class: "level")
        case .note: break  // A panel's notes are placed together, by `drawNotes`.
        case .rowInterval(let interval, let place, let row, let style):
            let y = frame.pixelY(Double(row) + 0.5)
            let left = frame.pixelX(interval.lowerBound)
            line(
                left, y, frame.pixelX(interval.upperBound), y, class: "error-bar \(style.styleClass)", key: style.key)
            drawMarkers(style, .sound, at: [(frame.pixelX(place), y)])
        case .cells(let cells): drawCells(cells, in: frame)
        case .tiles(let tiles):
            // The choice last, so that no neighbour covers its frame.
            for tile in tiles where !tile.isChosen { draw(tile, in: frame) }
            for tile in tiles where tile.isChosen { draw(tile, in: frame) }
        }
    }

    private mutating func drawLine(_ points: [Mark.Point], _ style: SeriesStyle, in frame: ChartLayout.Frame) {
        var path = ""
        var isDrawing = false
        for point in points {
            guard frame.contains(point) else {
                isDrawing = false
                continue
            }
            path += "\(isDrawing ? "L" : "M")\(coordinate(frame.pixelX(point.x))) \(coordinate(frame.pixelY(point.y)))"
            isDrawing = true
        }
        guard !path.isEmpty else { return }
        element("path", ["d": path, "class": "line \(style.styleClass)", "data-key": style.key])
    }

    private mutating func drawBand(
        _ x: [Double], _ lower: [Double], _ upper: [Double], _ style: SeriesStyle, in frame: ChartLayout.Frame
    ) {
        let usable = x.indices.filter { x[$0].isFinite && lower[$0].isFinite && upper[$0].isFinite }
        guard usable.count > 1 else { return }
        func corner(_ index: Int, _ values: [Double]) -> String {
            "\(coordinate(frame.pixelX(x[index]))) \(coordinate(frame.pixelY(values[index])))"
        }
        let outline = usable.map { corner($0, upper) } + usable.reversed().map { corner($0, lower) }
        element(
            "path",
            [
                "d": "M" + outline.joined(separator: "L") + "z", "class": "band \(style.styleClass)",
                "data-key": style.key,
            ])
    }

    /// Draws error bars as one path and the markers of each quality as another: a series may have hundreds.
    private mutating func drawMarkers(
        _ markers: [Mark.Marker], _ style: SeriesStyle, radius: Double, in frame: ChartLayout.Frame
    ) {
        let bars = markers.compactMap { marker -> String? in
            guard let interval = marker.interval, interval.lowerBound.isFinite, interval.upperBound.isFinite else {
                return nil
            }
            let (low, high) = (frame.pixelY(interval.lowerBound), frame.pixelY(interval.upperBound))
            guard low - high > 1 else { return nil }
            return "M\(coordinate(frame.pixelX(marker.x))) \(coordinate(low))V\(coordinate(high))"
        }
        if !bars.isEmpty {
            element(
                "path", ["d": bars.joined(), "class": "error-bar \(style.styleClass)", "data-key": style.key])
        }
        for quality in [Mark.Quality.sound, .doubtful, .unusable] {
            let places = markers.filter { $0.quality == quality }.map { marker in
                let y = marker.y.flatMap { $0.isFinite ? frame.pixelY($0) : nil } ?? frame.y + frame.height
                return (x: frame.pixelX(marker.x), y: y)
            }
            if !places.isEmpty { drawMarkers(style, quality, at: places, radius: radius) }
        }
    }

    /// Draws markers at pixels: filled when sound, hollow when doubtful, crosses when unusable.
    mutating func drawMarkers(
        _ style: SeriesStyle, _ quality: Mark.Quality, at places: [(x: Double, y: Double)], radius: Double = 3
    ) {
        let (shape, look) =
            switch quality {
            // A line of no length with round ends is the shortest way to write a dot.
            case .sound where style.isRound: ("h0", radius < 3 ? "marker round dense" : "marker round")
            case .sound: (style.markerPath(radius: radius), "marker")
            case .doubtful: (style.markerPath(radius: radius + 0.8), "marker hollow")
            case .unusable: ("m-4 -4l8 8m-8 0l8 -8", "cross")
            }
        let path = places.map { "M\(coordinate($0.x)) \(coordinate($0.y))\(shape)" }.joined()
        element("path", ["d": path, "class": "\(look) \(style.styleClass)", "data-key": style.key])
    }

    private mutating func draw(_ tile: Mark.Tile, in frame: ChartLayout.Frame) {
        let (left, right) = (frame.pixelX(tile.x.lowerBound) + 0.5, frame.pixelX(tile.x.upperBound) - 0.5)
        let (top, bottom) = (frame.pixelY(Double(tile.row)) + 0.5, frame.pixelY(Double(tile.row + 1)) - 0.5)
        open("g", [:])
        textElement("title", tile.tooltip)
        let look = tile.level.map { "heat h\($0)" } ?? "tile"
        rectangle(x: left, y: top, width: right - left, height: bottom - top, class: look)
        if tile.letter != nil {
            // Lines of x + y = c, cut off at the rectangle.
            let path = stride(from: left + top + 7, to: right + bottom, by: 7).map { sum in
                let (x1, x2) = (max(left, sum - bottom), min(right, sum - top))
                return "M\(coordinate(x1)) \(coordinate(sum - x1))L\(coordinate(x2)) \(coordinate(sum - x2))"
            }
            element("path", ["d": path.joined(), "class": "hatch"])
        }
        if tile.isChosen {
            rectangle(x: left, y: top, width: right - left, height: bottom - top, class: "chosen")
        }
        let middle = (top + bottom) / 2
        let x = (left + right) / 2
        label(tile.label, x: x, y: tile.letter == nil ? middle + 4 : middle - 1, class: "note", anchor: .middle)
        if let letter = tile.letter { label(letter, x: x, y: middle + 12, class: "note letter", anchor: .middle) }
        close("g")
    }

    /// Draws the cells of each level as one path, neighbours in a row joined, so that large maps stay small.
    private mutating func drawCells(_ cells: [Mark.Cell], in frame: ChartLayout.Frame) {
        for level in 0...7 {
            var path = ""
            var run: (x: ClosedRange<Double>, row: Int)?
            func finish() {
                guard let run else { return }
                let left = frame.pixelX(run.x.lowerBound)
                let top = frame.pixelY(Double(run.row))
                let right = frame.pixelX(run.x.upperBound)
                let bottom = frame.pixelY(Double(run.row + 1)) - 1
                path += "M\(coordinate(left)) \(coordinate(top))H\(coordinate(right))V\(coordinate(bottom))"
                path += "H\(coordinate(left))z"
            }
            for cell in cells where cell.level == level {
                if let current = run, current.row == cell.row, current.x.upperBound == cell.x.lowerBound {
                    run = (current.x.lowerBound...cell.x.upperBound, cell.row)
                } else {
                    finish()
                    run = (cell.x, cell.row)
                }
            }
            finish()
            if !path.isEmpty { element("path", ["d": path, "class": "heat h\(level)"]) }
        }
    }
}

extension SVGWriter {
    /// Draws the notes among the marks of a panel, each beside its point where it covers no earlier note and the
    /// fewest markers, towards the middle of the frame first. One that finds no room is left out, and so is one that
    /// says what another says at the same place.
    mutating func drawNotes(among marks: [Mark], in frame: ChartLayout.Frame) {
        let markers = marks.flatMap { mark -> [(x: Double, y: Double)] in
            guard case .markers(let markers, _) = mark else { return [] }
            return markers.compactMap { marker in marker.y.map { (frame.pixelX(marker.x), frame.pixelY($0)) } }
        }
        var drawn: [(words: String, x: Double, y: Double, box: Box)] = []
        for case .note(let point, let words, let key) in marks where frame.contains(point) {
            let x = frame.pixelX(point.x)
            let y = frame.pixelY(point.y)
            guard !drawn.contains(where: { $0.words == words && abs($0.x - x) + abs($0.y - y) < 12 }) else { continue }
            let width = estimatedWidth(of: words)
            let sides = [x + 8, x - 8 - width]
            let lefts = x > frame.x + frame.width / 2 ? sides.reversed() : sides
            let boxes = [y - 20, y + 4].flatMap { top in lefts.map { Box(left: $0, top: top, width: width) } }
                .filter { box in box.lies(in: frame) && !drawn.contains { $0.box.overlaps(box) } }
            func coveredCount(_ box: Box) -> Int { markers.filter { box.contains(x: $0.x, y: $0.y) }.count }
            guard let box = boxes.min(by: { coveredCount($0) < coveredCount($1) }) else { continue }
            drawn.append((words, x, y, box))
            label(words, x: box.left, y: box.top + 12, class: "note", key: key)
        }
    }
}

/// The place of a line of text, in pixels.
private struct Box {
    var left: Double
    var top: Double
    var width: Double

    private static let height = 16.0

    func overlaps(_ other: Box) -> Bool {
        left < other.left + other.width + 4 && other.left < left + width + 4
            && top < other.top + Self.height && other.top < top + Self.height
    }

    func contains(x: Double, y: Double) -> Bool {
        (left...left + width).contains(x) && (top...top + Self.height).contains(y)
    }

    func lies(in frame: ChartLayout.Frame) -> Bool {
        left >= frame.x && left + width <= frame.x + frame.width && top >= frame.y - 4
            && top + Self.height <= frame.y + frame.height + 4
    }
}

import Development

/// A series over log step as a small line that ends in a dot, without axes.
struct Sparkline: Sendable {
    /// Markup: an `svg` element.
    let drawing: String
    /// What is drawn, and its last value.
    let caption: String

    private static let (width, height) = (150.0, 40.0)

    /// Draws the points with a finite value; nil where there are fewer than two.
    ///
    /// - Parameter index: Which of the chart colours the line has.
    init?(_ name: String, steps: [Int], values: [Double?], colour index: Int) {
        let points = zip(steps, values).compactMap { step, value in
            value.flatMap { $0.isFinite ? (x: Double(step), y: $0) : nil }
        }
        guard points.count > 1, let first = points.first, let last = points.last,
            let vertical = Scale.linearOrLogarithmic(fitting: points.map(\.y))
        else { return nil }
        let horizontal = Scale(.logStep, first.x...last.x)
        func place(_ point: (x: Double, y: Double)) -> (x: String, y: String) {
            (
                coordinate(Self.width * horizontal.fraction(point.x)),
                coordinate(Self.height * (1 - vertical.fraction(point.y)))
            )
        }
        let path = points.map { "\(place($0).x),\(place($0).y)" }.joined(separator: " ")
        let words = "\(name) from \(Format.value(first.y)) to \(Format.value(last.y))"
        var writer = SVGWriter()
        writer.open(
            "svg",
            [
                "viewBox": "0 0 \(coordinate(Self.width)) \(coordinate(Self.height))", "class": "c\(index)",
                "role": "img", "aria-label": words,
            ])
        writer.element("polyline", ["points": path, "class": "line"])
        writer.element("circle", ["cx": place(last).x, "cy": place(last).y, "r": "2.5"])
        writer.close("svg")
        drawing = writer.text
        caption = words
    }
}

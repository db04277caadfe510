import Foundation
import Testing

@testable import Reports

struct ChartTests {
    static func chart(_ marks: [Mark], vertical: Scale = Scale(.linear, 0...10)) -> Chart {
        Chart(
            identifier: "chart", title: "A \"title\" <b>", summary: "A & B",
            horizontal: .init(label: "t", scale: Scale(.logStep, 0...1000)),
            panels: [.init(label: "y", vertical: .scale(vertical), height: 100, marks: marks)])
    }

    @Test func `a chart is one well-formed image with title and description`() {
        let svg = Self.chart([.line([.init(x: 0, y: 1), .init(x: 1000, y: 2)], SeriesStyle(index: 0))]).svg(width: 368)
        let parsed = WellFormed(svg)
        #expect(parsed.complaint == nil)
        #expect(parsed.elementCounts["svg"] == 2, "the image and the view of its panel")
        #expect(parsed.texts["title"] == ["A \"title\" <b>"])
        #expect(parsed.texts["desc"] == ["A & B"])
        #expect(svg.contains("role=\"img\""))
    }

    @Test func `a line has a gap where a point is not finite or lies outside`() {
        let points: [Mark.Point] = [(0, 1), (1, 2), (3, .nan), (10, 3), (30, 99), (100, 4), (300, 5)]
            .map { Mark.Point(x: $0.0, y: $0.1) }
        var writer = SVGWriter()
        let frame = ChartLayout(Self.chart([]), width: 368).frames[0]
        writer.draw(.line(points, SeriesStyle(index: 0)), in: frame)
        #expect(writer.text.filter { $0 == "M" }.count == 3)
        #expect(writer.text.filter { $0 == "L" }.count == 2)
    }

    @Test func `labels of close boundaries take two rows and never overlap`() {
        var chart = Self.chart([])
        chart.stages.edges = [100.0, 130, 140, 500].map {
            .init(step: $0, interval: $0 * 0.9...$0 * 1.1, label: "\($0)")
        }
        let svg = chart.svg(width: 368)
        let places = svg.matches(of: /<text x="([0-9.]+)" y="([0-9.]+)" class="boundary-label"[^>]*>([^<]*)</)
        #expect(places.map { String($0.3) } == ["100.0", "130.0", "500.0"], "the third has no room in either row")
        #expect(Set(places.prefix(2).map { String($0.2) }).count == 2)
    }

    @Test func `notes never cover each other, and one place has one of the same words`() {
        let notes: [Mark] = [("end", 30.0), ("end", 31), ("a", 31), ("b", 32), ("c", 32), ("none", 33)]
            .map { .note(.init(x: $1, y: 5), $0) }
        let svg = Self.chart(notes).svg(width: 368)
        let places = svg.matches(of: /<text x="([0-9.]+)" y="([0-9.]+)" class="note"[^>]*>([^<]*)</)
        #expect(places.map { String($0.3) } == ["end", "a", "b", "c"], "four places beside a point")
        #expect(Set(places.map { "\($0.1) \($0.2)" }).count == 4)
    }

    @Test func `neighbouring cells of one level are joined`() {
        var writer = SVGWriter()
        var frame = ChartLayout(Self.chart([]), width: 368).frames[0]
        frame.vertical = .rows(["a", "b"])
        let cells: [Mark.Cell] = [
            .init(x: 0...1, row: 0, level: 2), .init(x: 1...3, row: 0, level: 2), .init(x: 3...9, row: 0, level: 5),
            .init(x: 0...1, row: 1, level: 2),
        ]
        writer.draw(.cells(cells), in: frame)
        #expect(writer.text.filter { $0 == "M" }.count == 3)
        #expect(writer.text.components(separatedBy: "<path").count == 3, "one path for each of two levels")
    }

    @Test func `units are equally long both ways when curvature is drawn`() {
        var chart = Self.chart([], vertical: Scale(.linear, 0...1))
        chart.horizontal.scale = Scale(.linear, -3...5)
        chart.hasEqualUnits = true
        let frame = ChartLayout(chart, width: 352).frames[0]
        let across = frame.pixelX(1) - frame.pixelX(0)
        let up = frame.pixelY(0) - frame.pixelY(1)
        // Both are quotients of two pixel lengths: a few roundings.
        #expect(abs(across - up) < 1e-9)
    }

    @Test(arguments: [
        (0.0, "0"), (12, "12"), (12.5, "12.5"), (0.05, "0.05"), (-0.254, "-0.25"), (-0.001, "0"), (99.999, "100"),
    ])
    func `a coordinate has at most two decimals`(_ value: Double, _ text: String) {
        #expect(coordinate(value) == text)
    }

    @Test func `long names keep both ends`() {
        #expect("blocks.11.attention.query.weight".abbreviated(to: 21) == "blocks.11.…ery.weight")
        #expect("short".abbreviated(to: 5) == "short")
    }

    @Test func `an envelope keeps every extreme`() {
        let x = (0..<1000).map(Double.init)
        let y = x.map { $0 == 500 ? 50 : sin($0) }
        let envelope = Envelope(x: x, y: y, scale: Scale(.linear, 0...1000), cellCount: 20)
        #expect(envelope.x.count == 20)
        #expect(envelope.highest.max() == 50)
        #expect(envelope.lowest.min() == y.min())
    }
}

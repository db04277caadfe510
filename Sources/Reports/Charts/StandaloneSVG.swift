import Foundation

/// A chart as a file of its own: light colours, and a style sheet without variables, which most programs that read SVG
/// do not know.
struct StandaloneSVG: Sendable {
    /// The file's name without its extension: the chart's identifier, with only letters, digits and hyphens.
    let name: String
    /// The file.
    let text: String

    /// Draws a chart.
    init(_ chart: Chart) {
        name = String(chart.identifier.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
        let drawing = chart.svg(width: Page.Figure.fullWidth)
        guard let head = drawing.prefixMatch(of: /(<svg [^>]*)viewBox="0 0 ([0-9.]+) ([0-9.]+)"([^>]*>)/),
            let width = Double(head.2)
        else { preconditionFailure("a chart is an svg element with a view box") }
        // A page has room beside a chart for what sticks out, such as the last tick's label; a file needs it within.
        let (left, wide) = (coordinate(-Self.margin), coordinate(width + 2 * Self.margin))
        text =
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\(head.1)viewBox=\"\(left) 0 \(wide) \(head.3)\"\(head.4)"
            + "<style>\n\(Self.style)</style>"
            + "<rect x=\"\(left)\" width=\"\(wide)\" height=\"\(head.3)\" style=\"fill: #fff\"/>"
            + drawing[head.range.upperBound...] + "\n"
    }

    /// Pixels on either side of the drawing.
    private static let margin = 16.0

    /// The page's rules for charts with its light colours in place of variables; where a rule takes the colour of its
    /// series, one rule for each series.
    static let style: String = {
        let page = String(decoding: PackageResources.style_css, as: UTF8.self)
        let rules = page.split(separator: "}").compactMap { rule -> (selector: String, body: String)? in
            let parts = rule.split(separator: "{", maxSplits: 1).map {
                $0.trimmingCharacters(in: .whitespacesAndNewlines)
            }
            return parts.count == 2 ? (parts[0], parts[1]) : nil
        }
        var colours: [String: String] = [:]
        for declaration in rules.first(where: { $0.selector.hasSuffix(":root") })?.body.split(separator: ";") ?? [] {
            let parts = declaration.split(separator: ":").map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
            if parts.count == 2 { colours["var(\(parts[0]))"] = parts[1] }
        }
        let isOfCharts = rules.drop { $0.selector != ".chart text" }.prefix { !$0.selector.hasPrefix("@media") }
        var sheet = "svg { font-family: sans-serif; overflow: visible; }\n"
        for rule in isOfCharts where !rule.body.contains("--series:") {
            let body = colours.reduce(rule.body) { $0.replacing($1.key, with: $1.value) }
            if body.contains("var(--series)") {
                for index in 0..<6 {
                    let colour = colours["var(--c\(index))"] ?? "#000"
                    sheet += "\(rule.selector).c\(index) { \(body.replacing("var(--series)", with: colour)) }\n"
                }
            } else {
                sheet += "\(rule.selector) { \(body) }\n"
            }
        }
        return sheet
    }()
}

extension RunReport {
    /// The charts of the report as files: a name without extension and the text of the SVG file.
    public var figures: [(name: String, svg: String)] {
        page.sections.flatMap { $0.blocks.flatMap(\.figures) }.map {
            let file = StandaloneSVG($0.chart)
            return (file.name, file.text)
        }
    }
}

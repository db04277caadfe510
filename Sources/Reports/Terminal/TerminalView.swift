public import Development
import Sampling

/// What `show` prints: verdict, stages, small plots of λ̂ and loss over log step, and what to do next.
///
/// No line is wider than the stated width in columns, at least 20, where East Asian wide letters count as two.
public struct TerminalView: Sendable {
    /// The view, ending in a line break.
    public let text: String

    /// Lays out the view of an analysis.
    ///
    /// - Parameters:
    ///   - width: The columns of the terminal; below 20 the view is laid out for 20.
    ///   - isColored: Whether escape sequences set colours.
    ///   - isUnicode: Whether more than ASCII may be written.
    public init(_ analysis: Analysis, width: Int, isColored: Bool, isUnicode: Bool) {
        let layout = Layout(width: max(20, width), isColored: isColored, isUnicode: isUnicode)
        let measurements = analysis.measurements
        var parts = [layout.paragraph(measurements.runName, in: .bold)]
        parts.append(analysis.verdict.flatMap { layout.paragraph($0) })
        if let stages = RunReport(analysis: analysis).stageSummary { parts.append(layout.table(stages)) }
        let usable = measurements.checkpoints.compactMap { checkpoint -> Mark.Point? in
            guard let llc = checkpoint.llc, llc.quality != .unusable, let value = llc.value, value.isFinite else {
                return nil
            }
            return Mark.Point(x: Double(checkpoint.step), y: value)
        }
        let losses = measurements.points(\.loss).filter(\.y.isFinite)
        let boundaries = (analysis.stages?.boundaries ?? []).map(\.step)
        let series = [("λ̂", usable, Layout.Color.blue), ("loss", losses, .yellow)].filter { !$0.1.isEmpty }
        let margin = series.map { layout.margin($0.1) }.max() ?? 0
        for (name, points, color) in series {
            parts.append(
                layout.plot(
                    name, points, margin: margin, over: measurements.stepScale, word: measurements.axis.rawValue,
                    boundaries: boundaries, in: color))
        }
        parts.append(Self.qualities(measurements).flatMap { layout.paragraph($0) })
        let grave = analysis.advisories.filter { $0.severity == .warning }
        parts.append(
            grave.prefix(Self.shownCount).flatMap { advisory in
                layout.item("Warning: \(Format.sentence(advisory.finding))", in: .yellow)
                    + layout.item("Next: \(Format.sentence(advisory.remedy))", indent: 2)
            })
        let rest = analysis.advisories.count - min(grave.count, Self.shownCount)
        if rest > 0 {
            parts.append(
                layout.paragraph(
                    rest == 1 ? "One more advisory is in the report." : "\(rest) more advisories are in the report."))
        }
        text = parts.filter { !$0.isEmpty }.map { $0.map { $0 + "\n" }.joined() }.joined(separator: "\n")
    }

    /// More warnings are counted and left to the report.
    private static let shownCount = 3

    /// How many estimates are not to be relied on; none where no λ̂ was measured.
    private static func qualities(_ measurements: Measurements) -> [String] {
        let qualities = measurements.checkpoints.compactMap { $0.llc?.quality }
        guard !qualities.isEmpty else { return [] }
        let doubtful = qualities.count { $0 == .doubtful }
        let unusable = qualities.count { $0 == .unusable }
        // A series from elsewhere, without chains to judge it by.
        guard measurements.checkpoints.contains(where: { !($0.llc?.chains.isEmpty ?? true) }) else {
            return [
                "λ̂ stands as it was given at \(Format.counted(qualities.count, "checkpoint")): nothing was sampled."
            ]
        }
        guard doubtful + unusable > 0 else {
            return ["λ̂ is sound at all \(Format.counted(qualities.count, "checkpoint"))."]
        }
        return [
            "λ̂ at \(Format.counted(qualities.count, "checkpoint")): \(qualities.count - doubtful - unusable) sound, "
                + "\(doubtful) doubtful, \(unusable) unusable."
        ]
    }
}

extension TerminalView {
    /// How text is fitted to a terminal.
    struct Layout {
        /// Colours by their numbers in ECMA-48 (SGR).
        enum Color: Int {
            case bold = 1
            case dim = 2
            case yellow = 33
            case blue = 34
        }

        var width: Int
        var isColored: Bool
        var isUnicode: Bool

        /// Text that no name can steer, in the letters that the terminal has.
        func plain(_ text: String) -> String { isUnicode ? text.onOneLine : text.onOneLine.inASCII }

        func painted(_ text: String, _ color: Color?) -> String {
            guard isColored, let color, !text.isEmpty else { return text }
            return "\u{1B}[\(color.rawValue)m\(text)\u{1B}[0m"
        }

        func paragraph(_ text: String, in color: Color? = nil) -> [String] {
            plain(text).wrapped(to: width).map { painted($0, color) }
        }

        /// A paragraph whose later lines stand two columns to the right of its first.
        func item(_ text: String, indent: Int = 0, in color: Color? = nil) -> [String] {
            let lines = plain(text).wrapped(to: width - indent - 2)
            return lines.enumerated().map { index, line in
                String(repeating: " ", count: index == 0 ? indent : indent + 2) + painted(line, color)
            }
        }

        /// The columns of the stage table that fit, the most telling ones first.
        func table(_ table: Table) -> [String] {
            var cells = ([table.headings] + table.texts).map { row in
                row.map { plain($0.replacing(", the end", with: "")) }
            }
            func widest(_ column: Int) -> Int { cells.map { $0[column].columnCount }.max() ?? 0 }
            var chosen: [Int] = []
            let typeColumn = table.headings.firstIndex(of: "Type")
            for column in Self.headingsByWorth.compactMap({ start in table.headings.firstIndex { $0.hasPrefix(start) } }
            ) {
                let room = width - chosen.reduce(0) { $0 + widest($1) + 2 }
                if widest(column) > room, column == typeColumn {
                    for row in cells.indices { cells[row][column] = String(cells[row][column].prefix { $0 != ":" }) }
                }
                if widest(column) <= room { chosen.append(column) }
            }
            let widths = table.columns.indices.map(widest)
            chosen.sort()
            return cells.enumerated().map { index, row in
                let line = chosen.map { column in
                    row[column].padded(to: widths[column], onLeft: table.numericColumns.contains(column))
                }.joined(separator: "  ")
                return painted(String(line.reversed().drop { $0 == " " }.reversed()), index == 0 ? .dim : nil)
            }
        }

        /// What the headings of the stage table start with, the most telling first. A type is a letter and what it
        /// stands for; the letter alone where there is no room.
        private static let headingsByWorth = [
            "Stage", "From", "To", "Type", "Δλ̂", "Δ loss", "95 %", "Support", "Confirmed",
        ]

        /// The highest and the lowest value of a plot.
        private func labels(_ points: [Mark.Point]) -> [String] {
            [points.map(\.y).max(), points.map(\.y).min()].map { $0.map { plain(Format.value($0)) } ?? "" }
        }

        /// The columns that these take.
        func margin(_ points: [Mark.Point]) -> Int { labels(points).map(\.columnCount).max() ?? 0 }

        /// A plot with its highest and lowest value, the first and the last step; nothing without points.
        func plot(
            _ name: String, _ points: [Mark.Point], margin: Int, over horizontal: Scale, word: String,
            boundaries: [Double], in color: Color
        ) -> [String] {
            guard let vertical = Scale.linearOrLogarithmic(fitting: points.map(\.y)) else { return [] }
            let labels = labels(points)
            let plotWidth = min(width, Self.largestWidth) - margin - 1
            let plot = TerminalPlot(
                points: points, horizontal: horizontal, vertical: vertical, boundaries: boundaries,
                height: Self.plotHeight, isUnicode: isUnicode)
            let edge = isUnicode ? "┤" : "|"
            let heading =
                "\(name) over log \(word)" + (vertical.kind == .logarithmic ? ", on a logarithmic scale" : "")
                + (boundaries.isEmpty ? "" : ", with the boundaries")
            let rows = plot.rows(width: plotWidth).enumerated().map { index, row in
                let label = index == 0 ? labels[0] : index == Self.plotHeight - 1 ? labels[1] : ""
                var line = painted(label.padded(to: margin, onLeft: true) + edge, .dim)
                var run = ""
                var isBoundary = false
                for cell in row.reversed().drop(while: { $0.character == " " }).reversed() {
                    if cell.isBoundary != isBoundary {
                        line += painted(run, isBoundary ? .dim : color)
                        (run, isBoundary) = ("", cell.isBoundary)
                    }
                    run.append(cell.character)
                }
                return line + painted(run, isBoundary ? .dim : color)
            }
            let ends = [horizontal.domain.lowerBound, horizontal.domain.upperBound].map { plain(Format.step($0)) }
            let gap = max(1, plotWidth - ends[0].columnCount - ends[1].columnCount)
            let axis =
                String(repeating: " ", count: margin + 1) + ends[0] + String(repeating: " ", count: gap) + ends[1]
            return paragraph(heading) + rows + (axis.columnCount <= width ? [painted(axis, .dim)] : [])
        }

        private static let plotHeight = 6
        /// A wider plot says no more.
        private static let largestWidth = 120
    }
}

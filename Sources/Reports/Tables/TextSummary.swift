public import Development

/// What `analyze` prints at its end: verdict, stage table, advisories; plain text without colour.
public struct TextSummary: Sendable {
    /// The summary, ending in a line break.
    public let text: String

    /// Writes the summary of an analysis.
    public init(_ analysis: Analysis) {
        let measurements = analysis.measurements
        var lines = [measurements.runName.onOneLine, ""] + analysis.verdict.map(\.onOneLine)
        if let finding = analysis.stages {
            lines.append("")
            lines += Self.aligned(
                [StagesTable.headings(measurements)] + StagesTable.cells(finding), numericCount: 5)
        }
        for advisory in analysis.advisories {
            let steps = advisory.steps.isEmpty ? "" : " (\(advisory.stepList(axis: measurements.axis)))"
            lines += [
                "", "\(advisory.severity.rawValue): \(Format.sentence(advisory.finding.onOneLine))\(steps)",
                "  \(Format.sentence(advisory.remedy.onOneLine))",
            ]
        }
        text = lines.map { $0 + "\n" }.joined()
    }

    /// Columns side by side: the first `numericCount` flush right, the others flush left.
    private static func aligned(_ rows: [[String]], numericCount: Int) -> [String] {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return column < numericCount ? padding + cell : cell + padding
            }
            let line = "  " + cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }
}

public import Development

/// A summary for a README, an issue or a pull request: verdict, stage table, advisories, in GitHub's Markdown.
public struct MarkdownSummary: Sendable {
    /// The summary, ending in a line break.
    public let text: String

    /// Writes the summary of an analysis.
    public init(_ analysis: Analysis) {
        let measurements = analysis.measurements
        var lines = ["## \(measurements.runName.escapedForMarkdown)", ""]
        lines += analysis.verdict.map(\.escapedForMarkdown) + [""]
        if let finding = analysis.stages {
            lines +=
                Self.table(
                    columns: StagesTable.headings(measurements), rows: StagesTable.cells(finding), numericCount: 5) + [
                    ""
                ]
        }
        lines += analysis.advisories.map { advisory in
            let steps = advisory.steps.isEmpty ? "" : " (\(advisory.stepList(axis: measurements.axis)))"
            return "- **\(advisory.severity.rawValue):** "
                + "\(Format.sentence(advisory.finding)) \(Format.sentence(advisory.remedy))\(steps)".escapedForMarkdown
        }
        text = lines.reversed().drop(while: \.isEmpty).reversed().map { $0 + "\n" }.joined()
    }

    private static func table(columns: [String], rows: [[String]], numericCount: Int) -> [String] {
        let rule = columns.indices.map { $0 < numericCount ? "---:" : "---" }
        return ([columns, rule] + rows).enumerated().map { index, row in
            "| " + row.map { index == 1 ? $0 : $0.escapedForMarkdown }.joined(separator: " | ") + " |"
        }
    }
}

extension String {
    /// The text with what Markdown would read as markup escaped, on one line.
    var escapedForMarkdown: String {
        var result = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "\\", "`", "*", "_", "[", "]", "<", ">", "|", "#": result += "\\"
            case "\n", "\r":
                result += " "
                continue
            default: break
            }
            result.unicodeScalars.append(scalar)
        }
        return result
    }
}

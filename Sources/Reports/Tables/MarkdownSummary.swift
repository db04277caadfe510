public import Development

/// A summary for a README, an issue or a pull request in GitHub's Markdown: verdict, stages, the gravest advisories;
/// settings, digests and the other advisories are folded away.
public struct MarkdownSummary: Sendable {
    /// The summary, ending in a line break.
    public let text: String

    /// Writes the summary of an analysis.
    public init(_ analysis: Analysis) {
        let measurements = analysis.measurements
        var parts = ["## \(measurements.runName.escapedForMarkdown)"]
        parts += analysis.verdict.map(\.escapedForMarkdown)
        if let stages = RunReport(analysis: analysis).stageSummary {
            parts.append(
                Self.table(columns: stages.headings, numeric: stages.numericColumns, rows: stages.texts))
        }
        let items = analysis.advisories.map { Self.item($0, axis: measurements.axis) }
        let graveCount = analysis.advisories.prefix { $0.severity == .warning }.prefix(Self.shownCount).count
        if graveCount > 0 { parts.append(items.prefix(graveCount).joined(separator: "\n")) }
        if items.count > graveCount {
            parts += Self.folded(
                "\(graveCount > 0 ? "Further advisories" : "Advisories") (\(items.count - graveCount))",
                items.dropFirst(graveCount).joined(separator: "\n"))
        }
        let settings = measurements.settings.map { $0.entries.map { [$0.name, $0.value] } } ?? []
        let provenance = measurements.provenance
        let origins =
            [["Instar", provenance.version]] + provenance.processors.map { ["Processor", $0] }
            + provenance.digests.map { ["SHA-256 of \($0.name)", $0.value] }
        parts += Self.folded(
            settings.isEmpty ? "Provenance" : "Settings and provenance",
            Self.table(columns: ["What", "Value"], numeric: [], rows: settings + origins))
        text = parts.joined(separator: "\n\n") + "\n"
    }

    /// Warnings beyond these are folded away.
    private static let shownCount = 5

    private static func item(_ advisory: Advisory, axis: Measurements.Axis) -> String {
        let steps = advisory.steps.isEmpty ? "" : " (\(advisory.stepList(axis: axis)))"
        return "- **\(advisory.severity.rawValue):** "
            + "\(Format.sentence(advisory.finding)) \(Format.sentence(advisory.remedy))\(steps)".escapedForMarkdown
    }

    /// A part that GitHub shows folded; Markdown within it needs the empty lines around.
    private static func folded(_ summary: String, _ content: String) -> [String] {
        ["<details><summary>\(summary)</summary>", content, "</details>"]
    }

    private static func table(columns: [String], numeric: Set<Int>, rows: [[String]]) -> String {
        let rule = columns.indices.map { numeric.contains($0) ? "---:" : "---" }
        func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
        let lines = [columns.map(\.escapedForMarkdown), rule] + rows.map { $0.map(\.escapedForMarkdown) }
        return lines.map(line).joined(separator: "\n")
    }
}

extension String {
    /// The text with what GitHub would read as markup, a mention or a reference made harmless, on one line.
    ///
    /// Mentions and references are found after escapes are undone, so that an invisible space breaks them up.
    var escapedForMarkdown: String {
        var result = ""
        for scalar in onOneLine.unicodeScalars {
            switch scalar {
            case "\\", "`", "*", "_", "[", "]", "<", ">", "|", "#", "~", "$", "&": result += "\\"
            default: break
            }
            result.unicodeScalars.append(scalar)
            if scalar == "@" || scalar == "#" { result += "\u{200B}" }
        }
        return result
    }
}

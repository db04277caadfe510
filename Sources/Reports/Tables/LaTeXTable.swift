public import Development

/// A table for papers: a `tabular` environment with the rules of the booktabs package, which is all it needs.
///
/// All text is escaped. Letters that LaTeX has no font for by default, such as Greek outside of symbols or Chinese, are
/// left as they are and need a document that is set with XeLaTeX or LuaLaTeX.
public struct LaTeXTable: Sendable {
    /// The table, ending in a line break.
    public let text: String

    /// Lays out a table.
    ///
    /// - Parameters:
    ///   - columns: The headings.
    ///   - numeric: The indices of the columns that are set flush right.
    ///   - rows: Axes `[row, column]`; every row has a cell for each column.
    ///   - comment: Lines that the file begins with, as comments; line breaks in them are replaced by spaces.
    public init(columns: [String], numeric: Set<Int>, rows: [[String]], comment: [String] = []) {
        func line(_ cells: [String]) -> String { cells.map(\.escapedForLaTeX).joined(separator: " & ") + " \\\\" }
        let alignment = columns.indices.map { numeric.contains($0) ? "r" : "l" }.joined()
        let lines =
            comment.map { "% " + $0.onOneLine }
            + ["\\begin{tabular}{\(alignment)}", "\\toprule", line(columns), "\\midrule"] + rows.map(line)
            + ["\\bottomrule", "\\end{tabular}"]
        text = lines.map { $0 + "\n" }.joined()
    }

    /// `stages.tex`: when each stage ended, what changed in it and what it is; only the headings without stages.
    public init(stagesOf analysis: Analysis) {
        let table = RunReport(analysis: analysis).stageSummary
        self.init(
            columns: table?.headings ?? ["Stage"], numeric: table?.numericColumns ?? [], rows: table?.texts ?? [],
            comment: [
                "Stages of \(analysis.measurements.runName), Instar \(analysis.measurements.provenance.version).",
                "Needs \\usepackage{booktabs}. Changes are given with one standard error.",
            ])
    }
}

extension Table {
    /// The headings of the columns.
    var headings: [String] { columns.map(\.columnHeading) }

    /// The indices of the columns that hold numbers.
    var numericColumns: Set<Int> { Set(columns.indices.filter { columns[$0].columnMarkup.isEmpty }) }

    /// The cells as they are shown. Axes `[row, column]`.
    var texts: [[String]] { rows.map { [$0.rowHeading.cellText] + $0.cells.map(\.cellText) } }
}

extension String {
    /// The text with what LaTeX would read as commands escaped, and mathematical symbols in math mode, on one line.
    var escapedForLaTeX: String {
        onOneLine.map { Self.inLaTeX[$0] ?? String($0) }.joined()
    }

    private static let inLaTeX: [Character: String] = {
        var result: [Character: String] = [
            "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "<": "$<$", ">": "$>$",
            "|": "\\textbar{}", "\"": "''", "`": "\\textasciigrave{}", "[": "{[}", "]": "{]}",
            "λ\u{302}": "$\\hat\\lambda$", "λ": "$\\lambda$", "Δ": "$\\Delta$", "ε": "$\\varepsilon$",
            "β": "$\\beta$", "γ": "$\\gamma$", "α": "$\\alpha$", "±": "$\\pm$", "−": "$-$", "×": "$\\times$",
            "·": "$\\cdot$", "≤": "$\\le$", "≥": "$\\ge$", "–": "--", "…": "\\dots{}", "→": "$\\to$",
            "\u{A0}": "~", "\u{202F}": "\\,",
        ]
        for special in "{}$&#_%" { result[special] = "\\\(special)" }
        for (digit, superscript) in "⁰¹²³⁴⁵⁶⁷⁸⁹".enumerated() { result[superscript] = "$^{\(digit)}$" }
        result["⁻"] = "$^{-}$"
        return result
    }()
}

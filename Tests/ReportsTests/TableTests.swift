import Development
import Foundation
import Testing

@testable import Reports

struct TableTests {
    @Test func `cells are quoted only where RFC 4180 needs it`() {
        let text = commaSeparated(columns: ["a", "b,c"], rows: [["plain", "say \"hi\""], ["", "two\nlines"]])
        #expect(text == "a,\"b,c\"\r\nplain,\"say \"\"hi\"\"\"\r\n,\"two\nlines\"\r\n")
    }

    @Test func `series hold one row per checkpoint and empty cells where nothing was measured`() {
        var analysis = SyntheticAnalysis.full()
        analysis.measurements.checkpoints[1].loss = nil
        analysis.measurements.checkpoints[1].llc = nil
        let lines = SeriesTable(analysis).csv.components(separatedBy: "\r\n")
        #expect(
            lines[0]
                == "step,loss,llc,llc_error,r_hat,ess_bulk,ess_tail,gradient_norm,loss_train,loss_test,pc1,pc2,pc3")
        #expect(lines.count == 45 + 2, "header, rows and the end of the last line")
        #expect(lines[2].hasPrefix("1,,,,,,,"))
    }

    @Test func `numbers in tables for machines read back exactly`() throws {
        let analysis = SyntheticAnalysis.full()
        let lines = SeriesTable(analysis).csv.components(separatedBy: "\r\n")
        let cells = lines[9].components(separatedBy: ",")
        #expect(Double(cells[1]) == analysis.measurements.checkpoints[8].loss)
    }

    @Test func `stages hold one row per stage, with the interval of its end`() {
        let lines = StagesTable(SyntheticAnalysis.full()).csv.components(separatedBy: "\r\n")
        #expect(lines.count == 5)
        #expect(lines[1].hasPrefix("1,0.0,1050.0,861.0,1260.0,0.99,-3.19,0.01,"))
        #expect(lines[3].hasSuffix(",B"))
        #expect(lines[3].contains(",50000.0,,,,"), "the last stage ends with the run, not at a boundary")
    }

    @Test func `without stages there is only the header`() {
        var analysis = SyntheticAnalysis.full()
        analysis.stages = nil
        #expect(StagesTable(analysis).csv.components(separatedBy: "\r\n").count == 2)
    }

    @Test(arguments: [
        ("a|b_[c]\n# d", "a\\|b\\_\\[c\\] \\#\u{200B} d"), ("<script>", "\\<script\\>"), ("`rm`", "\\`rm\\`"),
        ("@team", "@\u{200B}team"), ("&lt;", "\\&lt;"), ("\u{202E}txt", "txt"),
    ])
    func `names in Markdown are neither markup nor mentions`(_ name: String, _ escaped: String) {
        #expect(MarkdownSummary(SyntheticAnalysis.full(name: name)).text.hasPrefix("## \(escaped)\n"))
    }

    @Test func `the Markdown summary shows verdict, stages and warnings and folds the rest`() throws {
        let text = MarkdownSummary(SyntheticAnalysis.full()).text
        #expect(text.contains("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | --- |"))
        #expect(text.contains("| 3 | 8,900 | 50,000, the end |"))
        let fold = try #require(text.range(of: "<details>"))
        #expect(text[..<fold.lowerBound].contains("- **warning:** All chains diverged at 1 of 45 checkpoints."))
        #expect(text[fold.lowerBound...].contains("- **note:** "))
        #expect(text[fold.lowerBound...].contains("| SHA-256 of graph | 5d41402abc4b2a765d41402abc4b2a76"))
        #expect(text.components(separatedBy: "<details>").count == text.components(separatedBy: "</details>").count)
    }

    @Test(arguments: [
        ("50 % & #1_{a}$^~\\", "50 \\% \\& \\#1\\_\\{a\\}\\$\\textasciicircum{}\\textasciitilde{}\\textbackslash{}"),
        ("Δλ\u{302} ± −2 × 10⁻³", "$\\Delta$$\\hat\\lambda$ $\\pm$ $-$2 $\\times$ 10$^{-}$$^{3}$"),
        ("[a]\nb", "{[}a{]} b"),
    ])
    func `text in LaTeX is escaped`(_ text: String, _ escaped: String) { #expect(text.escapedForLaTeX == escaped) }

    @Test func `stages in LaTeX have one row each between the rules`() {
        let lines = LaTeXTable(stagesOf: SyntheticAnalysis.full(name: "a\n\\input{x}")).text.components(
            separatedBy: "\n")
        #expect(lines[0] == "% Stages of a \\input{x}, Instar 1.0.", "a comment ends with its line")
        #expect(lines[2] == "\\begin{tabular}{rrrrrrrll}")
        #expect(
            lines[4].hasPrefix(
                "Stage & From step & To step & 95 \\% interval & Support & $\\Delta$ loss & $\\Delta$$\\hat\\lambda$ & Type"
            ))
        #expect(lines.filter { $0.hasSuffix(" \\\\") }.count == 4)
        #expect(lines.suffix(3) == ["\\bottomrule", "\\end{tabular}", ""])
    }

    @Test func `the summary for terminals is aligned and free of control characters`() {
        let text = TextSummary(SyntheticAnalysis.full(name: "run\u{1B}[31m")).text
        #expect(text.hasPrefix("run [31m\n\nThree stages."))
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
        let rows = text.components(separatedBy: "\n").filter { $0.hasSuffix("LLC rises") }
        #expect(rows.count == 2)
        #expect(Set(rows.map(\.count)).count == 1)
        #expect(text.contains("warning: All chains diverged"))
    }

    @Test(arguments: [
        (String(repeating: "0a", count: 32), "0a0a0a0a0a0a…"), ("2019.4935", "2019"), ("0.123456", "0.1235"),
        ("0.001", nil), ("1e-3", nil), ("225000", nil), ("adam", nil), ("nan", nil),
    ])
    func `digests and long fractions are shortened and nothing else`(_ text: String, _ short: String?) {
        #expect(Format.shortened(text) == short)
    }
}

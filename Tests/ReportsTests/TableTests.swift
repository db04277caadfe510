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

    @Test func `Markdown in names is escaped`() {
        let text = MarkdownSummary(SyntheticAnalysis.full(name: "a|b_[c]\n# d")).text
        #expect(text.hasPrefix("## a\\|b\\_\\[c\\] \\# d\n"))
        #expect(text.contains("| ---: | ---: | ---: | ---: | ---: | --- | --- |"))
        #expect(text.contains("| 3 | 8,900 | 50,000 |"))
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

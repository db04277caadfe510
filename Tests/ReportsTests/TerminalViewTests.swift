import Development
import Foundation
import Testing

@testable import Reports

struct TerminalViewTests {
    private static func lines(
        _ analysis: Analysis, width: Int, isColored: Bool = false, isUnicode: Bool = true
    ) -> [String] {
        TerminalView(analysis, width: width, isColored: isColored, isUnicode: isUnicode).text.components(
            separatedBy: "\n")
    }

    private static func bare(_ change: (inout Analysis) -> Void = { _ in }) -> Analysis {
        var analysis = SyntheticAnalysis.full(name: "run")
        analysis.advisories = []
        change(&analysis)
        return analysis
    }

    @Test(arguments: [20, 40, 80, 200], [true, false])
    func `no line is wider than the terminal`(_ width: Int, _ isUnicode: Bool) {
        let analyses = [
            SyntheticAnalysis.full(name: "訓練の実行" + String(repeating: "長い名前", count: 30)),
            SyntheticAnalysis.full(checkpointCount: 200),
            Self.bare { $0.stages = nil },
            Self.bare { $0.measurements.checkpoints = [$0.measurements.checkpoints[0]] },
            Self.bare {
                for index in $0.measurements.checkpoints.indices { $0.measurements.checkpoints[index].llc = nil }
            },
            Self.bare {
                for index in $0.measurements.checkpoints.indices {
                    $0.measurements.checkpoints[index].llc = SyntheticAnalysis.diverged
                }
            },
            Self.bare { $0.measurements.checkpoints = [] },
        ]
        for analysis in analyses {
            for line in Self.lines(analysis, width: width, isUnicode: isUnicode) {
                #expect(line.columnCount <= width, "\(line)")
                #expect(isUnicode || line.allSatisfy { $0.isASCII })
            }
        }
    }

    @Test func `without colour there is no escape sequence, and with colour the same text`() {
        let analysis = SyntheticAnalysis.full(name: "run\u{1B}[31m")
        let plain = Self.lines(analysis, width: 80)
        #expect(!plain.joined().contains("\u{1B}"))
        let colored = Self.lines(analysis, width: 80, isColored: true).joined(separator: "\n")
        #expect(colored.contains("\u{1B}[1mrun [31m\u{1B}[0m"), "the name's own escape is gone")
        #expect(colored.replacing(/\u{1B}\[[0-9]+m/, with: "") == plain.joined(separator: "\n"))
    }

    @Test func `the stage table keeps the most telling columns that fit`() throws {
        let wide = Self.lines(SyntheticAnalysis.full(), width: 200)
        #expect(wide.contains { $0.contains("95 % interval") && $0.contains("Support") && $0.contains("Type") })
        let narrow = Self.lines(SyntheticAnalysis.full(), width: 40)
        let heading = try #require(narrow.first { $0.contains("From step") })
        #expect(heading == "Stage  From step  To step  Support  Type")
        #expect(narrow.contains("    3      8,900   50,000           B"))
    }

    @Test func `what is not measured is not drawn`() {
        let analysis = Self.bare {
            for index in $0.measurements.checkpoints.indices { $0.measurements.checkpoints[index].llc = nil }
        }
        let lines = Self.lines(analysis, width: 80)
        #expect(!lines.contains { $0.hasPrefix("λ̂ over") })
        #expect(lines.contains { $0.hasPrefix("loss over log step") })
    }

    @Test func `estimates that are in doubt are counted`() {
        let text = Self.lines(SyntheticAnalysis.full(), width: 80).joined(separator: " ")
        #expect(text.contains("λ̂ at 45 checkpoints: 43 sound, 1 doubtful, 1 unusable."))
        #expect(text.contains("Warning: All chains diverged at 1 of 45 checkpoints."))
        #expect(text.contains("Next: Halve the step size with --step-size and measure again."))
        #expect(text.contains("One more advisory is in the report."))
    }

    /// A line from the lower left to the upper right, and a boundary in the middle.
    private static func diagonal(isUnicode: Bool) -> [String] {
        TerminalPlot(
            points: [.init(x: 0, y: 0), .init(x: 1, y: 1)], horizontal: Scale(.linear, 0...1),
            vertical: Scale(.linear, 0...1), boundaries: [0.25], height: 2, isUnicode: isUnicode
        ).rows(width: 4).map { String($0.map(\.character)) }
    }

    @Test func `a line is drawn in braille, with boundaries behind it`() {
        // The eight dots of the diagonal: two in each character, one column and one row on.
        #expect(Self.diagonal(isUnicode: true) == [" │⡠⠊", "⡠⠊  "])
    }

    @Test func `a line is drawn in ASCII`() { #expect(Self.diagonal(isUnicode: false) == [" |.'", ".'  "]) }

    @Test(arguments: [("a", 1), ("λ\u{302}", 1), ("訓", 2), ("ｶ", 1), ("Ａ", 2), ("👩‍🔬", 2), ("e\u{301}", 1), ("한", 2)])
    func `columns of a character`(_ character: Character, _ count: Int) { #expect(character.columnCount == count) }

    @Test func `text is broken at spaces, and words only where they must be`() {
        #expect("one two three".wrapped(to: 7) == ["one two", "three"])
        #expect("abcdefgh ij".wrapped(to: 5) == ["abcde", "fgh", "ij"])
        #expect("訓練訓練".wrapped(to: 5) == ["訓練", "訓練"])
        #expect("".wrapped(to: 5).isEmpty)
    }
}

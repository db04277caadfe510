import Foundation
import Testing

/// `instar compare`, run as a user runs it, with results that have no checkpoints behind them.
@Suite struct CompareTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    func run(_ arguments: [String]) throws -> Program.Result {
        let process = try Program.process(arguments, scratch: scratch)
        try process.run()
        process.waitUntilExit()
        return Program.Result(
            status: process.terminationStatus, output: try scratch.text("stdout"), errors: try scratch.text("stderr"))
    }

    /// The folder of results of a table.
    func results(_ name: String, _ table: String = StagesTests.table) throws -> String {
        try Data(table.utf8).write(to: URL(fileURLWithPath: scratch.file("\(name).csv")))
        let result = try run(["stages", scratch.file("\(name).csv"), "--output", scratch.file(name)])
        #expect(result.status == 0, "\(result.errors)")
        return scratch.file(name)
    }

    func compare(_ runs: [String], _ options: String...) throws -> Program.Result {
        try run(["compare"] + runs + ["--output", scratch.file("comparison")] + options)
    }

    @Test func `analysis files alone are compared`() throws {
        let runs = [try results("first"), try results("second")].map { "\($0)/analysis.json" }
        let result = try compare(runs)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("100.0 %"))
        for name in ["compare.html", "comparison.json", "comparison.csv", "comparison.tex"] {
            #expect(FileManager.default.fileExists(atPath: scratch.file("comparison/\(name)")), "\(name)")
        }
    }

    @Test func `what cannot be compared is refused with what to do`() throws {
        let first = try results("first")
        let loss = try results(
            "loss only", (["step,loss"] + StagesTests.rows.map { "\($0.step),\($0.loss)" }).joined(separator: "\n"))
        let speed = try results("speed only", "step,speed\n0,1\n10,2\n20,1\n")
        func write(_ text: String, _ name: String) throws -> String {
            try Data(text.utf8).write(to: URL(fileURLWithPath: scratch.file(name)))
            return scratch.file(name)
        }
        let document = try String(contentsOfFile: "\(first)/analysis.json", encoding: .utf8)
        let namesake = try write(document, "namesake.json")
        let later = try write(
            document.replacingOccurrences(of: "instar-analysis/1", with: "instar-analysis/9"), "later.json")
        let cut = try write(String(document.prefix(2000)), "cut.json")
        let cases: [(runs: [String], options: [String], status: Int32, words: [String])] = [
            ([first, first], [], 64, ["same results"]),
            ([first], [], 64, ["2 to 20"]),
            (Array(repeating: first, count: 21), [], 64, ["20", "21"]),
            ([first, later], [], 65, ["later.json", "instar-analysis/9"]),
            ([first, cut], [], 65, ["cut.json"]),
            ([first, scratch.file("none")], [], 66, ["none"]),
            ([loss, speed], [], 65, ["no quantity in common"]),
            ([first, loss], ["--baseline", "third"], 64, ["third"]),
            ([first, namesake], ["--baseline", "first"], 64, ["2 runs have this name. State a place from 1 to 2"]),
            ([first, loss], ["--group-by", "width"], 64, ["width"]),
        ]
        for (runs, options, status, words) in cases {
            let result = try run(["compare"] + runs + ["--output", scratch.file("comparison")] + options)
            #expect(result.status == status, "\(runs) \(options): \(result.errors)")
            for word in words { #expect(result.errors.contains(word), "\(result.errors)") }
            #expect(!FileManager.default.fileExists(atPath: scratch.file("comparison")))
        }
    }

    @Test func `results are not written below a file`() throws {
        let runs = [try results("first"), try results("second")]
        let result = try run(["compare"] + runs + ["--output", scratch.file("first.csv/comparison")])
        #expect(result.status == 1, "\(result.errors)")
        #expect(result.errors.contains("first.csv"))
    }
}

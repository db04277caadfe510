import Foundation
import TestSupport
import Testing

/// `instar stages FILE`, run as a user runs it.
@Suite struct StagesTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Two rises of λ̂ with a rest between them at log(t + 1) = 6; the loss falls with them.
    static let rows: [(step: Int, llc: Double, loss: Double)] = {
        let signal = PlantedSignal([.init(center: 4, rate: 3, height: 5), .init(center: 8, rate: 4, height: 4)])
        return (0..<60).map { index in
            let step = index == 0 ? 0 : Int(expm1(log(100_001.0) * Double(index + 8) / 67).rounded())
            let llc = signal.value(at: Double(step))
            return (step, llc, 3 * exp(-llc / 4))
        }
    }()

    static let table = (["step,llc,llc_error,loss"] + rows.map { "\($0.step),\($0.llc),0.05,\($0.loss)" })
        .joined(separator: "\n")

    func write(_ text: String, _ name: String = "series.csv") throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: scratch.file(name)))
        return scratch.file(name)
    }

    func run(_ arguments: String...) throws -> Program.Result {
        let process = try Program.process(arguments, scratch: scratch)
        try process.run()
        process.waitUntilExit()
        return Program.Result(
            status: process.terminationStatus, output: try scratch.text("stdout"), errors: try scratch.text("stderr"))
    }

    func boundaries(_ json: String) throws -> [Double] {
        let document = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
        return try #require(document["boundaries"] as? [[String: Any]]).compactMap { $0["step"] as? Double }
    }

    @Test func `a table gives a report, every other output, and boundaries with steps as JSON`() throws {
        let result = try run("stages", write(Self.table), "--json")
        #expect(result.status == 0)
        let found = try boundaries(result.output)
        #expect(found.count == 1)
        // Half a unit of log(t + 1) is an eighth of the way between the two rises.
        #expect(found.allSatisfy { abs(log1p($0) - 6) < 0.5 })
        for name in ["report.html", "analysis.json", "stages.csv", "series.csv", "summary.md", "measurements.h5"] {
            #expect(FileManager.default.fileExists(atPath: scratch.file("series-instar/\(name)")), "\(name)")
        }
    }

    @Test func `the results folder gives the same analysis again, by stages, report and compare`() throws {
        let out = scratch.file("out")
        #expect(try run("stages", write(Self.table), "--output", out).status == 0)
        let names = ["report.html", "analysis.json", "stages.csv", "series.csv", "summary.md"]
        let before = try names.map { try scratch.text("out/\($0)") }
        for command in ["stages", "report"] {
            #expect(try run(command, out).status == 0)
            for (name, text) in zip(names, before) {
                #expect(try scratch.text("out/\(name)") == text, "\(command) \(name)")
            }
        }
        let two = scratch.file("two")
        #expect(try run("stages", scratch.file("series.csv"), "--output", two).status == 0)
        #expect(try scratch.text("two/analysis.json") == scratch.text("out/analysis.json"))
        let comparison = try run("compare", out, two, "--output", scratch.file("both"))
        #expect(comparison.status == 0, "\(comparison.errors)")
        // The stages of a run match its own.
        #expect(comparison.output.contains("100.0 %"))
    }

    @Test func `our own series.csv gives the same boundaries`() throws {
        let first = try run("stages", write(Self.table), "--output", scratch.file("out"), "--json")
        let again = try run("stages", scratch.file("out/series.csv"), "--output", scratch.file("again"), "--json")
        #expect(again.status == 0)
        #expect(try boundaries(again.output) == boundaries(first.output))
    }

    @Test func `columns can be mapped`() throws {
        let text = Self.table.replacing("step,llc,llc_error,loss", with: "iteration,mine,sigma,L")
        let result = try run(
            "stages", write(text), "--column", "step=iteration", "--column", "llc=mine", "--column", "llc_error=sigma",
            "--column", "loss=L", "--json")
        #expect(result.status == 0)
        #expect(try boundaries(result.output).count == 1)
    }

    @Test(arguments: ["llc", "loss", "change-points"])
    func `one witness can be asked for`(method: String) throws {
        let result = try run("stages", write(Self.table), "--method", method, "--json")
        #expect(result.status == 0)
        #expect(result.output.filter { !$0.isWhitespace }.contains("\"method\":\"\(method)\""))
    }

    @Test func `an unknown witness is bad data, answered with what there is, and nothing is written`() throws {
        let result = try run("stages", write(Self.table), "--method", "nope")
        #expect(result.status == 65 && result.output.isEmpty)
        #expect(result.errors.contains("What there is: llc, loss, change-points"))
        #expect(!FileManager.default.fileExists(atPath: scratch.file("series-instar")))
    }

    @Test(arguments: [
        ("", "is empty"), ("step,llc\n", "no numbers"), ("step,llc\n0,some\n", "no numbers"),
        ("iteration,llc\n0,1\n", "`step`"), ("step,llc\n0,1,2\n", "3 cells"), ("step,llc\n-1,1\n", "negative"),
        ("step,llc\n9223372036854775807,1\n", "10¹⁴"), ("step,llc,llc_error\n0,1,-1\n", "standard error"),
    ])
    func `bad data has status 65 and one message that names the file`(text: String, words: String) throws {
        let result = try run("stages", write(text))
        #expect(result.status == 65 && result.output.isEmpty)
        #expect(result.errors.contains("series.csv") && result.errors.contains(words), "\(result.errors)")
    }

    @Test func `a file that is not there is no input`() throws {
        let result = try run("stages", scratch.file("nowhere.csv"))
        #expect(result.status == 66 && result.errors.contains("nowhere.csv: is not there"), "\(result.errors)")
    }

    @Test func `what cannot be asked is a usage error`() throws {
        let path = try write(Self.table)
        #expect(try run("stages").status == 64)
        for statement in ["llc", "speed=llc", "=llc", "llc="] {
            let result = try run("stages", path, "--column", statement)
            #expect(result.status == 64 && result.errors.contains("llc_error"), "\(statement)")
        }
        #expect(try run("stages", path, "--column", "llc=a", "--column", "llc=b").status == 64)
    }

    @Test(arguments: [1, 7, 8])
    func `few points are no crash and no number that is none`(count: Int) throws {
        let text = Self.table.split(separator: "\n").prefix(count + 1).joined(separator: "\n")
        let result = try run("stages", write(text))
        #expect(result.status == 0)
        #expect(result.output.lowercased().firstMatch(of: /\b(nan|inf)\b/) == nil)
    }
}

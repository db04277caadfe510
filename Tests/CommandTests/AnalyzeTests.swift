import Foundation
import TestSupport
import Testing

/// The main job on a shipped run, made short.
@Suite struct AnalyzeTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    static let short = ["--draws", "40", "--burn-in", "10", "--every", "6", "--batch", "64", "--step-size", "1e-4"]

    func arguments(_ command: String, output: String, _ more: [String] = []) throws -> [String] {
        [command, try Fixture.url("runs/tms-seed-A").path, "--output", scratch.file(output)] + Self.short + more
    }

    func run(_ arguments: [String]) throws -> Int32 {
        let process = try Program.process(arguments, scratch: scratch)
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    @Test func `analyze writes every output, and JSON alone on stdout`() throws {
        #expect(try run(arguments("analyze", output: "out", ["--json"])) == 0)
        for name in ["report.html", "analysis.json", "stages.csv", "series.csv", "measurements.h5"] {
            #expect(FileManager.default.fileExists(atPath: scratch.file("out/\(name)")), "\(name)")
        }
        let document = try JSONSerialization.jsonObject(with: Data(scratch.text("stdout").utf8))
        #expect(document is [String: Any])
        let series = try scratch.text("out/series.csv")
        #expect(series.hasPrefix("step,loss,llc,llc_error"))
    }

    @Test func `the number of workers changes no byte`() throws {
        #expect(try run(arguments("analyze", output: "one", ["--jobs", "1"])) == 0)
        #expect(try run(arguments("analyze", output: "three", ["--jobs", "3"])) == 0)
        try expectEqualFolders("one", "three")
    }

    @Test func `stored sampling results are analyzed, compared and reported as ours`() throws {
        let traces = try Fixture.url("traces/devinterp.h5").path
        #expect(try run(["analyze", traces, "--output", scratch.file("one")]) == 0)
        #expect(try run(["analyze", traces, "--output", scratch.file("two")]) == 0)
        try expectEqualFolders("one", "two")
        #expect(try run(["report", traces, "--output", scratch.file("one")]) == 0)
        try expectEqualFolders("one", "two")
        #expect(try scratch.text("one/analysis.json").contains("devinterp"))
        #expect(try run(["compare", scratch.file("one"), scratch.file("two"), "--output", scratch.file("both")]) == 0)
        #expect(try run(["analyze", traces, "--draws", "100"]) == 64)
        #expect(try scratch.text("stderr").contains("sampled already"))
    }

    @Test func `killed at any moment and run again it gives the bytes of an uninterrupted run`() throws {
        #expect(try run(arguments("analyze", output: "whole")) == 0)
        for milliseconds in [60, 120, 250, 400, 700] {
            let process = try Program.process(arguments("analyze", output: "killed"), scratch: scratch)
            try process.run()
            usleep(UInt32(milliseconds) * 1_000)
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        #expect(try run(arguments("analyze", output: "killed")) == 0)
        try expectEqualFolders("whole", "killed")
    }

    @Test func `SIGTERM stops with status 143 and keeps what is finished`() throws {
        let process = try Program.process(
            arguments("measure", output: "stopped", ["--draws", "100000"]), scratch: scratch)
        try process.run()
        // A busy machine may need long for its first chain: wait for that, not for a time.
        while try finishedChains("stopped").isEmpty, process.isRunning { usleep(20_000) }
        kill(process.processIdentifier, SIGTERM)
        process.waitUntilExit()
        #expect(process.terminationStatus == 143)
        #expect(try !finishedChains("stopped").isEmpty)
    }

    @Test func `changed settings beside old results are refused with the difference`() throws {
        #expect(try run(arguments("measure", output: "out")) == 0)
        let before = try Data(contentsOf: URL(fileURLWithPath: scratch.file("out/measurements.h5")))
        #expect(try run(arguments("measure", output: "out", ["--n-beta", "17"])) == 65)
        #expect(try scratch.text("stderr").contains("17"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: scratch.file("out/measurements.h5"))) == before)
    }

    @Test func `report works from stored measurements alone`() throws {
        #expect(try run(arguments("analyze", output: "out")) == 0)
        let before = try scratch.text("out/report.html")
        try FileManager.default.removeItem(atPath: scratch.file("out/report.html"))
        #expect(try run(["report", Fixture.url("runs/tms-seed-A").path, "--output", scratch.file("out")]) == 0)
        #expect(try scratch.text("out/report.html") == before)
    }

    @Test func `figures of an earlier report go when the new one has none of them`() throws {
        #expect(try run(arguments("analyze", output: "out")) == 0)
        let before = try FileManager.default.contentsOfDirectory(atPath: scratch.file("out/figures")).sorted()
        var fewer = try arguments("analyze", output: "out")
        let place = try #require(fewer.firstIndex(of: "--every"))
        fewer.replaceSubrange(place...place + 1, with: ["--steps", "10,225000"])
        #expect(try run(fewer) == 0)
        #expect(try run(fewer.map { $0 == scratch.file("out") ? scratch.file("fresh") : $0 }) == 0)
        let after = try FileManager.default.contentsOfDirectory(atPath: scratch.file("out/figures")).sorted()
        #expect(try after == FileManager.default.contentsOfDirectory(atPath: scratch.file("fresh/figures")).sorted())
        #expect(after != before)
    }

    @Test func `a dry run says what would be done and does nothing`() throws {
        #expect(try run(arguments("analyze", output: "out", ["--dry-run"])) == 0)
        #expect(!FileManager.default.fileExists(atPath: scratch.file("out/measurements.h5")))
        #expect(try scratch.text("stdout").contains("draws"))
    }

    @Test func `strict turns doubtful estimates into status 3`() throws {
        // Ten draws cannot give enough effective ones.
        #expect(try run(arguments("analyze", output: "out", ["--draws", "10", "--strict"])) == 3)
        #expect(FileManager.default.fileExists(atPath: scratch.file("out/report.html")))
    }

    @Test func `flags win over --set, and --set over the settings file`() throws {
        try Data("draws: 11\nchains: 2\nburn-in: 3\n".utf8).write(to: URL(fileURLWithPath: scratch.file("s.yaml")))
        let status = try run([
            "measure", Fixture.url("runs/tms-seed-A").path, "--output", scratch.file("out"), "--every", "25",
            "--config", scratch.file("s.yaml"), "--set", "draws=12", "--set", "chains=3", "--draws", "13",
        ])
        #expect(status == 0)
        let settings = try scratch.text("out/settings.json").filter { !$0.isWhitespace }
        #expect(settings.contains("\"drawCount\":13") && settings.contains("\"chainCount\":3"))
        #expect(settings.contains("\"burnInCount\":3"))
    }

    @Test func `inspect lists what is sampled`() throws {
        #expect(try run(["inspect", Fixture.url("runs/tms-seed-A").path]) == 0)
        let text = try scratch.text("stdout")
        #expect(text.contains("W") && text.contains("sampled") && text.contains("no problems found"))
    }

    @Test func `compare overlays two measured runs`() throws {
        for name in ["tms-seed-A", "tms-seed-B"] {
            #expect(
                try run(["measure", Fixture.url("runs/\(name)").path, "--output", scratch.file(name)] + Self.short) == 0
            )
        }
        let status = try run([
            "compare", scratch.file("tms-seed-A"), scratch.file("tms-seed-B"), "--output", scratch.file("comparison"),
        ])
        #expect(status == 0)
        #expect(try scratch.text("comparison/compare.html").contains("tms-seed-B"))
    }

    /// The stored chains of a result that may not have begun.
    func finishedChains(_ output: String) throws -> [String] {
        let folder = scratch.file("\(output)/units")
        guard FileManager.default.fileExists(atPath: folder) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.contains("-chain-") && $0.hasSuffix(".h5") }
    }

    /// Every file of two results, byte by byte.
    func expectEqualFolders(_ first: String, _ second: String) throws {
        let names = try FileManager.default.subpathsOfDirectory(atPath: scratch.file(first)).sorted()
        #expect(try FileManager.default.subpathsOfDirectory(atPath: scratch.file(second)).sorted() == names)
        for name in names {
            var isFolder: ObjCBool = false
            let exists = FileManager.default.fileExists(
                atPath: scratch.file("\(first)/\(name)"), isDirectory: &isFolder)
            guard exists, !isFolder.boolValue else { continue }
            #expect(
                FileManager.default.contentsEqual(
                    atPath: scratch.file("\(first)/\(name)"), andPath: scratch.file("\(second)/\(name)")), "\(name)")
        }
    }
}

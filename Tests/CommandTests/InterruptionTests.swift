import Foundation
import TestSupport
import Testing

/// Signals, readers that go away, and streams that take nothing.
@Suite struct InterruptionTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Sampling that takes longer than any test waits.
    func endless(draws: Int = 10_000_000, _ more: String...) throws -> [String] {
        [
            "measure", try Fixture.url("runs/tms-seed-A").path, "--output", scratch.file("out"), "--steps", "225000",
            "--batch", "64", "--step-size", "1e-4", "--burn-in", "0", "--draws", "\(draws)",
        ] + more
    }

    func waitForMessage(_ text: String, of process: Process) throws {
        while try !scratch.text("stderr").contains(text), process.isRunning { usleep(10_000) }
    }

    /// Waits until chains are at work: the settings are stored before the first begins.
    func waitForWork(_ process: Process) {
        while !FileManager.default.fileExists(atPath: scratch.file("out/units/000225000.h5")), process.isRunning {
            usleep(10_000)
        }
        usleep(200_000)
    }

    @Test(arguments: [(SIGINT, "SIGINT", 130), (SIGTERM, "SIGTERM", 143), (SIGHUP, "SIGHUP", 129)])
    func `a signal stops after the draws at work, which are stored`(
        signal: Int32, name: String, status: Int32
    ) throws {
        let process = try Program.process(try endless("--chains", "2", "--jobs", "2"), scratch: scratch)
        try process.run()
        waitForWork(process)
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
        #expect(process.terminationStatus == status)
        let errors = try scratch.text("stderr")
        #expect(errors.contains("instar: \(name): finishing the draws at work"))
        #expect(errors.contains("instar: stopped by \(name); what is done is kept"))
        let units = try FileManager.default.contentsOfDirectory(atPath: scratch.file("out/units")).sorted()
        #expect(units == ["000225000-chain-0.h5", "000225000-chain-1.h5", "000225000.h5"])
        #expect(!FileManager.default.fileExists(atPath: scratch.file("out/lock")))
    }

    @Test func `a second signal stops at once`() throws {
        // One draw without end.
        let process = try Program.process(try endless(draws: 4, "--steps-per-draw", "1000000000"), scratch: scratch)
        try process.run()
        waitForWork(process)
        kill(process.processIdentifier, SIGINT)
        try waitForMessage("a second signal stops at once", of: process)
        #expect(process.isRunning)
        kill(process.processIdentifier, SIGTERM)
        process.waitUntilExit()
        #expect(process.terminationStatus == 143)
    }

    @Test func `what nohup starts goes on when its terminal closes`() throws {
        let process = try Program.shell("trap '' HUP; exec \"$0\" \"$@\"", try endless(), scratch: scratch)
        try process.run()
        waitForWork(process)
        kill(process.processIdentifier, SIGHUP)
        usleep(300_000)
        #expect(process.isRunning)
        kill(process.processIdentifier, SIGTERM)
        process.waitUntilExit()
        #expect(process.terminationStatus == 143)
        #expect(try !scratch.text("stderr").contains("SIGHUP"))
    }

    /// Where the runtime can print where its threads are, it would do so and go on.
    @Test func `a quit is obeyed at once`() throws {
        let process = try Program.process(try endless("--chains", "2"), scratch: scratch)
        try process.run()
        waitForWork(process)
        kill(process.processIdentifier, SIGQUIT)
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGQUIT)
    }

    func analyze(_ script: String) throws -> Int32 {
        let process = try Program.shell(
            script,
            ["analyze", try Fixture.url("runs/tms-seed-A").path, "--output", scratch.file("out"), "--json"]
                + AnalyzeTests.short, scratch: scratch)
        try process.run()
        process.waitUntilExit()
        #expect(FileManager.default.fileExists(atPath: scratch.file("out/report.html")))
        return process.terminationStatus
    }

    @Test func `a reader that goes away costs no results`() throws {
        #expect(try analyze("\"$0\" \"$@\" | true; exit ${PIPESTATUS[0]}") == 141)
        #expect(try !scratch.text("stderr").contains("defect"))
    }

    @Test func `a stdout that takes nothing is a failure, a stderr that takes nothing is none`() throws {
        #expect(try analyze("exec \"$0\" \"$@\" > /dev/full") == 1)
        #expect(try scratch.text("stderr").contains("stdout: cannot be written (No space left on device)"))
        #expect(try analyze("exec \"$0\" \"$@\" 2> /dev/full") == 0)
    }

    /// A file that is opened later could get the stream's number, and messages with it.
    @Test func `closed streams mix with no file`() throws {
        #expect(try analyze("exec \"$0\" \"$@\"") == 0)
        let report = try scratch.text("out/report.html")
        try FileManager.default.removeItem(atPath: scratch.file("out"))
        #expect(try analyze("exec \"$0\" \"$@\" <&- 2>&-") == 0)
        #expect(try scratch.text("out/report.html") == report)
        #expect(try analyze("exec \"$0\" \"$@\" >&-") == 1)
        #expect(try scratch.text("stderr").contains("stdout: cannot be written ("))
    }

    /// Conclusions from a table of this length take many seconds.
    @Test func `a command that stores nothing ends soon after a signal, with no file half-written`() throws {
        let rows = (0..<60_000).map { "\($0),\(2 + sin(Double($0 * $0)))" }
        try (["step,loss"] + rows).joined(separator: "\n").write(
            toFile: scratch.file("long.csv"), atomically: false, encoding: .utf8)
        let process = try Program.process(["stages", scratch.file("long.csv")], scratch: scratch)
        try process.run()
        usleep(1_500_000)
        #expect(process.isRunning)
        let start = ContinuousClock.now
        kill(process.processIdentifier, SIGTERM)
        process.waitUntilExit()
        #expect(ContinuousClock.now - start < .seconds(5))
        #expect(process.terminationStatus == 143)
        #expect(try scratch.text("stderr").contains("instar: stopped by SIGTERM; the same command begins anew"))
        // Neither a lock nor the folder that was made for it.
        #expect(!FileManager.default.fileExists(atPath: scratch.file("long-instar")))
    }

    @Test(arguments: ["schema analysis", "--help", "--version", "help analyze"])
    func `what is only printed is a failure where it cannot be`(arguments: String) throws {
        let words = arguments.split(separator: " ").map(String.init)
        let full = try Program.shell("exec \"$0\" \"$@\" > /dev/full", words, scratch: scratch)
        try full.run()
        full.waitUntilExit()
        #expect(full.terminationStatus == 1)
        #expect(try scratch.text("stderr").contains("stdout: cannot be written"))
        let whole = try Program.process(words, scratch: scratch)
        try whole.run()
        whole.waitUntilExit()
        #expect(whole.terminationStatus == 0)
        #expect(try !scratch.text("stdout").isEmpty)
    }
}

import Foundation
import TestSupport
import Testing

/// Each kind of bad input: one clear message on stderr, nothing on stdout, the right exit status.
@Suite struct ExitStatusTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// Runs a command that must fail and returns its message.
    func failure(status: Int32, _ arguments: String...) throws -> String {
        try Program.failure(status: status, arguments, scratch: scratch)
    }

    @Test func `a missing directory is no input`() throws {
        let message = try failure(status: 66, "analyze", scratch.file("nowhere"))
        #expect(message.contains("nowhere"))
    }

    @Test func `no name can steer the terminal`() throws {
        let name = "\u{1B}[2Jrun\u{202E}\r"
        let message = try failure(status: 66, "analyze", scratch.file(name))
        #expect(message.contains("[2Jrun"))
        #expect(!message.unicodeScalars.contains { ["\u{1B}", "\u{202E}", "\r"].contains($0) })

        let run = try scratch.copy(ofRun: "tms-seed-A")
        try Data().write(to: URL(fileURLWithPath: "\(run)/checkpoints/step_7\(name).h5"))
        let inspection = try Program.run("inspect", run, scratch: scratch)
        #expect(inspection.output.contains("[2Jrun"))
        #expect(!inspection.output.unicodeScalars.contains { ["\u{1B}", "\u{202E}", "\r"].contains($0) })
    }

    @Test func `an empty directory is no input and says what was expected`() throws {
        let empty = scratch.file("empty")
        try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: false)
        let message = try failure(status: 66, "analyze", empty)
        #expect(message.contains("checkpoints"))
    }

    @Test func `checkpoints that are all cut short are bad data, and the first is named`() throws {
        let run = try scratch.copy(ofRun: "tms-seed-A")
        let names = try checkpointNames(in: run)
        for name in names {
            let path = "\(run)/checkpoints/\(name)"
            let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: path))
        }
        let message = try failure(status: 65, "analyze", run)
        #expect(try message.contains(#require(names.first)))
    }

    @Test func `a checkpoint cut short stops nothing that does not use it`() throws {
        let run = try scratch.copy(ofRun: "tms-seed-A")
        let name = try #require(try checkpointNames(in: run).dropFirst(3).first)
        try Data("no HDF5".utf8).write(to: URL(fileURLWithPath: "\(run)/checkpoints/\(name)"))
        let process = try Program.process(
            ["measure", run, "--steps", "0,10,225000", "--draws", "4", "--burn-in", "0"], scratch: scratch)
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let inspection = try Program.run("inspect", run, scratch: scratch)
        #expect(inspection.status == 65 && inspection.output.contains(name) && inspection.output.contains("sampled"))
    }

    @Test func `two files with one step are named`() throws {
        let run = try scratch.copy(ofRun: "tms-seed-A")
        let names = try checkpointNames(in: run)
        let name = try #require(names.last)
        try FileManager.default.copyItem(
            atPath: "\(run)/checkpoints/\(name)", toPath: "\(run)/checkpoints/copy-of-it.h5")
        let message = try failure(status: 65, "analyze", run)
        #expect(message.contains(name) && message.contains("copy-of-it.h5"))
    }

    @Test func `an unsupported operator is named`() throws {
        let run = try scratch.copy(ofRun: "tms-seed-A")
        let url = URL(fileURLWithPath: "\(run)/model.onnx")
        var bytes = try Data(contentsOf: url)
        let range = try #require(bytes.range(of: Data("Relu".utf8)))
        bytes.replaceSubrange(range, with: Data("Rolu".utf8))
        try bytes.write(to: url)
        let message = try failure(status: 65, "analyze", run)
        #expect(message.contains("Rolu"))
    }

    @Test func `an unknown key in a settings file is answered with the nearest name`() throws {
        try Data("chanes: 2\n".utf8).write(to: URL(fileURLWithPath: scratch.file("settings.yaml")))
        let message = try failure(
            status: 65, "analyze", Fixture.url("runs/tms-seed-A").path, "--config", scratch.file("settings.yaml"))
        #expect(message.contains("chanes") && message.contains("chains"))
    }

    @Test func `a flag that makes no sense is a usage error`() throws {
        let message = try failure(
            status: 64, "analyze", Fixture.url("runs/tms-seed-A").path, "--output", scratch.file("out"), "--chains", "0"
        )
        #expect(message.contains("--chains"))
    }

    @Test func `a report before measuring says what to run`() throws {
        let message = try failure(
            status: 66, "report", Fixture.url("runs/tms-seed-A").path, "--output", scratch.file("out"))
        #expect(message.contains("instar analyze"))
    }

    @Test func `an output folder that cannot be written is a failure`() throws {
        try Data().write(to: URL(fileURLWithPath: scratch.file("file")))
        let message = try failure(
            status: 1, "measure", Fixture.url("runs/tms-seed-A").path, "--output", scratch.file("file/inside"),
            "--draws", "4", "--burn-in", "0", "--every", "100")
        #expect(message.contains("file/inside"))
    }

    func checkpointNames(in run: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(run)/checkpoints").sorted()
    }
}

import Foundation
import TestSupport
import Testing

/// The built program, run as a user runs it.
struct Program {
    /// What one run printed and returned.
    struct Result {
        var status: Int32
        var output: String
        var errors: String
    }

    /// A process that has not been started; stdout and stderr go to files in `scratch`.
    static func process(_ arguments: [String], scratch: Scratch) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: BuiltProgram.path)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try scratch.fileHandle("stdout")
        process.standardError = try scratch.fileHandle("stderr")
        return process
    }

    /// A process that runs a script with the program as `$0` and its arguments as `$@`; not started.
    static func shell(_ script: String, _ arguments: [String], scratch: Scratch) throws -> Process {
        let process = try process(["-c", script, BuiltProgram.path] + arguments, scratch: scratch)
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        return process
    }

    /// Runs a command that must fail, with nothing on stdout, and returns its message.
    static func failure(status: Int32, _ arguments: [String], scratch: Scratch) throws -> String {
        let process = try process(arguments, scratch: scratch)
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == status)
        #expect(try scratch.text("stdout").isEmpty)
        return try scratch.text("stderr")
    }

    /// Runs to the end.
    static func run(_ arguments: String..., scratch: Scratch) throws -> Result {
        let process = try process(arguments, scratch: scratch)
        try process.run()
        process.waitUntilExit()
        return Result(
            status: process.terminationStatus, output: try scratch.text("stdout"), errors: try scratch.text("stderr"))
    }
}

/// A folder that goes away with the test.
final class Scratch {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "instar-test-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func text(_ name: String) throws -> String { try String(contentsOfFile: file(name), encoding: .utf8) }

    func fileHandle(_ name: String) throws -> FileHandle {
        #expect(FileManager.default.createFile(atPath: file(name), contents: nil))
        return try #require(FileHandle(forWritingAtPath: file(name)))
    }

    /// A copy of a shipped run to be damaged.
    func copy(ofRun name: String) throws -> String {
        let copy = file(name)
        try FileManager.default.copyItem(atPath: Fixture.url("runs/\(name)").path, toPath: copy)
        return copy
    }
}

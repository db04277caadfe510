import Foundation
import TestSupport
import Testing

/// The folder of results: full, closed, held by another, or full of links.
@Suite struct OutputFolderTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    func arguments(_ command: String, output: String = "out", _ more: [String] = []) throws -> [String] {
        [command, try Fixture.url("runs/tms-seed-A").path, "--output", scratch.file(output)] + more
    }

    /// Runs to the end; a script has the program as `$0` and its arguments as `$@`.
    @discardableResult
    func run(
        _ arguments: [String], script: String = "exec \"$0\" \"$@\"", status: Int32 = 0,
        _ location: SourceLocation = #_sourceLocation
    ) throws -> String {
        let process = try Program.shell(script, arguments, scratch: scratch)
        try process.run()
        process.waitUntilExit()
        let errors = try scratch.text("stderr")
        #expect(process.terminationStatus == status, "\(errors)", sourceLocation: location)
        return errors
    }

    func status(_ path: String) throws -> stat {
        var status = stat()
        try #require(lstat(scratch.file(path), &status) == 0, "\(path)")
        return status
    }

    func names(_ folder: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: scratch.file(folder)).sorted()
    }

    func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: scratch.file(path))) }

    func expectEqualFolders(_ first: String, _ second: String) throws {
        #expect(try names(first) == names(second))
        #expect(FileManager.default.contentsEqual(atPath: scratch.file(first), andPath: scratch.file(second)))
    }

    // MARK: Another process

    @Test func `a second process is refused with the first one's name, and goes on once that was killed`() throws {
        let first = try Program.process(
            try arguments("measure", AnalyzeTests.short + ["--draws", "1000000"]), scratch: scratch)
        try first.run()
        while try !FileManager.default.fileExists(atPath: scratch.file("out/lock")) || bytes("out/lock").isEmpty {
            usleep(10_000)
        }
        for command in ["analyze", "measure"] {
            let errors = try run(arguments(command, AnalyzeTests.short), status: 75)
            #expect(errors.contains("\(scratch.file("out")): in use by process \(first.processIdentifier) on "))
            #expect(errors.contains("(instar measure), since 20") && errors.contains("--output"))
        }
        kill(first.processIdentifier, SIGKILL)
        first.waitUntilExit()
        let errors = try run(arguments("analyze", AnalyzeTests.short))
        #expect(errors.contains("process \(first.processIdentifier) on "))
        #expect(errors.contains("ended without finishing; what it stored is kept and used"))
        #expect(try !names("out").contains("lock"))
    }

    // MARK: No room, no permission

    @Test func `a limit of the size of files is a failure that names the file`() throws {
        try run(arguments("analyze", AnalyzeTests.short))
        let before = try bytes("out/measurements.h5")
        // A megabyte, less than the measurements take; the signal that would end the process does not.
        let errors = try run(
            arguments("analyze", AnalyzeTests.short + ["--draws", "1500"]),
            script: "ulimit -f 1024; exec \"$0\" \"$@\"",
            status: 1)
        #expect(
            errors.contains(scratch.file("out/measurements.h5"))
                && errors.contains("cannot be written (File too large)"))
        #expect(errors.contains("what was there before is untouched"))
        #expect(try bytes("out/measurements.h5") == before)
        #expect(try !names("out").contains { $0.hasSuffix(".instar-part") || $0 == "lock" })
        try run(arguments("report"))
    }

    /// Whether this process may mount file systems for itself.
    static let canMount = (try? shellStatus("unshare -rm mount -t tmpfs none /mnt")) == 0
    /// Whether permissions can be made to count for this process, which is root's perhaps.
    static let canDropPowers = (try? shellStatus("setpriv --bounding-set=-dac_override true")) == 0 || getuid() != 0

    static func shellStatus(_ script: String) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", script]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    @Test(.enabled(if: canMount, "needs the right to mount"))
    func `a disk that fills up half-way fails, and with room the same command goes on to the same bytes`() throws {
        try run(arguments("analyze", output: "whole", AnalyzeTests.short))
        for folder in ["disk", "copied"] {
            try FileManager.default.createDirectory(atPath: scratch.file(folder), withIntermediateDirectories: false)
        }
        let script = """
            disk=\(scratch.file("disk"))
            mount -t tmpfs -o size=600k none $disk
            "$0" "$@"
            echo "status $?, $(find $disk -name '*chain*' | wc -l) chains, $(find $disk -name '.*' -type f | wc -l) left" >&2
            mount -o remount,size=100m $disk
            "$0" "$@" || exit 9
            cp -a $disk/out/. \(scratch.file("copied"))
            """
        let errors = try run(
            ["-rm", "/bin/bash", "-c", script, BuiltProgram.path]
                + arguments("analyze", output: "disk/out", AnalyzeTests.short),
            script: "exec unshare \"$@\"")
        #expect(errors.contains("No space left on device") && errors.contains(scratch.file("disk/out/units/")))
        #expect(errors.contains(/status 1, [1-9]\d* chains, 0 left/), "\(errors)")
        try expectEqualFolders("copied", "whole")
    }

    @Test(.enabled(if: canDropPowers, "needs setpriv where the user is root"))
    func `permission that is lost half-way fails, and once it is back the same command goes on`() throws {
        try run(arguments("analyze", AnalyzeTests.short))
        let longer = AnalyzeTests.short + ["--draws", "60"]
        try run(arguments("analyze", output: "whole", longer))
        #expect(chmod(scratch.file("out/units"), 0o555) == 0)
        let script = getuid() == 0 ? "exec setpriv --bounding-set=-dac_override \"$0\" \"$@\"" : "exec \"$0\" \"$@\""
        let errors = try run(arguments("analyze", longer), script: script, status: 1)
        #expect(errors.contains(scratch.file("out/units/")) && errors.contains("Permission denied"))
        #expect(errors.contains("check permissions"))
        #expect(chmod(scratch.file("out/units"), 0o755) == 0)
        #expect(chmod(scratch.file("out"), 0o555) == 0)
        let closed = try run(arguments("analyze", longer), script: script, status: 1)
        #expect(closed.contains("\(scratch.file("out/lock")): cannot be made or written to (Permission denied)"))
        #expect(chmod(scratch.file("out"), 0o755) == 0)
        try run(arguments("analyze", longer))
        try expectEqualFolders("out", "whole")
    }

    @Test(.enabled(if: canDropPowers, "needs setpriv where the user is root"))
    func `a folder that cannot be listed is not served`() throws {
        try FileManager.default.createDirectory(atPath: scratch.file("runs"), withIntermediateDirectories: false)
        #expect(chmod(scratch.file("runs"), 0o111) == 0)
        let powers = "--bounding-set=-dac_override,-dac_read_search"
        let errors = try run(
            ["serve", scratch.file("runs"), "--port", "0"],
            script: getuid() == 0 ? "exec setpriv \(powers) \"$0\" \"$@\"" : "exec \"$0\" \"$@\"", status: 1)
        #expect(errors.contains("\(scratch.file("runs")): cannot be listed. Check its permissions"))
    }

    // MARK: Permissions and links

    @Test(arguments: [0o027, 0o077, 0o002])
    func `results have the permissions that the user's umask leaves`(umask: Int) throws {
        let script = "umask \(String(umask, radix: 8)); exec \"$0\" \"$@\""
        try run(arguments("analyze", AnalyzeTests.short), script: script)
        try run(
            ["compare", scratch.file("out"), try smallResults(), "--output", scratch.file("out/both")], script: script)
        for name in try [""] + names("out") {
            let mode = try status("out/\(name)").st_mode
            let full: mode_t = mode & S_IFMT == S_IFDIR ? 0o777 : 0o666
            #expect(mode & 0o777 == full & ~mode_t(umask), "\(name)")
        }
    }

    /// A folder of results of a table of numbers.
    func smallResults() throws -> String {
        let table = scratch.file("table.csv")
        let rows = (0..<12).map { "\($0 * 10),\(12 - $0)" }
        try Data((["step,loss"] + rows).joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: table))
        try run(["stages", table, "--output", scratch.file("small")])
        return scratch.file("small")
    }

    @Test func `a link where a result goes is replaced and never followed`() throws {
        _ = try smallResults()
        let victim = scratch.file("victim")
        try Data("mine".utf8).write(to: URL(fileURLWithPath: victim))
        for name in ["report.html", "analysis.json", "measurements.h5"] {
            try FileManager.default.removeItem(atPath: scratch.file("small/\(name)"))
            try FileManager.default.createSymbolicLink(
                atPath: scratch.file("small/\(name)"), withDestinationPath: victim)
        }
        _ = try smallResults()
        #expect(try bytes("victim") == Data("mine".utf8))
        for name in ["report.html", "analysis.json", "measurements.h5"] {
            #expect(try status("small/\(name)").st_mode & S_IFMT == S_IFREG, "\(name)")
        }
    }

    @Test(arguments: ["units", "figures"])
    func `a folder of results that is a link is refused`(name: String) throws {
        for folder in ["out", "elsewhere"] {
            try FileManager.default.createDirectory(atPath: scratch.file(folder), withIntermediateDirectories: false)
        }
        try FileManager.default.createSymbolicLink(
            atPath: scratch.file("out/\(name)"), withDestinationPath: scratch.file("elsewhere"))
        let errors = try run(arguments("analyze", AnalyzeTests.short), status: 65)
        #expect(errors.contains("\(scratch.file("out/\(name)")): is a link") && errors.contains("--output"))
        #expect(try names("elsewhere").isEmpty)
    }

    @Test func `the folder that is stated may be a link, the one inside a run may not`() throws {
        let run = try scratch.copy(ofRun: "tms-seed-A")
        try FileManager.default.createDirectory(atPath: scratch.file("elsewhere"), withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(
            atPath: "\(run)/instar", withDestinationPath: scratch.file("elsewhere"))
        let errors = try self.run(["analyze", run] + AnalyzeTests.short, status: 65)
        #expect(errors.contains("\(run)/instar: is a link") && errors.contains("--output \(run)/instar"))
        #expect(try names("elsewhere").isEmpty)
        try self.run(["analyze", run, "--output", "\(run)/instar"] + AnalyzeTests.short)
        #expect(try names("elsewhere").contains("report.html"))
    }

    @Test func `what fails before anything is measured leaves no folder`() throws {
        try run(arguments("analyze", ["--steps", "7"]), status: 64)
        try run(["report", scratch.file("none"), "--output", scratch.file("out")], status: 66)
        try run(["calibrate", scratch.file("none"), "--output", scratch.file("out")], status: 66)
        #expect(!FileManager.default.fileExists(atPath: scratch.file("out")))
    }
}

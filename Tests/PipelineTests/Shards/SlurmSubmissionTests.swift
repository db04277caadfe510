import Foundation
import Testing

@testable import Pipeline

@Suite struct SlurmSubmissionTests {
    private func submission(_ change: (inout SlurmSubmission) -> Void = { _ in }) -> SlurmSubmission {
        var submission = SlurmSubmission(
            plan: PlannedShares(
                folder: "runs/a b/instar", shardCount: 20, missingShards: [0, 1, 2, 7], needsSettings: true,
                jobCount: 4, memory: 3 << 30, mergeMemory: 1 << 30, seconds: 600, unitCount: 100,
                missingUnitCount: 17), program: "/opt/instar", workingFolder: "/home/o'hara", run: "runs/a b",
            name: "instar-a b", options: ["--draws", "100"])
        change(&submission)
        return submission
    }

    /// Whether bash can read it, in full.
    private func expectSyntax(_ script: String) throws {
        let file = NSTemporaryDirectory() + "instar-script-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: file) }
        try script.write(toFile: file, atomically: true, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-n", file]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    @Test func `settings come first, then the shares with something missing, then the report`() throws {
        let script = submission().script
        try expectSyntax(script)
        let places = try [
            "--settings-only", "--array=0-2,7", "--shard \"$SLURM_ARRAY_TASK_ID/20\"", " merge ", " report ",
        ]
        .map { try #require(script.range(of: $0), "\($0)").lowerBound }
        #expect(places == places.sorted())
        #expect(script.contains("--dependency=afterok:$settings"))
        #expect(script.contains("--dependency=afterok:$shares"))
        for line in ["--cpus-per-task=4", "--mem=3072M", "--mem=1024M", "--requeue", "--signal=B:USR1@120"] {
            #expect(script.contains("#SBATCH \(line)\n"), "\(line)")
        }
        #expect(script.contains("cd '/home/o'\\''hara'"))
        #expect(script.contains("'runs/a b' --draws 100 --jobs 4"))
    }

    @Test func `what is done is not submitted`() throws {
        let settled = submission { $0.plan.needsSettings = false }.script
        #expect(!settled.contains("--settings-only"))
        let measured = submission { $0.plan.missingShards = [] }.script
        try expectSyntax(measured)
        #expect(!measured.contains("--array") && !measured.contains("--dependency") && measured.contains(" merge "))
    }

    @Test func `further lines come last, where they win`() throws {
        let script = submission { $0.directives = ["--partition=short", "--signal=B:USR1@30"] }.script
        let ours = try #require(script.range(of: "--signal=B:USR1@120"))
        let job = script[ours.upperBound...]
        let command = try #require(job.range(of: "measure"))
        #expect(job[..<command.lowerBound].contains("--signal=B:USR1@30"))
        #expect(script.components(separatedBy: "#SBATCH --partition=short\n").count == 4)
    }

    /// What bash makes of a script that ends in `printf`.
    private func output(of script: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", script]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }

    @Test(arguments: ["\n", "\r\n", "\r", "\u{2028}", "\u{85}"])
    func `no name and no path makes a line of its own`(end: String) throws {
        let script = submission {
            $0.name = "x\\'\(end)touch /tmp/pwned #"
            $0.run = "runs/a\(end)INSTAR_JOB\(end)touch /tmp/pwned"
            $0.workingFolder = "/home/\(end)touch /tmp/pwned"
            $0.directives = ["--comment=a\(end)touch /tmp/pwned"]
        }.script
        try expectSyntax(script)
        let lines = script.split(omittingEmptySubsequences: false) { $0.isNewline }
        #expect(!lines.contains { $0.hasPrefix("touch") })
        #expect(lines.count { $0 == "INSTAR_JOB" } == 3)
        #expect(script.contains("#SBATCH --job-name=x__"))
        // The path is still the same.
        let line = try #require(lines.first { $0.contains(" merge ") })
        let words = line.components(separatedBy: " merge ")[1].components(separatedBy: " --")[0]
        #expect(try output(of: "printf %s \(words)") == "runs/a\(end)INSTAR_JOB\(end)touch /tmp/pwned")
    }

    @Test func `a quote, a backslash and a line break in one path stay what they are`() throws {
        let path = "runs/it's \\n\n\t$HOME `x`"
        let script = submission { $0.run = path }.script
        try expectSyntax(script)
        let line = try #require(script.split(separator: "\n").first { $0.contains(" merge ") })
        let words = String(line).components(separatedBy: " merge ")[1].components(separatedBy: " --")[0]
        #expect(try output(of: "printf %s \(words)") == path)
    }
}

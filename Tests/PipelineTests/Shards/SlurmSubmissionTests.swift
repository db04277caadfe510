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
}

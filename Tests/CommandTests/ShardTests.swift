import Foundation
import TestSupport
import Testing

/// A run measured by several processes of the built program, against one.
@Suite struct ShardTests {
    let scratch: Scratch
    let run: String

    init() throws {
        scratch = try Scratch()
        run = try Fixture.url("runs/tms-seed-A").path
    }

    private func arguments(_ command: String, _ output: String, _ more: [String]) -> [String] {
        [command, run, "--output", scratch.file(output)] + AnalyzeTests.short + more
    }

    /// Runs the program with variables of its own; gives its status.
    private func instar(_ arguments: [String], environment: [String: String] = [:]) throws -> Int32 {
        let process = try Program.process(arguments, scratch: scratch)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    private func expectEqual(_ one: String, _ two: String) throws {
        for name in ["measurements.h5", "settings.json", "units"] {
            #expect(
                FileManager.default.contentsEqual(
                    atPath: scratch.file("\(one)/\(name)"), andPath: scratch.file("\(two)/\(name)")), "\(name)")
        }
    }

    @Test func `shares at once, by number and by Slurm's variables, give the bytes of one process`() throws {
        #expect(try instar(arguments("measure", "one", [])) == 0)
        let first = try Program.process(arguments("measure", "shared", ["--shard", "0/3"]), scratch: Scratch())
        try first.run()
        let array = ["SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_MIN": "4", "SLURM_ARRAY_TASK_COUNT": "3"]
        #expect(try instar(arguments("measure", "shared", ["--shard", "auto"]), environment: array) == 0)
        #expect(try instar(arguments("merge", "shared", ["--shards", "3"])) == 66)
        #expect(try scratch.text("stderr").contains("shares again: "))
        let step = ["SLURM_STEP_ID": "0", "SLURM_PROCID": "2", "SLURM_NTASKS": "3"]
        #expect(try instar(arguments("measure", "shared", ["--shard", "auto"]), environment: step) == 0)
        first.waitUntilExit()
        #expect(first.terminationStatus == 0)
        #expect(try instar(arguments("merge", "shared", ["--shards", "3"])) == 0)
        try expectEqual("one", "shared")
        #expect(try instar(arguments("status", "shared", [])) == 0)
        #expect(try scratch.text("stdout").contains("all is measured and merged"))
    }

    @Test func `SIGUSR1 stops a share with status 138, and the share goes on from there`() throws {
        let long = ["--draws", "20000", "--shard", "0/1"]
        #expect(try instar(arguments("measure", "stopped", ["--settings-only"])) == 0)
        let process = try Program.process(arguments("measure", "stopped", long), scratch: scratch)
        try process.run()
        let units = scratch.file("stopped/units")
        while try FileManager.default.contentsOfDirectory(atPath: units).isEmpty, process.isRunning { usleep(20_000) }
        usleep(300_000)
        kill(process.processIdentifier, SIGUSR1)
        process.waitUntilExit()
        #expect(process.terminationStatus == 138)
        #expect(try scratch.text("stderr").contains("SIGUSR1"))
        #expect(try instar(arguments("status", "stopped", ["--draws", "20000"])) == 0)
        #expect(try scratch.text("stdout").contains("ended: share 0/1: stopped by a signal"))
        #expect(try instar(arguments("measure", "stopped", ["--shard", "1/2"])) == 0)
        #expect(try instar(arguments("measure", "stopped", ["--shard", "0/2"])) == 0)
    }

    @Test func `shares that are none, and options that exclude each other, are refused`() throws {
        #expect(try instar(arguments("measure", "out", ["--shard", "3/3"])) == 64)
        #expect(try instar(arguments("measure", "out", ["--shard", "0/2", "--unit", "x"])) == 64)
        #expect(try instar(arguments("measure", "out", ["--shard", "auto"])) == 64)
        #expect(try scratch.text("stderr").contains("--shard auto"))
        #expect(try instar(arguments("measure", "out", ["--json"])) == 64)
        #expect(try instar(arguments("merge", "out", [])) == 66)
        #expect(try instar(arguments("status", "out", [])) == 66)
    }

    @Test func `xargs drives units that the plan lists`() throws {
        let example = try #require(Fixture.root).appending(path: "Scripts/examples/xargs")
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/jq") else { return }
        #expect(try instar(arguments("measure", "one", [])) == 0)
        let process = Process()
        process.executableURL = example
        process.arguments = ["2"] + arguments("", "driven", []).dropFirst()
        process.environment = ProcessInfo.processInfo.environment.merging(["INSTAR": BuiltProgram.path]) { $1 }
        process.standardError = try scratch.fileHandle("stderr")
        try process.run()
        process.waitUntilExit()
        let errors = try scratch.text("stderr")
        #expect(process.terminationStatus == 0, "\(errors)")
        try expectEqual("one", "driven")
    }

    @Test func `the jobs of slurm are given every option of the sampler, and what a cluster asks for`() throws {
        let options = [
            "--draws", "40", "--burn-in", "10", "--every", "6", "--batch", "64", "--step-size", "0.0001", "--chains",
            "3", "--steps-per-draw", "2", "--minibatches", "epochs", "--n-beta", "100.5", "--localization", "20.25",
            "--seed", "7", "--precision", "double", "--target-error", "0.5", "--max-draws", "80", "--observe-every",
            "5", "--trace-examples", "2", "--covariance", "1", "--sampler", "sgld",
        ]
        let output = scratch.file("out")
        #expect(
            try instar(
                ["slurm", run, "--output", output] + options
                    + [
                        "--parameters", "W", "--partition", "short", "--account", "lab", "--time", "60",
                        "--sbatch=--nice=5",
                    ])
                == 0)
        let script = try scratch.text("stdout")
        for (name, value) in stride(from: 0, to: options.count, by: 2).map({ (options[$0], options[$0 + 1]) }) {
            #expect(script.contains("\(name) \(value) "), "\(name)")
        }
        for text in [
            "--parameters W", "#SBATCH --partition=short", "#SBATCH --account=lab", "#SBATCH --time=60",
            "#SBATCH --nice=5", "#SBATCH --cpus-per-task=3", "report \(run) --output \(output)",
        ] {
            #expect(script.contains(text), "\(text)")
        }
        // Printing is all that it did.
        #expect(!FileManager.default.fileExists(atPath: output))
    }
}

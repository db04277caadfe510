import ArgumentParser
import Foundation
import Pipeline
import Runs

/// `instar slurm RUN`
struct SlurmCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "slurm",
        abstract: "Have a Slurm cluster measure a run: print the jobs, or submit them.",
        discussion: """
            Prints a script that submits a job array, each task of which measures one share, and a job that merges and \
            reports when all tasks are done; before them, one that calibrates, where no settings are stated or stored. \
            --submit runs it. Tasks have as many processors as chains (--jobs), and the memory that --dry-run plans. \
            Ahead of a time limit a task stores what it has and is queued again. A submission that was cancelled, or in \
            which tasks failed, is repeated by the same command: it does what is missing.

            Examples:
              instar slurm runs/seed-1                                    look at it first
              instar slurm runs/seed-1 --submit --partition short --time 60
              instar slurm runs/seed-1 --submit --sbatch=--constraint=avx512 --sbatch=--mail-type=END
              instar status runs/seed-1                                   how far it has come
            """)

    @Argument(help: "The run directory, where the nodes see it too.") var run: String
    @OptionGroup var reading: ReadingOptions
    @OptionGroup var measuring: MeasuringOptions
    @Option(help: "Tasks of the array (default: of about ten minutes each, within the site's MaxArraySize).")
    var tasks: Int?
    @Option(help: "The partition.") var partition: String?
    @Option(help: "The account to charge.") var account: String?
    @Option(help: "The time limit of each task, as sbatch takes it (default: the partition's).") var time: String?
    @Option(
        name: .customLong("sbatch"),
        help: ArgumentHelp(
            "A further line for the jobs, as --sbatch=--constraint=avx512; may be repeated.", valueName: "line"))
    var lines: [String] = []
    @Flag(help: "Submit the jobs.") var submit = false

    func validate() throws {
        guard tasks ?? 1 >= 1 else { throw ValidationError("--tasks: expected at least 1.") }
        guard !measuring.dryRun else {
            throw ValidationError("slurm has no --dry-run: without --submit it only prints.")
        }
        if let line = lines.first(where: { !$0.hasPrefix("-") }) {
            throw ValidationError("--sbatch \(line): expected an option of sbatch, as --sbatch=--nice=100.")
        }
    }

    func run() async throws {
        let command = self
        try await runCommand(reading: reading, measuring: measuring, storesWork: false, isAwaited: submit) { options in
            let script = try command.script(options)
            guard command.submit else {
                try printResult(script, terminator: "")
                return
            }
            let status = try runScript(script)
            guard status == 0 else {
                throw Failure(
                    .io, "the jobs could not be submitted: bash or sbatch ended with status \(status), see above")
            }
        }
    }

    private func script(_ options: MeasureOptions) throws -> String {
        let directory = try RunDirectory(at: run)
        let plan = try planShares(of: directory, options: options, shardCount: tasks, limit: largestArray())
        printNote(
            "\(plan.missingUnitCount) of \(plan.unitCount) units are missing: \(plan.missingShards.count) tasks of "
                + "\(plan.jobCount) processors and \(plan.memory >> 20) MiB, about \(Int(plan.seconds.rounded(.up))) s each on "
                + "a machine such as this one")
        var shared = measuring
        // The jobs are given theirs by the plan.
        shared.jobs = nil
        var submission = SlurmSubmission(
            plan: plan, program: programPath(), workingFolder: FileManager.default.currentDirectoryPath, run: run,
            name: "instar-\(directory.name)",
            options: shared.arguments + (reading.allowFilters ? ["--allow-filters"] : []))
        submission.outputOption = options.output.map { ["--output", $0] } ?? []
        submission.directives =
            [partition.map { "--partition=\($0)" }, account.map { "--account=\($0)" }, time.map { "--time=\($0)" }]
            .compactMap(\.self) + lines
        return submission.script
    }
}

/// The largest job array that the site allows, as `scontrol` says; Slurm's own limit where it cannot be asked.
private func largestArray() -> Int {
    let usual = 1_001
    guard let text = try? output(of: "scontrol", ["show", "config"]) else { return usual }
    let line = text.split(separator: "\n").first { $0.hasPrefix("MaxArraySize") }
    return line?.split(separator: "=").last.flatMap { Int($0.trimmingCharacters(in: .whitespaces)) } ?? usual
}

/// The path of this program.
private func programPath() -> String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
}

/// What a program on the search path prints.
private func output(of program: String, _ arguments: [String]) throws -> String? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return process.terminationStatus == 0 ? String(decoding: data, as: UTF8.self) : nil
}

/// Runs a script of bash, whose output is this program's, and returns its exit status.
private func runScript(_ script: String) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-s"]
    let pipe = Pipe()
    process.standardInput = pipe
    try process.run()
    pipe.fileHandleForWriting.write(Data(script.utf8))
    try pipe.fileHandleForWriting.close()
    process.waitUntilExit()
    return process.terminationStatus
}

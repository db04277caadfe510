/// The jobs that measure a run on a cluster with Slurm: one that decides settings, where they must be; an array that
/// measures the shares of which something is missing; and one that merges and reports when all of them are done.
public struct SlurmSubmission: Sendable {
    /// The division of the work.
    public var plan: PlannedShares
    /// The program, by a path that the nodes see too.
    public var program: String
    /// The folder that relative paths in `run` and `options` refer to.
    public var workingFolder: String
    /// The run directory.
    public var run: String
    /// The name of the jobs.
    public var name: String
    /// Options of `measure`, without those on how many units are worked on at once.
    public var options: [String]
    /// The folder results go to, as an option; empty for the usual one.
    public var outputOption: [String] = []
    /// Lines for all jobs, as `--partition=short`, `--account=lab` or `--time=60`.
    public var directives: [String] = []

    /// Seconds from the signal to the time limit.
    private static let secondsAhead = 120

    /// Creates a submission without directives.
    public init(
        plan: PlannedShares, program: String, workingFolder: String, run: String, name: String, options: [String]
    ) {
        self.plan = plan
        self.program = program
        self.workingFolder = workingFolder
        self.run = run
        self.name = name
        self.options = options
    }

    /// A script for bash that submits the jobs and prints their numbers.
    public var script: String {
        let logs = "\(absolute(plan.folder))/logs"
        var lines = [
            "#!/bin/bash",
            "# Measures \(oneLine(run)) in \(plan.shardCount) shares: \(plan.missingUnitCount) of \(plan.unitCount) units are missing.",
            "# Made by `instar slurm`, which does it too with --submit. Submitted again, it does what is still missing.",
            "set -euo pipefail",
            "cd \(quoted(workingFolder))",
            "mkdir -p \(quoted(logs))",
            "",
        ]
        var after = ""
        func submit(_ variable: String, more: String = "", _ job: [String]) {
            let dependency = after.isEmpty ? "" : " --dependency=afterok:$\(after) --kill-on-invalid-dep=yes"
            lines.append("\(variable)=$(sbatch --parsable\(dependency)\(more) <<'INSTAR_JOB'")
            lines +=
                job + [
                    "INSTAR_JOB", ")", "\(variable)=${\(variable)%%;*}", "echo \"\(variable): job $\(variable)\"", "",
                ]
            after = variable
        }
        if plan.needsSettings, !plan.missingShards.isEmpty {
            submit(
                "settings",
                job(
                    "settings", cores: plan.jobCount, memory: plan.memory, log: "\(logs)/%x-%j.out",
                    commands: [command("measure", options + ["--jobs", "\(plan.jobCount)", "--settings-only"])]))
        }
        if !plan.missingShards.isEmpty {
            submit("shares", more: " --array=\(indexList(plan.missingShards))", arrayJob(logs: logs))
        }
        submit(
            "merge",
            job(
                "merge", cores: 1, memory: plan.mergeMemory, log: "\(logs)/%x-%j.out",
                commands: [
                    "set -e", command("merge", options + ["--shards", "\(plan.shardCount)"]),
                    command("report", outputOption),
                ]))
        return lines.dropLast().joined(separator: "\n") + "\n"
    }

    /// The task is told ahead of its limit, stores what it has, and puts itself into the queue again. The signal reaches
    /// the batch shell alone, which waits for it beside the program.
    private func arrayJob(logs: String) -> [String] {
        let measuring = command("measure", options + ["--jobs", "\(plan.jobCount)"])
        return job(
            "shares", cores: plan.jobCount, memory: plan.memory, log: "\(logs)/%x-%A_%a.out",
            directives: ["--requeue", "--open-mode=append", "--signal=B:USR1@\(Self.secondsAhead)"],
            commands: [
                "trap 'kill -USR1 \"$instar\"' USR1",
                "# This one reaches the program too: the shell only stays for its end.",
                "trap : TERM",
                "\(measuring) --shard \"$SLURM_ARRAY_TASK_ID/\(plan.shardCount)\" &",
                "instar=$!",
                "# A signal ends `wait`, not the program.",
                "while kill -0 \"$instar\" 2>/dev/null; do wait \"$instar\" || true; done",
                "status=0; wait \"$instar\" || status=$?",
                "# Stopped by SIGUSR1: what is left goes on when the task runs again.",
                "if [ \"$status\" -eq 138 ]; then scontrol requeue \"${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}\"; fi",
                "exit \"$status\"",
            ])
    }

    private func job(
        _ kind: String, cores: Int, memory: Int, log: String, directives more: [String] = [], commands: [String]
    ) -> [String] {
        let mebibytes = (memory + 1_048_575) / 1_048_576
        let lines =
            [
                "--job-name=\(word(name))-\(kind)", "--output=\(quoted(log))", "--nodes=1", "--ntasks=1",
                "--cpus-per-task=\(cores)", "--mem=\(mebibytes)M",
            ] + more + directives
        return ["#!/bin/bash"] + lines.map { "#SBATCH \(oneLine($0))" } + ["cd \(quoted(workingFolder))"] + commands
    }

    private func command(_ name: String, _ arguments: [String]) -> String {
        ([program, name, run] + arguments).map(quoted).joined(separator: " ")
    }

    private func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(workingFolder)/\(path)" }

    /// The text without line breaks and other control characters, for comments and lines that Slurm reads.
    private func oneLine(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.isControl ? " " : $0 }))
    }

    /// The text, which comes from a file of others, without anything that a shell or Slurm could take for more than a word.
    private func word(_ text: String) -> String {
        String(text.map { $0.isLetter || $0.isNumber || "-_.+@".contains($0) ? $0 : "_" })
    }

    /// The text as one word for bash, on one line: in a line of its own it could end the document that it stands in.
    private func quoted(_ text: String) -> String {
        let plain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./=,:+%@".contains($0)) }
        guard !plain || text.isEmpty else { return text }
        guard text.unicodeScalars.contains(where: \.isControl) else {
            return "'\(text.replacing("'", with: "'\\''"))'"
        }
        let escaped = text.unicodeScalars.map { scalar in
            if scalar.isControl { return "\\u" + String(scalar.value, radix: 16).leftPadded(to: 4) }
            return scalar == "'" || scalar == "\\" ? "\\\(scalar)" : String(scalar)
        }
        return "$'\(escaped.joined())'"
    }
}

extension Unicode.Scalar {
    /// Whether it is a control character or breaks a line.
    fileprivate var isControl: Bool {
        [.control, .lineSeparator, .paragraphSeparator].contains(properties.generalCategory)
    }
}

extension String {
    fileprivate func leftPadded(to width: Int) -> String {
        String(repeating: "0", count: max(0, width - count)) + self
    }
}

import Foundation
import TestSupport
import Testing

/// Requests that make no sense: each ends with the status of its kind, prints nothing on stdout and says what to state.
@Suite struct UsageTests {
    /// A command line in which RUN is a shipped run; its message must hold a text.
    struct Refusal: Sendable, CustomTestStringConvertible {
        let arguments: [String]
        let status: Int32
        let message: String

        init(_ line: String, _ status: Int32 = 64, saying message: String) {
            arguments = line.split(separator: " ").map(String.init)
            self.status = status
            self.message = message
        }

        var testDescription: String { arguments.joined(separator: " ") }
    }

    @Test(arguments: [
        Refusal("measure RUN --set chains", saying: "--set chains: expected KEY=VALUE"),
        Refusal("measure RUN --set chanes=2", saying: "no setting 'chanes'; did you mean 'chains'"),
        Refusal("measure RUN --config /no-such-file.yaml", 66, saying: "/no-such-file.yaml: is not there"),
        Refusal("measure RUN --settings-only --dry-run", saying: "goes neither with --dry-run"),
        Refusal("measure RUN --max-draws 500", saying: "--max-draws limits what --target-error may take"),
        Refusal("measure RUN --shard 5/2", saying: "'5/2' is invalid for '--shard"),
        Refusal("calibrate RUN --max-draws 100", saying: "--max-draws must be at least 512"),
        Refusal("slurm RUN --dry-run", saying: "without --submit it only prints"),
        Refusal("slurm RUN --sbatch=nice", saying: "as --sbatch=--nice=100"),
        Refusal("slurm RUN --tasks 1000000", saying: "tasks at most. State fewer"),
        Refusal("show RUN --width 5", saying: "at least 20 columns"),
        Refusal("show /no-such-file.json", 66, saying: "expected an analysis.json"),
        Refusal("watch RUN --interval 0", saying: "expected seconds above 0"),
        Refusal("watch RUN --idle 0", saying: "expected minutes above 0"),
        Refusal("watch RUN --dry-run", saying: "instar analyze --dry-run"),
        Refusal("serve /no-such-folder", 66, saying: "expected a folder that runs lie in"),
        // An address of the documentation's (RFC 5737), which no machine has.
        Refusal("serve RUN --host 203.0.113.7", 1, saying: "Check --host and --port"),
    ]) func `is refused`(_ refusal: Refusal) throws {
        let scratch = try Scratch()
        let needsFolder = ["measure", "calibrate", "slurm"].contains(refusal.arguments[0])
        let run = try Fixture.url("runs/tms-seed-A").path
        let errors = try Program.failure(
            status: refusal.status,
            refusal.arguments.map { $0 == "RUN" ? run : $0 } + (needsFolder ? ["--output", scratch.file("out")] : []),
            scratch: scratch)
        #expect(errors.contains(refusal.message), "\(errors)")
    }

    @Test(arguments: [
        ("settings.yaml", "chains: [1, 2]", "expected a whole number, found"),
        ("settings.yaml", "restrictions: 3", "restrictions: line 1: expected `key: value`"),
        ("analysis.json", "{\"schema\": \"other\"}", "expected the schema instar-analysis/1, found other"),
        ("analysis.json", "cut", "found what is no JSON"),
    ]) func `a file that does not hold what it should is bad data`(
        _ name: String, _ content: String, _ message: String
    ) throws {
        let scratch = try Scratch()
        try Data(content.utf8).write(to: URL(fileURLWithPath: scratch.file(name)))
        let arguments =
            name == "analysis.json"
            ? ["show", scratch.file(name)]
            : [
                "measure", try Fixture.url("runs/tms-seed-A").path, "--config", scratch.file(name), "--output",
                scratch.file("out"),
            ]
        let errors = try Program.failure(status: 65, arguments, scratch: scratch)
        #expect(errors.contains(message) && errors.contains(name), "\(errors)")
    }
}

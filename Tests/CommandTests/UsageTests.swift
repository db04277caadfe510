import Foundation
import TestSupport
import Testing

/// Requests that make no sense: each ends with the status of its kind, prints nothing on stdout and says what to state.
@Suite struct UsageTests {
    /// A command line in which RUN is a shipped run and TRACES are stored chains; its message must hold a text.
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
        Refusal("measure RUN --set chains", saying: "--set chains: expected KEY=VALUE, as in --set chains=4"),
        Refusal("measure RUN --set chanes=2", saying: "no setting 'chanes'; did you mean 'chains'"),
        Refusal("measure RUN --set zzzzzzzzz=2", saying: "no setting 'zzzzzzzzz'; there are batch, burn-in, "),
        Refusal("measure RUN --set restrictions=W", saying: "listed in a settings file, or stated by --parameters"),
        Refusal("measure RUN --set draws=many", saying: "--set: draws: expected a whole number, found 'many'"),
        Refusal("measure RUN --set step-size=small", saying: "--set: step-size: expected a number, found 'small'"),
        Refusal("measure RUN --set extrapolate=perhaps", saying: "expected true or false, found 'perhaps'"),
        Refusal("measure RUN --set memory=much", saying: "expected a size as in 800M or 4G, found 'much'"),
        Refusal("measure RUN --set steps=some", saying: "expected steps as in 0,100,5000, found 'some'"),
        Refusal("measure RUN --set precision=half", saying: "expected float or double, found 'half'"),
        Refusal(
            "measure RUN --config /no-such-file.yaml", 66,
            saying: "/no-such-file.yaml: is not there; expected a file"),
        Refusal("measure RUN --set parameters=W", saying: "listed in a settings file, or stated by --parameters"),
        Refusal("measure RUN --draws 9223372036854775807", saying: "--draws: expected 4 to 10⁸"),
        Refusal("measure RUN --burn-in=-1", saying: "--burn-in: expected 0 to 10⁸, found -1"),
        Refusal("measure RUN --batch 9223372036854775807", saying: "--batch: expected 1 to 10⁹"),
        Refusal("measure RUN --chains 9223372036854775807", saying: "--chains: expected 1 to 1000"),
        Refusal("measure RUN --steps-per-draw 9223372036854775807", saying: "--steps-per-draw: expected 1 to 10⁹"),
        Refusal("measure RUN --steps-per-draw 10000000", 64, saying: "fewer than 2³² steps of a chain"),
        Refusal("measure RUN --draws 100000000 --chains 1000", 65, saying: "MiB are allowed (--memory; unless stated"),
        Refusal("measure RUN --memory 9000000T", saying: "'9000000T' is invalid for '--memory"),
        Refusal("measure RUN --settings-only --dry-run", saying: "goes neither with --dry-run"),
        Refusal("measure RUN --max-draws 500", saying: "--max-draws limits what --target-error may take"),
        Refusal("measure RUN --jobs 0", saying: "--jobs must be at least 1"),
        Refusal("measure RUN --every 0", saying: "--every: expected at least 1, found 0"),
        Refusal("measure RUN --steps 0 --every 2", saying: "--steps and --every exclude each other"),
        Refusal("measure RUN --steps 7", saying: "the series has no checkpoint at 7"),
        Refusal("measure RUN --memory 1M", 65, saying: "1 MiB are allowed (--memory; unless stated"),
        Refusal("measure RUN --examples rare", 66, saying: "subsets/rare"),
        Refusal("measure RUN --parameters nothing", saying: "restriction 'nothing': "),
        Refusal("measure RUN --json", saying: "--json goes with --dry-run"),
        Refusal("measure RUN --unit x", saying: "--unit x: no unit of this run has that name"),
        Refusal("measure RUN --unit x --target-error 1", saying: "are lengthened together. State --shard instead"),
        Refusal("measure RUN --unit x --shard 0/2", saying: "--shard and --unit exclude each other"),
        Refusal("measure RUN --shard auto", saying: "State --shard INDEX/COUNT"),
        Refusal("measure RUN --shard 5/2", saying: "'5/2' is invalid for '--shard"),
        Refusal("calibrate RUN --max-draws 100", saying: "--max-draws must be at least 512"),
        Refusal("calibrate RUN --step-size 1", saying: "--step-size does not go with calibrate"),
        Refusal("merge RUN", 66, saying: "Run `instar measure --shard INDEX/COUNT` first"),
        Refusal("merge RUN --dry-run", saying: "merge has no --dry-run: `instar status` says what is missing"),
        Refusal("merge RUN --shards 0", saying: "--shards: expected a number of shares, at least 1"),
        Refusal("status RUN", 66, saying: "nothing has been measured yet"),
        Refusal("report RUN", 66, saying: "Run `instar analyze` or `instar measure` on the run first"),
        Refusal("show RUN", 66, saying: "Run `instar analyze` or `instar measure` on the run first"),
        Refusal("inspect /no-such-run", 66, saying: "/no-such-run"),
        Refusal("analyze TRACES --dry-run", saying: "`instar analyze` without --dry-run reads them"),
        Refusal("stages TRACES --column llc=x", saying: "--column does not apply to it. Leave it out"),
        Refusal("stages TRACES --column llc=x --column llc=y", saying: "llc is stated twice. State it once"),
        Refusal("slurm RUN --tasks 0", saying: "--tasks: expected at least 1"),
        Refusal("slurm RUN --dry-run", saying: "without --submit it only prints"),
        Refusal("slurm RUN --sbatch=nice", saying: "as --sbatch=--nice=100"),
        Refusal("slurm RUN --tasks 1000000", saying: "tasks at most. State fewer"),
        Refusal("show RUN --width 5", saying: "expected 20 to 10000 columns"),
        Refusal("show /no-such-file.json", 66, saying: "expected an analysis.json"),
        Refusal("watch RUN --interval 0", saying: "expected seconds above 0"),
        Refusal("watch RUN --interval 1e300", saying: "expected seconds above 0, to 10⁶"),
        Refusal("watch RUN --idle 0", saying: "expected minutes above 0"),
        Refusal("watch RUN --dry-run", saying: "instar analyze --dry-run"),
        Refusal("serve RUN --port 70000", saying: "--port: expected 0 to 65535, found 70000"),
        Refusal("serve /no-such-folder", 66, saying: "expected a folder that runs lie in"),
        // An address of the documentation's (RFC 5737), which no machine has.
        Refusal(
            "serve RUN --host 203.0.113.7", 1,
            saying: "203.0.113.7: Cannot assign requested address. Check --host and --port"),
        Refusal("measure RUN --memory 4GG", saying: "--memory"),
        Refusal("measure RUN --memory 4", saying: "--memory"),
        Refusal("analyze RUN --output /proc/instar", 1, saying: "state another --output"),
    ]) func `is refused`(_ refusal: Refusal) throws {
        let scratch = try Scratch()
        let needsFolder = ["measure", "calibrate", "slurm", "merge", "status", "report", "show"].contains(
            refusal.arguments[0])
        let places = [
            "RUN": try Fixture.url("runs/tms-seed-A").path, "TRACES": try Fixture.url("traces/devinterp.h5").path,
        ]
        let errors = try Program.failure(
            status: refusal.status,
            refusal.arguments.map { places[$0] ?? $0 } + (needsFolder ? ["--output", scratch.file("out")] : []),
            scratch: scratch)
        #expect(errors.contains(refusal.message), "\(errors)")
    }

    @Test(arguments: [
        ("settings.yaml", "chains: [1, 2]", "expected a whole number, found"),
        ("settings.yaml", "restrictions: 3", "restrictions: line 1: expected `key: value`"),
        ("settings.yaml", "restrictions: {all: 3}", "expected `parameters:`, `examples:` or both below it"),
        ("settings.yaml", "restrictions: {all: {parameters: []}}", "or both that are not empty"),
        ("analysis.json", "{\"schema\": \"instar-analysis/1\"}", "found a document that lacks a part of it"),
        ("analysis.json", "{\"runs\": []}", "found another JSON, without a schema"),
        ("analysis.json", "{\"schema\": \"other\"}", "expected the schema instar-analysis/1, found other"),
        ("analysis.json", "cut", "found no JSON, or one that is cut short"),
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

    @Test func `an analysis whose parts contradict each other is bad data`() throws {
        let scratch = try Scratch()
        let run = try Program.run(
            "stages", try Fixture.url("runs/tms-seed-A/kgons.csv").path, "--output", scratch.file("out"),
            scratch: scratch)
        #expect(run.status == 0, "\(run.errors)")
        let path = scratch.file("out/analysis.json")
        var document = try #require(
            JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? [String: Any])
        document["checkpoints"] = try #require(document["checkpoints"] as? [Any]).reversed() as [Any]
        try JSONSerialization.data(withJSONObject: document).write(to: URL(fileURLWithPath: path))
        let errors = try Program.failure(status: 65, ["show", path], scratch: scratch)
        #expect(errors.contains("was changed since it was written: the steps of its checkpoints"), "\(errors)")
    }

    /// Limits that a shell gives, and libraries do not survive.
    @Test(arguments: [
        ("ulimit -n 40", "this process may have 40 files open (ulimit -n), and 128 are needed"),
        ("export OPENBLAS_NUM_THREADS=1; ulimit -v 300000", "this process is limited (ulimit -v or -d)"),
        ("export OPENBLAS_NUM_THREADS=1; ulimit -d 60000", "this process is limited (ulimit -v or -d)"),
    ]) func `a limit that is too low is a failure of the system`(_ limit: String, _ message: String) throws {
        let scratch = try Scratch()
        let process = try Program.shell(
            "\(limit); exec \"$0\" \"$@\"",
            ["analyze", try Fixture.url("runs/tms-seed-A").path, "--output", scratch.file("out")], scratch: scratch)
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 1)
        #expect(try scratch.text("stderr").contains(message))
    }

    @Test func `results cannot go to a folder that was removed`() throws {
        let scratch = try Scratch()
        let process = try Program.shell(
            "mkdir \(scratch.file("gone")); cd \(scratch.file("gone")); rmdir \(scratch.file("gone")); exec \"$0\" \"$@\"",
            ["measure", try Fixture.url("runs/tms-seed-A").path, "--output", "out"], scratch: scratch)
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 1)
        #expect(try scratch.text("stderr").contains("out: cannot be made or written to (No such file or directory)"))
    }

    @Test func `a path that is no text is refused and not read as another`() throws {
        let scratch = try Scratch()
        let process = try Program.shell("exec \"$0\" \"$@\" $'run\\xff'", ["inspect"], scratch: scratch)
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 64)
        #expect(try scratch.text("stderr").contains("is no UTF-8 text; rename the file or folder, or go into it"))
    }

    @Test(arguments: ["report.html", "lock"]) func `a folder in the place of a result is to be removed`(
        name: String
    ) throws {
        let scratch = try Scratch()
        let folder = scratch.file("out")
        try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        let run = try Program.run(
            "stages", Fixture.url("runs/tms-seed-A/kgons.csv").path, "--output", folder, scratch: scratch)
        #expect(run.status == 1)
        #expect(run.errors.contains("\(name): "), "\(run.errors)")
        #expect(run.errors.lowercased().contains("remove it"), "\(run.errors)")
    }

    @Test func `an empty name is no folder of results`() throws {
        let scratch = try Scratch()
        let errors = try Program.failure(
            status: 64, ["measure", Fixture.url("runs/tms-seed-A").path, "--output", ""], scratch: scratch)
        #expect(errors.contains("--output: expected a folder, found an empty name"), "\(errors)")
    }

    @Test func `a folder in place of an analysis is bad data`() throws {
        let scratch = try Scratch()
        try FileManager.default.createDirectory(
            atPath: scratch.file("analysis.json"), withIntermediateDirectories: false)
        let errors = try Program.failure(status: 65, ["show", scratch.file("analysis.json")], scratch: scratch)
        #expect(errors.contains("analysis.json: expected a file, found a folder"), "\(errors)")
    }

    /// With an sbatch of its own, whatever the machine has.
    @Test func `jobs that cannot be submitted are a failure`() throws {
        let scratch = try Scratch()
        try Data("#!/bin/sh\necho 'no such partition' >&2\nexit 3\n".utf8).write(
            to: URL(fileURLWithPath: scratch.file("sbatch")))
        #expect(chmod(scratch.file("sbatch"), 0o755) == 0)
        let process = try Program.shell(
            "PATH=\(scratch.path):$PATH exec \"$0\" \"$@\"",
            ["slurm", Fixture.url("runs/tms-seed-A").path, "--submit", "--output", scratch.file("out")]
                + AnalyzeTests.short, scratch: scratch)
        try process.run()
        process.waitUntilExit()
        let errors = try scratch.text("stderr")
        #expect(process.terminationStatus == 1)
        #expect(errors.contains("no such partition") && errors.contains("the jobs could not be submitted"))
    }
}

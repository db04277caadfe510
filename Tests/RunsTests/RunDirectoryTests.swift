import Foundation
import Runs
import TestSupport
import Testing

@Suite struct RunDirectoryTests {
    /// Copies fixtures, by their path below `Fixtures/hdf5`, and texts to a new folder.
    private func withRun<Result>(
        _ files: [String: String], texts: [String: String] = [:], _ body: (String) throws -> Result
    ) throws -> Result {
        try withTemporaryFolder { folder in
            for (target, source) in files {
                try write(Fixture.data("hdf5/\(source)"), "\(folder)/\(target)")
            }
            for (target, text) in texts { try write(Data(text.utf8), "\(folder)/\(target)") }
            return try body(folder)
        }
    }

    private func write(_ data: Data, _ path: String) throws {
        let url = URL(fileURLWithPath: path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try data.write(to: url)
    }

    private let twoCheckpoints = [
        "checkpoints/step_0.h5": "flat/step_0.h5", "checkpoints/step_20.h5": "flat/step_20.h5",
    ]

    @Test func `everything is found by its usual name`() throws {
        let files = twoCheckpoints.merging(["data.h5": "examples/sound.h5"]) { first, _ in first }
        try withRun(files, texts: ["model.onnx": "", "metrics.csv": "step,loss\n0,1\n", "run.yaml": "name: toy"]) {
            path in
            let run = try RunDirectory(at: path)
            #expect(run.name == "toy")
            #expect(run.series.references.map(\.step) == [0, 20])
            #expect(run.modelPath == "\(path)/model.onnx")
            #expect(run.examplesPath == "\(path)/data.h5")
            #expect(run.recordedSeries.map(\.name) == ["loss"])
            #expect(run.missing.isEmpty)
            #expect(run.inferences.contains("checkpoints: 2 files checkpoints/*.h5"))
        }
    }

    @Test func `checkpoints alone are a run, named as its directory`() throws {
        try withRun(["step_0.h5": "flat/step_0.h5", "step_20.h5": "flat/step_20.h5"]) { path in
            let run = try RunDirectory(at: path)
            #expect(run.name == URL(fileURLWithPath: path).lastPathComponent)
            #expect(run.series.references.count == 2)
            #expect(run.modelPath == nil)
            #expect(run.missing.count == 2)
        }
    }

    @Test func `one file beside the examples may hold all checkpoints`() throws {
        try withRun(["weights.h5": "groups.h5", "data.h5": "examples/sound.h5"]) { path in
            let run = try RunDirectory(at: path)
            #expect(run.series.references.map(\.step) == [0, 9, 10])
        }
    }

    @Test func `a link to a checkpoint of the series is left out`() throws {
        try withRun(twoCheckpoints) { path in
            try FileManager.default.createSymbolicLink(
                atPath: "\(path)/checkpoints/latest.h5", withDestinationPath: "step_20.h5")
            let run = try RunDirectory(at: path)
            #expect(run.series.references.count == 2)
            #expect(run.inferences.contains { $0.contains("latest.h5 is left out") })
        }
    }

    @Test func `the manifest names files and steps`() throws {
        let yaml = "checkpoints: w\nmodel: g/a.onnx\nsteps: {w/a.h5: 5, w/b.h5: 6}"
        try withRun(
            ["w/a.h5": "flat/step_0.h5", "w/b.h5": "flat/step_20.h5"], texts: ["run.yaml": yaml, "g/a.onnx": ""]
        ) { path in
            let run = try RunDirectory(at: path)
            #expect(run.series.references.map(\.step) == [5, 6])
            #expect(run.modelPath == "\(path)/g/a.onnx")
        }
    }

    @Test func `a directory that is absent, empty or without checkpoints is not found`() throws {
        let absent = #expect(throws: RunError.self) { try RunDirectory(at: "/nowhere/run") }
        #expect(absent?.kind == .notFound)
        #expect(absent?.reason == "is not there; expected a run directory with checkpoints")
        try withRun([:]) { path in
            let error = #expect(throws: RunError.self) { try RunDirectory(at: path) }
            #expect(error?.kind == .notFound && error?.reason.hasPrefix("is empty; expected checkpoints") == true)
        }
        try withRun([:], texts: ["weights.pt": ""]) { path in
            let error = #expect(throws: RunError.self) { try RunDirectory(at: path) }
            #expect(error?.kind == .notFound)
            #expect(error?.reason.contains("found weights.pt") == true)
        }
    }

    @Test func `several candidates are listed`() throws {
        try withRun(twoCheckpoints, texts: ["a.onnx": "", "b.onnx": ""]) { path in
            let error = #expect(throws: RunError.self) { try RunDirectory(at: path) }
            #expect(error?.kind == .mismatch)
            #expect(error?.reason.contains("a.onnx, b.onnx") == true)
        }
        let files = twoCheckpoints.merging(["step_1.h5": "flat/step_0.h5"]) { first, _ in first }
        try withRun(files) { path in
            let error = #expect(throws: RunError.self) { try RunDirectory(at: path) }
            #expect(error?.kind == .mismatch)
            #expect(error?.reason.contains("step_1.h5") == true)
        }
    }

    @Test func `the folder of checkpoints in place of the run is noticed`() throws {
        let copy = try Fixture.url("runs/tms-seed-A").path
        let run = try RunDirectory(at: "\(copy)/checkpoints")
        #expect(run.missing.contains("the folder above holds model.onnx: is that the run directory?"))
        #expect(try !RunDirectory(at: copy).missing.contains { $0.contains("the folder above") })
    }

    @Test func `a file in place of a run, and a folder that cannot be listed, are told apart`() throws {
        try withRun(twoCheckpoints) { path in
            let file = #expect(throws: RunError.self) { try RunDirectory(at: "\(path)/checkpoints/step_0.h5") }
            #expect(file?.kind == .notFound)
            #expect(
                file?.reason
                    == "is a file; expected the run directory that holds the checkpoints (a table of series is read by `instar stages`)"
            )
            #expect(chmod(path, 0o311) == 0)
            defer { chmod(path, 0o755) }
            let closed = #expect(throws: RunError.self) { try boundByPermissions { try RunDirectory(at: path) } }
            #expect(closed?.kind == .io && closed?.path == path)
            #expect(
                closed?.reason.contains(/^cannot be listed: .*; check its permissions$/) == true,
                "\(closed?.reason ?? "")")
        }
    }

    @Test func `a run of which everything is left out, and an empty folder of checkpoints, are not found`() throws {
        try withRun(twoCheckpoints, texts: ["empty/.keep": ""]) { path in
            let all = Set(twoCheckpoints.keys.map { "\(path)/\($0)" })
            let left = #expect(throws: RunError.self) { try RunDirectory(at: path, excluding: all) }
            #expect(left?.kind == .notFound && left?.path == path)
            #expect(left?.reason.contains("no checkpoints found: expected *.h5") == true, "\(left?.reason ?? "")")
            try write(Data("steps: {checkpoints/step_0.h5: 1}".utf8), "\(path)/run.yaml")
            let listed = #expect(throws: RunError.self) { try RunDirectory(at: path, excluding: all) }
            #expect(listed?.kind == .notFound && listed?.reason.contains("no checkpoints found") == true)
            try write(Data("checkpoints: empty".utf8), "\(path)/run.yaml")
            let empty = #expect(throws: RunError.self) { try RunDirectory(at: path) }
            #expect(empty?.kind == .notFound && empty?.path == "\(path)/empty")
            #expect(empty?.reason.contains("found nothing; other formats are converted to HDF5 first") == true)
        }
    }

    @Test(arguments: ["model: a.onnx", "data: a.h5", "metrics: a.csv", "checkpoints: a", "steps: {a.h5: 1}"])
    func `a file that the manifest names must be there`(yaml: String) throws {
        try withRun(twoCheckpoints, texts: ["run.yaml": yaml]) { path in
            let error = #expect(throws: RunError.self) { try RunDirectory(at: path) }
            #expect(error?.kind == .notFound)
            let key = yaml.prefix { $0 != ":" }
            #expect(error?.reason == "is not there, but run.yaml names it under `\(key)`")
        }
    }

    @Test func `a file that stands twice under steps is refused, in whatever spelling`() throws {
        let yaml = "steps: {checkpoints/step_0.h5: 1, ./checkpoints//step_0.h5: 2}"
        try withRun(twoCheckpoints, texts: ["run.yaml": yaml]) { path in
            let error = #expect(throws: RunError.self) { try RunDirectory(at: path) }
            #expect(error?.kind == .malformed && error?.reason.hasPrefix("stands twice under `steps`") == true)
        }
    }

    /// Such a checkpoint would be missing from the series without a word.
    @Test func `a checkpoint whose name is no text is refused`() throws {
        try withRun(twoCheckpoints) { path in
            let name = Array("\(path)/checkpoints/step_".utf8) + [0xFF] + Array("9.h5".utf8) + [0]
            let descriptor = open(name.map { CChar(bitPattern: $0) }, O_CREAT | O_WRONLY, 0o600)
            close(descriptor)
            let error = #expect(throws: RunError.self) { try RunDirectory(at: path) }
            #expect(error?.kind == .malformed && error?.reason.contains("is no UTF-8 text; rename the file") == true)
        }
    }
}

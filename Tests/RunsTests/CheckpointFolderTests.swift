import Foundation
import Runs
import TestSupport
import Testing

@Suite struct CheckpointFolderTests {
    /// A folder with a run directory in it: fixtures by their path below `Fixtures`, and links by their targets.
    private func withRun<Result>(
        _ files: [String: String], links: [String: String] = [:], yaml: String? = nil,
        _ body: (String) throws -> Result
    ) throws -> Result {
        try withTemporaryFolder { folder in
            let run = "\(folder)/run"
            func prepare(_ target: String) throws -> URL {
                let url = URL(fileURLWithPath: "\(run)/\(target)").standardizedFileURL
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                return url
            }
            for (target, source) in files { try Fixture.data(source).write(to: prepare(target)) }
            for (target, source) in links {
                try FileManager.default.createSymbolicLink(
                    atPath: prepare(target).path, withDestinationPath: source)
            }
            if let yaml { try Data(yaml.utf8).write(to: prepare("run.yaml")) }
            return try body(run)
        }
    }

    private func expect(_ run: String, hasSteps steps: [Int]) throws {
        #expect(try RunDirectory(at: run).series.references.map(\.step) == steps)
    }

    private func refused(_ run: String, _ words: String..., kind: RunError.Kind = .mismatch) {
        let error = #expect(throws: RunError.self) { try RunDirectory(at: run) }
        #expect(error?.kind == kind)
        for word in words { #expect(error?.description.contains(word) == true, "\(error?.description ?? "")") }
    }

    private let series = [
        "checkpoints/step_0.safetensors": "safetensors/flat/step_0.safetensors",
        "checkpoints/step_20.safetensors": "safetensors/flat/step_20.safetensors",
    ]

    @Test func `links to checkpoints of the series are left out, wherever they stand`() throws {
        let links = [
            "checkpoints/latest.safetensors": "step_20.safetensors",
            "best.safetensors": "checkpoints/step_0.safetensors",
            "checkpoints/last.safetensors": "latest.safetensors",
        ]
        try withRun(series, links: links) { run in
            let found = try RunDirectory(at: run)
            #expect(found.series.references.map(\.step) == [0, 20])
            for name in ["latest", "best", "last"] {
                #expect(
                    found.inferences.contains { $0.hasPrefix("\(name).safetensors is left out: it is a link to step_") }
                )
            }
        }
    }

    @Test func `other files among the checkpoints are named, and not those beside them`() throws {
        let others = ["checkpoints/step_40.pt", "checkpoints/step_60.SAFETENSORS", "notes.txt"]
        let files = others.reduce(into: series) { $0[$1] = "safetensors/flat/step_20.safetensors" }
        try withRun(files) { run in
            try expect(run, hasSteps: [0, 20])
            #expect(
                try RunDirectory(at: run).inferences.contains(
                    "step_40.pt, step_60.SAFETENSORS left out: no checkpoint by its ending (.h5, .hdf5 or .safetensors)"
                ))
        }
    }

    @Test func `a link to a folder of the series is left out`() throws {
        let files = ["checkpoint-20/model.safetensors": "safetensors/flat/step_20.safetensors"]
        try withRun(files, links: ["latest": "checkpoint-20"]) { run in
            let found = try RunDirectory(at: run)
            #expect(found.series.references.map(\.step) == [20])
            #expect(found.inferences.contains("latest is left out: it is a link to checkpoint-20"))
        }
    }

    @Test func `a link to nothing is left out`() throws {
        try withRun(series, links: ["checkpoints/latest.safetensors": "step_99.safetensors", "last": "gone"]) { run in
            let found = try RunDirectory(at: run)
            #expect(found.series.references.count == 2)
            #expect(found.inferences.contains("latest.safetensors is left out: it is a link to nothing"))
        }
    }

    @Test func `a link to a file of the run that is not found otherwise is followed`() throws {
        let files = ["store/0a1b": "safetensors/flat/step_100.safetensors"].merging(series) { first, _ in first }
        try withRun(files, links: ["checkpoints/step_100.safetensors": "../store/0a1b"]) { run in
            try expect(run, hasSteps: [0, 20, 100])
        }
    }

    @Test func `a link out of the run is followed only where run yaml lists it`() throws {
        let files = ["../other/step_100.safetensors": "safetensors/flat/step_100.safetensors"]
            .merging(series) { first, _ in first }
        let links = ["checkpoints/step_100.safetensors": "../../other/step_100.safetensors"]
        try withRun(files, links: links) { run in
            let found = try RunDirectory(at: run)
            #expect(found.series.references.map(\.step) == [0, 20])
            #expect(
                found.inferences.contains { $0.hasPrefix("step_100.safetensors is left out: it leads out of the run") })
        }
        try withRun(files, links: links, yaml: "steps: {checkpoints/step_100.safetensors: 5}") { run in
            try expect(run, hasSteps: [5])
        }
        try withRun(
            ["../other/a.safetensors": "safetensors/flat/step_20.safetensors"],
            links: ["checkpoint-20/model.safetensors": "../../other/a.safetensors"]
        ) { run in
            refused(run, "checkpoint-20 is left out: it leads out of the run directory", kind: .notFound)
        }
    }

    @Test func `a folder of checkpoints that is a link out of the run is read only where run yaml says so`() throws {
        let files = ["../scratch/step_20.h5": "hdf5/flat/step_20.h5"]
        try withRun(files, links: ["checkpoints": "../scratch"]) { run in
            refused(run, "is a link out of the run directory", "`checkpoints: checkpoints`")
        }
        try withRun(files, links: ["checkpoints": "../scratch"], yaml: "checkpoints: checkpoints") { run in
            try expect(run, hasSteps: [20])
        }
    }

    @Test func `a final model beside the checkpoints is left out`() throws {
        let model = ["model.safetensors": "safetensors/flat/step_100.safetensors"]
        let folders = ["checkpoint-20/model.safetensors": "safetensors/flat/step_20.safetensors"]
        for others in [series, folders] {
            try withRun(model.merging(others) { first, _ in first }) { run in
                let found = try RunDirectory(at: run)
                #expect(!found.series.references.isEmpty && !found.series.references.contains { $0.step == 100 })
                #expect(
                    found.inferences.contains { $0.hasPrefix("model.safetensors is left out: no step in its name") })
            }
        }
    }

    @Test func `two formats in one run are an error that lists the files`() throws {
        let files = ["checkpoints/step_7.h5": "hdf5/flat/step_20.h5"].merging(series) { first, _ in first }
        try withRun(files) { run in
            refused(run, "HDF5: step_7.h5", "safetensors: step_0.safetensors, step_20.safetensors", "two formats")
        }
    }

    @Test func `parts beside a run's files go by their index, and are refused without it`() throws {
        let source = "safetensors/trainer/checkpoint-100"
        let parts = (1...2).map { "model-0000\($0)-of-00002.safetensors" }
        var files = Dictionary(uniqueKeysWithValues: parts.map { ("checkpoint-100/\($0)", "\(source)/\($0)") })
        try withRun(files) { run in
            refused(run, "model.safetensors.index.json is not there yet: is training", kind: .temporary)
            for part in parts {
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSince1970: 0)], ofItemAtPath: "\(run)/checkpoint-100/\(part)")
            }
            refused(
                run, "is a part of a checkpoint, and model.safetensors.index.json is not beside it", kind: .malformed)
        }
        try withRun([parts[0]: "\(source)/\(parts[0])"]) { run in
            refused(run, "model.safetensors.index.json is not there yet: is training", kind: .temporary)
        }
        files["checkpoint-100/model.safetensors.index.json"] = "\(source)/model.safetensors.index.json"
        try withRun(files) { run in try expect(run, hasSteps: [100]) }
    }

    @Test func `a folder in which several files may be the weights lists them`() throws {
        let files = [
            "step_1/a.safetensors": "safetensors/flat/step_0.safetensors",
            "step_1/b.safetensors": "safetensors/flat/step_20.safetensors",
        ]
        try withRun(files) { run in refused(run, "several files may be the weights: a.safetensors, b.safetensors") }
        try withRun(files, yaml: "steps: {step_1/a.safetensors: 1}") { run in try expect(run, hasSteps: [1]) }
    }

    @Test func `a folder of several files whose name tells no step is something else`() throws {
        let files = [
            "averages/step_1.safetensors": "safetensors/flat/step_0.safetensors",
            "averages/step_2.safetensors": "safetensors/flat/step_20.safetensors",
        ]
        try withRun(files.merging(series) { first, _ in first }) { run in try expect(run, hasSteps: [0, 20]) }
    }

    @Test func `a folder under steps stands for the checkpoint in it`() throws {
        let files = ["final/model.safetensors": "safetensors/flat/step_100.safetensors"]
        try withRun(files, yaml: "steps: {final: 3}") { run in try expect(run, hasSteps: [3]) }
        try withRun(files, yaml: "steps: {.: 3}") { run in refused(run, "holds no .safetensors file", kind: .notFound) }
    }

    @Test func `a checkpoint is left out with any of its files`() throws {
        let run = try Fixture.url("safetensors/trainer").path
        let part = "\(run)/checkpoint-100/model-00002-of-00002.safetensors"
        #expect(try RunDirectory(at: run, excluding: [part]).series.references.map(\.step) == [20])
        let state = "\(run)/checkpoint-100/trainer_state.json"
        #expect(try RunDirectory(at: run, excluding: [state]).series.references.map(\.step) == [20, 100])
    }

    @Test func `files that must be converted first are told how`() throws {
        for name in ["step_1.pt", "epoch=0-step=9.ckpt", "model.keras"] {
            try withRun([name: "hdf5/flat/step_20.h5"]) { run in
                refused(run, "found \(name)", "python -m instar_recorder convert FOLDER RUN", kind: .notFound)
            }
        }
    }
}

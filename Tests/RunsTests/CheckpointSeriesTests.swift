import Foundation
import HDF5
import Tensors
import TestSupport
import Testing

@testable import Runs

@Suite struct CheckpointSeriesTests {
    private func series(_ name: String) throws -> CheckpointSeries {
        let url = try Fixture.url("hdf5/\(name)")
        guard !name.hasSuffix(".h5") else { return try CheckpointSeries(files: [url.path()]) }
        let names = try FileManager.default.contentsOfDirectory(atPath: url.path())
        return try CheckpointSeries(files: names.map { url.appending(path: $0).path() })
    }

    /// What the generator writes at a step.
    private func weights(_ step: Int) -> [NamedTensor] {
        [
            NamedTensor(name: "count", tensor: Tensor([Int64(step)], shape: [])),
            NamedTensor(name: "layers.2.weight", tensor: Tensor((0..<6).map { Float($0 + step) }, shape: [2, 3])),
            NamedTensor(name: "layers.10.bias", tensor: Tensor([Float(step), -Float(step)], shape: [2])),
        ]
    }

    @Test(arguments: [
        ("flat", [0, 20, 100]), ("attribute", [0, 7]), ("nested", [1, 2]), ("groups.h5", [0, 9, 10]),
        ("root_groups.h5", [5, 50]), ("stacked.h5", [0, 30, 300]),
    ])
    func `each layout gives the same tensors in the order of their steps`(name: String, steps: [Int]) throws {
        let series = try series(name)
        #expect(series.axis == .step)
        #expect(series.references.map(\.step) == steps)
        #expect(series.tensors.map(\.name) == ["count", "layers.2.weight", "layers.10.bias"])
        for (index, step) in steps.enumerated() {
            #expect(try series.read(at: index).tensors == weights(step))
        }
    }

    @Test func `Keras weights take their step from the optimizer, which is no tensor`() throws {
        let series = try series("keras")
        #expect(series.references.map(\.step) == [12])
        #expect(series.tensors.map(\.name) == ["layers.dense.vars.0", "layers.dense.vars.1"])
    }

    @Test func `epochs count where nothing tells a step, and sort as numbers`() throws {
        let series = try series("epochs")
        #expect(series.axis == .epoch)
        #expect(series.references.map(\.step) == [2, 10])
    }

    @Test(arguments: [
        ("missing_tensor", "layers.10.bias", "is missing"), ("extra_tensor", "extra", "is not there at step 0"),
        ("other_shape", "layers.10.bias", "has shape [3], and [2] at step 0"),
        ("other_type", "layers.10.bias", "is float64, and float32 at step 0"),
    ])
    func `a checkpoint unlike the first names file, tensor and both findings`(
        name: String, tensor: String, finding: String
    ) throws {
        let series = try series(name)
        _ = try series.read(at: 0)
        let error = #expect(throws: RunError.self) { try series.read(at: 1) }
        #expect(error?.kind == .mismatch)
        #expect(error?.path.hasSuffix("step_1.h5") == true)
        #expect(error?.object == tensor)
        #expect(error?.reason.contains(finding) == true, "\(error?.reason ?? "")")
    }

    @Test func `a value that is not finite names tensor and step, unless it is allowed`() throws {
        let error = #expect(throws: RunError.self) { try series("not_a_number").read(at: 1) }
        #expect(error?.kind == .malformed)
        #expect(error?.object == "layers.10.bias")
        #expect(error?.reason.contains("nan at step 1") == true, "\(error?.reason ?? "")")
        let path = try Fixture.url("hdf5/not_a_number/step_1.h5").path()
        let allowed = try CheckpointSeries(files: [path], mayBeNonFinite: ["layers.10.bias"])
        #expect(try allowed.read(at: 0).tensors.count == 3)
    }

    @Test(arguments: [
        ("same_step", RunError.Kind.mismatch, ["ckpt-0001.h5", "step_1.h5"]),
        ("mixed_axes", .mismatch, ["epoch_2.h5", "step_1.h5"]),
        ("ambiguous", .mismatch, ["1, 100"]),
        ("no_step", .notFound, ["steps:"]),
        ("two_containers", .mismatch, ["model, state_dict"]),
        ("layers_or_steps.h5", .mismatch, ["0, 2", "`step`"]),
        ("stacked_uneven.h5", .mismatch, ["lists 3 checkpoints", "[2]"]),
    ])
    func `what is ambiguous is an error that lists the candidates`(
        name: String, kind: RunError.Kind, words: [String]
    ) throws {
        let error = #expect(throws: RunError.self) { try series(name) }
        #expect(error?.kind == kind)
        for word in words { #expect(error?.description.contains(word) == true, "\(error?.description ?? "")") }
    }

    @Test(arguments: [
        (["step_1/w", "other/w"], RunError.Kind.mismatch, "some groups are checkpoints (step_1), others hold tensors"),
        (["step_1/w", "epoch_2/w"], .mismatch, "some groups tell a step, others an epoch: epoch_2, step_1"),
        ([], .notFound, "holds no tensors: expected numbers, an entry per parameter; save it again"),
    ])
    func `a file whose groups cannot all be checkpoints says why`(
        tensors: [String], kind: RunError.Kind, words: String
    ) throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/step_1.h5"
            try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in
                try root.write("note", ["a text is no tensor"])
                for tensor in tensors {
                    let parts = tensor.split(separator: "/").map(String.init)
                    try root.createGroup(parts[0]).write(parts[1], Tensor([Float(1)], shape: [1]))
                }
            }
            let error = #expect(throws: RunError.self) { try CheckpointSeries(files: [path]) }
            #expect(error?.kind == kind && error?.path == path)
            #expect(error?.reason.contains(words) == true, "\(error?.reason ?? "")")
        }
    }

    @Test func `a series needs files, each with a step, and a selection`() throws {
        var error = #expect(throws: RunError.self) { try CheckpointSeries(files: []) }
        #expect(error?.kind == .notFound && error?.reason == "a series needs at least one checkpoint file")
        let path = try Fixture.url("hdf5/flat/step_20.h5").path()
        error = #expect(throws: RunError.self) { try CheckpointSeries(files: [path], explicitSteps: [:]) }
        #expect(error?.kind == .notFound && error?.path == path)
        #expect(error?.reason == "has no step under `steps:` in run.yaml")
        let series = try series("missing_tensor")
        error = #expect(throws: RunError.self) { try series.readFirst(of: []) }
        #expect(error?.kind == .notFound && error?.reason == "no checkpoint is selected")
        // Only what is damaged is passed over.
        error = #expect(throws: RunError.self) { try series.readFirst(of: [1, 0]) }
        #expect(error?.kind == .mismatch && error?.reason.contains("is missing") == true)
    }

    @Test func `steps that are given outrank what files and names say`() throws {
        let folder = try Fixture.url("hdf5/same_step").path()
        let files = ["\(folder)/step_1.h5", "\(folder)/ckpt-0001.h5"]
        let series = try CheckpointSeries(files: files, explicitSteps: [files[0]: 9, files[1]: 3])
        #expect(series.references.map(\.step) == [3, 9])
        #expect(series.references.map(\.file) == [files[1], files[0]])
    }

    /// Two files per step, which hold different tensors.
    private func withParts(_ body: (_ a: (Int) -> String, _ b: (Int) -> String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            for step in 1...2 {
                try HDF5File.writeAtomically(to: "\(folder)/\(step).a.h5") { root throws(HDF5Error) in
                    try root.write("w", Tensor([Float(step)], shape: [1]))
                }
                try HDF5File.writeAtomically(to: "\(folder)/\(step).b.h5") { root throws(HDF5Error) in
                    try root.write("v", Tensor([Float(-step)], shape: [1]))
                }
            }
            try body({ "\(folder)/\($0).a.h5" }, { "\(folder)/\($0).b.h5" })
        }
    }

    @Test func `files that are given one step are the parts of one checkpoint`() throws {
        try withParts { a, b in
            let steps = [a(1): 10, b(1): 10, a(2): 20, b(2): 20]
            let series = try CheckpointSeries(files: Array(steps.keys), explicitSteps: steps)
            #expect(series.references.map(\.step) == [10, 20])
            #expect(series.tensors.map(\.name) == ["v", "w"])
            #expect(series.notes.contains("4 files hold 2 checkpoints"))
            for step in 1...2 {
                let tensors = try series.read(at: step - 1).tensors
                #expect(tensors.map { $0.tensor.values(as: Float.self) } == [[-Float(step)], [Float(step)]])
            }
        }
    }

    @Test func `parts that hold one tensor twice, or lack one, name it`() throws {
        try withParts { a, b in
            var steps = [a(1): 10, a(2): 10]
            var series = try CheckpointSeries(files: Array(steps.keys), explicitSteps: steps)
            var error = #expect(throws: RunError.self) { try series.read(at: 0) }
            #expect(error?.kind == .mismatch)
            #expect(error?.object == "w")
            #expect(error?.reason.contains("two files hold it") == true, "\(error?.reason ?? "")")
            steps = [a(1): 10, b(1): 10, a(2): 20]
            series = try CheckpointSeries(files: Array(steps.keys), explicitSteps: steps)
            error = #expect(throws: RunError.self) { try series.read(at: 1) }
            #expect(error?.object == "v")
            #expect(error?.reason.contains("is missing") == true)
        }
    }

    @Test func `names that the user gives replace those of the file`() throws {
        let file = try Fixture.url("hdf5/flat/step_20.h5").path()
        let names = ["layers.2.weight": "a/kernel", "layers.10.bias": "a/bias"]
        let series = try CheckpointSeries(files: [file], names: names)
        #expect(series.tensors.map(\.name) == ["a/bias", "a/kernel", "count"])
        #expect(try series.read(at: 0)["a/bias"] == Tensor([20, -20] as [Float], shape: [2]))
        let error = #expect(throws: RunError.self) {
            try CheckpointSeries(files: [file], names: ["layers.3.weight": "w"])
        }
        #expect(error?.kind == .mismatch)
        #expect(error?.object == "layers.3.weight")
        #expect(error?.reason.contains("did you mean layers.2.weight?") == true)
    }

    @Test func `a file cut short anywhere is an error that names it`() throws {
        let whole = try Fixture.data("hdf5/flat/step_20.h5")
        try withTemporaryFolder { folder in
            let path = "\(folder)/step_20.h5"
            for length in stride(from: 0, to: whole.count, by: 97) {
                try whole.prefix(length).write(to: URL(fileURLWithPath: path))
                let error = #expect(throws: RunError.self, "\(length) bytes") {
                    try CheckpointSeries(files: [path]).read(at: 0)
                }
                #expect(error?.kind == .malformed)
                #expect(error?.path == path)
            }
        }
    }

    /// Three sound checkpoints under names of the caller's choice, one of them cut short.
    private func withDamagedSeries(
        _ names: [String], damaged: String, _ body: ([String]) throws -> Void
    ) throws {
        try withTemporaryFolder { folder in
            for (source, name) in zip(["0", "20", "100"], names) {
                let whole = try Fixture.data("hdf5/flat/step_\(source).h5")
                let bytes = name == damaged ? whole.prefix(whole.count / 2) : whole
                try bytes.write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
            }
            try body(names.map { "\(folder)/\($0)" })
        }
    }

    @Test(arguments: [0, 1, 2])
    func `a damaged file whose name tells its step fails only when it is read`(damaged: Int) throws {
        let names = ["step_0.h5", "step_20.h5", "step_100.h5"]
        try withDamagedSeries(names, damaged: names[damaged]) { files in
            for explicitSteps in [nil, Dictionary(uniqueKeysWithValues: zip(files, [0, 20, 100]))] {
                let series = try CheckpointSeries(files: files, explicitSteps: explicitSteps)
                #expect(series.references.map(\.step) == [0, 20, 100])
                #expect(series.tensors.map(\.name) == ["count", "layers.2.weight", "layers.10.bias"])
                for index in 0..<3 where index != damaged {
                    #expect(try series.read(at: index).tensors == weights([0, 20, 100][index]))
                }
                let error = #expect(throws: RunError.self) { try series.read(at: damaged) }
                #expect(error?.kind == .malformed)
                #expect(error?.path == files[damaged])
                #expect(error?.reason.contains("was cut short") == true, "\(error?.reason ?? "")")
                #expect(try series.readFirst(of: [damaged, (damaged + 1) % 3]).step == [20, 100, 0][damaged])
                let alone = #expect(throws: RunError.self) { try series.readFirst(of: [damaged]) }
                #expect(alone == error)
                // With explicit steps nothing is read of the files after the first sound one.
                let isNoted = explicitSteps == nil || damaged == 0
                #expect(series.notes.contains { $0.contains("\(names[damaged]) was cut short") } == isNoted)
            }
        }
    }

    @Test(arguments: ["weights.h5", "step_20.h5"])
    func `a damaged file stops the series where names do not tell the steps`(damaged: String) throws {
        try withDamagedSeries(["step_7.h5", damaged, "step_100.h5"], damaged: damaged) { files in
            if damaged == "step_20.h5" {
                // Its attribute says step 0: of the names, not all are right.
                try Fixture.data("hdf5/attribute/a.h5").write(to: URL(fileURLWithPath: files[0]))
            }
            let error = #expect(throws: RunError.self) { try CheckpointSeries(files: files) }
            #expect(error?.kind == .malformed)
            #expect(error?.path == files[1])
            #expect(error?.reason.hasSuffix("list the files to use under `steps:` in run.yaml") == true)
        }
    }

    @Test func `a name with several numbers, none of them marked, lists them`() throws {
        try withDamagedSeries(["run7_0_3.h5", "run7_0_4.h5", "run7_0_5.h5"], damaged: "") { files in
            let error = #expect(throws: RunError.self) { try CheckpointSeries(files: files) }
            #expect(error?.kind == .mismatch)
            #expect(error?.reason.contains("several candidates: 7, 0, 3;") == true, "\(error?.reason ?? "")")
        }
    }

    @Test func `a file still being written is temporary`() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/step_20.h5"
            try Fixture.data("hdf5/flat/step_20.h5").write(to: URL(fileURLWithPath: path))
            let descriptor = open(path, O_RDWR)
            defer { close(descriptor) }
            #expect(flock(descriptor, LOCK_EX) == 0)
            #expect(throws: RunError.self) { try CheckpointSeries(files: [path]) }
            do throws(RunError) { _ = try CheckpointSeries(files: [path]) } catch { #expect(error.kind == .temporary) }
        }
    }

    @Test func `the digest tells values, names and shapes apart`() {
        func digest(_ name: String, _ values: [Float], _ shape: Shape) -> String {
            Checkpoint(step: 0, tensors: [NamedTensor(name: name, tensor: Tensor(values, shape: shape))]).digest
        }
        let digests = [
            digest("w", [1, 2], [2]), digest("v", [1, 2], [2]), digest("w", [1, 2], [1, 2]), digest("w", [2, 1], [2]),
        ]
        #expect(Set(digests).count == digests.count)
        #expect(digest("w", [1, 2], [2]) == digests[0])
    }

    @Test(arguments: [-1, 100_000_000_000_001]) func `stacked checkpoints of impossible steps are refused`(step: Int)
        throws
    {
        try withTemporaryFolder { folder in
            let path = "\(folder)/all.h5"
            try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in
                try root.write("step", Tensor([0, Int64(step)], shape: [2]))
                try root.write("w", Tensor([Float(1), 2], shape: [2, 1]))
            }
            let error = #expect(throws: RunError.self) { try CheckpointSeries(files: [path]) }
            #expect(error?.kind == .malformed && error?.reason.contains("holds \(step); expected steps from 0") == true)
        }
    }

    @Test func `state of the training beside the weights of each step in one file is left out`() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/all.h5"
            try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in
                for step in [0, 10] {
                    let group = try root.createGroup("step_\(step)")
                    try group.createGroup("model").write("w", Tensor([Float(step)], shape: [1]))
                    try group.createGroup("optimizer").write("exp_avg", Tensor([0.5, 0.5], shape: [2]))
                }
            }
            let series = try CheckpointSeries(files: [path])
            #expect(series.references.map(\.step) == [0, 10] && series.tensors.map(\.name) == ["w"])
            #expect(try series.read(at: 1).tensors.map(\.tensor.elements) == [.float([10])])
        }
    }

    @Test func `no stacked checkpoints are none`() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/all.h5"
            try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in
                try root.write("steps", Tensor([] as [Int64], shape: [0]))
                try root.write("w", Tensor([] as [Float], shape: [0, 2]))
            }
            let error = #expect(throws: RunError.self) { try CheckpointSeries(files: [path]) }
            #expect(error?.kind == .malformed && error?.path == path && error?.object == "steps")
            #expect(error?.reason.hasPrefix("lists no step; expected one for each entry") == true)
        }
    }

    @Test(arguments: [
        (HDF5Attribute.number(988.5), "988.5"), (.number(.nan), "nan"), (.text("soon"), "\"soon\""),
        (.texts(["1", "2"]), "a list of texts"),
    ]) func `a step that is no whole number is not passed over for the name of the file`(
        _ step: HDF5Attribute, _ words: String
    ) throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/step_3.h5"
            try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in
                try root.setAttribute("step", step)
                try root.write("w", Tensor([Float(1), 2], shape: [2]))
            }
            let error = #expect(throws: RunError.self) { try CheckpointSeries(files: [path]) }
            #expect(error?.kind == .malformed)
            #expect(error?.reason.contains("its attribute `step` is \(words); expected a whole number") == true)
        }
    }

    @Test func `a step that is another in the file than in its name is taken and noted`() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/step_3.h5"
            try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in
                try root.setAttribute("step", .integer(7))
                try root.write("w", Tensor([Float(1), 2], shape: [2]))
            }
            let series = try CheckpointSeries(files: [path])
            #expect(series.references.map(\.step) == [7])
            #expect(series.notes.contains { $0.contains("the file's is taken: step_3.h5 7") }, "\(series.notes)")
        }
    }
}

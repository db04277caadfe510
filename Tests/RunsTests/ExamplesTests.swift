import Foundation
import HDF5
import Runs
import Tensors
import TestSupport
import Testing

@Suite struct ExamplesTests {
    private func path(_ name: String) throws -> String {
        try #require(Fixture.root).appending(components: "Fixtures", "hdf5", "examples", "\(name).h5").path()
    }

    @Test func `inputs, targets, subsets and recorded outputs are read`() throws {
        let examples = try Examples(at: path("sound"))
        #expect(examples.count == 6)
        #expect(examples.inputs == ["input": Tensor((0..<12).map { Float($0) }, shape: [6, 2])])
        #expect(examples.targets?.integers == [0, 1, 0, 1, 0, 1])
        #expect(examples.subsets.map(\.name) == ["test", "train"])
        #expect(examples.subsets.map(\.indices) == [[3, 4], [0, 1, 2, 5]])
        #expect(examples.trainingIndices == [0, 1, 2, 5])
        #expect(examples.recordedOutputs.map(\.step) == [3, 20])
        #expect(examples.digest.count == 64)
    }

    @Test func `indices come from a subset, or from a dataset of another file`() throws {
        let examples = try Examples(at: path("sound"))
        #expect(try examples.indices(named: "test") == [3, 4])
        #expect(try examples.indices(named: path("twice") + ":/subsets/train") == [0, 1, 2, 5])
        #expect(try examples.indices(named: path("sound") + ":subsets/test") == [3, 4])
    }

    @Test(arguments: [
        ("tests", RunError.Kind.notFound, ["did you mean test?", "test, train", "FILE:DATASET"]),
        ("absent.h5:subsets/test", .notFound, ["absent.h5"]),
        ("sound.h5:subsets/rare", .notFound, ["subsets/rare", "input, recorded_outputs/20", "subsets/test"]),
        ("sound.h5:subsets", .mismatch, ["found a group", "subsets/test"]),
        ("sound.h5:", .mismatch, ["found a group"]),
        ("sound.h5:input", .mismatch, ["input", "float32", "[6, 2]"]),
        ("out_of_range.h5:subsets/test", .mismatch, ["out_of_range.h5", "subsets/test", "the index 6", "0 to 5"]),
        ("twice.h5:subsets/test", .mismatch, ["index 3", "twice"]),
        ("float_indices.h5:subsets/test", .mismatch, ["float64"]),
    ])
    func `indices that are absent or wrong are refused with what there is`(
        name: String, kind: RunError.Kind, words: [String]
    ) throws {
        let examples = try Examples(at: path("sound"))
        let folder = try path("sound").dropLast("sound.h5".count)
        let error = #expect(throws: RunError.self) {
            try examples.indices(named: name.contains(":") ? folder + name : name)
        }
        #expect(error?.kind == kind, "\(error?.description ?? "")")
        for word in words { #expect(error?.description.contains(word) == true, "\(error?.description ?? "")") }
    }

    @Test(arguments: [
        ("targets", [2], RunError.Kind.notFound, "holds no examples: expected one dataset per graph input"),
        ("input", [], .mismatch, "input: expected a first axis of examples, found shape []"),
        ("input", [0, 3], .mismatch, "input: expected a first axis of examples, found shape [0, 3]"),
        ("recorded_outputs/last", [2], .malformed, "recorded_outputs/last: expected a training step as its name"),
        ("recorded_outputs/-1", [2], .malformed, "recorded_outputs/-1: expected a training step as its name"),
    ])
    func `a dataset that cannot be meant is refused`(
        name: String, extents: [Int], kind: RunError.Kind, words: String
    ) throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/data.h5"
            let tensor = Tensor([Float](repeating: 1, count: extents.reduce(1, *)), shape: Shape(extents))
            try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in
                let parts = name.split(separator: "/").map(String.init)
                if parts.count > 1 {
                    try root.write("input", tensor)
                    try root.createGroup(parts[0]).write(parts[1], tensor)
                } else {
                    try root.write(name, tensor)
                }
            }
            let error = #expect(throws: RunError.self) { try Examples(at: path) }
            #expect(error?.kind == kind && error?.path == path)
            #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        }
    }

    @Test(arguments: [
        ("other_count", RunError.Kind.mismatch, ["targets", "2 examples", "input has 6"]),
        ("out_of_range", .mismatch, ["subsets/test", "the index 6", "0 to 5"]),
        ("twice", .mismatch, ["subsets/test", "index 3", "twice"]),
        ("float_indices", .mismatch, ["subsets/test", "float64"]),
        ("misspelt", .malformed, ["subset/train", "did you mean the group subsets"]),
        ("too_many_outputs", .mismatch, ["recorded_outputs/20", "1 to 4"]),
        ("not_a_number", .malformed, ["input", "nan"]),
        ("absent", .notFound, ["absent.h5"]),
    ])
    func `a fault names the dataset and what was expected`(name: String, kind: RunError.Kind, words: [String]) throws {
        let path = try path(name)
        let error = #expect(throws: RunError.self) { try Examples(at: path) }
        #expect(error?.kind == kind)
        for word in words { #expect(error?.description.contains(word) == true, "\(error?.description ?? "")") }
    }
}

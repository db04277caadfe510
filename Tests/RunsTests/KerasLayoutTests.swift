import Foundation
import HDF5
import Tensors
import TestSupport
import Testing

@testable import Runs

@Suite struct KerasLayoutTests {
    /// The weights that the generator gave the model, by path: Keras's own list.
    private func weights() throws -> [String: [Float]] {
        let parsed = try JSONSerialization.jsonObject(with: Fixture.data("keras/weights.json"))
        return (try #require(parsed as? [String: Any])).mapValues { KerasLayoutTests.flat($0) }
    }

    private static func flat(_ value: Any) -> [Float] {
        if let list = value as? [Any] { return list.flatMap { flat($0) } }
        return (value as? NSNumber).map { [$0.floatValue] } ?? []
    }

    /// The map that the recorder writes.
    private func names() throws -> [String: String] {
        let parsed = try JSONSerialization.jsonObject(with: Fixture.data("keras/names.json"))
        return try #require(parsed as? [String: String])
    }

    private func values(_ checkpoint: Checkpoint) -> [String: [Float]] {
        Dictionary(uniqueKeysWithValues: checkpoint.tensors.map { ($0.name, $0.tensor.values()) })
    }

    @Test(arguments: ["keras3.weights.h5", "sharded_step_12.weights.json"])
    func `Keras 3's numbers become the weights' paths by the recorder's map`(file: String) throws {
        let series = try CheckpointSeries(files: [Fixture.url("keras/\(file)").path()], names: names())
        #expect(series.references.map(\.step) == [12])
        let expected = try weights()
        #expect(try values(series.read(at: 0)) == expected)
    }

    @Test(arguments: ["legacy.h5", "keras2.h5"])
    func `the older form has the weights' names, and the optimizer's count is the step`(file: String) throws {
        let series = try CheckpointSeries(files: [Fixture.url("keras/\(file)").path()])
        #expect(series.references.map(\.step) == [12])
        var expected: [String: [Float]] = [:]
        for (path, values) in try weights() { expected[path.replacing("/", with: ".")] = values }
        if file == "keras2.h5" { expected["scale"] = [0.5] }
        #expect(try values(series.read(at: 0)) == expected)
    }

    @Test func `numbers without the map keep their places, and sort as numbers`() throws {
        let series = try CheckpointSeries(files: [Fixture.url("keras/keras3.weights.h5").path()])
        let known = try names()
        #expect(Set(series.tensors.map(\.name)) == Set(known.keys))
    }

    @Test func `the parts of a sharded checkpoint are no checkpoints of their own`() throws {
        try withTemporaryFolder { folder in
            let source = try Fixture.url("keras").path
            for name in try FileManager.default.contentsOfDirectory(atPath: source) where name.hasPrefix("sharded") {
                try FileManager.default.copyItem(atPath: "\(source)/\(name)", toPath: "\(folder)/\(name)")
            }
            let run = try RunDirectory(at: folder)
            #expect(run.series.references.map(\.step) == [12])
            #expect(run.series.tensors.count == 10)
            try FileManager.default.removeItem(atPath: "\(folder)/sharded_step_12_00001.weights.h5")
            let error = #expect(throws: RunError.self) { try RunDirectory(at: folder) }
            #expect(error?.kind == .temporary)
        }
    }

    @Test func `a weight that is listed and not there is damage`() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/step_1.h5"
            try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in
                try root.setAttribute("layer_names", .texts(["dense"]))
                let layer = try root.createGroup("dense")
                try layer.setAttribute("weight_names", .texts(["dense/kernel:0", "dense/bias:0"]))
                try layer.createGroup("dense").write("kernel:0", Tensor([Float(1)], shape: [1]))
            }
            let error = #expect(throws: RunError.self) { try CheckpointSeries(files: [path]) }
            #expect(error?.kind == .malformed)
            #expect(error?.object == "/dense/dense/bias:0")
            #expect(error?.reason.contains("listed among Keras's weights") == true)
        }
    }

    @Test func `a weight that is none is refused`() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/step_1.h5"
            try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in
                try root.setAttribute("layer_names", .texts(["dense"]))
                let layer = try root.createGroup("dense")
                try layer.setAttribute("weight_names", .texts(["kernel:0"]))
                _ = try layer.createGroup("kernel:0")
            }
            let error = #expect(throws: RunError.self) { try CheckpointSeries(files: [path]) }
            #expect(error?.kind == .mismatch && error?.object == "/dense/kernel:0")
            #expect(error?.reason == "expected a dataset, found a group or type")
        }
    }

    @Test(arguments: [
        ("bf16.weights.h5", ["layers.dense.vars.0", "layers.dense.vars.1"]),
        ("big.weights.json", ["layers.dense.vars.0", "layers.dense.vars.1"]),
        ("conv_legacy.h5", ["batch_normalization.beta", "c1.bias", "c1.kernel", "dense_1.kernel"]),
        ("conv.weights.h5", ["layers.conv2d.vars.0", "layers.dense_1.vars.1"]),
        ("tr.weights.h5", ["layers.multi_head_attention.query_dense.vars.0", "layers.sequential.layers.dense.vars.0"]),
    ])
    func `files that Keras wrote elsewhere are read`(name: String, some: [String]) throws {
        guard let url = Fixture.sharedData("hdf5/keras/\(name)") else { return }
        let series = try CheckpointSeries(files: [url.path()], explicitSteps: [url.path(): 1])
        #expect(Set(series.tensors.map(\.name)).isSuperset(of: some), "\(series.tensors.map(\.name))")
        #expect(try series.read(at: 0).tensors.count == series.tensors.count)
        if name.hasPrefix("b") { #expect(series.tensors.allSatisfy { $0.elementType == .bfloat16 }) }
    }
}

import Foundation
import Graphs
import SwiftProtobuf
import TestSupport
import Tensors
import Testing

@testable import ONNX

@Suite struct ImportTests {
    @Test func `a model keeps its inputs, outputs, nodes and opset`() throws {
        let graph = try Graph(onnxFile: Fixture.url("onnx/superposition.opset18.onnx").path())
        #expect(graph.opset == 18)
        #expect(graph.inputs.map(\.name) == ["x", "W", "b"])
        #expect(graph.inputs[1].dimensions == [.fixed(2), .fixed(6)])
        #expect(graph.inputs[0].dimensions?.last == .fixed(6))
        #expect(graph.outputs.map(\.name) == ["output"])
        #expect(graph.nodes.map(\.operatorName) == ["Transpose", "MatMul", "MatMul", "Add", "Relu"])
    }

    @Test func `a file cut off anywhere is an error, or lacks nothing`() throws {
        let bytes = try Fixture.data("onnx/superposition.opset18.onnx")
        let whole = try Graph(onnx: bytes, file: "whole.onnx")
        for count in 0..<bytes.count {
            do throws(ONNXError) {
                let graph = try Graph(onnx: bytes.prefix(count), file: "cut.onnx")
                // Only what follows the graph and its opset can be missing: the model's own metadata.
                #expect(graph.nodes.count == whole.nodes.count && graph.inputs == whole.inputs)
            } catch {
                #expect(error.kind == .malformed && error.description.contains("cut.onnx"), "\(count) bytes")
            }
        }
    }

    @Test(arguments: ["superposition.opset18", "mlp.opset20", "gelu-language-model.opset20"])
    func `no flipped bit brings the importer down`(model: String) throws {
        let bytes = try Fixture.data("onnx/\(model).onnx")
        var generator = SplitMix64(state: 1)
        for _ in 0..<2000 {
            var damaged = bytes
            damaged[Int.random(in: bytes.indices, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            // Either answer will do; a trap would end the test process.
            _ = try? Graph(onnx: damaged, file: "damaged.onnx")
        }
    }

    @Test func `a file that is not there is named`() {
        let error = #expect(throws: ONNXError.self) { try Graph(onnxFile: "no/such/model.onnx") }
        #expect(error?.kind == .notFound && error?.description.contains("no/such/model.onnx") == true)
    }

    @Test(arguments: [Int64(12), 26, 0]) func `other opsets are refused by number`(version: Int64) throws {
        var model = sample()
        model.opsetImport[0].version = version
        let error = try problem(model)
        #expect(error.kind == .unsupported && error.reason.contains("opset \(version)"))
    }

    @Test func `operators outside the standard are named together`() throws {
        var model = sample()
        model.graph.node[0].domain = "com.microsoft"
        model.graph.node[1].domain = "my.own"
        let error = try problem(model)
        #expect(error.kind == .unsupported)
        #expect(error.reason.contains("com.microsoft.Neg") && error.reason.contains("my.own.Elu"))
    }

    @Test func `external data is refused with a remedy`() throws {
        var model = sample()
        model.graph.initializer = [
            TensorProto.with {
                ($0.name, $0.dims, $0.dataType, $0.dataLocation) = ("w", [2], 1, .external)
            }
        ]
        let error = try problem(model)
        #expect(error.kind == .unsupported && error.description.contains("external_data=False"))
    }

    @Test func `subgraphs are refused`() throws {
        var model = sample()
        model.graph.node[0].attribute = [AttributeProto.with { ($0.name, $0.type) = ("then_branch", .graph) }]
        #expect(try problem(model).kind == .unsupported)
    }

    @Test func `sparse tensors and strings are refused`() throws {
        var sparse = sample()
        sparse.graph.sparseInitializer = [SparseTensorProto()]
        #expect(try problem(sparse).kind == .unsupported)
        var strings = sample()
        strings.graph.initializer = [TensorProto.with { ($0.name, $0.dataType) = ("w", 8) }]
        #expect(try problem(strings).kind == .unsupported)
    }

    @Test func `names that nothing gives or that are given twice are malformed`() throws {
        var unknown = sample()
        unknown.graph.node[0].input = ["nothing"]
        #expect(try problem(unknown).kind == .malformed)
        var repeated = sample()
        repeated.graph.node[1].output = ["a"]
        #expect(try problem(repeated).kind == .malformed)
        var missing = sample()
        missing.graph.output[0].name = "nothing"
        #expect(try problem(missing).kind == .malformed)
    }

    @Test func `attributes of every kind arrive`() throws {
        var model = sample()
        model.graph.node[0].attribute = [
            AttributeProto.with { ($0.name, $0.type, $0.i) = ("i", .int, -3) },
            AttributeProto.with { ($0.name, $0.type, $0.f) = ("f", .float, 0.5) },
            AttributeProto.with { ($0.name, $0.type, $0.s) = ("s", .string, Data("text".utf8)) },
            AttributeProto.with { ($0.name, $0.type, $0.ints) = ("ints", .ints, [1, 2]) },
            AttributeProto.with { ($0.name, $0.type, $0.floats) = ("floats", .floats, [1.5]) },
            AttributeProto.with { ($0.name, $0.type, $0.strings) = ("strings", .strings, [Data("a".utf8)]) },
            AttributeProto.with {
                ($0.name, $0.type) = ("t", .tensor)
                $0.t = TensorProto.with { ($0.dims, $0.dataType, $0.int64Data) = ([1], 7, [9]) }
            },
        ]
        let graph = try Graph(onnx: model.serializedBytes() as Data, file: "m")
        #expect(
            graph.nodes[0].attributes == [
                "i": .integer(-3), "f": .float(0.5), "s": .string("text"), "ints": .integers([1, 2]),
                "floats": .floats([1.5]), "strings": .strings(["a"]), "t": .tensor(Tensor([Int64(9)], shape: [1])),
            ])
    }

    /// The error of importing a model.
    private func problem(_ model: ModelProto) throws -> ONNXError {
        let bytes: Data = try model.serializedBytes()
        return try #require(throws: ONNXError.self) { try Graph(onnx: bytes, file: "model.onnx") }
    }
}

/// x → Neg → a → Elu → y.
func sample() -> ModelProto {
    let type = TypeProto.with {
        $0.tensorType = TypeProto.Tensor.with {
            $0.elemType = 1
            $0.shape.dim = [TensorShapeProto.Dimension.with { $0.dimParam = "batch" }]
        }
    }
    return ModelProto.with {
        $0.irVersion = 10
        $0.opsetImport = [OperatorSetIdProto.with { $0.version = 18 }]
        $0.graph.input = [ValueInfoProto.with { ($0.name, $0.type) = ("x", type) }]
        $0.graph.output = [ValueInfoProto.with { ($0.name, $0.type) = ("y", type) }]
        $0.graph.node = [
            NodeProto.with { ($0.opType, $0.input, $0.output) = ("Neg", ["x"], ["a"]) },
            NodeProto.with { ($0.opType, $0.input, $0.output) = ("Elu", ["a"], ["y"]) },
        ]
    }
}

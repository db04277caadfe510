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

    @Test func `what is no model is malformed, with what to do`() {
        let error = #expect(throws: ONNXError.self) { try Graph(onnx: Data("no model".utf8), file: "text.onnx") }
        #expect(error?.kind == .malformed && error?.description.contains("text.onnx: 8 bytes are no complete") == true)
        #expect(error?.reason.contains("copy or export the file again") == true)
    }

    // Longer than the name of any file.
    @Test func `a file that cannot be read is named`() {
        let path = "/tmp/" + String(repeating: "x", count: 300)
        let error = #expect(throws: ONNXError.self) { try Graph(onnxFile: path) }
        #expect(
            error?.kind == .io && error?.description.contains("\(path): cannot be opened: File name too long") == true)
    }

    @Test func `a file that is not there is named`() {
        let error = #expect(throws: ONNXError.self) { try Graph(onnxFile: "no/such/model.onnx") }
        #expect(error?.kind == .notFound && error?.description.contains("no/such/model.onnx") == true)
    }

    @Test func `a model of two opsets is refused`() throws {
        var model = sample()
        model.opsetImport[0].version = 18
        model.opsetImport.append(OperatorSetIdProto.with { $0.version = 20 })
        let error = try problem(model)
        #expect(error.kind == .malformed && error.reason.contains("several versions of the ONNX operators: 18, 20"))
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

    /// What is wrong with a model.
    struct Damage: CustomTestStringConvertible, Sendable {
        let kind: ONNXError.Kind
        let words: String
        let change: @Sendable (inout ModelProto) -> Void

        var testDescription: String { words }

        init(_ kind: ONNXError.Kind, _ words: String, _ change: @escaping @Sendable (inout ModelProto) -> Void) {
            (self.kind, self.words, self.change) = (kind, words, change)
        }

        /// An attribute of the first node.
        init(_ kind: ONNXError.Kind, _ words: String, attribute: @escaping @Sendable (inout AttributeProto) -> Void) {
            self.init(kind, words) { model in
                model.graph.node[0].attribute = [
                    AttributeProto.with {
                        $0.name = "a"
                        attribute(&$0)
                    }
                ]
            }
        }
    }

    private static let damages = [
        Damage(.malformed, "no graph with an output; is it an ONNX model?") { $0.graph.output = [] },
        Damage(.malformed, "does not say which version") { $0.opsetImport = [] },
        Damage(.malformed, "does not say which version") { $0.opsetImport[0].domain = "own" },
        Damage(.unsupported, "initializer \"s\": sparse tensors are not read; store it densely") {
            $0.graph.sparseInitializer = [SparseTensorProto.with { $0.values.name = "s" }]
        },
        Damage(.unsupported, "initializer \"w\": element type string is not read") {
            $0.graph.initializer = [TensorProto.with { ($0.name, $0.dataType) = ("w", 8) }]
        },
        Damage(
            .unsupported, "initializer \"w\": its numbers are in a file of their own; export with external_data=False"
        ) {
            $0.graph.initializer = [
                TensorProto.with { ($0.name, $0.dims, $0.dataType, $0.dataLocation) = ("w", [2], 1, .external) }
            ]
        },
        Damage(.malformed, "initializer \"w\": there are two of this name") { model in
            let one = TensorProto.with { ($0.name, $0.dims, $0.dataType, $0.floatData) = ("w", [1], 1, [1]) }
            model.graph.initializer = [one, one]
        },
        Damage(.malformed, "input \"x\": there are two of this name") { $0.graph.input += $0.graph.input },
        Damage(.unsupported, "input \"x\": it is declared as something else than a dense tensor") {
            $0.graph.input[0].type = TypeProto()
        },
        Damage(.malformed, "input \"x\": an extent of -2 is declared") {
            $0.graph.input[0].type.tensorType.shape.dim[0].dimValue = -2
        },
        Damage(.malformed, "node \"a\" (Neg): it reads \"nothing\", which no input") {
            $0.graph.node[0].input = ["nothing"]
        },
        Damage(.malformed, "node \"a\" (Elu): it gives \"a\", which exists already") {
            $0.graph.node[1].output = ["a"]
        },
        Damage(.malformed, "output \"nothing\": no node gives it") { $0.graph.output[0].name = "nothing" },
        Damage(.malformed, "node \"a\" (Neg): attribute twice is given twice") { model in
            let one = AttributeProto.with { ($0.name, $0.type) = ("twice", .int) }
            model.graph.node[0].attribute = [one, one]
        },
        Damage(
            .unsupported, "attribute a is a subgraph; loops and branches", attribute: { $0.type = .graph }),
        Damage(.malformed, "attribute a states no type", attribute: { $0.i = 1 }),
        Damage(.unsupported, "attribute a is of a kind that is not read", attribute: { $0.type = .sparseTensor }),
        Damage(
            .malformed, "attribute a is no UTF-8 text",
            attribute: { ($0.type, $0.s) = (.string, Data([0xC3, 0x28])) }),
        Damage(
            .malformed, "attribute a is no UTF-8 text",
            attribute: { ($0.type, $0.strings) = (.strings, [Data([0xFF])]) }),
        Damage(
            .malformed, "attribute a: shape [3] asks for 3 elements; 1 are stored",
            attribute: {
                $0.type = .tensor
                $0.t = TensorProto.with { ($0.dims, $0.dataType, $0.floatData) = ([3], 1, [1]) }
            }),
    ]

    @Test(arguments: damages) func `what cannot be read is refused with the reason`(damage: Damage) throws {
        var model = sample()
        damage.change(&model)
        let error = try problem(model)
        #expect(error.kind == damage.kind && error.description.contains(damage.words), "\(error)")
        #expect(error.file == "model.onnx")
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

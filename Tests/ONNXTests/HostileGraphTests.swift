import Foundation
import SwiftProtobuf
import TestSupport
import Tensors
import Testing

@testable import Graphs
@testable import ONNX

/// Graphs made to do harm: each is refused with an error of the right kind, quickly and without much memory.
@Suite(.timeLimit(.minutes(15))) struct HostileGraphTests {
    // MARK: What the importer refuses

    @Test func `a cycle is malformed`() throws {
        var model = sample()
        model.graph.node = [node("Add", ["x", "b"], ["a"]), node("Neg", ["a"], ["b"]), node("Elu", ["b"], ["y"])]
        let error = try importError(model)
        #expect(error.kind == .malformed && error.description.contains("\"b\""), "\(error)")
    }

    @Test func `a node that reads itself is malformed`() throws {
        var model = sample()
        model.graph.node = [node("Neg", ["y"], ["y"])]
        let error = try importError(model)
        #expect(error.kind == .malformed && error.reason.contains("cannot read what depends on them"), "\(error)")
    }

    @Test func `a model without a graph is malformed`() throws {
        let error = try importError(ModelProto())
        #expect(error.kind == .malformed && error.reason.contains("no graph with an output"), "\(error)")
    }

    @Test(arguments: [[1 << 40], [-1], [1 << 31, 1 << 31, 1 << 31], [.max, .max], [.min], [0, -1], [-1, -1]])
    func `stored tensors of an absurd shape are malformed`(dims: [Int64]) throws {
        for holdsRaw in [true, false] {
            let error = try importError(
                initializer {
                    ($0.dims, $0.dataType) = (dims, 1)
                    if holdsRaw { $0.rawData = Data(count: 16) } else { $0.floatData = [1, 2, 3, 4] }
                })
            #expect(error.kind == .malformed && error.description.contains("\"w\""), "\(error)")
        }
    }

    @Test(arguments: [0, 1, 3, 7, 9, 4096]) func `raw data of another length is malformed`(count: Int) throws {
        let error = try importError(
            initializer { ($0.dims, $0.dataType, $0.rawData) = ([2], 1, Data(count: count)) })
        #expect(error.kind == .malformed && error.reason.contains("\(count)"), "\(error)")
    }

    @Test func `numbers in the field of another type are malformed, as none are in its own`() throws {
        let error = try importError(
            initializer { ($0.dims, $0.dataType, $0.doubleData) = ([2], 1, [1, 2]) })
        #expect(error.kind == .malformed && error.reason.contains("asks for 2 elements; 0 are stored"), "\(error)")
    }

    @Test(arguments: [(Int32(0), ONNXError.Kind.malformed), (8, .unsupported), (14, .unsupported), (99, .unsupported)])
    func `other element types are refused`(number: Int32, kind: ONNXError.Kind) throws {
        var model = sample()
        model.graph.input[0].type.tensorType.elemType = number
        for model in [model, initializer { ($0.dims, $0.dataType) = ([1], number) }] {
            let error = try importError(model)
            #expect(error.kind == kind && error.reason.contains("real numbers, integers and bool are"), "\(error)")
        }
    }

    @Test(arguments: ["/etc/passwd", "../../weights.bin", "weights.bin"])
    func `external data is never opened`(path: String) throws {
        let location = StringStringEntryProto.with { ($0.key, $0.value) = ("location", path) }
        for states in [true, false] {
            let error = try importError(
                initializer {
                    ($0.dims, $0.dataType, $0.externalData) = ([2], 1, [location])
                    if states { $0.dataLocation = .external }
                })
            #expect(error.kind == .unsupported && error.reason.contains("external_data=False"), "\(error)")
        }
    }

    @Test(arguments: [Int64(-1), .min]) func `a negative declared extent is malformed`(extent: Int64) throws {
        var model = sample()
        model.graph.input[0].type.tensorType.shape.dim = [TensorShapeProto.Dimension.with { $0.dimValue = extent }]
        let error = try importError(model)
        #expect(error.kind == .malformed && error.reason.contains("an extent of \(extent) is declared"), "\(error)")
    }

    @Test func `messages nested without end are not followed`() throws {
        // Field 5 of AttributeProto is a tensor, 6 a graph; field 1 of GraphProto a node, 5 of NodeProto an attribute.
        var bytes = Data()
        for level in 0..<100_000 {
            let key: UInt8 = [0x32, 0x2A, 0x0A][level % 3]
            bytes = Data([key]) + varint(bytes.count) + bytes
            // The outermost is a node: what a graph holds.
            if bytes.count > 1 << 17, level % 3 == 2 { break }
        }
        let deep: Data = try sample().serializedBytes() + Data([0x3A]) + varint(bytes.count) + bytes
        let error = try #require(throws: ONNXError.self) { try Graph(onnx: deep, file: "deep.onnx") }
        #expect(error.kind == .malformed && error.reason.contains("states no type"), "\(error)")
        // Groups, of a field that no message has, that begin and do not end.
        let groups = [[UInt8]](repeating: [0xA3, 0x06], count: 100_000).joined()
        let other = try #require(throws: ONNXError.self) { try Graph(onnx: groups, file: "deep.onnx") }
        #expect(other.kind == .malformed && other.reason.contains("no complete ONNX model"), "\(other)")
    }

    @Test func `subgraphs in subgraphs are refused`() throws {
        var model = sample()
        for _ in 0..<20 {
            var branch = node("If", ["x"], ["y"])
            branch.attribute = [AttributeProto.with { ($0.name, $0.type) = ("then_branch", .graph) }]
            model.graph.node = [branch]
        }
        let error = try importError(model)
        #expect(error.kind == .unsupported && error.reason.contains("export the model without them"), "\(error)")
    }

    @Test func `a file that is no regular one is not read`() throws {
        for path in ["/dev/zero", "/tmp"] {
            let error = try #require(throws: ONNXError.self) { try Graph(onnxFile: path) }
            #expect(
                error.kind == .mismatch
                    && error.description.contains("\(path): expected an ONNX file, found a folder or device"))
        }
    }

    @Test func `a file beyond the limit of protobuf is refused before it is read`() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/huge.onnx"
            try Data().write(to: URL(filePath: path))
            // A hole: no disk is used.
            try FileHandle(forWritingTo: URL(filePath: path)).truncate(atOffset: 1 << 40)
            let error = try #require(throws: ONNXError.self) { try Graph(onnxFile: path) }
            #expect(error.kind == .unsupported && error.reason.contains("\(1 << 40)"))
        }
    }

    // MARK: Functions

    @Test func `functions that call functions are bounded in number, though they come to nothing`() throws {
        var model = sample()
        model.functions = (0..<40).map { level in
            function("f\(level)", level < 39 ? (0..<10).map { call("f\(level + 1)", "i", "o\($0)") } : [])
        }
        model.graph.node = [call("f0", "x", "y")]
        let error = try importError(model)
        #expect(error.kind == .unsupported && error.reason.contains("nodes"), "\(error)")
    }

    @Test func `what functions repeat is bounded in bytes`() throws {
        var constant = node("Constant", [], ["c"])
        constant.attribute = [
            AttributeProto.with {
                ($0.name, $0.type) = ("value", .tensor)
                $0.t = TensorProto.with { ($0.dims, $0.dataType, $0.rawData) = ([1 << 18], 1, Data(count: 1 << 20)) }
            }
        ]
        var model = sample()
        model.functions = [function("big", [constant])]
        model.graph.node = (0..<2000).map { call("big", "x", "y\($0)") }
        let error = try importError(model)
        #expect(error.kind == .unsupported && error.reason.contains("MiB"), "\(error)")
    }

    @Test func `functions that call each other are malformed`() throws {
        var model = sample()
        model.functions = [
            function("f", [call("g", "i", "o")]), function("g", [call("f", "i", "o")]),
        ]
        model.graph.node = [call("f", "x", "y")]
        let error = try importError(model)
        #expect(error.kind == .malformed && error.reason.contains("does one call itself?"), "\(error)")
    }

    // MARK: What the plan refuses

    @Test(arguments: ["ConstantOfShape", "Expand", "Tile"])
    func `2⁴⁰ elements are refused where they would be computed beforehand`(name: String) throws {
        var model = sample()
        model.graph.initializer = [whole("shape", [1 << 20, 1 << 20])]
        let operands = name == "ConstantOfShape" ? ["shape"] : ["one", "shape"]
        if name != "ConstantOfShape" {
            model.graph.initializer.append(
                TensorProto.with { ($0.name, $0.dims, $0.dataType, $0.floatData) = ("one", [1, 1], 1, [1]) })
        }
        model.graph.node = [node(name, operands, ["big"]), node("Add", ["x", "big"], ["y"])]
        let error = try planError(model)
        #expect(error.kind == .unsupported && error.location?.contains(name) == true, "\(error)")
    }

    @Test func `a range of 2⁴⁰ numbers is refused`() throws {
        var model = sample()
        model.graph.initializer = [scalar("0", 0), scalar("1", 1), scalar("limit", 1 << 40)]
        model.graph.node = [node("Range", ["0", "limit", "1"], ["big"]), node("Add", ["x", "big"], ["y"])]
        let error = try planError(model)
        #expect(error.kind == .unsupported && error.reason.contains("elements per example"), "\(error)")
    }

    @Test(arguments: ["edge", "reflect", "wrap"]) func `a margin of 2³⁰ copies is refused`(mode: String) throws {
        var model = sample()
        model.graph.initializer = [whole("pads", [0, 1 << 30]), whole("two", [1, 1])]
        model.graph.node = [node("Pad", ["two", "pads"], ["big"]), node("Add", ["x", "big"], ["y"])]
        model.graph.node[0].attribute = [text("mode", mode)]
        let error = try planError(model)
        #expect(error.kind == .unsupported && error.reason.contains("at most 4096 repetitions"), "\(error)")
    }

    @Test func `a sequence of 2³⁰ parts is refused`() throws {
        var model = sample()
        model.graph.initializer = [whole("shape", [1 << 30]), scalar("0", 0)]
        model.graph.node = [
            node("ConstantOfShape", ["shape"], ["big"]), node("SplitToSequence", ["big"], ["parts"]),
            node("SequenceAt", ["parts", "0"], ["part"]), node("Add", ["x", "part"], ["y"]),
        ]
        let error = try planError(model)
        #expect(error.kind == .unsupported && error.reason.contains("a sequence of 1073741824 elements"), "\(error)")
    }

    @Test func `sequences that are joined again and again are bounded together`() throws {
        var model = sample()
        model.graph.node =
            [node("SequenceConstruct", [String](repeating: "x", count: 1000), ["list"])]
            + (0..<1000).map { node("ConcatFromSequence", ["list"], ["joined\($0)"]) }
            + [node("Sum", (0..<1000).map { "joined\($0)" }, ["y"])]
        for index in model.graph.node.indices where model.graph.node[index].opType == "ConcatFromSequence" {
            model.graph.node[index].attribute = [integer("axis", 0)]
        }
        let error = try planError(model)
        #expect(error.kind == .unsupported && error.reason.contains("sequences have room for"), "\(error)")
    }

    @Test(arguments: ["Conv", "ConvTranspose"])
    func `groups of no channels are refused, however many`(name: String) throws {
        var model = sample()
        model.graph.input[0].type.tensorType.shape.dim += [0, 4].map { extent in
            TensorShapeProto.Dimension.with { $0.dimValue = extent }
        }
        model.graph.initializer = [
            TensorProto.with {
                ($0.name, $0.dims, $0.dataType) = ("w", name == "Conv" ? [0, 0, 1] : [0, 4, 1], 1)
            }
        ]
        model.graph.node = [node(name, ["x", "w"], ["y"])]
        model.graph.node[0].attribute = [integer("group", 1 << 62)]
        let error = try planError(model, example: [0, 4])
        #expect(error.kind == .mismatch && error.reason.contains("in 4611686018427387904 groups"), "\(error)")
    }

    @Test(arguments: [Int64.max, 1 << 62, -1, 0]) func `no channels are divided into no other number of groups`(
        count: Int64
    ) throws {
        var model = sample()
        model.graph.input[0].type.tensorType.shape.dim.append(
            TensorShapeProto.Dimension.with { $0.dimValue = 0 })
        model.graph.initializer = [TensorProto.with { ($0.name, $0.dims, $0.dataType) = ("none", [0], 1) }]
        model.graph.node = [node("GroupNormalization", ["x", "none", "none"], ["y"])]
        model.graph.node[0].attribute = [integer("num_groups", count)]
        let error = try planError(model, example: [0])
        #expect(error.kind == .malformed && error.reason.contains("num_groups is \(count)"), "\(error)")
    }

    @Test func `an equation with more indices than the kernels hold is refused`() throws {
        var model = sample()
        let names = ["abcdefgh", "ijklmnop", "qrstuvwx"]
        model.graph.initializer = names.map { name in
            TensorProto.with {
                ($0.name, $0.dims, $0.dataType) = (name, [Int64](repeating: 2, count: 8), 1)
                $0.rawData = Data(count: 1024)
            }
        }
        model.graph.node = [node("Einsum", names, ["e"]), node("Add", ["x", "e"], ["y"])]
        model.graph.node[0].attribute = [text("equation", names.joined(separator: ",") + "->")]
        let error = try planError(model)
        #expect(error.kind == .unsupported && error.reason.contains("24"), "\(error)")
    }

    @Test func `a window over more than the kernels hold is refused`() throws {
        var model = sample()
        model.graph.input[0].type.tensorType.shape.dim += [1, 4, 4].map { extent in
            TensorShapeProto.Dimension.with { $0.dimValue = extent }
        }
        model.graph.node = [node("MaxPool", ["x"], ["y"])]
        let large = Int64(Int32.max)
        model.graph.node[0].attribute = [
            integers("kernel_shape", [large, large]), integers("pads", [large, large, large, large]),
        ]
        let error = try planError(model, example: [1, 4, 4])
        #expect(error.kind == .unsupported && error.reason.contains("positions is too large"), "\(error)")
    }

    @Test func `constants that would take long are left to the evaluation`() throws {
        // Sixty products of 4096² matrices would take minutes.
        var model = sample()
        model.graph.initializer = [whole("shape", [1 << 12, 1 << 12])]
        model.graph.node = [node("ConstantOfShape", ["shape"], ["m0"])]
        for index in 0..<60 { model.graph.node.append(node("MatMul", ["m\(index)", "m0"], ["m\(index + 1)"])) }
        model.graph.node += [node("ReduceMax", ["m60"], ["top"]), node("Add", ["x", "top"], ["y"])]
        model.graph.node[model.graph.node.count - 2].attribute = [integer("keepdims", 0)]
        let clock = ContinuousClock()
        let time = try clock.measure { _ = try plan(model) }
        #expect(time < .seconds(30), "\(time)")
    }

    // MARK: Sizes

    @Test(arguments: ["Identity", "Neg"]) func `a chain of 100,000 nodes is refused in time`(name: String) throws {
        var model = sample()
        model.graph.node = (0..<100_000).map { node(name, ["v\($0)"], ["v\($0 + 1)"]) }
        model.graph.node[0].input = ["x"]
        model.graph.node.append(node("Elu", ["v100000"], ["y"]))
        let clock = ContinuousClock()
        let time = try clock.measure {
            let error = try planError(model)
            #expect(error.kind == .unsupported && error.reason.contains("takes 100001 nodes"), "\(error)")
        }
        print("a chain of 100,000 \(name) is refused in \(time)")
        #expect(time < .seconds(60), "\(time)")
    }

    @Test func `what a function takes for names and attributes without contents is bounded`() throws {
        var model = sample()
        model.graph.node = [call("f5", "x", "y")]
        var body = node("Sum", [String](repeating: "", count: 1_000_000), ["o"])
        body.input[0] = "i"
        model.functions = [function("f1", [body])]
        for level in 2...5 {
            let calls = (0..<10).map { call("f\(level - 1)", "i", $0 == 9 ? "o" : "o\($0)") }
            model.functions.append(function("f\(level)", calls))
        }
        let error = try importError(model)
        #expect(error.kind == .unsupported && error.reason.contains("export the model without functions"), "\(error)")
        // Inputs that no call gives.
        var idle = function("f1", [node("Identity", ["i"], ["o"])])
        idle.input += (0..<200_000).map { "unused\($0)" }
        model.functions[0] = idle
        let other = try importError(model)
        #expect(other.kind == .unsupported && other.reason.contains("export the model without functions"), "\(other)")
    }

    @Test func `more values than can be placed are refused`() throws {
        var model = sample()
        let count = 200_000
        model.graph.node = [
            node("Neg", ["x"], ["z"]), node("Split", ["z"], (0..<count).map { "part\($0)" }),
            node("Add", ["part0", "part1"], ["y"]),
        ]
        model.graph.node[1].attribute = [integer("axis", 1), integer("num_outputs", Int64(count))]
        let plan = try plan(model, example: [count])
        let error = #expect(throws: GraphError.self) { try plan.checkSize() }
        #expect(error?.kind == .unsupported && error?.reason.contains("values and gradients") == true)
    }

    @Test func `a mask that many nodes read is held once`() throws {
        var model = sample()
        model.graph.initializer = [
            TensorProto.with {
                ($0.name, $0.dims, $0.dataType, $0.int32Data) = ("m", [64, 64], 9, [Int32](repeating: 1, count: 4096))
            },
            TensorProto.with { ($0.name, $0.dataType, $0.floatData) = ("far", 1, [-1e4]) },
        ]
        model.graph.node = []
        for index in 0..<50 {
            model.graph.node.append(node("Where", ["m", index == 0 ? "x" : "p\(index - 1)", "far"], ["s\(index)"]))
            model.graph.node.append(node("Softmax", ["s\(index)"], [index == 49 ? "y" : "p\(index)"]))
        }
        let plan = try plan(model, example: [64, 64])
        #expect(plan.steps.count == 50)
        let masks = plan.values.count {
            if case .constant(let tensor) = $0.source { tensor.count == 4096 } else { false }
        }
        #expect(masks == 1)
    }

    // MARK: What a node lacks, or has too much of

    @Test func `absent inputs at the end are as good as not listed`() throws {
        var model = sample()
        model.graph.node = [
            node("Mul", ["x", "x", ""], ["a"]), node("Add", ["a", "x", "", ""], ["b"]),
            node("Softmax", ["b", ""], ["y"]),
        ]
        #expect(try plan(model, example: [4]).steps.count == 3)
    }

    @Test(arguments: ["Mul", "Add"]) func `an input too many is malformed`(name: String) throws {
        var model = sample()
        model.graph.node = [node("Neg", ["x"], ["a"]), node(name, ["x", "a", "a"], ["y"])]
        let error = try planError(model, example: [4])
        #expect(error.kind == .malformed && error.reason.contains("there are 3 inputs; at most 2"), "\(error)")
    }

    @Test func `an operator without its first output is malformed`() throws {
        var model = sample()
        model.graph.initializer = [
            TensorProto.with { ($0.name, $0.dims, $0.dataType, $0.floatData) = ("s", [4], 1, [1, 1, 1, 1]) }
        ]
        model.graph.node = [node("LayerNormalization", ["x", "s"], ["", "y"])]
        let error = try planError(model, example: [4])
        #expect(error.kind == .malformed && error.reason.contains("output 0 is required"), "\(error)")
    }

    @Test func `names that sequences make are nobody else's`() throws {
        var model = sample()
        model.graph.initializer = [whole("zero", [0])]
        model.graph.initializer[0].dims = []
        model.graph.node = [
            node("Neg", ["x"], ["s[0]"]), node("SplitToSequence", ["x"], ["s"]),
            node("SequenceAt", ["s", "zero"], ["a"]),
            node("Add", ["a", "s[0]"], ["y"]),
        ]
        model.graph.node[1].attribute = [integer("axis", 1)]
        let error = try planError(model, example: [2])
        #expect(error.kind == .unsupported && error.reason.contains("rename that one"), "\(error)")
    }

    @Test func `an equation of too many operands is malformed`() throws {
        var model = sample()
        let operands = [String](repeating: "x", count: 65)
        model.graph.node = [node("Einsum", operands, ["y"])]
        model.graph.node[0].attribute = [
            text("equation", [String](repeating: "ba", count: 65).joined(separator: ",") + "->ba")
        ]
        let error = try planError(model, example: [2])
        #expect(error.kind == .malformed && error.reason.contains("at most 64"), "\(error)")
    }

    @Test func `an attribute that refers to a function's is malformed in a graph`() throws {
        var model = sample()
        model.graph.node = [node("Elu", ["x"], ["y"])]
        model.graph.node[0].attribute = [
            AttributeProto.with { ($0.name, $0.type, $0.refAttrName) = ("alpha", .float, "slope") }
        ]
        let error = try importError(model)
        #expect(error.kind == .malformed && error.reason.contains("refers to one of a function"), "\(error)")
    }

    // MARK: Making models

    private func node(_ name: String, _ inputs: [String], _ outputs: [String]) -> NodeProto {
        NodeProto.with { ($0.opType, $0.input, $0.output) = (name, inputs, outputs) }
    }

    private func call(_ name: String, _ input: String, _ output: String) -> NodeProto {
        NodeProto.with { ($0.domain, $0.opType, $0.input, $0.output) = ("own", name, [input], [output]) }
    }

    private func function(_ name: String, _ nodes: [NodeProto]) -> FunctionProto {
        FunctionProto.with {
            ($0.domain, $0.name, $0.input, $0.output, $0.node) = ("own", name, ["i"], ["o"], nodes)
        }
    }

    private func integer(_ name: String, _ value: Int64) -> AttributeProto {
        AttributeProto.with { ($0.name, $0.type, $0.i) = (name, .int, value) }
    }

    private func integers(_ name: String, _ values: [Int64]) -> AttributeProto {
        AttributeProto.with { ($0.name, $0.type, $0.ints) = (name, .ints, values) }
    }

    private func text(_ name: String, _ value: String) -> AttributeProto {
        AttributeProto.with { ($0.name, $0.type, $0.s) = (name, .string, Data(value.utf8)) }
    }

    private func whole(_ name: String, _ values: [Int64]) -> TensorProto {
        TensorProto.with { ($0.name, $0.dims, $0.dataType, $0.int64Data) = (name, [Int64(values.count)], 7, values) }
    }

    private func scalar(_ name: String, _ value: Int64) -> TensorProto {
        TensorProto.with { ($0.name, $0.dataType, $0.int64Data) = (name, 7, [value]) }
    }

    private func initializer(_ change: (inout TensorProto) -> Void) -> ModelProto {
        var model = sample()
        model.graph.initializer = [
            TensorProto.with {
                $0.name = "w"
                change(&$0)
            }
        ]
        return model
    }

    private func varint(_ value: Int) -> Data {
        var (bytes, rest) = (Data(), value)
        while rest > 127 {
            bytes.append(UInt8(rest & 127 | 128))
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    private func importError(_ model: ModelProto) throws -> ONNXError {
        let bytes: Data = try model.serializedBytes()
        return try #require(throws: ONNXError.self) { try Graph(onnx: bytes, file: "model.onnx") }
    }

    private func planError(_ model: ModelProto, example: Shape = []) throws -> GraphError {
        try #require(throws: GraphError.self) { try plan(model, example: example) }
    }

    private func plan(_ model: ModelProto, example: Shape = []) throws -> Plan {
        var model = model
        for extent in example.dimensions.dropFirst(model.graph.input[0].type.tensorType.shape.dim.count - 1) {
            model.graph.input[0].type.tensorType.shape.dim.append(.with { $0.dimValue = Int64(extent) })
        }
        let graph = try Graph(onnx: model.serializedBytes() as Data, file: "model.onnx")
        let constants = graph.initializers.keys + graph.nodes.flatMap(\.outputs)
        let binding = try ParameterBinding(
            graph: graph, tensors: [], rules: BindingRules(constants: Array(constants)), dataNames: ["x"]
        ) { _, _ in false }
        return try Plan(graph: graph, binding: binding, exampleShapes: ["x": example])
    }
}

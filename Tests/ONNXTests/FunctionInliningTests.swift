import Foundation
import Graphs
import SwiftProtobuf
import Testing

@testable import ONNX

@Suite struct FunctionInliningTests {
    @Test func `a call is replaced by the function's nodes`() throws {
        var model = sample()
        model.graph.node[1] = call(output: "y", slope: nil)
        model.functions = [shiftedElu]
        let graph = try imported(model)
        #expect(graph.nodes.map(\.operatorName) == ["Neg", "Abs", "Elu"])
        #expect(graph.nodes[1].inputs == ["a"] && graph.nodes[2].outputs == ["y"])
        #expect(graph.nodes[2].inputs == graph.nodes[1].outputs)
        #expect(graph.nodes[2].attributes == ["alpha": .float(0.25)], "the function's default")
    }

    @Test func `the call's attribute goes before the default`() throws {
        var model = sample()
        model.graph.node[1] = call(output: "y", slope: 2)
        model.functions = [shiftedElu]
        #expect(try imported(model).nodes[2].attributes == ["alpha": .float(2)])
    }

    @Test func `two calls do not share names`() throws {
        var model = sample()
        model.graph.node = [call(output: "a", slope: nil), call(output: "y", slope: nil)]
        model.graph.node[0].input = ["x"]
        model.functions = [shiftedElu]
        #expect(Set(try imported(model).nodes.flatMap(\.outputs)).count == 4)
    }

    @Test func `two functions of one name are malformed`() throws {
        var model = sample()
        model.functions = [shiftedElu, shiftedElu]
        let error = #expect(throws: ONNXError.self) { try imported(model) }
        #expect(error?.kind == .malformed && error?.location == "function \"ShiftedElu\"")
        #expect(error?.reason == "there are two of this name")
    }

    @Test func `a function that calls itself is malformed`() throws {
        var model = sample()
        model.graph.node[1] = call(output: "y", slope: nil)
        var endless = shiftedElu
        endless.node = [call(output: "result", slope: nil)]
        endless.node[0].input = ["value"]
        model.functions = [endless]
        let error = #expect(throws: ONNXError.self) { try imported(model) }
        #expect(error?.kind == .malformed && error?.reason.contains("64 deep; does one call itself?") == true)
    }

    @Test(arguments: [(["a", "a"], ["y"]), (["a"], ["y", "z"]), (["a"], []), (["a"], [""])])
    func `a call that does not fit its function is malformed`(inputs: [String], outputs: [String]) throws {
        var model = sample()
        model.graph.node[1] = call(output: "y", slope: nil)
        (model.graph.node[1].input, model.graph.node[1].output) = (inputs, outputs)
        model.functions = [shiftedElu]
        let error = #expect(throws: ONNXError.self) { try imported(model) }
        #expect(error?.kind == .malformed && error?.location == "function pkg.custom.ShiftedElu")
        let counts = "1 input and 1 output; a call gives \(inputs.count) and takes \(outputs.count)"
        #expect(error?.reason.contains(counts) == true)
    }

    @Test func `a function of another opset is refused`() throws {
        var model = sample()
        model.graph.node[1] = call(output: "y", slope: nil)
        model.functions = [shiftedElu]
        model.functions[0].opsetImport = [OperatorSetIdProto.with { $0.version = 17 }]
        let error = #expect(throws: ONNXError.self) { try imported(model) }
        #expect(error?.kind == .unsupported && error?.reason.contains("opset 17, the graph for opset 18") == true)
    }

    /// value → Abs → inner → Elu(alpha: slope, 0.25 by default) → result.
    private var shiftedElu: FunctionProto {
        FunctionProto.with {
            ($0.domain, $0.name, $0.input, $0.output) = ("pkg.custom", "ShiftedElu", ["value"], ["result"])
            $0.attributeProto = [AttributeProto.with { ($0.name, $0.type, $0.f) = ("slope", .float, 0.25) }]
            $0.node = [
                NodeProto.with { ($0.opType, $0.input, $0.output) = ("Abs", ["value"], ["inner"]) },
                NodeProto.with {
                    ($0.opType, $0.input, $0.output) = ("Elu", ["inner"], ["result"])
                    $0.attribute = [
                        AttributeProto.with { ($0.name, $0.type, $0.refAttrName) = ("alpha", .float, "slope") }
                    ]
                },
            ]
        }
    }

    private func call(output: String, slope: Float?) -> NodeProto {
        NodeProto.with {
            ($0.domain, $0.opType, $0.input, $0.output) = ("pkg.custom", "ShiftedElu", ["a"], [output])
            if let slope {
                $0.attribute = [AttributeProto.with { ($0.name, $0.type, $0.f) = ("slope", .float, slope) }]
            }
        }
    }

    private func imported(_ model: ModelProto) throws -> Graph {
        try Graph(onnx: model.serializedBytes() as Data, file: "model.onnx")
    }
}

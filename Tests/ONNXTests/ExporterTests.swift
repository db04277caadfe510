import Foundation
import Graphs
import ONNX
import TestSupport
import Tensors
import Testing

/// Graphs of several exporters and export modes, where they lie beside the repository.
@Suite struct ExporterTests {
    /// Model kinds whose operators are all implemented.
    private static let models = [
        "attn_only_lm", "convnet", "dln", "lenet", "llama", "llama_native_rms", "mha_transformer", "mlp", "modadd",
        "nanogpt_tied", "te_layer_float", "tms",
    ]

    @Test(
        .enabled(if: Fixture.sharedData("onnx/safe") != nil), arguments: models, ["func_opt_op18", "funcbuf_opt_op20"])
    func `graphs with parameters as inputs are planned`(model: String, mode: String) throws {
        let url = try #require(Fixture.sharedData("onnx/safe/\(model).\(mode).onnx"))
        let graph = try Graph(onnxFile: url.path())
        // Buffers that the mode func_opt stores in the graph: nothing is replaced here, only planned.
        let stored = graph.initializers.filter { $0.value.elementType.isFloatingPoint && $0.value.count > 1 }
        let binding = try ParameterBinding(
            graph: graph, tensors: tensors(graph), rules: BindingRules(constants: stored.keys.sorted()),
            dataNames: ["x"]
        ) { _, _ in false }
        let example = graph.inputs[0].dimensions?.dropFirst().map {
            if case .fixed(let extent) = $0 { extent } else { 8 }
        }
        let plan = try Plan(
            graph: graph, binding: binding, exampleShapes: ["x": Shape(example ?? [])],
            outputName: graph.outputs.first?.name)
        #expect(plan.outputShape.elementCount > 0)
    }

    @Test(
        .enabled(if: Fixture.sharedData("onnx/unsafe") != nil),
        arguments: ["llama", "lstm", "mha_transformer", "nanogpt_tied", "tms"])
    func `graphs with folded weights are refused`(model: String) throws {
        let safe = try #require(Fixture.sharedData("onnx/safe/\(model).funcbuf_opt_op20.onnx"))
        let unsafe = try #require(Fixture.sharedData("onnx/unsafe/\(model).dyn_opt_op20.onnx"))
        let graph = try Graph(onnxFile: unsafe.path())
        let tensors = tensors(try Graph(onnxFile: safe.path()))
        let error = #expect(throws: GraphError.self) {
            try ParameterBinding(graph: graph, tensors: tensors, dataNames: ["x"]) { _, _ in false }
        }
        #expect([.mismatch, .unsupported].contains(error?.kind))
    }

    /// The checkpoint that an export with parameters as inputs belongs to: every floating-point input but the data.
    private func tensors(_ graph: Graph) -> [CheckpointTensor] {
        graph.inputs.dropFirst().map { input in
            let shape = (input.dimensions ?? []).compactMap { if case .fixed(let extent) = $0 { extent } else { nil } }
            return CheckpointTensor(name: input.name, shape: Shape(shape), elementType: input.elementType)
        }
    }
}

import TestSupport
import Tensors
import Testing

@testable import Graphs

/// Attention, recurrent layers, normalisations and activations in a plan.
@Suite struct BlockOperationsTests {
    private static func tensor(_ shape: Int..., seed: UInt64 = 1) -> Tensor {
        Tensor(TestGraphs.numbers(shape.reduce(1, *), seed: seed), shape: Shape(shape))
    }

    @Test func `a number that is not one is not hidden by the softmax`() throws {
        var values = TestGraphs.numbers(24, seed: 3)
        values[0] = .nan
        let inputs = [Tensor(values, shape: [1, 2, 3, 4]), Self.tensor(1, 2, 3, 4), Self.tensor(1, 2, 3, 4)]
        let output: [Double] = try OperationHarness("Attention", opset: 23, inputs: inputs).forward()[0]
        #expect(output[0..<4].allSatisfy(\.isNaN) && output[4...].allSatisfy(\.isFinite))
    }

    /// A model of one operation, with the batch along an axis.
    struct Model: CustomTestStringConvertible, Sendable {
        let name: String
        var opset = 24
        /// Of one example.
        let shape: Shape
        let parameters: [(name: String, shape: Shape)]
        let nodes: [Node]

        var testDescription: String { name }
    }

    private static func node(
        _ name: String, _ inputs: [String], _ outputs: [String] = ["y"], _ attributes: [String: Attribute] = [:]
    ) -> Node { Node(operatorName: name, inputs: inputs, outputs: outputs, attributes: attributes) }

    private static let models = [
        Model(
            name: "LSTM, time first", shape: [3, 2],
            parameters: [("w", [2, 8, 2]), ("r", [2, 8, 2]), ("b", [2, 16]), ("p", [2, 6])],
            nodes: [
                node("Transpose", ["x"], ["t"], ["perm": .integers([1, 0, 2])]),
                node("LSTM", ["t", "w", "r", "b", "", "", "", "p"], ["s"], ["direction": .string("bidirectional")]),
                node("Transpose", ["s"], ["y"], ["perm": .integers([2, 0, 1, 3])]),
            ]),
        Model(
            name: "LSTM, the last state alone", opset: 14, shape: [3, 2],
            parameters: [("w", [1, 8, 2]), ("r", [1, 8, 2])],
            nodes: [
                node("LSTM", ["x", "w", "r"], ["", "h"], ["layout": .integer(1)]), node("Neg", ["h"]),
            ]),
        Model(
            name: "Attention with a learnt mask", shape: [3, 4], parameters: [("w", [4, 12]), ("m", [2, 3, 3])],
            nodes: [
                node("MatMul", ["x", "w"], ["qkv"]),
                node("Split", ["qkv"], ["q", "k", "v"], ["axis": .integer(2), "num_outputs": .integer(3)]),
                node(
                    "Attention", ["q", "k", "v", "m"], ["y"],
                    [
                        "q_num_heads": .integer(2), "kv_num_heads": .integer(2), "is_causal": .integer(1),
                        "softcap": .float(2),
                    ]),
            ]),
        Model(
            name: "Attention, the scores and the keys given out", shape: [2, 3, 4], parameters: [("w", [4, 4])],
            nodes: [
                node("MatMul", ["x", "w"], ["k"]),
                node(
                    "Attention", ["x", "k", "x"], ["unused", "keys", "", "scores"],
                    ["qk_matmul_output_mode": .integer(3)]),
                node("MatMul", ["scores", "keys"]),
            ]),
        Model(
            name: "GroupNormalization", shape: [4, 3], parameters: [("s", [4]), ("b", [4]), ("w", [3, 3])],
            nodes: [
                node("MatMul", ["x", "w"], ["z"]),
                node("GroupNormalization", ["z", "s", "b"], ["y"], ["num_groups": .integer(2)]),
            ]),
        Model(
            name: "RMSNormalization", shape: [3, 4], parameters: [("s", [4]), ("w", [4, 4])],
            nodes: [node("MatMul", ["x", "w"], ["z"]), node("RMSNormalization", ["z", "s"])]),
        Model(
            name: "ConvTranspose and PRelu", shape: [2, 3],
            parameters: [("w", [2, 2, 2]), ("b", [2]), ("s", [2, 1])],
            nodes: [
                node("ConvTranspose", ["x", "w", "b"], ["z"], ["strides": .integers([2])]), node("PRelu", ["z", "s"]),
            ]),
    ]

    @Test(arguments: models) func `batches of any size: an example's loss is its own, the gradient its derivative`(
        model: Model
    ) throws {
        let parameters = model.parameters.map { TestGraphs.tensor($0.name, $0.shape) }
        let graph = Graph(
            inputs: [TestGraphs.input("x", [.symbolic("batch")] + model.shape.dimensions.map { .fixed($0) })]
                + model.parameters.map { TestGraphs.input($0.name, $0.shape.dimensions.map { .fixed($0) }) },
            outputs: [TestGraphs.input("y", [])], initializers: [:], nodes: model.nodes, opset: model.opset)
        let binding = try ParameterBinding(graph: graph, tensors: parameters) { _, _ in false }
        let plan = try Plan(graph: graph, binding: binding, exampleShapes: ["x": model.shape])
        let count = 5
        let examples = Tensor(
            TestGraphs.numbers(count * model.shape.elementCount, seed: 11),
            shape: Shape([count] + model.shape.dimensions))
        let targets = Tensor(
            TestGraphs.numbers(count * plan.outputShape.elementCount, seed: 12),
            shape: Shape([count] + plan.outputShape.dimensions))
        let loss = try ModelLoss<Double>(
            plan: plan, head: .sumSquaredError, inputs: ["x": examples], targets: targets)
        let evaluator = try loss.makeEvaluator(capacity: count)
        let point = TestGraphs.numbers(parameters.reduce(0) { $0 + $1.shape.elementCount }, seed: 13)
        var (losses, single, gradient): ([Double], [Double], [Double]) = ([], [], [])
        evaluator.lossesAndGradient(at: point, examples: Array(0..<count), losses: &losses, gradient: &gradient)
        let problem = GradientChecker().problem(at: point, gradient: gradient) { point in
            var values: [Double] = []
            evaluator.losses(at: point, examples: Array(0..<count), into: &values)
            return values.reduce(0, +) / Double(count)
        }
        #expect(problem == nil)
        for example in 0..<count {
            evaluator.losses(at: point, examples: [example], into: &single)
            // Products of one row are rounded otherwise than those of several.
            #expect(Tolerance.relative(1e-13).accepts(single[0], losses[example]))
        }
    }
}

import Tensors
import Testing

@testable import Graphs

/// Examples and targets that do not suit the graph or the loss.
@Suite struct LossRefusalsTests {
    /// Ten examples of three numbers each, of which one thing is wrong.
    struct Refusal: CustomTestStringConvertible, Sendable {
        var declared = [TestGraphs.input("x", [.symbolic("batch"), .fixed(3)])]
        var nodes = [Node(operatorName: "Neg", inputs: ["x"], outputs: ["y"])]
        var head = LossHead.sumSquaredError
        var inputs = ["x": numbers]
        var targets: Tensor? = numbers
        var examples: [Int]?
        let kind: GraphError.Kind
        let words: String

        var testDescription: String { words }
    }

    private static let numbers = Tensor((0..<30).map { Double($0 % 7) }, shape: [10, 3])
    private static let classes = Tensor((0..<10).map { Int64($0 % 3) }, shape: [10])
    private static let tokens = Tensor((0..<30).map { Int64($0 % 3) }, shape: [10, 3])
    private static let tooLarge = Tensor((0..<30).map { $0 == 17 ? 1e300 : 0 }, shape: [10, 3])

    private static let examples = [
        Refusal(inputs: ["z": numbers], kind: .notFound, words: "no examples for graph input x; there are some for z"),
        Refusal(
            inputs: ["x": Tensor([0.0, 0], shape: [2, 1])], kind: .mismatch,
            words: "x has shape [batch, 3]; examples have shape [1]"),
        Refusal(inputs: ["x": tokens], kind: .mismatch, words: "x is float32; the examples are int64"),
        Refusal(
            declared: ["x", "z"].map { TestGraphs.input($0, [.symbolic("batch"), .fixed(3)]) },
            inputs: ["x": numbers, "z": Tensor([0.0, 0, 0], shape: [1, 3])], kind: .mismatch,
            words: "1 examples in z, 10 in x"),
        Refusal(
            inputs: ["x": Tensor([] as [Double], shape: [0, 3])], kind: .mismatch,
            words: "expected at least one example, found none"),
        Refusal(examples: [9, 10], kind: .mismatch, words: "example 10 is chosen; there are 10, counted from 0"),
    ]

    private static let targets = [
        Refusal(
            head: .crossEntropy, kind: .mismatch, words: "needs integer targets, the classes' indices; they are float64"
        ),
        Refusal(head: .crossEntropy, targets: nil, kind: .notFound, words: "add `targets` to data.h5"),
        Refusal(
            head: .crossEntropy, targets: tokens, kind: .mismatch,
            words: "targets have shape [10, 3]; loss cross-entropy needs [10]"),
        Refusal(
            head: .crossEntropy, targets: Tensor((0..<10).map { Int64($0 % 5 == 4 ? -100 : 1) }, shape: [10]),
            kind: .mismatch,
            words: "2 examples without any target, the first example 4: all of its targets are -100"),
        Refusal(
            nodes: [
                Node(
                    operatorName: "ReduceSum", inputs: ["x", "axis"], outputs: ["y"],
                    attributes: ["keepdims": .integer(0)])
            ],
            head: .crossEntropy, targets: classes, kind: .mismatch,
            words: "needs classes on the output's last axis; it has none"),
        Refusal(
            targets: classes, kind: .mismatch, words: "targets have shape [10]; loss sum-squared-error needs [10, 3]"),
        Refusal(targets: Tensor([1.0], shape: []), kind: .mismatch, words: "targets have shape []"),
        Refusal(head: .meanSquaredError, targets: nil, kind: .notFound, words: "loss mean-squared-error needs targets"),
        Refusal(
            head: .binaryCrossEntropy, kind: .mismatch,
            words: "example 0 has target 2.0; loss binary-cross-entropy needs 0 to 1"),
        Refusal(
            targets: tooLarge, kind: .mismatch,
            words: "example 5 has target 1e+300; loss sum-squared-error needs finite numbers within the range of"),
        Refusal(
            head: .output("y"), targets: nil, kind: .mismatch,
            words: "loss output:y needs one number per example; the output has shape [3]"),
        Refusal(
            head: .nextToken, targets: nil, kind: .mismatch,
            words: "needs one integer graph input of shape [examples, positions]; found none, or several"),
        Refusal(
            declared: [TestGraphs.input("x", [.symbolic("batch"), .fixed(3)], .int64)],
            nodes: [Node(operatorName: "Cast", inputs: ["x"], outputs: ["y"], attributes: ["to": .integer(1)])],
            head: .nextToken, inputs: ["x": tokens], targets: nil, kind: .mismatch,
            words: "needs one output position per token: tokens [10, 3], outputs [10] and classes"),
    ]

    @Test(arguments: examples + targets)
    func `what does not suit graph or loss is refused with the reason`(refusal: Refusal) throws {
        let graph = TestGraphs.graph(
            refusal.declared, initializers: ["axis": Tensor([Int64(1)], shape: [1])], refusal.nodes)
        let binding = try ParameterBinding(graph: graph, tensors: []) { _, _ in false }
        let shapes = Dictionary(uniqueKeysWithValues: refusal.declared.map { ($0.name, Shape([3])) })
        let plan = try Plan(graph: graph, binding: binding, exampleShapes: shapes)
        let error = #expect(throws: GraphError.self) {
            try ModelLoss<Float>(
                plan: plan, head: refusal.head, inputs: refusal.inputs, targets: refusal.targets,
                examples: refusal.examples)
        }
        #expect(error?.kind == refusal.kind, "\(error?.description ?? "")")
        #expect(error?.reason.contains(refusal.words) == true, "\(error?.description ?? "")")
    }
}

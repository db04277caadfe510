import TestSupport
import Tensors
import Testing

@testable import Graphs

@Suite struct SequencesTests {
    /// The outputs for x = w·[1, 2, 3, 4, 5] with w = 10, of examples [2, 5].
    private func outputs(_ nodes: [Node], _ initializers: [String: Tensor] = [:]) throws -> [Double] {
        let graph = Graph(
            inputs: [TestGraphs.input("x", [.symbolic("batch"), .fixed(5)]), TestGraphs.input("w", [.fixed(1)])],
            outputs: [TestGraphs.input("y", [])],
            initializers: initializers.merging(
                ["zero": scalar(0), "one": scalar(1), "last": scalar(-1), "two": scalar(2)]) { own, _ in own },
            nodes: [node("Mul", ["x", "w"], "v")] + nodes, opset: 20)
        let binding = try ParameterBinding(graph: graph, tensors: [TestGraphs.tensor("w", [1])]) { _, _ in false }
        let plan = try Plan(graph: graph, binding: binding, exampleShapes: ["x": [5]])
        let examples = Tensor([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map { Double($0) }, shape: [2, 5])
        let loss = try ModelLoss<Double>(
            plan: plan, head: .sumSquaredError, inputs: ["x": examples],
            targets: Tensor(
                [Double](repeating: 0, count: 2 * plan.outputShape.elementCount),
                shape: Shape([2] + plan.outputShape.dimensions)))
        return try loss.makeEvaluator(capacity: 2).outputs(at: [10], examples: [0, 1])
    }

    private func scalar(_ value: Int64) -> Tensor { Tensor([value], shape: []) }

    @Test func `a scalar size gives parts of that size, the last one smaller`() throws {
        let parts = node("SplitToSequence", ["v", "two"], "s", ["axis": .integer(1)])
        #expect(try outputs([parts, node("SequenceAt", ["s", "one"], "y")]) == [30, 40, 80, 90])
        #expect(try outputs([parts, node("SequenceAt", ["s", "last"], "y")]) == [50, 100])
    }

    @Test func `sizes, a negative axis and a position that is computed`() throws {
        let nodes = [
            node("SplitToSequence", ["v", "sizes"], "s", ["axis": .integer(-1), "keepdims": .integer(0)]),
            node("Sub", ["one", "two"], "position"), node("SequenceAt", ["s", "position"], "y"),
        ]
        #expect(try outputs(nodes, ["sizes": Tensor([3, 2] as [Int64], shape: [2])]) == [40, 50, 90, 100])
    }

    @Test func `without sizes the parts have extent 1, or lose the axis`() throws {
        for (keepsAxis, shape) in [(1, [2, 1]), (0, [2])] {
            let split = node(
                "SplitToSequence", ["v"], "s", ["axis": .integer(1), "keepdims": .integer(keepsAxis)])
            let nodes = [
                split, node("SequenceAt", ["s", "two"], "element"), node("Shape", ["element"], "shape"),
                node("Reshape", ["element", "shape"], "y"),
            ]
            #expect(try outputs(nodes) == [30, 80], "\(shape)")
        }
    }

    @Test func `sequences are constructed, counted and joined`() throws {
        let nodes = [
            node("SplitToSequence", ["v"], "s", ["axis": .integer(1), "keepdims": .integer(0)]),
            node("SequenceAt", ["s", "last"], "e"), node("SequenceAt", ["s", "zero"], "a"),
            node("SequenceConstruct", ["e", "a", "e"], "t"), node("SequenceLength", ["t"], "count"),
            node("ConcatFromSequence", ["t"], "joined", ["axis": .integer(1), "new_axis": .integer(1)]),
            node("Cast", ["count"], "factor", ["to": .integer(1)]), node("Mul", ["joined", "factor"], "y"),
        ]
        #expect(try outputs(nodes) == [150, 30, 150, 300, 180, 300])
        let plain = [
            node("SplitToSequence", ["v", "two"], "s", ["axis": .integer(1)]),
            node("ConcatFromSequence", ["s"], "y", ["axis": .integer(-1)]),
        ]
        #expect(try outputs(plain) == [10, 20, 30, 40, 50, 60, 70, 80, 90, 100])
    }

    /// Nodes that are refused.
    struct Refusal: CustomTestStringConvertible, Sendable {
        let nodes: [Node]
        let kind: GraphError.Kind
        let words: String

        var testDescription: String { words }
    }

    private static let split = node("SplitToSequence", ["v"], "s", ["axis": .integer(1)])
    private static let refusals = [
        Refusal(
            nodes: [
                split, node("Cast", ["v"], "p", ["to": .integer(7)]), node("SequenceAt", ["s", "p"], "y"),
            ], kind: .unsupported, words: "input 1 (p) must be known before evaluation"),
        Refusal(
            nodes: [split, node("SequenceAt", ["s", "five"], "y")], kind: .malformed,
            words: "position 5 is out of range for 5 elements"),
        Refusal(
            nodes: [split, node("SequenceAt", ["s", "pair"], "y")], kind: .malformed,
            words: "the position [0, 1] is no single number"),
        Refusal(
            nodes: [node("SequenceAt", ["v", "zero"], "y")], kind: .unsupported,
            words: "v is no sequence of known length; SplitToSequence and SequenceConstruct make one"),
        Refusal(
            nodes: [split, node("Neg", ["s"], "y")], kind: .malformed,
            words: "value s is read before any node makes it"),
        Refusal(
            nodes: [node("SplitToSequence", ["v"], "s"), node("SequenceAt", ["s", "zero"], "y")], kind: .unsupported,
            words: "axis 0 of [batch, 5] depends on the batch"),
        Refusal(
            nodes: [
                node("SplitToSequence", ["v", "zero"], "s", ["axis": .integer(1)]),
                node("SequenceAt", ["s", "zero"], "y"),
            ], kind: .malformed, words: "parts of size 0; a positive size is expected"),
        Refusal(
            nodes: [
                Node(operatorName: "SplitToSequence", inputs: ["v"], outputs: ["s", "t"]),
                node("SequenceAt", ["s", "zero"], "y"),
            ], kind: .malformed, words: "2 outputs; one is expected"),
        Refusal(
            nodes: [split, node("ConcatFromSequence", ["s"], "y")], kind: .malformed,
            words: "attribute axis is absent"),
    ]

    @Test(arguments: refusals)
    func `what is not known beforehand, out of range or no sequence is refused`(refusal: Refusal) {
        let numbers = ["five": scalar(5), "pair": Tensor([0, 1] as [Int64], shape: [2])]
        let error = #expect(throws: GraphError.self) { try outputs(refusal.nodes, numbers) }
        #expect(error?.kind == refusal.kind, "\(error?.description ?? "")")
        #expect(error?.reason.contains(refusal.words) == true, "\(error?.description ?? "")")
    }

    @Test func `an opset before those that are implemented is refused`() throws {
        let graph = Graph(
            inputs: [TestGraphs.input("x", [.symbolic("batch"), .fixed(5)])], outputs: [TestGraphs.input("y", [])],
            initializers: ["zero": scalar(0)],
            nodes: [node("SequenceConstruct", ["x"], "s"), node("SequenceAt", ["s", "zero"], "y")],
            opset: 12)
        let binding = try ParameterBinding(graph: graph, tensors: []) { _, _ in false }
        let error = #expect(throws: GraphError.self) {
            try Plan(graph: graph, binding: binding, exampleShapes: ["x": [5]])
        }
        #expect(error?.kind == .unsupported && error?.description.contains("opset 12): opsets 13 to 25 are") == true)
    }
}

private func node(
    _ name: String, _ inputs: [String], _ output: String, _ attributes: [String: Attribute] = [:]
) -> Node { Node(operatorName: name, inputs: inputs, outputs: [output], attributes: attributes) }

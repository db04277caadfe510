import TestSupport
import Tensors
import Testing

@testable import Graphs

@Suite struct SequencesTests {
    private func node(_ name: String, _ inputs: [String], _ output: String, _ attributes: [String: Attribute] = [:])
        -> Node
    {
        Node(operatorName: name, inputs: inputs, outputs: [output], attributes: attributes)
    }

    /// The outputs for x = w·[1, 2, 3, 4, 5] with w = 10, of examples [2, 5].
    private func outputs(_ nodes: [Node], _ initializers: [String: Tensor] = [:], opset: Int = 20) throws -> [Double] {
        let graph = Graph(
            inputs: [TestGraphs.input("x", [.symbolic("batch"), .fixed(5)]), TestGraphs.input("w", [.fixed(1)])],
            outputs: [TestGraphs.input("y", [])],
            initializers: initializers.merging(
                ["zero": scalar(0), "one": scalar(1), "last": scalar(-1), "two": scalar(2)]) { own, _ in own },
            nodes: [node("Mul", ["x", "w"], "v")] + nodes, opset: opset)
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

    @Test func `what is not known beforehand, out of range or no sequence is refused`() throws {
        let split = node("SplitToSequence", ["v"], "s", ["axis": .integer(1)])
        func kind(_ nodes: [Node], opset: Int = 20) -> GraphError.Kind? {
            let error = #expect(throws: GraphError.self) { try outputs(nodes, opset: opset) }
            return error?.kind
        }
        #expect(
            kind([split, node("Cast", ["v"], "p", ["to": .integer(7)]), node("SequenceAt", ["s", "p"], "y")])
                == .unsupported)
        #expect(kind([split, node("SequenceAt", ["s", "five"], "y")]) == .malformed)
        #expect(kind([node("SequenceAt", ["v", "zero"], "y")]) == .unsupported)
        #expect(kind([split, node("Neg", ["s"], "y")]) == .malformed)
        #expect(kind([node("SplitToSequence", ["v"], "s"), node("SequenceAt", ["s", "zero"], "y")]) == .unsupported)
        #expect(kind([split, node("SequenceAt", ["s", "zero"], "y")], opset: 12) == .unsupported)
    }
}

import TestSupport
import Tensors
import Testing

@testable import Graphs

/// Absurd extents, which a damaged or hostile graph may state, are errors that name the node; nothing traps.
@Suite struct KernelLimitsTests {
    /// One node that reads x of shape [batch, 4] and integers that the graph stores.
    struct Case: CustomTestStringConvertible, Sendable {
        let operatorName: String
        let inputs: [[Int]]
        var attributes: [String: Attribute] = [:]
        var readsData = true
        var outputs = ["y"]
        var kind = GraphError.Kind.unsupported
        let words: String

        var testDescription: String { "\(operatorName) \(inputs) \(attributes)" }
    }

    static let cases: [Case] = [
        Case(operatorName: "Reshape", inputs: [[1 << 40, 1 << 40]], kind: .mismatch, words: "does not fill"),
        Case(operatorName: "Reshape", inputs: [[-1, -4]], kind: .mismatch, words: "does not fill"),
        Case(operatorName: "Reshape", inputs: [[0, -2, -2]], kind: .malformed, words: "with a negative extent"),
        Case(operatorName: "Reshape", inputs: [[.min, -1]], kind: .mismatch, words: "does not fill"),
        Case(operatorName: "Reshape", inputs: [[0, 4] + [Int](repeating: 1, count: 7)], words: "9 axes; at most 8"),
        Case(
            operatorName: "Expand", inputs: [[1 << 40, 1, 4]],
            words: "shape [1099511627776, batch, 4]; at most 2147483647 elements"),
        Case(operatorName: "Expand", inputs: [[-5, 1, 4]], kind: .malformed, words: "with a negative extent"),
        Case(operatorName: "Expand", inputs: [[0, 1 << 40, 1 << 40, 1, 4]], words: "elements per example"),
        Case(operatorName: "Tile", inputs: [[1, .max]], words: "overflow"),
        Case(operatorName: "Tile", inputs: [[1 << 31, 1]], words: "elements per example"),
        Case(operatorName: "Pad", inputs: [[0, .max, 0, .max]], words: "are too large"),
        Case(operatorName: "Pad", inputs: [[0, Int(Int32.max), 0, Int(Int32.max)]], words: "elements per example"),
        Case(operatorName: "Unsqueeze", inputs: [Array(0..<7)], words: "9 axes; at most 8"),
        Case(
            operatorName: "Unsqueeze", inputs: [Array(0..<65_537)],
            words: "input 1 (input0) lists 65537 numbers; at most 65536 are read"),
        Case(
            operatorName: "ConstantOfShape", inputs: [[1 << 40, 1 << 40]], readsData: false,
            words: "elements per example"),
        Case(
            operatorName: "ConstantOfShape", inputs: [[-1]], readsData: false, kind: .malformed,
            words: "with a negative extent"),
        Case(
            operatorName: "Range", inputs: [[.min], [.max], [1]], readsData: false, kind: .malformed, words: "overflows"
        ),
        Case(operatorName: "Range", inputs: [[0], [.max], [1]], readsData: false, words: "elements per example"),
        Case(
            operatorName: "Split", inputs: [[.max, .max]], attributes: ["axis": .integer(1)], kind: .mismatch,
            words: "do not divide an extent of 4"),
        Case(
            operatorName: "Split", inputs: [], attributes: ["axis": .integer(1), "num_outputs": .integer(.max)],
            kind: .malformed, words: "there are 1 outputs"),
        Case(
            operatorName: "MaxPool", inputs: [], attributes: ["kernel_shape": .integers([.max])], kind: .unsupported,
            words: "one to three sliding axes"),
    ]

    private func plan(_ test: Case) throws -> Plan {
        let names = test.inputs.indices.map { "input\($0)" }
        let stored = zip(names, test.inputs).map { name, values in
            // Range wants scalars.
            (name, Tensor(values.map { Int64($0) }, shape: test.operatorName == "Range" ? [] : [values.count]))
        }
        let node = Node(
            name: "culprit", operatorName: test.operatorName, inputs: (test.readsData ? ["x"] : []) + names,
            outputs: ["made"], attributes: test.attributes)
        return try plan([node], initializers: Dictionary(uniqueKeysWithValues: stored), output: "made")
    }

    private func plan(
        _ nodes: [Node], initializers: [String: Tensor] = [:], output: String = "y", width: Int = 4
    ) throws -> Plan {
        let graph = TestGraphs.graph(
            [TestGraphs.input("x", [.symbolic("batch"), .fixed(width)])], output: output, initializers: initializers,
            nodes)
        let binding = try ParameterBinding(graph: graph, tensors: []) { _, _ in false }
        return try Plan(graph: graph, binding: binding, exampleShapes: ["x": [width]])
    }

    @Test(arguments: cases) func `an absurd extent is an error that names node and operator`(test: Case) {
        let error = #expect(throws: GraphError.self) { try plan(test) }
        #expect(
            error?.kind == test.kind && error?.reason.contains(test.words) == true, "\(String(describing: error))")
        for part in ["culprit", test.operatorName] {
            #expect(error?.location?.contains(part) == true, "\(String(describing: error))")
        }
    }

    @Test(arguments: [(start: Int.max, end: Int.min, step: Int.min, column: 3), (.min, .max, .max, 0)])
    func `a slice with a step beyond its axis takes one element`(start: Int, end: Int, step: Int, column: Int) throws {
        let x = Tensor(TestGraphs.numbers(8, seed: 1), shape: [2, 4])
        let bounds = [start, end, 1, step].map { Tensor([Int64($0)], shape: [1]) }
        let harness = try OperationHarness("Slice", inputs: [x] + bounds, known: [1, 2, 3, 4])
        let values = x.values(as: Double.self)
        #expect(harness.forward()[0] == [values[column], values[4 + column]])
    }

    @Test func `given values are held to the limits too`() {
        let rank = Shape([Int](repeating: 1, count: 9))
        let error = #expect(throws: GraphError.self) {
            try plan(
                [Node(operatorName: "Neg", inputs: ["x"], outputs: ["y"])],
                initializers: ["nine": Tensor([Int64(1)], shape: rank)])
        }
        #expect(error?.kind == .unsupported && error?.location?.contains("nine") == true)
        #expect(error?.reason.contains("9 axes; at most 8") == true)
    }

    // 2²⁰ elements for each example: a hundred thousand of them together are more than BLAS can count.
    @Test func `any number of examples is evaluated, in blocks that the kernels can hold`() throws {
        let plan = try plan(
            [
                Node(operatorName: "Tile", inputs: ["x", "repeats"], outputs: ["many"]),
                Node(operatorName: "ReduceSum", inputs: ["many", "axis"], outputs: ["y"]),
            ],
            initializers: [
                "repeats": Tensor([Int64(1), 1 << 18], shape: [2]), "axis": Tensor([Int64(1)], shape: [1]),
            ])
        let loss = try ModelLoss<Double>(
            plan: plan, head: .sumSquaredError, inputs: ["x": Tensor(TestGraphs.numbers(12, seed: 1), shape: [3, 4])],
            targets: Tensor(TestGraphs.numbers(3, seed: 2), shape: [3, 1]))
        #expect(loss.evaluatorByteCount(capacity: 100_000) == loss.evaluatorByteCount(capacity: 1))
        _ = try loss.makeEvaluator(capacity: 100_000)
    }

    @Test func `more examples than the kernels can count are refused where they are not taken in blocks`() throws {
        let plan = try plan([Node(operatorName: "Neg", inputs: ["x"], outputs: ["y"])])
        let error = #expect(throws: GraphError.self) {
            try WorkspaceLayout(plan, capacity: 1 << 40, withGradient: false)
        }
        #expect(error?.kind == .unsupported)
        #expect(error?.reason.contains("1099511627776 examples of value x take more than") == true)
    }

    // 2000 values of 16 GiB, all of which the sum reads.
    @Test func `what takes more than the machine's memory is refused before it is asked for`() throws {
        let count = 2000
        let plan = try plan(
            [Node(operatorName: "Tile", inputs: ["x", "repeats"], outputs: ["many"])]
                + (0..<count).map { Node(operatorName: "Neg", inputs: ["many"], outputs: ["n\($0)"]) }
                + [
                    Node(operatorName: "Sum", inputs: (0..<count).map { "n\($0)" }, outputs: ["sum"]),
                    Node(operatorName: "ReduceSum", inputs: ["sum", "axis"], outputs: ["y"]),
                ],
            initializers: [
                "repeats": Tensor([Int64(1), 1 << 29 - 1], shape: [2]), "axis": Tensor([Int64(1)], shape: [1]),
            ])
        let loss = try ModelLoss<Double>(
            plan: plan, head: .sumSquaredError, inputs: ["x": Tensor(TestGraphs.numbers(4, seed: 1), shape: [1, 4])],
            targets: Tensor([0.0], shape: [1, 1]))
        let error = #expect(throws: GraphError.self) { try loss.makeEvaluator(capacity: 1, withGradient: false) }
        #expect(error?.kind == .unsupported)
        #expect(
            error?.reason.contains(" MiB, and the machine has ") == true,
            "\(error?.description ?? "")")
    }

    @Test func `an output without elements is refused`() {
        let error = #expect(throws: GraphError.self) {
            try plan(
                [Node(operatorName: "Slice", inputs: ["x", "zero", "zero", "one"], outputs: ["y"])],
                initializers: ["zero": Tensor([Int64(0)], shape: [1]), "one": Tensor([Int64(1)], shape: [1])])
        }
        #expect(error?.kind == .mismatch && error?.reason.contains("not empty; it is float32 [batch, 0]") == true)
    }

    @Test func `large constants are left to the evaluation`() throws {
        let extents = Tensor([Int64(1) << 27], shape: [1])
        let plan = try plan(
            [
                Node(operatorName: "ConstantOfShape", inputs: ["extents"], outputs: ["zeros"]),
                Node(operatorName: "ReduceSum", inputs: ["zeros"], outputs: ["sum"]),
                Node(operatorName: "Add", inputs: ["x", "sum"], outputs: ["y"]),
            ], initializers: ["extents": extents])
        #expect(plan.evaluatedCount == 3)
    }
}

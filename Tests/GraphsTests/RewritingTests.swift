import TestSupport
import Tensors
import Testing

@testable import Graphs

/// Fused plans against the plain ones.
@Suite struct RewritingTests {
    /// A graph with its parameters, and the operators that its fused plan consists of, sorted.
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let parameters: [(name: String, shape: Shape)]
        var constants: [String: Tensor] = [:]
        let nodes: [Node]
        let fused: [String]
    }

    private static func node(
        _ name: String, _ inputs: String..., to output: String, _ attributes: [String: Attribute] = [:]
    )
        -> Node
    {
        Node(operatorName: name, inputs: inputs, outputs: [output], attributes: attributes)
    }

    private static func permutation(_ axes: Int...) -> [String: Attribute] { ["perm": .integers(axes)] }

    private static func scalar(_ value: Double) -> Tensor { Tensor([value], shape: []) }

    private static func integers(_ values: Int64...) -> Tensor { Tensor(values, shape: [values.count]) }

    /// Zero at and below the diagonal of 3 × 3, `above` elsewhere.
    private static func causal(_ above: Double, below: Double = 0) -> [Double] {
        (0..<9).map { $0 % 3 > $0 / 3 ? above : below }
    }

    private static let projections = ["q", "k", "v"].flatMap { name in
        [
            node("MatMul", "x", "w_\(name)", to: "\(name)_flat"),
            node("Reshape", "\(name)_flat", "heads", to: "\(name)_heads"),
        ]
    }

    /// x `[batch, 3, 4]`, two heads of two.
    private static func attention(_ scores: [Node], constants: [String: Tensor], name: String) -> Case {
        Case(
            testDescription: name,
            parameters: [("w_q", [4, 4]), ("w_k", [4, 4]), ("w_v", [4, 4]), ("w_o", [4, 4])],
            constants: [
                "heads": integers(0, 3, 2, 2), "flat": integers(0, 3, 4), "scale": scalar(0.7), "half": scalar(0.5),
                "root": scalar(1.3),
            ].merging(constants) { $1 },
            nodes: projections + scores + [
                node("Softmax", "masked", to: "p"), node("MatMul", "p", "v", to: "mixed"),
                node("Transpose", "mixed", to: "back", permutation(0, 2, 1, 3)),
                node("Reshape", "back", "flat", to: "joined"), node("MatMul", "joined", "w_o", to: "y"),
            ],
            fused: ["MaskedSoftmax"] + [String](repeating: "Product", count: 6))
    }

    static let cases: [Case] = [
        Case(
            testDescription: "a linear layer: transpose, product, bias",
            parameters: [("w", [5, 4]), ("b", [5])],
            nodes: [
                node("Transpose", "w", to: "t", permutation(1, 0)), node("MatMul", "x", "t", to: "p"),
                node("Add", "b", "p", to: "y"),
            ], fused: ["Product"]),
        Case(
            testDescription: "tied weights and a scaled result",
            parameters: [("w", [2, 4]), ("b", [4])],
            constants: ["half": scalar(0.5), "two": scalar(2)],
            nodes: [
                node("Transpose", "w", to: "t", permutation(1, 0)), node("Mul", "half", "t", to: "u"),
                node("MatMul", "x", "u", to: "h"), node("MatMul", "h", "w", to: "p"), node("Div", "p", "two", to: "q"),
                node("Add", "q", "b", to: "r"), node("Mul", "r", "half", to: "y"),
            ], fused: ["Mul", "Product", "Product"]),
        attention(
            [
                node("Transpose", "q_heads", to: "q", permutation(0, 2, 1, 3)),
                node("Transpose", "k_heads", to: "k", permutation(0, 2, 3, 1)),
                node("Transpose", "v_heads", to: "v", permutation(0, 2, 1, 3)),
                node("Mul", "q", "root", to: "q_scaled"), node("Mul", "k", "root", to: "k_scaled"),
                node("MatMul", "q_scaled", "k_scaled", to: "s"), node("Add", "s", "mask", to: "masked"),
            ], constants: ["mask": Tensor(causal(-.infinity), shape: [3, 3])], name: "attention with an added mask"),
        attention(
            [
                node("Transpose", "q_heads", to: "q", permutation(0, 2, 1, 3)),
                node("Transpose", "k_heads", to: "k_t", permutation(0, 2, 1, 3)),
                node("Reshape", "k_t", "merged", to: "k_m"), node("Transpose", "k_m", to: "k_mt", permutation(0, 2, 1)),
                node("Reshape", "k_mt", "apart", to: "k"),
                node("Transpose", "v_heads", to: "v", permutation(0, 2, 1, 3)),
                node("MatMul", "q", "k", to: "s"), node("Div", "s", "root", to: "s_scaled"),
                node("Where", "kept", "s_scaled", "fill", to: "masked"),
            ],
            constants: [
                "merged": integers(-1, 3, 2), "apart": integers(-1, 2, 2, 3), "fill": scalar(-1e5),
                "kept": Tensor(
                    shape: [1, 1, 3, 3], elementType: .bool,
                    elements: .integer(causal(0, below: 1).map { Int64($0) })),
            ], name: "attention with a selecting mask"),
        attention(
            [
                node("Transpose", "q_heads", to: "q", permutation(0, 2, 1, 3)),
                node("Transpose", "k_heads", to: "k", permutation(0, 2, 3, 1)),
                node("Transpose", "v_heads", to: "v", permutation(0, 2, 1, 3)),
                node("MatMul", "q", "k", to: "s"), node("Mul", "s", "scale", to: "s_scaled"),
                node("Where", "hidden", "fill", "s_scaled", to: "masked"),
            ],
            constants: [
                "fill": scalar(-.infinity),
                "hidden": Tensor(
                    shape: [3, 3], elementType: .bool, elements: .integer(causal(1).map { Int64($0) })),
            ], name: "attention with a hiding mask"),
        Case(
            testDescription: "attention over sequence-first storage",
            parameters: [("w", [4, 4])],
            constants: ["merged": integers(3, -1, 2), "flat": integers(3, -1, 4)],
            nodes: [
                node("Transpose", "x", to: "s", permutation(1, 0, 2)), node("MatMul", "s", "w", to: "p"),
                node("Reshape", "p", "merged", to: "m"), node("Transpose", "m", to: "q", permutation(1, 0, 2)),
                node("Transpose", "m", to: "k", permutation(1, 2, 0)), node("MatMul", "q", "k", to: "a"),
                node("Softmax", "a", to: "c"), node("MatMul", "c", "q", to: "o"),
                node("Transpose", "o", to: "back", permutation(1, 0, 2)), node("Reshape", "back", "flat", to: "joined"),
                node("Transpose", "joined", to: "y", permutation(1, 0, 2)),
            ], fused: ["MaskedSoftmax", "Product", "Product", "Product"]),
        Case(
            testDescription: "Gelu by erf", parameters: [("w", [4, 4])],
            constants: ["root": scalar(2.0.squareRoot()), "one": scalar(1), "half": scalar(0.5)],
            nodes: [
                node("MatMul", "x", "w", to: "h"), node("Div", "h", "root", to: "a"), node("Erf", "a", to: "e"),
                node("Add", "e", "one", to: "g"), node("Mul", "h", "g", to: "m"), node("Mul", "m", "half", to: "y"),
            ], fused: ["Gelu", "Product"]),
        Case(
            testDescription: "Gelu by tanh", parameters: [("w", [4, 4])],
            constants: [
                "c": scalar((2 / Double.pi).squareRoot()), "d": scalar(0.044715), "one": scalar(1), "half": scalar(0.5),
            ],
            nodes: [
                node("MatMul", "x", "w", to: "h"), node("Mul", "h", "h", to: "h2"), node("Mul", "h", "h2", to: "h3"),
                node("Mul", "d", "h3", to: "i"), node("Add", "h", "i", to: "j"), node("Mul", "c", "j", to: "k"),
                node("Tanh", "k", to: "t"), node("Add", "one", "t", to: "g"), node("Mul", "half", "h", to: "m"),
                node("Mul", "m", "g", to: "y"),
            ], fused: ["Gelu", "Product"]),
        Case(
            testDescription: "a computed weight from the left, the result transposed", parameters: [("w", [3, 3])],
            nodes: [
                node("Tanh", "w", to: "u"), node("MatMul", "u", "x", to: "p"),
                node("Transpose", "p", to: "y", permutation(0, 2, 1)),
            ], fused: ["Product", "Tanh"]),
        Case(
            testDescription: "a computed weight from the right, the result transposed", parameters: [("w", [4, 5])],
            nodes: [
                node("Tanh", "w", to: "u"), node("MatMul", "x", "u", to: "p"),
                node("Transpose", "p", to: "y", permutation(0, 2, 1)),
            ], fused: ["Product", "Tanh"]),
        Case(
            testDescription: "parts of which one is empty", parameters: [("w", [4, 4])],
            constants: ["sizes": integers(0, 4)],
            nodes: [
                node("MatMul", "x", "w", to: "h"),
                Node(
                    operatorName: "Split", inputs: ["h", "sizes"], outputs: ["e", "r"],
                    attributes: ["axis": .integer(2)]),
                Node(
                    operatorName: "Concat", inputs: ["e", "r"], outputs: ["y"], attributes: ["axis": .integer(2)]),
            ], fused: ["Concat", "Product", "Split"]),
        Case(
            testDescription: "attention over no keys", parameters: [("w", [4, 4])],
            constants: [
                "none": integers(0), "one": integers(1), "mask": Tensor([Double](), shape: [0]),
            ],
            nodes: [
                node("MatMul", "x", "w", to: "q"),
                Node(operatorName: "Slice", inputs: ["q", "none", "none", "one"], outputs: ["k"]),
                node("Transpose", "k", to: "kt", permutation(0, 2, 1)), node("MatMul", "q", "kt", to: "s"),
                node("Add", "s", "mask", to: "m"), node("Softmax", "m", to: "p"), node("MatMul", "p", "k", to: "o"),
                node("Add", "o", "q", to: "y"),
            ], fused: ["Add", "MaskedSoftmax", "MatMul", "MatMul", "Product", "Slice", "Transpose"]),
        Case(
            testDescription: "a residual stream", parameters: [("w", [4, 4]), ("u", [4, 4])],
            nodes: [
                node("MatMul", "x", "w", to: "a"), node("Tanh", "a", to: "b"), node("MatMul", "b", "u", to: "c"),
                node("Add", "a", "c", to: "d"), node("Sigmoid", "d", to: "e"), node("MatMul", "e", "w", to: "f"),
                node("Add", "f", "d", to: "g"), node("Add", "g", "g", to: "h"), node("Sub", "h", "a", to: "y"),
            ], fused: ["Add", "Add", "Add", "Product", "Product", "Product", "Sigmoid", "Sub", "Tanh"]),
    ]

    @Test(arguments: cases) func `a fused plan computes what the plain one does`(test: Case) throws {
        let fused = try plan(test, rewrites: true)
        let plain = try plan(test, rewrites: false)
        #expect(fused.steps.filter { !$0.operation.isView }.map(\.node.operatorName).sorted() == test.fused)
        let expected = try evaluate(plain, as: Double.self)
        // A few hundred roundings of numbers near one.
        for (found, tolerance) in [
            (try evaluate(fused, as: Double.self), 1e-13), (try evaluate(fused, as: Float.self), 1e-5),
        ] {
            #expect(relativeError(found.losses, expected.losses) < tolerance)
            for slot in fused.binding.slots {
                #expect(
                    relativeError(Array(found.gradient[slot.range]), Array(expected.gradient[slot.range])) < tolerance,
                    "\(slot.name)")
            }
        }
    }

    private func plan(_ test: Case, rewrites: Bool) throws -> Plan {
        let parameters = test.parameters.map { TestGraphs.input($0.name, $0.shape.dimensions.map { .fixed($0) }) }
        let graph = TestGraphs.graph(
            [TestGraphs.input("x", [.symbolic("batch"), .fixed(3), .fixed(4)])] + parameters,
            initializers: test.constants, test.nodes)
        let floats = test.constants.filter { $0.value.integers == nil && $0.value.count > 1 }.keys.sorted()
        let binding = try ParameterBinding(
            graph: graph, tensors: test.parameters.map { TestGraphs.tensor($0.name, $0.shape) },
            rules: BindingRules(constants: floats)
        ) { _, _ in false }
        return try Plan(graph: graph, binding: binding, exampleShapes: ["x": [3, 4]], rewrites: rewrites)
    }

    private func evaluate<Scalar: Real>(
        _ plan: Plan, as type: Scalar.Type
    ) throws -> (losses: [Double], gradient: [Double]) {
        let count = 5
        let targets = [count] + plan.outputShape.dimensions
        let loss = try ModelLoss<Scalar>(
            plan: plan, head: .sumSquaredError,
            inputs: ["x": Tensor(TestGraphs.numbers(count * 12, seed: 1), shape: [count, 3, 4])],
            targets: Tensor(TestGraphs.numbers(targets.reduce(1, *), seed: 2), shape: Shape(targets)))
        let evaluator = try loss.makeEvaluator(capacity: count)
        let parameters = TestGraphs.numbers(plan.binding.parameterCount, seed: 3).map { Scalar($0) }
        var losses: [Double] = []
        var gradient = [Scalar](repeating: .nan, count: parameters.count)
        // Twice: the second time with what the first left in the workspace.
        for _ in 0..<2 {
            evaluator.lossesAndGradient(
                at: parameters, examples: [3, 0, 4, 1, 2], losses: &losses, gradient: &gradient)
        }
        return (losses, gradient.map { Double($0) })
    }
}

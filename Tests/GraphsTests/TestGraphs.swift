import TestSupport
import Tensors

@testable import Graphs

/// Small graphs for tests.
enum TestGraphs {
    static func input(_ name: String, _ dimensions: [Graph.Extent], _ type: ElementType = .float32) -> Graph.Value {
        Graph.Value(name: name, elementType: type, dimensions: dimensions)
    }

    static func graph(
        _ inputs: [Graph.Value], output: String = "y", initializers: [String: Tensor] = [:], _ nodes: [Node]
    ) -> Graph {
        Graph(
            inputs: inputs, outputs: [input(output, [])], initializers: initializers, nodes: nodes, opset: 20)
    }

    static func tensor(_ name: String, _ shape: Shape, _ type: ElementType = .float32) -> CheckpointTensor {
        CheckpointTensor(name: name, shape: shape, elementType: type)
    }

    /// y = W₂·tanh(W₁x + b₁) + b₂ with 4 inputs, 5 hidden units and 3 outputs; a residual tanh reads one value twice.
    static let network = graph(
        [
            input("x", [.symbolic("batch"), .fixed(4)]), input("w1", [.fixed(5), .fixed(4)]), input("b1", [.fixed(5)]),
            input("w2", [.fixed(3), .fixed(5)]), input("b2", [.fixed(3)]),
        ],
        [
            Node(operatorName: "Gemm", inputs: ["x", "w1", "b1"], outputs: ["h"], attributes: ["transB": .integer(1)]),
            Node(operatorName: "Tanh", inputs: ["h"], outputs: ["t"]),
            Node(operatorName: "Add", inputs: ["t", "h"], outputs: ["a"]),
            Node(operatorName: "Identity", inputs: ["a"], outputs: ["i"]),
            Node(operatorName: "Gemm", inputs: ["i", "w2", "b2"], outputs: ["y"], attributes: ["transB": .integer(1)]),
        ])
    static let networkTensors = [
        tensor("w1", [5, 4]), tensor("b1", [5]), tensor("w2", [3, 5]), tensor("b2", [3]),
    ]

    /// The network's plan.
    static func networkPlan(rules: BindingRules = BindingRules()) throws -> Plan {
        let binding = try ParameterBinding(graph: network, tensors: networkTensors, rules: rules) { _, _ in false }
        return try Plan(graph: network, binding: binding, exampleShapes: ["x": [4]])
    }

    /// Numbers from −1 to 1.
    static func numbers(_ count: Int, seed: UInt64) -> [Double] {
        var generator = SplitMix64(state: seed)
        return (0..<count).map { _ in Double.random(in: -1...1, using: &generator) }
    }
}

extension Plan {
    /// The number of operations in an evaluation, views left out.
    var evaluatedCount: Int { steps.count { !$0.operation.isView } }
}

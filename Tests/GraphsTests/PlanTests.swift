import TestSupport
import Tensors
import Testing

@testable import Graphs

@Suite struct PlanTests {
    private let data = TestGraphs.input("x", [.symbolic("batch"), .fixed(4)])
    private func plan(_ nodes: [Node], initializers: [String: Tensor] = [:]) throws -> Plan {
        let graph = TestGraphs.graph([data], initializers: initializers, nodes)
        let binding = try ParameterBinding(graph: graph, tensors: []) { _, _ in false }
        return try Plan(graph: graph, binding: binding, exampleShapes: ["x": [4]])
    }

    @Test func `shape arithmetic with the batch folds away`() throws {
        // y = x reshaped to [batch·2, 2] and back, by shapes computed from x's.
        let plan = try plan(
            [
                Node(operatorName: "Shape", inputs: ["x"], outputs: ["s"]),
                Node(operatorName: "Mul", inputs: ["s", "factors"], outputs: ["twice"]),
                Node(operatorName: "Div", inputs: ["twice", "divisors"], outputs: ["target"]),
                Node(operatorName: "Reshape", inputs: ["x", "target"], outputs: ["r"]),
                Node(operatorName: "Neg", inputs: ["r"], outputs: ["n"]),
                Node(operatorName: "Reshape", inputs: ["n", "s"], outputs: ["y"]),
            ],
            initializers: [
                "factors": Tensor([2, 1] as [Int64], shape: [2]), "divisors": Tensor([1, 2] as [Int64], shape: [2]),
            ])
        #expect(plan.evaluatedCount == 1)
        #expect(plan.outputShape == [4])
        #expect(
            plan.values.contains { $0.description.shape == [Dimension(coefficient: 2, constant: 0), Dimension(2)] })
    }

    @Test func `nodes that the output does not need are left out, whatever they are`() throws {
        let plan = try plan([
            Node(operatorName: "Neg", inputs: ["x"], outputs: ["y"]),
            Node(operatorName: "NoSuchOperator", inputs: ["x"], outputs: ["unused"]),
        ])
        #expect(plan.evaluatedCount == 1)
    }

    @Test func `all operators that are missing are listed at once`() {
        let error = #expect(throws: GraphError.self) {
            try plan([
                Node(name: "first", operatorName: "Fft", inputs: ["x"], outputs: ["a"]),
                Node(name: "second", operatorName: "Gemm", domain: "com.microsoft", inputs: ["a"], outputs: ["b"]),
                Node(operatorName: "Neg", inputs: ["b"], outputs: ["y"]),
            ])
        }
        #expect(error?.kind == .unsupported)
        for part in ["Fft", "first", "com.microsoft", "second"] { #expect(error?.reason.contains(part) == true) }
    }

    /// A graph that cannot be planned.
    struct Refusal: CustomTestStringConvertible, Sendable {
        var inputs = [TestGraphs.input("x", [.symbolic("batch"), .fixed(4)])]
        var nodes = [Node(operatorName: "Neg", inputs: ["x"], outputs: ["y"])]
        var outputs = ["y"]
        var shapes: [String: Shape] = ["x": [4]]
        var chosen: String?
        let kind: GraphError.Kind
        let words: String

        var testDescription: String { words }
    }

    private static let refusals = [
        Refusal(
            nodes: [Node(operatorName: "Add", inputs: ["x", "ghost"], outputs: ["y"])], kind: .malformed,
            words: "value ghost is read before any node makes it"),
        Refusal(nodes: [], kind: .malformed, words: "no node makes a tensor y"),
        Refusal(
            nodes: [Node(operatorName: "SequenceConstruct", inputs: ["x"], outputs: ["y"])], kind: .malformed,
            words: "no node makes a tensor y"),
        Refusal(
            nodes: [Node(operatorName: "Shape", inputs: ["x"], outputs: ["y"])], kind: .mismatch,
            words: "must be floating point with examples along its first axis and not empty; it is int64 [2]"),
        Refusal(
            shapes: ["x": [5]], kind: .mismatch, words: "x has shape [batch, 4]; found examples of shape [5]"),
        Refusal(shapes: ["x": [4, 4]], kind: .mismatch, words: "[batch, 4], the first axis being that of examples"),
        Refusal(shapes: ["z": [4]], kind: .notFound, words: "no examples for graph input x; there are some for z"),
        Refusal(
            inputs: [TestGraphs.input("x", [.fixed(1), .fixed(4)])], kind: .unsupported,
            words: "x takes batches of 1 only; export the graph with a dynamic first axis"),
        Refusal(
            inputs: ["x", "z"].map { TestGraphs.input($0, [.symbolic("batch"), .symbolic("width")]) },
            shapes: ["x": [4], "z": [5]], kind: .mismatch, words: "extent width is 4 in x and 5 in z"),
        Refusal(outputs: ["y", "z"], kind: .mismatch, words: "2 outputs (y, z), and a named loss takes one"),
        Refusal(chosen: "loss", kind: .notFound, words: "no output loss; the graph has y"),
    ]

    @Test(arguments: refusals) func `what cannot be planned is refused with the reason`(refusal: Refusal) throws {
        let graph = Graph(
            inputs: refusal.inputs, outputs: refusal.outputs.map { TestGraphs.input($0, []) }, initializers: [:],
            nodes: refusal.nodes, opset: 20)
        let binding = try ParameterBinding(graph: graph, tensors: [], dataNames: refusal.inputs.map(\.name)) { _, _ in
            false
        }
        let error = #expect(throws: GraphError.self) {
            try Plan(graph: graph, binding: binding, exampleShapes: refusal.shapes, outputName: refusal.chosen)
        }
        #expect(error?.kind == refusal.kind, "\(error?.description ?? "")")
        #expect(error?.reason.contains(refusal.words) == true, "\(error?.description ?? "")")
    }

    /// y = x + f(batch), for some batches.
    private func added(_ nodes: [Node], _ initializers: [String: Tensor], batches: [Int]) throws -> [Double] {
        let first = [
            Node(operatorName: "Shape", inputs: ["x"], outputs: ["s"]),
            Node(operatorName: "Gather", inputs: ["s", "first"], outputs: ["b"]),
        ]
        let last = [
            Node(operatorName: "Cast", inputs: ["f"], outputs: ["float"], attributes: ["to": .integer(1)]),
            Node(operatorName: "Add", inputs: ["x", "float"], outputs: ["y"]),
        ]
        let plan = try plan(
            first + nodes + last,
            initializers: ["first": Tensor([Int64(0)], shape: [])].merging(initializers) { $1 })
        let workspace = try Workspace<Double>(plan, capacity: 600, fedTensors: [:], withGradient: false)
        let data = try #require(plan.values.firstIndex { $0.isData("x") })
        return batches.map { batch in
            workspace.setBatch(batch)
            for index in 0..<batch * 4 { workspace.operand(data).floats?[index] = 0 }
            [0.0].withUnsafeBufferPointer { if let start = $0.baseAddress { workspace.forward(parameters: start) } }
            return workspace.output.floats?[0] ?? .nan
        }
    }

    @Test func `what follows the batch, and not as a line, is computed for each`() throws {
        func integer(_ value: Int64) -> Tensor { Tensor([value], shape: []) }
        let parity = [Node(operatorName: "Mod", inputs: ["b", "two"], outputs: ["f"])]
        #expect(try added(parity, ["two": integer(2)], batches: [1, 2, 3, 4]) == [1, 0, 1, 0])
        let least = [Node(operatorName: "Min", inputs: ["b", "bound"], outputs: ["f"])]
        #expect(try added(least, ["bound": integer(512)], batches: [1, 511, 512, 513]) == [1, 511, 512, 512])
        let halves = [
            Node(operatorName: "Div", inputs: ["b", "two"], outputs: ["h"]),
            Node(operatorName: "Mul", inputs: ["h", "two"], outputs: ["f"]),
        ]
        #expect(try added(halves, ["two": integer(2)], batches: [2, 3, 4]) == [2, 2, 4])
    }

    @Test func `a graph without end is refused where its buffers would be placed`() throws {
        let nodes = (0...50_000).map { index in
            Node(
                name: "node\(index)", operatorName: "Relu", inputs: [index == 0 ? "x" : "v\(index)"],
                outputs: [index == 50_000 ? "y" : "v\(index + 1)"])
        }
        let error = #expect(throws: GraphError.self) { try plan(nodes) }
        #expect(error?.kind == .unsupported && error?.reason.contains("50001 nodes") == true, "\(error?.reason ?? "")")
    }
}

@Suite struct DimensionTests {
    private let rows = Dimension(coefficient: 6, constant: 0)

    @Test func `products and quotients stay linear in the batch or are nil`() {
        #expect(Dimension.batch.times(Dimension(6)) == rows)
        #expect(Dimension.batch.times(.batch) == nil)
        #expect(rows.dividedExactly(by: Dimension(3)) == Dimension(coefficient: 2, constant: 0))
        #expect(rows.dividedExactly(by: .batch) == Dimension(6))
        #expect(rows.dividedExactly(by: Dimension(4)) == nil)
        #expect(rows.dividedExactly(by: Dimension(0)) == nil)
        #expect(rows.plus(Dimension(1))?.value(batch: 5) == 31)
        #expect(rows.minus(.batch)?.description == "5·batch")
    }

    @Test(arguments: [Int.max, Int.min]) func `what overflows is nil`(extreme: Int) {
        let (constant, slope) = (Dimension(extreme), Dimension(coefficient: extreme, constant: extreme))
        for number in [constant, slope] {
            #expect(number.times(Dimension(2)) == nil && number.plus(number) == nil)
            #expect(number.minus(Dimension(extreme > 0 ? -1 : 1)) == nil)
            #expect([number, Dimension(-2)].product == nil)
            #expect(number.dividedExactly(by: Dimension(-1)) == nil)
        }
        #expect(slope.exactValue(batch: 3) == nil)
        #expect(slope.value(batch: 3) == extreme &* 3 &+ extreme)
        #expect(Dimension.interpolating(extreme, at: 2, 0, at: 3) == nil)
        #expect(Dimension.interpolating(0, at: 1009, extreme / 994 * 994, at: 2003) == nil)
        #expect(Dimension(0).dividedExactly(by: Dimension(coefficient: 1, constant: extreme)) == Dimension(0))
    }

    @Test func `the line through two points has whole coefficients or is nil`() {
        #expect(Dimension.interpolating(7, at: 2, 13, at: 4) == Dimension(coefficient: 3, constant: 1))
        #expect(Dimension.interpolating(7, at: 2, 12, at: 4) == nil)
    }
}

@Suite struct MemoryPlanTests {
    @Test func `buffers in use at the same time do not overlap, others share`() {
        var generator = SplitMix64(state: 11)
        let buffers = (0..<60).map { _ in
            let first = Int.random(in: 0..<40, using: &generator)
            let last = first + Int.random(in: 0..<10, using: &generator)
            return MemoryPlan.Buffer(count: Int.random(in: 0..<200, using: &generator), lifetime: first...last)
        }
        let plan = MemoryPlan(buffers)
        for (index, a) in buffers.enumerated() where a.count > 0 {
            #expect(plan.offsets[index] + a.count <= plan.count)
            for (other, b) in buffers.enumerated().dropFirst(index + 1)
            where b.count > 0 && a.lifetime.overlaps(b.lifetime) {
                let (start, otherStart) = (plan.offsets[index], plan.offsets[other])
                #expect(start + a.count <= otherStart || otherStart + b.count <= start)
            }
        }
        #expect(plan.count < MemoryPlan(buffers, reusesMemory: false).count / 2)
    }
}

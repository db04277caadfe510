import TestSupport
import Tensors
import Testing

@testable import Graphs

@Suite struct ModelLossTests {
    private let inputs = ["x": Tensor(TestGraphs.numbers(40, seed: 1), shape: [10, 4])]
    private let classes = Tensor((0..<10).map { Int64($0 % 3) }, shape: [10])
    private let parameters = TestGraphs.numbers(43, seed: 2)

    private func loss<Scalar: Real>(
        _ type: Scalar.Type = Double.self, rules: BindingRules = BindingRules(), head: LossHead = .crossEntropy,
        examples: [Int]? = nil
    ) throws -> ModelLoss<Scalar> {
        let targets = head == .crossEntropy ? classes : Tensor(TestGraphs.numbers(30, seed: 3), shape: [10, 3])
        return try ModelLoss(
            plan: TestGraphs.networkPlan(rules: rules), head: head, inputs: inputs, targets: targets, examples: examples
        )
    }

    @Test(arguments: [LossHead.crossEntropy, .sumSquaredError, .meanSquaredError])
    func `the gradient of the mean loss is its derivative`(head: LossHead) throws {
        let evaluator = try loss(head: head).makeEvaluator(capacity: 10)
        var (losses, gradient): ([Double], [Double]) = ([], [])
        let examples = [3, 1, 7, 7, 0]
        evaluator.lossesAndGradient(at: parameters, examples: examples, losses: &losses, gradient: &gradient)
        let problem = GradientChecker().problem(at: parameters, gradient: gradient) { point in
            var values: [Double] = []
            evaluator.losses(at: point, examples: examples, into: &values)
            return values.reduce(0, +) / 5
        }
        #expect(problem == nil)
    }

    @Test func `a batch equals its examples one by one, whatever was evaluated before`() throws {
        let evaluator = try loss().makeEvaluator(capacity: 10)
        var (together, single, gradient): ([Double], [Double], [Double]) = ([], [], [])
        evaluator.lossesAndGradient(at: parameters, examples: Array(0..<10), losses: &together, gradient: &gradient)
        var sum = [Double](repeating: 0, count: 43)
        for example in 0..<10 {
            var part: [Double] = []
            evaluator.lossesAndGradient(at: parameters, examples: [example], losses: &single, gradient: &part)
            // Products of matrices of other sizes may be summed in another order.
            #expect(Tolerance.relative(16 * .ulpOfOne).accepts(single[0], together[example]))
            sum = zip(sum, part).map { $0 + $1 / 10 }
        }
        #expect(relativeError(sum, gradient) < 64 * .ulpOfOne)
    }

    @Test func `sharing memory changes no number`() throws {
        let loss = try loss(head: .meanSquaredError)
        func run(reusesMemory: Bool) throws -> (outputs: [Double], gradient: [Double]) {
            let workspace = try Workspace<Double>(
                loss.plan, capacity: 10, fedTensors: [:], withGradient: true, reusesMemory: reusesMemory)
            workspace.setBatch(10)
            var gradient = [Double](repeating: 0, count: 43)
            for _ in 0..<2 {
                for (value, table) in loss.data {
                    table.copyRows(Array(0..<10), floats: workspace.operand(value).floats, integers: nil)
                }
                gradient = [Double](repeating: 0, count: 43)
                parameters.withUnsafeBufferPointer { parameters in
                    guard let parameters = parameters.baseAddress else { return }
                    workspace.forward(parameters: parameters)
                    for index in 0..<30 { workspace.output.gradient?[index] = Double(index) - 10 }
                    gradient.withUnsafeMutableBufferPointer {
                        if let start = $0.baseAddress { workspace.backward(into: start) }
                    }
                }
            }
            return (Array(UnsafeBufferPointer(start: workspace.output.floats, count: 30)), gradient)
        }
        let (shared, apart) = (try run(reusesMemory: true), try run(reusesMemory: false))
        #expect(shared.gradient == apart.gradient && shared.gradient.contains { $0 != 0 })
    }

    @Test func `evaluation alone takes less memory and gives the same losses`() throws {
        let loss = try loss()
        #expect(loss.evaluatorByteCount(capacity: 10, withGradient: false) < loss.evaluatorByteCount(capacity: 10))
        var (with, without): ([Double], [Double]) = ([], [])
        try loss.makeEvaluator(capacity: 10).losses(at: parameters, examples: [2, 5], into: &with)
        try loss.makeEvaluator(capacity: 10, withGradient: false).losses(
            at: parameters, examples: [2, 5], into: &without)
        #expect(with == without)
    }

    @Test func `coordinates that are not sampled have no gradient, the others keep theirs`() throws {
        var (losses, all, some): ([Double], [Double], [Double]) = ([], [], [])
        try loss().makeEvaluator(capacity: 4)
            .lossesAndGradient(at: parameters, examples: [1, 2], losses: &losses, gradient: &all)
        try loss(rules: BindingRules(trainable: ["b1"])).makeEvaluator(capacity: 4)
            .lossesAndGradient(at: parameters, examples: [1, 2], losses: &losses, gradient: &some)
        #expect(Array(some[20..<25]) == Array(all[20..<25]))
        #expect((some[..<20] + some[25...]).allSatisfy { $0 == 0 })
    }

    // The forward pass has inner products of at most 5 terms and one tanh: a few dozen roundings of Float.
    @Test func `Float agrees with Double`() throws {
        var (losses, gradient, exact, exactGradient): ([Double], [Float], [Double], [Double]) = ([], [], [], [])
        try loss(Float.self).makeEvaluator(capacity: 10).lossesAndGradient(
            at: parameters.map { Float($0) }, examples: Array(0..<10), losses: &losses, gradient: &gradient)
        try loss().makeEvaluator(capacity: 10).lossesAndGradient(
            at: parameters.map { Double(Float($0)) }, examples: Array(0..<10), losses: &exact, gradient: &exactGradient)
        #expect(relativeError(losses, exact) < 64 * Double(Float.ulpOfOne))
        #expect(relativeError(gradient.map { Double($0) }, exactGradient) < 64 * Double(Float.ulpOfOne))
    }

    @Test func `a restriction renumbers the examples`() throws {
        let restricted = try loss(examples: [4, 9])
        #expect(restricted.exampleCount == 2)
        var (some, all): ([Double], [Double]) = ([], [])
        try restricted.makeEvaluator(capacity: 2).losses(at: parameters, examples: [0, 1], into: &some)
        try loss().makeEvaluator(capacity: 2).losses(at: parameters, examples: [4, 9], into: &all)
        #expect(some == all)
    }

    @Test func `outputs of more examples than fit come in blocks`() throws {
        let loss = try loss()
        let blocks = try loss.makeEvaluator(capacity: 3).outputs(at: parameters, examples: Array(0..<10))
        let whole = try loss.makeEvaluator(capacity: 10).outputs(at: parameters, examples: Array(0..<10))
        #expect(blocks.count == 30 && relativeError(blocks, whole) < 16 * .ulpOfOne)
    }

    @Test func `a target out of range names example, value and range`() throws {
        var values = (0..<10).map { Int64($0 % 3) }
        values[6] = 3
        let error = #expect(throws: GraphError.self) {
            try ModelLoss<Double>(
                plan: TestGraphs.networkPlan(), head: .crossEntropy, inputs: inputs,
                targets: Tensor(values, shape: [10]))
        }
        #expect(error?.kind == .mismatch)
        for part in ["example 6", "target 3", "0 to 2"] { #expect(error?.reason.contains(part) == true) }
    }

    @Test(arguments: [
        [:], ["x": Tensor([0, 0] as [Double], shape: [2, 1])], ["x": Tensor([0, 0, 0, 0] as [Int64], shape: [1, 4])],
    ])
    func `examples that do not fit the graph are refused`(inputs: [String: Tensor]) {
        #expect(throws: GraphError.self) {
            try ModelLoss<Double>(plan: TestGraphs.networkPlan(), head: .crossEntropy, inputs: inputs, targets: classes)
        }
    }

    @Test func `next-token compares each position with the following token`() throws {
        // Logits are an embedding's rows: position t predicts from token t alone.
        let graph = TestGraphs.graph(
            [
                TestGraphs.input("tokens", [.symbolic("batch"), .fixed(4)], .int64),
                TestGraphs.input("e", [.fixed(3), .fixed(3)]),
            ],
            [Node(operatorName: "Gather", inputs: ["e", "tokens"], outputs: ["y"])])
        let binding = try ParameterBinding(graph: graph, tensors: [TestGraphs.tensor("e", [3, 3])]) { _, _ in false }
        let plan = try Plan(graph: graph, binding: binding, exampleShapes: ["tokens": [4]])
        let tokens = Tensor([0, 1, 2, 0, 2, 2, 1, 0] as [Int64], shape: [2, 4])
        let loss = try ModelLoss<Double>(plan: plan, head: .nextToken, inputs: ["tokens": tokens], targets: nil)
        let same = try ModelLoss<Double>(
            plan: plan, head: .crossEntropy, inputs: ["tokens": tokens],
            targets: Tensor([1, 2, 0, -100, 2, 1, 0, -100] as [Int64], shape: [2, 4]))
        var (next, cross): ([Double], [Double]) = ([], [])
        let embedding = TestGraphs.numbers(9, seed: 5)
        try loss.makeEvaluator(capacity: 2).losses(at: embedding, examples: [0, 1], into: &next)
        try same.makeEvaluator(capacity: 2).losses(at: embedding, examples: [0, 1], into: &cross)
        #expect(next == cross && next.allSatisfy { $0 > 0 })
    }
}

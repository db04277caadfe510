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

    @Test func `a batch in blocks gives the losses and the gradient of its examples`() throws {
        let loss = try loss()
        // Wide enough for several blocks: an example takes some hundred bytes, a block half a MiB.
        let count = 5_001
        let block = try loss.blockSize(capacity: count)
        #expect(block < count && (count + block - 1) / block > 1)
        #expect(loss.evaluatorByteCount(capacity: count) == loss.evaluatorByteCount(capacity: block))
        let examples = (0..<count).map { ($0 * $0 + 3 * $0) % 10 }
        var (losses, gradient): ([Double], [Double]) = ([], [])
        try loss.makeEvaluator(capacity: count).lossesAndGradient(
            at: parameters, examples: examples, losses: &losses, gradient: &gradient)
        let single = try loss.makeEvaluator(capacity: 1)
        var sum = [Double](repeating: 0, count: 43)
        for example in 0..<10 {
            var (own, part): ([Double], [Double]) = ([], [])
            single.lossesAndGradient(at: parameters, examples: [example], losses: &own, gradient: &part)
            let share = Double(examples.count { $0 == example }) / Double(count)
            sum = zip(sum, part).map { $0 + $1 * share }
            let same = zip(examples, losses).allSatisfy {
                $0 != example || Tolerance.relative(16 * .ulpOfOne).accepts($1, own[0])
            }
            #expect(same)
        }
        // Sums of five thousand terms: the square root of that many roundings, with room.
        #expect(relativeError(gradient, sum) < 256 * .ulpOfOne)
        // Without a gradient the same losses, to the roundings of products of other sizes.
        var alone: [Double] = []
        try loss.makeEvaluator(capacity: count, withGradient: false).losses(
            at: parameters, examples: examples, into: &alone)
        #expect(relativeError(alone, losses) < 16 * .ulpOfOne)
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

    @Test func `the first target out of range is named with its value and the range`() throws {
        var values = (0..<10).map { Int64($0 % 3) }
        (values[6], values[8]) = (3, -1)
        let error = #expect(throws: GraphError.self) {
            try ModelLoss<Double>(
                plan: TestGraphs.networkPlan(), head: .crossEntropy, inputs: inputs,
                targets: Tensor(values, shape: [10]))
        }
        #expect(error?.kind == .mismatch)
        for part in ["example 6", "target 3", "0 to 2"] { #expect(error?.reason.contains(part) == true) }
    }

    @Test func `squared errors take whole numbers as they take others`() throws {
        let whole = Tensor((0..<30).map { Int64($0 % 4) }, shape: [10, 3])
        var (integers, floats): ([Double], [Double]) = ([], [])
        for (targets, float) in [(whole, false), (Tensor(whole.values(as: Double.self), shape: [10, 3]), true)] {
            let loss = try ModelLoss<Double>(
                plan: TestGraphs.networkPlan(), head: .sumSquaredError, inputs: inputs, targets: targets)
            var losses: [Double] = []
            try loss.makeEvaluator(capacity: 10).losses(at: parameters, examples: Array(0..<10), into: &losses)
            if float { floats = losses } else { integers = losses }
        }
        #expect(integers == floats && integers.count == 10)
    }

    /// y = x where the mask is set, else −x; the mask comes from the checkpoint under a name with a prefix.
    @Test(arguments: [ElementType.bool, .uint8, .int64])
    func `a mask of the checkpoint is fed under its name in the graph`(type: ElementType) throws {
        let graph = TestGraphs.graph(
            [
                TestGraphs.input("x", [.symbolic("batch"), .fixed(4)]), TestGraphs.input("w", [.fixed(4)]),
                TestGraphs.input("layer/mask", [.fixed(4)], type),
            ],
            [
                Node(operatorName: "Cast", inputs: ["layer/mask"], outputs: ["isSet"], attributes: ["to": .integer(9)]),
                Node(operatorName: "Mul", inputs: ["x", "w"], outputs: ["xw"]),
                Node(operatorName: "Neg", inputs: ["xw"], outputs: ["n"]),
                Node(operatorName: "Where", inputs: ["isSet", "xw", "n"], outputs: ["y"]),
            ])
        let tensors = [TestGraphs.tensor("module.w", [4]), TestGraphs.tensor("module.layer.mask", [4], type)]
        let binding = try ParameterBinding(graph: graph, tensors: tensors, dataNames: ["x"]) { _, _ in false }
        #expect(binding.fedTensors.map(\.name) == ["module.layer.mask"] && binding.parameterCount == 4)
        #expect(binding.fedTensors.map(\.valueName) == ["layer/mask"] && binding.strippedPrefix == "module.")
        let plan = try Plan(graph: graph, binding: binding, exampleShapes: ["x": [4]])
        func loss(_ fed: [String: Tensor]) throws -> ModelLoss<Double> {
            try ModelLoss(
                plan: plan, head: .sumSquaredError, inputs: inputs,
                targets: Tensor([Double](repeating: 0, count: 40), shape: [10, 4]), otherTensors: fed)
        }
        let mask = Tensor(shape: [4], elementType: type, elements: .integer([1, 0, 0, 1]))
        let evaluator = try loss(["layer/mask": mask]).makeEvaluator(capacity: 10)
        let outputs = evaluator.outputs(at: [1, 1, 1, 1], examples: [0, 3])
        let x = TestGraphs.numbers(40, seed: 1)
        #expect(outputs == [x[0], -x[1], -x[2], x[3], x[12], -x[13], -x[14], x[15]])

        let absent = #expect(throws: GraphError.self) { try loss([:]).makeEvaluator(capacity: 1) }
        #expect(absent?.kind == .notFound && absent?.reason.contains("tensor layer/mask") == true)
        let other = Tensor(shape: [2], elementType: type, elements: .integer([1, 0]))
        let short = #expect(throws: GraphError.self) { try loss(["layer/mask": other]).makeEvaluator(capacity: 1) }
        #expect(short?.kind == .mismatch && short?.reason.contains("layer/mask is \(type) [2]; expected") == true)
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

        var gradient: [Double] = []
        let evaluator = try loss.makeEvaluator(capacity: 2)
        evaluator.lossesAndGradient(at: embedding, examples: [0, 1], losses: &next, gradient: &gradient)
        let problem = GradientChecker().problem(at: embedding, gradient: gradient) { point in
            evaluator.losses(at: point, examples: [0, 1], into: &next)
            return next.reduce(0, +) / 2
        }
        #expect(problem == nil)
    }
}

import Foundation
import ONNX
import TestSupport
import Tensors
import Testing

@testable import Graphs

/// Whole models against PyTorch: Fixtures/onnx and Fixtures/references/models.
@Suite struct ModelReferenceTests {
    /// A model with the name of its export: parameters as inputs at an opset, or stored by either of PyTorch's exporters.
    struct Export: Sendable, CustomTestStringConvertible {
        let model: String
        let export: String
        var testDescription: String { "\(model).\(export)" }
    }

    private static let exports =
        pairs(
            [
                "mlp", "deep-linear", "convnet", "superposition", "modular-addition", "in-context-regression",
                "attention-language-model", "gelu-language-model",
            ], ["opset18", "opset20"])
        + pairs(["gpt-2", "llama", "encoder", "resnet", "lstm"], ["opset18", "opset23"])
        + pairs(["gpt-2", "encoder", "resnet"], ["initializers", "legacy"])

    private static func pairs(_ models: [String], _ exports: [String]) -> [Export] {
        models.flatMap { model in exports.map { Export(model: model, export: $0) } }
    }

    // Some tens of operations in a row, each with sums of at most a hundred terms: a thousand units in the last place.
    @Test(arguments: exports, [true, false])
    func `losses and gradients are PyTorch's`(export: Export, rewrites: Bool) throws {
        try compare(export, rewrites: rewrites, as: Double.self, tolerance: 1e-12)
        try compare(export, rewrites: rewrites, as: Float.self, tolerance: 1e-5)
    }

    @Test(arguments: exports) func `a batch of any size gives an example the same loss`(export: Export) throws {
        let reference = try ModelReference(export)
        let loss: ModelLoss<Double> = try reference.loss()
        let evaluator = try loss.makeEvaluator(capacity: loss.exampleCount)
        let parameters: [Double] = try loss.plan.binding.flatten(reference.parameters)
        for example in 0..<loss.exampleCount {
            var losses: [Double] = []
            evaluator.losses(at: parameters, examples: [example], into: &losses)
            #expect(Tolerance.relative(1e-12).accepts(losses[0], reference.losses[example]))
        }
    }

    // The steps that remain are the same; blocks of other sizes and gradients that are assigned where they were added round
    // differently.
    @Test(arguments: exports) func `frozen tensors have no gradient, and the others the same`(export: Export) throws {
        let reference = try ModelReference(export)
        let full: ModelLoss<Double> = try reference.loss()
        let parameters: [Double] = try full.plan.binding.flatten(reference.parameters)
        let (losses, gradient) = try lossesAndGradient(full, at: parameters)
        for slot in full.plan.binding.slots where slot.isTrainable {
            for pattern in [slot.name, "!" + slot.name] {
                let selection = try ParameterSelection([pattern])
                let loss: ModelLoss<Double> = try reference.loss(sampling: selection)
                let (ranges, _) = try selection.resolve(in: full.plan.binding)
                let found = try lossesAndGradient(loss, at: parameters)
                #expect(found.losses == losses || relativeError(found.losses, losses) < 1e-12, "\(pattern)")
                var frozen = found.gradient
                for range in ranges {
                    #expect(relativeError(Array(found.gradient[range]), Array(gradient[range])) < 1e-12, "\(pattern)")
                    frozen.replaceSubrange(range, with: repeatElement(0, count: range.count))
                }
                #expect(frozen.allSatisfy { $0 == 0 }, "\(pattern)")
                let visited = Liveness(loss.plan, withGradient: true).isDifferentiated
                #expect(visited == stepsBetweenSampledAndOutput(loss.plan), "\(pattern)")
            }
        }
    }

    @Test func `the gradient of a slice is that of the tensor`() throws {
        let reference = try ModelReference(Export(model: "gpt-2", export: "opset18"))
        let full: ModelLoss<Double> = try reference.loss()
        let slot = try #require(full.plan.binding.slots.last { $0.name.hasSuffix("c_attn.weight") })
        let loss: ModelLoss<Double> = try reference.loss(sampling: ParameterSelection([slot.name + "[:, :2]"]))
        #expect(loss.plan.binding.slots.filter(\.isTrainable).map(\.name) == [slot.name])
        let parameters: [Double] = try full.plan.binding.flatten(reference.parameters)
        let (expected, found) = (
            try lossesAndGradient(full, at: parameters), try lossesAndGradient(loss, at: parameters)
        )
        #expect(relativeError(Array(found.gradient[slot.range]), Array(expected.gradient[slot.range])) < 1e-12)
        func visited(_ loss: ModelLoss<Double>) -> Int {
            Liveness(loss.plan, withGradient: true).isDifferentiated.count { $0 }
        }
        // It is in the second of two blocks.
        #expect(visited(loss) < visited(full) / 2)
    }

    /// Losses and gradient over all examples; what the gradient's memory held before must not matter.
    private func lossesAndGradient(
        _ loss: ModelLoss<Double>, at parameters: [Double]
    ) throws -> (losses: [Double], gradient: [Double]) {
        var losses: [Double] = []
        var gradient = [Double](repeating: .nan, count: parameters.count)
        try loss.makeEvaluator(capacity: loss.exampleCount).lossesAndGradient(
            at: parameters, examples: Array(0..<loss.exampleCount), losses: &losses, gradient: &gradient)
        return (losses, gradient)
    }

    /// For each step, whether it lies on a way from a sampled parameter to the output through floating-point values.
    private func stepsBetweenSampledAndOutput(_ plan: Plan) -> [Bool] {
        var stepsAfter = [Set<Int>](repeating: [], count: plan.values.count)
        for (index, step) in plan.steps.enumerated() {
            // A view is of its first input; others give it a shape or a type.
            for input in step.operation.isView ? step.inputs.prefix(1) : step.inputs[...] where input >= 0 {
                stepsAfter[input].insert(index)
            }
        }
        var leads: [Int: Bool] = [plan.output: true]
        func leadsToOutput(_ value: Int) -> Bool {
            if let known = leads[value] { return known }
            let result =
                plan.values[value].description.isFloat
                && stepsAfter[value].contains { step in
                    plan.steps[step].outputs.contains { $0 >= 0 && leadsToOutput($0) }
                }
            leads[value] = result
            return result
        }
        var reached: Set<Int> = []
        var pending = plan.values.indices.filter {
            if case .parameter(_, isTrainable: true) = plan.values[$0].source { true } else { false }
        }
        var visited = [Bool](repeating: false, count: plan.steps.count)
        while let value = pending.popLast() {
            guard plan.values[value].description.isFloat, reached.insert(value).inserted else { continue }
            for step in stepsAfter[value] {
                let outputs = plan.steps[step].outputs.filter { $0 >= 0 }
                visited[step] = visited[step] || outputs.contains(where: leadsToOutput)
                pending += outputs
            }
        }
        return visited
    }

    @Test(arguments: ["opset18", "initializers", "legacy"])
    func `a tied parameter has one slot and two names`(export: String) throws {
        let reference = try ModelReference(Export(model: "gpt-2", export: export))
        let binding = try reference.binding()
        let names: Set = ["transformer.wte.weight", "lm_head.weight"]
        #expect(binding.slots.count { names.contains($0.name) } == 1)
        #expect(binding.tiedPairs.map { Set([$0.name, $0.duplicate]) } == [names])
    }

    private func compare<Scalar: Real>(
        _ export: Export, rewrites: Bool, as type: Scalar.Type, tolerance: Double
    ) throws {
        let reference = try ModelReference(export, rewrites: rewrites)
        let loss: ModelLoss<Scalar> = try reference.loss()
        let evaluator = try loss.makeEvaluator(capacity: loss.exampleCount)
        let binding = loss.plan.binding
        var losses: [Double] = []
        var gradient = [Scalar](repeating: 0, count: binding.parameterCount)
        evaluator.lossesAndGradient(
            at: try binding.flatten(reference.parameters), examples: Array(0..<loss.exampleCount), losses: &losses,
            gradient: &gradient)
        #expect(relativeError(losses, reference.losses) < tolerance, "\(type) losses")
        for slot in binding.slots {
            guard let expected = reference.gradient(of: slot.name) else {
                #expect(!slot.isTrainable, "\(slot.name) is a buffer")
                continue
            }
            #expect(slot.isTrainable, "\(slot.name)")
            let error = relativeError(gradient[slot.range].map { Double($0) }, expected)
            #expect(error < tolerance, "\(type) gradient of \(slot.name)")
        }
        #expect(binding.slots.count == reference.parameters.count - reference.tiedNames.count)
    }
}

/// Parameters, examples, losses and gradients of one model, and its graph.
private struct ModelReference {
    private struct Stored: Decodable {
        let loss: String
        let inputs: [String: ReferenceTensor]
        let targets: ReferenceTensor
        let losses: [Double]
        let tensors: [String: ReferenceTensor]
        let tied: [String: String]?
    }

    private let stored: Stored
    private let graph: Graph
    private let rewrites: Bool

    /// Without `rewrites`, the graph is evaluated node by node.
    init(_ export: ModelReferenceTests.Export, rewrites: Bool = true) throws {
        self.rewrites = rewrites
        graph = try Graph(onnxFile: Fixture.url("onnx/\(export.model).\(export.export).onnx").path())
        // Before opset 20 exporters spell out GELU with rounded constants.
        let isSpelledOut = ["opset18", "legacy"].contains(export.export)
        let spelledOut = try? Fixture.data("references/models/\(export.model).opset18.json")
        let meant = try Fixture.data("references/models/\(export.model).json")
        stored = try JSONDecoder().decode(Stored.self, from: isSpelledOut ? spelledOut ?? meant : meant)
    }

    var losses: [Double] { stored.losses }

    /// The second names of tied parameters.
    var tiedNames: [String] { stored.tied.map { Array($0.keys) } ?? [] }

    /// The checkpoint: every tensor, the tied ones under both names.
    var parameters: [String: Tensor] {
        var tensors = stored.tensors.mapValues { Tensor($0.values, shape: Shape($0.shape)) }
        for (duplicate, name) in stored.tied ?? [:] { tensors[duplicate] = tensors[name] }
        return tensors
    }

    /// The gradient of the mean loss; nil for a buffer.
    func gradient(of name: String) -> [Double]? { stored.tensors[stored.tied?[name] ?? name]?.gradient }

    func binding() throws -> ParameterBinding {
        let descriptions = parameters.sorted { $0.key < $1.key }.map {
            CheckpointTensor(name: $0.key, shape: $0.value.shape, elementType: .float32)
        }
        // The statistics of BatchNormalization are known without being listed.
        let buffers = stored.tensors.keys.filter { gradient(of: $0) == nil && !$0.contains("running_") }
        return try ParameterBinding(
            graph: graph, tensors: descriptions, rules: BindingRules(buffers: buffers),
            dataNames: Array(stored.inputs.keys)
        ) { stored.tied?[$0] == $1 || stored.tied?[$1] == $0 }
    }

    func loss<Scalar: Real>(sampling selection: ParameterSelection? = nil) throws -> ModelLoss<Scalar> {
        var binding = try binding()
        if let selection { binding = try selection.resolve(in: binding).binding }
        let plan = try Plan(
            graph: graph, binding: binding,
            exampleShapes: stored.inputs.mapValues { Shape(Array($0.shape.dropFirst())) }, rewrites: rewrites)
        let head = try LossHead(name: stored.loss)
        return try ModelLoss(
            plan: plan, head: head, inputs: stored.inputs.mapValues { tensor($0) },
            targets: head == .nextToken ? nil : tensor(stored.targets))
    }

    private func tensor(_ reference: ReferenceTensor) -> Tensor {
        let shape = Shape(reference.shape)
        return reference.type == "int64"
            ? Tensor(reference.values.map { Int64($0) }, shape: shape) : Tensor(reference.values, shape: shape)
    }
}

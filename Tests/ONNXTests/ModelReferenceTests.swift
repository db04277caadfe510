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

    func loss<Scalar: Real>() throws -> ModelLoss<Scalar> {
        let plan = try Plan(
            graph: graph, binding: binding(),
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

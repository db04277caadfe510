import Foundation
import Graphs
import ONNX
import TestSupport
import Tensors
import Testing

/// Whole models against PyTorch: Fixtures/onnx and Fixtures/references/models.
@Suite struct ModelReferenceTests {
    private static let models = [
        "mlp", "deep-linear", "convnet", "superposition", "modular-addition", "in-context-regression",
        "attention-language-model", "gelu-language-model",
    ]

    // Some tens of operations in a row, each with sums of at most a hundred terms: a thousand units in the last place.
    @Test(arguments: models, [18, 20])
    func `losses and gradients are PyTorch's`(model: String, opset: Int) throws {
        try compare(model, opset, as: Double.self, tolerance: 1e-12)
        try compare(model, opset, as: Float.self, tolerance: 1e-5)
    }

    @Test(arguments: models) func `a batch of any size gives an example the same loss`(model: String) throws {
        let reference = try ModelReference(model, opset: 20)
        let loss: ModelLoss<Double> = try reference.loss(opset: 20)
        let evaluator = try loss.makeEvaluator(capacity: loss.exampleCount)
        let parameters: [Double] = try loss.plan.binding.flatten(reference.parameters)
        for example in 0..<loss.exampleCount {
            var losses: [Double] = []
            evaluator.losses(at: parameters, examples: [example], into: &losses)
            #expect(Tolerance.relative(1e-12).accepts(losses[0], reference.losses[example]))
        }
    }

    private func compare<Scalar: Real>(
        _ model: String, _ opset: Int, as type: Scalar.Type, tolerance: Double
    ) throws {
        let reference = try ModelReference(model, opset: opset)
        let loss: ModelLoss<Scalar> = try reference.loss(opset: opset)
        let evaluator = try loss.makeEvaluator(capacity: loss.exampleCount)
        let binding = loss.plan.binding
        var losses: [Double] = []
        var gradient = [Scalar](repeating: 0, count: binding.parameterCount)
        evaluator.lossesAndGradient(
            at: try binding.flatten(reference.parameters), examples: Array(0..<loss.exampleCount), losses: &losses,
            gradient: &gradient)
        #expect(relativeError(losses, reference.losses) < tolerance, "\(type) losses")
        for slot in binding.slots {
            guard let expected = reference.tensors[slot.name]?.gradient else {
                #expect(!slot.isTrainable, "\(slot.name) is a buffer")
                continue
            }
            #expect(slot.isTrainable, "\(slot.name)")
            let error = relativeError(gradient[slot.range].map { Double($0) }, expected)
            #expect(error < tolerance, "\(type) gradient of \(slot.name)")
        }
    }
}

/// Parameters, examples, losses and gradients of one model.
private struct ModelReference: Decodable {
    let model: String
    let loss: String
    let inputs: [String: ReferenceTensor]
    let targets: ReferenceTensor
    let losses: [Double]
    let tensors: [String: ReferenceTensor]

    /// An opset has numbers of its own where the exporter writes another function for it.
    init(_ name: String, opset: Int) throws {
        let data =
            try (try? Fixture.data("references/models/\(name).opset\(opset).json"))
            ?? Fixture.data("references/models/\(name).json")
        self = try JSONDecoder().decode(ModelReference.self, from: data)
    }

    var parameters: [String: Tensor] { tensors.mapValues { Tensor($0.values, shape: Shape($0.shape)) } }

    func loss<Scalar: Real>(opset: Int) throws -> ModelLoss<Scalar> {
        let graph = try Graph(onnxFile: Fixture.url("onnx/\(model).opset\(opset).onnx").path())
        let descriptions = tensors.sorted { $0.key < $1.key }.map {
            CheckpointTensor(name: $0.key, shape: Shape($0.value.shape), elementType: .float32)
        }
        let binding = try ParameterBinding(graph: graph, tensors: descriptions, dataNames: Array(inputs.keys)) { _, _ in
            false
        }
        let plan = try Plan(
            graph: graph, binding: binding, exampleShapes: inputs.mapValues { Shape(Array($0.shape.dropFirst())) })
        let head = try LossHead(name: loss)
        return try ModelLoss(
            plan: plan, head: head, inputs: inputs.mapValues { tensor($0) },
            targets: head == .nextToken ? nil : tensor(targets))
    }

    private func tensor(_ reference: ReferenceTensor) -> Tensor {
        let shape = Shape(reference.shape)
        return reference.type == "int64"
            ? Tensor(reference.values.map { Int64($0) }, shape: shape) : Tensor(reference.values, shape: shape)
    }
}

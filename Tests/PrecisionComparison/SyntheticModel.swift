package import Graphs
import Pipeline
package import Sampling
package import Tensors

/// A perceptron with one hidden layer, of any width, and random examples that its center fits up to noise.
package struct SyntheticModel: Sendable {
    package let posterior: LocalPosterior<Float>
    private let plan: Plan
    private let inputs: Tensor
    private let targets: Tensor

    private static let exampleCount = 1024
    private static let inputWidth = 784
    private static let outputWidth = 10

    /// Creates the model and its examples; the mean squared error is about 1 at the center.
    package init(hiddenWidth: Int) throws {
        plan = try SyntheticModel.plan(hiddenWidth: hiddenWidth)
        let random = RandomStream(seed: 0, trainingStep: 0, chain: 0, purpose: .projection)
        func normals(_ shape: Shape, row: Int) -> Tensor {
            var values = [Float](repeating: 0, count: shape.elementCount)
            random.fillNormals(&values, row: row)
            return Tensor(values, shape: shape)
        }
        inputs = normals([Self.exampleCount, Self.inputWidth], row: 0)
        let scale = 1 / Float(Self.inputWidth).squareRoot()
        let center = normals([plan.binding.parameterCount], row: 1).values(as: Float.self).map { $0 * scale }
        let noise = normals([Self.exampleCount, Self.outputWidth], row: 2)
        let outputs = try ModelLoss<Float>(plan: plan, head: .meanSquaredError, inputs: ["x": inputs], targets: noise)
            .makeEvaluator(capacity: 256, withGradient: false).outputs(
                at: center, examples: Array(0..<Self.exampleCount))
        targets = Tensor(zip(outputs, noise.values(as: Float.self)).map { $0 + $1 }, shape: noise.shape)
        posterior = LocalPosterior(
            center: center, nBeta: 30, localization: 1e4,
            subset: ParameterSubset(ranges: plan.binding.trainableRanges))
    }

    /// The loss over all examples.
    package func loss<Scalar: Real>(as type: Scalar.Type = Scalar.self) throws -> ModelLoss<Scalar> {
        try ModelLoss(plan: plan, head: .meanSquaredError, inputs: ["x": inputs], targets: targets)
    }

    /// Settings whose steps are small enough for up to several thousand hidden units.
    package func settings(chainCount: Int, batchSize: Int) -> SamplingSettings {
        SamplingSettings(
            chainCount: chainCount, drawCount: 1, burnInCount: 0, batchSize: batchSize, minibatches: .iid,
            stepSize: 3e-5, nBeta: posterior.nBeta, localization: posterior.localization, seed: 0, precision: .float)
    }

    private static func plan(hiddenWidth: Int) throws -> Plan {
        let shapes: [(name: String, shape: Shape)] = [
            ("first.bias", [hiddenWidth]), ("first.weight", [hiddenWidth, inputWidth]),
            ("second.bias", [outputWidth]), ("second.weight", [outputWidth, hiddenWidth]),
        ]
        func value(_ name: String, _ dimensions: [Graph.Extent]) -> Graph.Value {
            Graph.Value(name: name, elementType: .float32, dimensions: dimensions)
        }
        func linear(_ layer: String, _ input: String, _ output: String) -> Node {
            Node(
                operatorName: "Gemm", inputs: [input, "\(layer).weight", "\(layer).bias"], outputs: [output],
                attributes: ["transB": .integer(1)])
        }
        let graph = Graph(
            inputs: [value("x", [.symbolic("batch"), .fixed(inputWidth)])]
                + shapes.map { value($0.name, $0.shape.dimensions.map { .fixed($0) }) },
            outputs: [value("y", [.symbolic("batch"), .fixed(outputWidth)])], initializers: [:],
            nodes: [
                linear("first", "x", "sum"), Node(operatorName: "Relu", inputs: ["sum"], outputs: ["hidden"]),
                linear("second", "hidden", "y"),
            ], opset: 20)
        let binding = try ParameterBinding(
            graph: graph,
            tensors: shapes.map { CheckpointTensor(name: $0.name, shape: $0.shape, elementType: .float32) },
            dataNames: ["x"], equal: { _, _ in false })
        return try Plan(graph: graph, binding: binding, exampleShapes: ["x": [inputWidth]])
    }
}

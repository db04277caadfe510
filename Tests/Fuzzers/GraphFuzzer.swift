import Graphs
import ONNX
import Tensors

/// Imports the bytes as an ONNX file, plans the graph in two ways, and evaluates what can be planned.
func fuzzGraph(_ bytes: [UInt8]) {
    guard let graph = try? Graph(onnx: bytes, file: "fuzzed.onnx") else { return }
    for isBatched in [false, true] { try? evaluate(graph, isBatched: isBatched) }
}

/// Evaluations are of graphs that take no more than this.
private let greatestByteCount = 1 << 26
private let exampleName = "example of the fuzzer"
private let rowName = "row of the fuzzer"

/// Evaluates losses and gradient for two examples: with `isBatched`, the first axis of every input is taken for that of
/// examples; without, inputs are tensors of a checkpoint, and the last output is flattened and added to the examples.
private func evaluate(_ graph: Graph, isBatched: Bool) throws {
    var graph = graph
    let outside = graph.inputs.filter { graph.initializers[$0.name] == nil }
    guard let last = graph.outputs.last?.name else { return }
    var tensors: [String: Tensor] = [:]
    var inputs: [String: Tensor] = [:]
    for input in outside {
        var shape = (input.dimensions ?? [.unknown, .fixed(2)]).map(extent)
        if isBatched {
            shape = [2] + shape.dropFirst()
            inputs[input.name] = numbers(shape, input.elementType)
        } else {
            tensors[input.name] = numbers(shape, input.elementType)
        }
    }
    if isBatched {
        graph.inputs = graph.inputs.map { input in
            let rest = input.dimensions?.dropFirst() ?? [.fixed(2)]
            return Graph.Value(
                name: input.name, elementType: input.elementType, dimensions: [.symbolic("examples")] + rest)
        }
    } else {
        graph.initializers["flat shape of the fuzzer"] = Tensor([1, -1] as [Int64], shape: [2])
        let flat = [
            Node(
                operatorName: "Cast", inputs: [last], outputs: ["double of the fuzzer"],
                attributes: ["to": .integer(11)]),
            Node(
                operatorName: "Reshape", inputs: ["double of the fuzzer", "flat shape of the fuzzer"],
                outputs: ["flat of the fuzzer"]),
            Node(operatorName: "Add", inputs: ["flat of the fuzzer", exampleName], outputs: [rowName]),
        ]
        graph.nodes += flat
        graph.inputs.append(
            Graph.Value(name: exampleName, elementType: .float64, dimensions: [.symbolic("examples"), .fixed(1)]))
        graph.outputs.append(Graph.Value(name: rowName, elementType: .float64, dimensions: nil))
        inputs[exampleName] = Tensor([0.0, 0.5], shape: [2, 1])
    }

    let constants = graph.initializers.keys + graph.nodes.flatMap(\.outputs)
    let binding = try ParameterBinding(
        graph: graph,
        tensors: tensors.sorted { $0.key < $1.key }.map {
            CheckpointTensor(name: $0.key, shape: $0.value.shape, elementType: $0.value.elementType)
        },
        rules: BindingRules(constants: Array(constants)), dataNames: Array(inputs.keys)
    ) { _, _ in false }
    let plan = try Plan(
        graph: graph, binding: binding,
        exampleShapes: inputs.mapValues { Shape(Array($0.shape.dimensions.dropFirst())) },
        outputName: isBatched ? last : rowName)
    guard plan.outputShape.elementCount < 1 << 16 else { return }
    let targets = [Double](repeating: 0, count: 2 * plan.outputShape.elementCount)
    let loss = try ModelLoss<Double>(
        plan: plan, head: .sumSquaredError, inputs: inputs,
        targets: Tensor(targets, shape: Shape([2] + plan.outputShape.dimensions)), otherTensors: tensors)
    guard loss.evaluatorByteCount(capacity: 2) < greatestByteCount else { return }
    let evaluator = try loss.makeEvaluator(capacity: 2)
    var losses: [Double] = []
    var gradient: [Double] = []
    evaluator.lossesAndGradient(
        at: try binding.flatten(tensors), examples: [0, 1], losses: &losses, gradient: &gradient)
}

/// A declared extent, small enough that tensors are quickly made.
private func extent(_ extent: Graph.Extent) -> Int {
    if case .fixed(let count) = extent { min(count, 64) } else { 2 }
}

/// Numbers of both signs, out of range for some of what they may index; at most 2¹² of them.
private func numbers(_ shape: [Int], _ type: ElementType) -> Tensor {
    let isSmall = shape.reduce(1) { min($0 * max($1, 1), 1 << 13) } <= 1 << 12
    let shape = Shape(isSmall ? shape : shape.map { min($0, 1) })
    let values = (0..<shape.elementCount).map { ($0 * 7) % 13 - 3 }
    if type == .bool {
        return Tensor(shape: shape, elementType: type, elements: .integer(values.map { Int64($0 & 1) }))
    }
    return Tensor(
        shape: shape, elementType: type,
        elements: type.isFloatingPoint
            ? .double(values.map { Double($0) / 4 }) : .integer(values.map { Int64($0) }))
}

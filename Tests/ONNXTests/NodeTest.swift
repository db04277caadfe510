import Foundation
import SwiftProtobuf
import Tensors

@testable import Graphs
@testable import ONNX

/// One of the standard's backend tests: a model, its inputs, and the outputs that the reference implementation gives.
struct NodeTest {
    private static let operators = Set(OperationRegistry.operations.keys).union(Sequences.operators)

    let name: String
    private let folder: URL
    private let model: ModelProto

    /// Reads `model.onnx` of the test's folder.
    init(_ folder: URL) throws {
        name = folder.lastPathComponent
        self.folder = folder
        model = try ModelProto(serializedBytes: Data(contentsOf: folder.appending(path: "model.onnx")))
    }

    /// The version of the default operator set; 0 where the model states none.
    var opset: Int {
        Int(model.opsetImport.first { $0.domain.isEmpty || $0.domain == "ai.onnx" }?.version ?? 0)
    }

    /// What keeps the test from being run, in words that group tests: operators, else the opset, else types.
    func obstacles(_ coveredTypes: Set<ElementType>) -> [String] {
        let missing = Set(
            model.graph.node.filter { !$0.domain.isEmpty || !Self.operators.contains($0.opType) }
                .map { $0.domain.isEmpty ? $0.opType : "\($0.domain).\($0.opType)" })
        if !missing.isEmpty { return missing.sorted().map { "operator \($0)" } }
        guard Graph.supportedOpsets.contains(opset) else { return ["opset \(opset)"] }
        var types = Set(model.graph.initializer.map(\.dataType))
        for value in model.graph.input + model.graph.output {
            guard case .tensorType(let type) = value.type.value else { return ["a sequence or an optional value"] }
            types.insert(type.elemType)
        }
        let others = types.filter { number in
            guard let type = try? ElementType(onnx: number, location: "") else { return true }
            return !coveredTypes.contains(type)
        }
        return others.map { number in
            "element type " + (TensorProto.DataType(rawValue: Int(number)).map { "\($0)" } ?? "number \(number)")
        }.sorted()
    }

    /// What is wrong with the outputs, nil where nothing is; `|found − expected| ≤ absolute + relative·|expected|`.
    func problem<Scalar: Real>(as type: Scalar.Type, relative: Double, absolute: Double) throws -> String? {
        let graph = try Graph(onnxFile: folder.appending(path: "model.onnx").path())
        let names = graph.inputs.map(\.name).filter { graph.initializers[$0] == nil }
        var inputs: [String: Tensor] = [:]
        for (index, name) in names.enumerated() { inputs[name] = try tensor("input_\(index).pb") }
        let evaluation = try NodeEvaluation(graph, inputs: inputs)
        let results: [NodeEvaluation.Result] = try evaluation.results(as: Scalar.self)
        for (index, found) in results.enumerated() {
            let expected = try tensor("output_\(index).pb")
            let label = "output \(index) as \(type)"
            if let type = found.elementType, type != expected.elementType {
                return "\(label) is \(type), not \(expected.elementType)"
            }
            guard found.shape == expected.shape.dimensions else {
                return "\(label) has shape \(found.shape), not \(expected.shape)"
            }
            let isExact = expected.integers != nil
            for (position, (a, b)) in zip(found.values, expected.values(as: Double.self)).enumerated() {
                let isNear = a == b || (a.isNaN && b.isNaN) || (!isExact && abs(a - b) <= absolute + relative * abs(b))
                guard isNear else { return "\(label) is \(a) at position \(position), not \(b)" }
            }
        }
        return nil
    }

    /// Whether single precision changes anything and has a reference: where some numbers are fractions and none a double.
    var hasSinglePrecision: Bool {
        let types = Set((model.graph.input + model.graph.output).map(\.type.tensorType.elemType))
        // TensorProto.FLOAT and DOUBLE.
        return types.contains(1) && !types.contains(11)
    }

    private func tensor(_ file: String) throws -> Tensor {
        let url = folder.appending(path: "test_data_set_0").appending(path: file)
        return try Tensor(TensorProto(serializedBytes: Data(contentsOf: url)), location: file)
    }
}

/// A graph whose inputs and outputs have any shape, evaluated by the engine as the model of one example.
///
/// Floating-point inputs are bound as parameters, the others are fed. The rank, the extents and the elements of every
/// output are written into one row, to which the only example, a zero, is added.
struct NodeEvaluation {
    struct Result {
        /// Nil where the plan did not keep the value.
        let elementType: ElementType?
        let shape: [Int]
        let values: [Double]
    }

    private static let example = "example of the test"
    private static let row = "row of the test"
    private let graph: Graph
    private let inputs: [String: Tensor]
    private let outputNames: [String]
    private let plan: Plan
    private let known: Set<String>

    /// Plans the graph with as few inputs as possible known beforehand: operators need shapes, axes and bounds.
    init(_ graph: Graph, inputs: [String: Tensor]) throws {
        var lastError: GraphError?
        for known in Self.subsets(of: graph.inputs.map(\.name).filter { inputs[$0] != nil }) {
            do {
                plan = try Self.plan(graph, inputs: inputs, known: known)
                (self.graph, self.inputs, self.known) = (graph, inputs, known)
                outputNames = graph.outputs.map(\.name)
                return
            } catch let error as GraphError {
                lastError = error
            }
        }
        throw lastError ?? GraphError(.malformed, "the graph has no inputs")
    }

    /// The outputs, computed in `Scalar`.
    func results<Scalar: Real>(as type: Scalar.Type) throws -> [Result] {
        // The loss is not read: any head with targets of the row's shape serves.
        let zeros = [Double](repeating: 0, count: plan.outputShape.elementCount)
        let loss = try ModelLoss<Scalar>(
            plan: plan, head: .sumSquaredError, inputs: [Self.example: Tensor([0.0], shape: [1, 1])],
            targets: Tensor(zeros, shape: Shape([1] + plan.outputShape.dimensions)),
            otherTensors: inputs.filter { !known.contains($0.key) })
        let evaluator = try loss.makeEvaluator(capacity: 1, withGradient: false)
        var rest = evaluator.outputs(at: try plan.binding.flatten(inputs), examples: [0]).map { Double($0) }[...]
        return outputNames.map { name in
            let rank = Int(rest.removeFirst())
            let shape = rest.prefix(rank).map { Int($0) }
            rest = rest.dropFirst(rank)
            let count = shape.reduce(1, *)
            defer { rest = rest.dropFirst(count) }
            return Result(
                elementType: plan.values.first { $0.name == name }?.description.elementType, shape: shape,
                values: Array(rest.prefix(count)))
        }
    }

    /// All subsets, small ones first; of many inputs none and all only.
    private static func subsets(of names: [String]) -> [Set<String>] {
        guard names.count <= 6 else { return [[], Set(names)] }
        return (0..<1 << names.count).sorted { ($0.nonzeroBitCount, $0) < ($1.nonzeroBitCount, $1) }.map { bits in
            Set(names.enumerated().filter { bits >> $0.offset & 1 == 1 }.map(\.element))
        }
    }

    private static func plan(_ graph: Graph, inputs: [String: Tensor], known: Set<String>) throws -> Plan {
        var graph = graph
        graph.inputs.removeAll { known.contains($0.name) }
        graph.inputs.append(
            Graph.Value(name: example, elementType: .float64, dimensions: [.symbolic("batch"), .fixed(1)]))
        graph.initializers.merge(inputs.filter { known.contains($0.key) }) { $1 }
        writeRow(&graph)
        let tensors = inputs.filter { !known.contains($0.key) }.sorted { $0.key < $1.key }.map {
            CheckpointTensor(name: $0.key, shape: $0.value.shape, elementType: $0.value.elementType)
        }
        let constants = graph.initializers.keys + graph.nodes.flatMap(\.outputs)
        let binding = try ParameterBinding(
            graph: graph, tensors: tensors, rules: BindingRules(constants: Array(constants)), dataNames: [example]
        ) { _, _ in false }
        return try Plan(graph: graph, binding: binding, exampleShapes: [example: [1]], outputName: row)
    }

    private static func writeRow(_ graph: inout Graph) {
        graph.initializers["flat"] = Tensor([1, -1] as [Int64], shape: [2])
        var parts: [String] = []
        func add(_ name: String, _ inputs: [String], _ attributes: [String: Attribute] = [:]) -> String {
            let output = "\(name) \(graph.nodes.count) of the test"
            graph.nodes.append(
                Node(operatorName: name, inputs: inputs, outputs: [output], attributes: attributes))
            return output
        }
        for output in graph.outputs.map(\.name) {
            let shape = add("Shape", [output])
            for part in [add("Shape", [shape]), shape, output] {
                // 11 is TensorProto.DOUBLE.
                parts.append(add("Reshape", [add("Cast", [part], ["to": .integer(11)]), "flat"]))
            }
        }
        let flat = add("Concat", parts, ["axis": .integer(1)])
        graph.nodes.append(Node(operatorName: "Add", inputs: [flat, example], outputs: [row]))
        graph.outputs = [Graph.Value(name: row, elementType: .float64, dimensions: nil)]
    }
}

import Foundation
import Graphs
import ONNX
import TestSupport
import Tensors
import Testing

/// Graphs of several exporters and export modes, where they lie beside the repository, against onnxruntime:
/// Fixtures/references/exports.
@Suite(.enabled(if: Fixture.sharedData("onnx") != nil, "the exported graphs do not lie beside the repository"))
struct ExporterTests {
    // Norms of rounding errors, u = 2⁻²⁴: at most a hundred operations that round in a row, each over sums of at most 160
    // terms, give √(100·160)·u = 7.5e-6 where roundings are independent (Higham and Mary 2019). The factor of two is for
    // the two sides, each with errors of its own.
    private static let tolerance = 1.5e-5

    @Test(arguments: ExportReference.names) func `outputs are onnxruntime's`(name: String) throws {
        let reference = try ExportReference(name)
        let single = try reference.outputs(as: Float.self)
        let double = try reference.outputs(as: Double.self)
        #expect(relativeError(double, reference.expected) < Self.tolerance)
        #expect(relativeError(single, reference.expected) < Self.tolerance)
        #expect(relativeError(single, double) < Self.tolerance)
    }

    @Test func `there are graphs of every exporter and mode`() {
        for mode in ["func_opt", "funcbuf", "dyn_noopt", "legacy_kiai", "jax", "keras"] {
            #expect(ExportReference.names.contains { $0.contains(mode) }, "\(mode)")
        }
    }

    @Test(arguments: ExportReference.names.filter { !$0.hasPrefix("keras") })
    func `every tensor of the checkpoint has a slot, and stored constants are to be listed`(name: String) throws {
        let reference = try ExportReference(name)
        guard !reference.constants.isEmpty else {
            let binding = try reference.binding(BindingRules())
            #expect(Set(binding.slots.map(\.name)) == Set(reference.tensors.keys))
            #expect(binding.tiedPairs.isEmpty && binding.strippedPrefix == nil)
            return
        }
        // The optimiser stores what does not depend on parameters: buffers that are none, tables of positions.
        #expect(name.contains("func"))
        let error = #expect(throws: GraphError.self) { try reference.binding(BindingRules()) }
        #expect(error?.kind == .unsupported)
        for constant in reference.constants { #expect(error?.reason.contains("\(constant) [") == true) }
    }

    @Test func `a frozen model with its parameters as inputs is refused`() throws {
        let reference = try ExportReference("keras_conv.func")
        let rules = BindingRules(constants: reference.constants)
        let error = #expect(throws: GraphError.self) { try reference.binding(rules) }
        #expect(error?.kind == .mismatch)
        for input in reference.unread { #expect(error?.reason.contains(input) == true) }
    }

    @Test(arguments: ["llama", "lstm", "mha_transformer", "nanogpt_tied", "tms"])
    func `graphs with folded weights are refused with the reason and the remedy`(model: String) throws {
        let safe = try ExportReference("\(model).funcbuf_opt_op20")
        let path = try #require(Fixture.sharedData("onnx/unsafe/\(model).dyn_opt_op20.onnx")).path()
        let graph = try Graph(onnxFile: path)
        let folded = graph.initializers.filter {
            $0.value.elementType.isFloatingPoint && $0.value.count > 1 && safe.tensors[$0.key] == nil
        }
        let lost = safe.tensors.keys.filter { graph.initializers[$0] == nil }
        let error = #expect(throws: GraphError.self) { try safe.binding(BindingRules(), graph: graph) }
        #expect(error?.kind == (lost.isEmpty ? .unsupported : .mismatch))
        let reason = try #require(error?.reason)
        #expect(!folded.isEmpty)
        for (name, tensor) in folded { #expect(reason.contains("\(name) \(tensor.shape)")) }
        for name in lost { #expect(reason.contains(name)) }
        #expect(reason.contains("folded") && reason.contains("silently"))
        #expect(reason.contains("parameters as inputs") && reason.contains("optimize=False"))
    }
}

/// What onnxruntime computes with one exported graph, and the checkpoint that it was given.
struct ExportReference {
    private struct Stored: Decodable {
        struct Input: Decodable {
            let name: String
            let shape: [Int]
            let vocabulary: Int?
        }
        struct Output: Decodable {
            let shape: [Int]
            let float32: Data
        }
        let input: Input
        let parameters: [String: [Int]]
        let unread: [String]
        let constants: [String]
        let output: Output
    }

    /// Every graph that there are numbers for.
    static let names: [String] = {
        guard let folder = try? Fixture.url("references/exports"),
            let files = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
        else { return [] }
        return files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
    }()

    let graph: Graph
    /// The checkpoint's tensors.
    let tensors: [String: Tensor]
    /// Tensors of the checkpoint that no node reads.
    let unread: [String]
    /// Floating-point tensors that the exporter stored and that no checkpoint holds.
    let constants: [String]
    let examples: [String: Tensor]
    let expected: [Double]

    init(_ name: String) throws {
        let stored = try JSONDecoder().decode(Stored.self, from: Fixture.data("references/exports/\(name).json"))
        graph = try Graph(onnxFile: #require(Fixture.sharedData("onnx/safe/\(name).onnx")).path())
        tensors = Dictionary(
            uniqueKeysWithValues: stored.parameters.map { name, dimensions in
                let shape = Shape(dimensions)
                return (name, Tensor(NamedNumbers.reals(name, count: shape.elementCount), shape: shape))
            })
        unread = stored.unread
        constants = stored.constants
        let shape = Shape(stored.input.shape)
        let examples =
            if let vocabulary = stored.input.vocabulary {
                Tensor(
                    NamedNumbers.integers(stored.input.name, count: shape.elementCount, below: vocabulary),
                    shape: shape)
            } else {
                Tensor(NamedNumbers.reals(stored.input.name, count: shape.elementCount), shape: shape)
            }
        self.examples = [stored.input.name: examples]
        let bytes = stored.output.float32
        expected = stride(from: 0, to: bytes.count, by: 4).map { offset in
            let bits = (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * UInt32($1)) }
            return Double(Float(bitPattern: bits))
        }
    }

    /// Binds the checkpoint to this graph, or to another one.
    func binding(_ rules: BindingRules, graph other: Graph? = nil) throws -> ParameterBinding {
        let descriptions = tensors.sorted { $0.key < $1.key }.map {
            CheckpointTensor(name: $0.key, shape: $0.value.shape, elementType: .float32)
        }
        return try ParameterBinding(
            graph: other ?? graph, tensors: descriptions, rules: rules, dataNames: Array(examples.keys)
        ) { _, _ in false }
    }

    /// What our engine computes.
    func outputs<Scalar: Real>(as type: Scalar.Type) throws -> [Double] {
        let plan = try Plan(
            graph: graph, binding: binding(BindingRules(buffers: unread, constants: constants)),
            exampleShapes: examples.mapValues { Shape(Array($0.shape.dimensions.dropFirst())) })
        let count = examples.values.first?.shape.dimensions.first ?? 0
        let zeros = [Float](repeating: 0, count: count * plan.outputShape.elementCount)
        let loss = try ModelLoss<Scalar>(
            plan: plan, head: .sumSquaredError, inputs: examples,
            targets: Tensor(zeros, shape: Shape([count] + plan.outputShape.dimensions)))
        let evaluator = try loss.makeEvaluator(capacity: count, withGradient: false)
        return try evaluator.outputs(at: plan.binding.flatten(tensors), examples: Array(0..<count)).map { Double($0) }
    }
}

import Development
public import Graphs
import ONNX
import Runs
public import Sampling
import Tensors

/// A run's graph, met with its parameters by name and with its examples: what a loss is made of.
struct LoadedModel: Sendable {
    /// The file of the graph.
    let modelPath: String
    let graph: Graph
    let binding: ParameterBinding
    private(set) var plan: Plan
    let head: LossHead
    let examples: Examples
    /// Indices of the examples λ̂ refers to.
    private(set) var trainingIndices: [Int]
    /// The coordinates that are sampled.
    private(set) var subset: ParameterSubset
    /// Tensors the graph uses that are not floating point (masks, indices), by graph name; equal throughout.
    let fedTensors: [String: Tensor]
    /// What all numbers depend on besides weights and settings, named for the user.
    let inputs: [Entry]
    /// What was inferred rather than stated, for the user to check.
    let inferences: [String]

    /// Reads graph and examples and binds them to the tensors of `checkpoint`.
    init(run: RunDirectory, modelPath: String, examplesPath: String, checkpoint: Checkpoint) throws {
        let manifest = run.manifest
        self.modelPath = modelPath
        graph = try Graph(onnxFile: modelPath)
        examples = try Examples(at: examplesPath)
        trainingIndices = examples.trainingIndices

        let tensors = checkpoint.byName
        do {
            binding = try ParameterBinding(
                graph: graph,
                tensors: checkpoint.tensors.map {
                    CheckpointTensor(name: $0.name, shape: $0.tensor.shape, elementType: $0.tensor.elementType)
                },
                rules: BindingRules(
                    trainable: manifest.trainable, buffers: manifest.buffers, ignored: manifest.ignored,
                    constants: manifest.constants),
                dataNames: examples.inputs.keys.sorted(),
                equal: { tensors[$0]?.elements == tensors[$1]?.elements })
            var outputName: String?
            if case .output(let name) = manifest.loss { outputName = name }
            plan = try Plan(
                graph: graph, binding: binding, exampleShapes: examples.exampleShapes, outputName: outputName)
            try plan.checkSize()
            (head, inferences) = try LoadedModel.chooseHead(manifest.loss, plan: plan, examples: examples)
        } catch let error as GraphError {
            throw Failure(wrapping: error, in: modelPath)
        }
        subset = ParameterSubset(ranges: binding.trainableRanges)
        fedTensors = binding.fedTensors(of: tensors)
        inputs = [
            Entry(name: "graph", value: try Digest.sha256Hex(file: modelPath)),
            Entry(name: "examples", value: examples.digest),
            Entry(name: "loss", value: head.name),
            Entry(name: "sampled", value: binding.slots.filter(\.isTrainable).map(\.name).joined(separator: " ")),
        ]
    }

    /// Checks that there is something to sample; without, λ̂ would be rounding noise.
    ///
    /// - Throws: `mismatch` where no parameter is sampled.
    func requireSampled() throws(Failure) {
        guard !binding.slots.contains(where: \.isTrainable) else { return }
        throw Failure(
            .mismatch,
            "\(modelPath): nothing is left to sample: expected at least one floating-point tensor of the checkpoints that the "
                + "graph takes, and that `trainable:` and `buffers:` in run.yaml do not exclude")
    }

    /// What the reader must know where the examples say which are held out, and not which were trained on.
    var heldOutLimitation: String? {
        let usual: Set = [
            "train", "training", "test", "val", "valid", "validation", "dev", "eval", "heldout", "holdout",
        ]
        let names = examples.subsets.map(\.name)
        let heldOut = names.filter { usual.contains($0.lowercased()) }
        guard !names.contains("train"), !heldOut.isEmpty else { return nil }
        return "λ̂ refers to all \(trainingIndices.count) examples, whatever they were used for: there is a subset "
            + "\(heldOut.list), and none called `train`"
    }

    /// The same model with fewer sampled parameters, fewer examples, or both; it computes no gradient of the others.
    func restricted(to restriction: Restriction) throws -> LoadedModel {
        var restricted = self
        do {
            if !restriction.parameters.isEmpty {
                let (ranges, sampled) = try ParameterSelection(restriction.parameters).resolve(in: binding)
                restricted.subset = ParameterSubset(ranges: ranges)
                restricted.plan = try Plan(
                    graph: graph, binding: sampled, exampleShapes: examples.exampleShapes,
                    outputName: plan.outputName)
            }
        } catch {
            throw Failure(.usage, "restriction '\(restriction.name)': \(Failure(wrapping: error).reason)")
        }
        if let name = restriction.examples { restricted.trainingIndices = try examples.indices(named: name) }
        return restricted
    }

    /// The loss over `indices` of the examples; over the training examples when nil.
    func loss<Scalar: Real>(as type: Scalar.Type, over indices: [Int]? = nil) throws -> ModelLoss<Scalar> {
        do {
            return try ModelLoss<Scalar>(
                plan: plan, head: head, inputs: examples.inputs, targets: examples.targets, otherTensors: fedTensors,
                examples: indices ?? trainingIndices)
        } catch {
            throw Failure(wrapping: error, in: examples.path)
        }
    }

    /// The loss over a few examples alone, at hand without all the others: example i of it is `indices[i]`.
    func loss<Scalar: Real>(as type: Scalar.Type, ofOnly indices: [Int]) throws -> ModelLoss<Scalar> {
        do {
            return try ModelLoss<Scalar>(
                plan: plan, head: head, inputs: examples.inputs.mapValues { $0.rows(indices) },
                targets: examples.targets?.rows(indices), otherTensors: fedTensors)
        } catch {
            throw Failure(wrapping: error, in: examples.path)
        }
    }

    /// The flat parameter vector of a checkpoint.
    func center<Scalar: Real>(of checkpoint: Checkpoint, as type: Scalar.Type) throws -> [Scalar] {
        let tensors = checkpoint.byName
        for (name, tensor) in binding.fedTensors(of: tensors) where fedTensors[name] != tensor {
            throw Failure(
                .unsupported,
                "checkpoint \(checkpoint.step): '\(name)' is not floating point, is used by the graph and differs "
                    + "from the first checkpoint; expected it to be the same throughout. Store it as floating point")
        }
        return try binding.flatten(tensors)
    }

    private static func chooseHead(
        _ stated: Manifest.Loss?, plan: Plan, examples: Examples
    ) throws -> (LossHead, [String]) {
        let names = LossHead.named.map(\.name).joined(separator: ", ")
        switch stated {
        case .named(let name):
            guard let head = LossHead.named.first(where: { $0.name == name }) else {
                let nearest =
                    nearestName(to: name, among: LossHead.named.map(\.name)).map { "; did you mean '\($0)'?" } ?? ""
                throw Failure(
                    .malformed,
                    "run.yaml: loss: expected one of \(names), or {output: NAME}, found '\(name)'\(nearest)")
            }
            return (head, [])
        case .output(let name): return (.output(name), [])
        case nil: break
        }
        guard let targets = examples.targets else {
            throw Failure(
                .notFound,
                "\(examples.path): the loss is not stated in run.yaml, and there are no `targets` to infer it from; "
                    + "expected `loss:` to be one of \(names), or {output: NAME}")
        }
        // The axis of examples is not counted in the plan's shape, but is in the targets'.
        if targets.integers != nil, targets.shape.rank == plan.outputShape.rank {
            return (
                .crossEntropy, ["loss: cross-entropy, because the targets are whole numbers, one per output position"]
            )
        }
        throw Failure(
            .mismatch,
            "\(examples.path): the loss is not stated in run.yaml and cannot be told from targets of type "
                + "\(targets.elementType.rawValue) and shape \(targets.shape); expected `loss:` to be one of \(names)")
    }
}

extension Checkpoint {
    /// The tensors by name.
    var byName: [String: Tensor] {
        Dictionary(tensors.map { ($0.name, $0.tensor) }) { first, _ in first }
    }
}

extension ParameterBinding {
    /// The tensors of a checkpoint that are fed and are not floating point, by their name in the graph.
    fileprivate func fedTensors(of tensors: [String: Tensor]) -> [String: Tensor] {
        var fed: [String: Tensor] = [:]
        for tensor in fedTensors { fed[tensor.valueName] = tensors[tensor.name] }
        return fed
    }
}

extension Examples {
    /// By input, the shape of one example.
    fileprivate var exampleShapes: [String: Shape] {
        inputs.mapValues { Shape(Array($0.shape.dimensions.dropFirst())) }
    }
}

extension Tensor {
    /// Some entries of the first axis.
    fileprivate func rows(_ indices: [Int]) -> Tensor {
        let width = shape.dimensions.dropFirst().reduce(1, *)
        func taken<Element>(_ values: [Element]) -> [Element] {
            indices.flatMap { values[$0 * width..<($0 + 1) * width] }
        }
        let elements: Elements =
            switch self.elements {
            case .float(let values): .float(taken(values))
            case .double(let values): .double(taken(values))
            case .integer(let values): .integer(taken(values))
            }
        return Tensor(
            shape: Shape([indices.count] + shape.dimensions.dropFirst()), elementType: elementType, elements: elements)
    }
}

extension ModelLoss: LossFunction {}
extension ModelEvaluator: LossEvaluator {}

import Foundation
import Graphs
import Runs
import Sampling
import Tensors

/// What a run directory holds and how it fits together: the answer of `instar inspect`.
public struct Inspection: Sendable, Codable {
    /// How a checkpoint tensor met the graph.
    public struct Parameter: Sendable, Codable {
        /// The name in the checkpoint.
        public var name: String
        /// The name in the graph, where it differs.
        public var graphName: String?
        /// The extents.
        public var shape: [Int]
        /// Sampled, or fed and left alone.
        public var isSampled: Bool
    }
    /// A named count or shape, e.g. an input of the examples file.
    public struct Item: Sendable, Codable {
        /// What it is called.
        public var name: String
        /// What is known of it.
        public var description: String
    }

    /// The run's name.
    public var name: String
    /// What was inferred rather than stated.
    public var inferences: [String] = []
    /// What is not there, and what that narrows.
    public var missing: [String] = []
    /// "step" or "epoch".
    public var axis: String
    /// The steps of the series, ascending.
    public var steps: [Int]
    /// The tensors of the flat parameter vector.
    public var parameters: [Parameter] = []
    /// Checkpoint tensors that are not part of it, with the reason.
    public var leftOut: [Item] = []
    /// The graph in a few words.
    public var graph: [Item] = []
    /// The examples in a few words.
    public var examples: [Item] = []
    /// The run's own series.
    public var recordedSeries: [Item] = []
    /// What stops an analysis, each with its remedy.
    public var problems: [String] = []

    /// The inspection as one JSON document.
    public func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    /// The inspection as text.
    public var text: String {
        var lines = ["run: \(name)"]
        lines.append(
            "checkpoints: \(steps.count), \(axis) \(steps.first ?? 0) to \(steps.last ?? 0)")
        // Beyond a screenful, `--json` has them all.
        if steps.count <= 200 { lines.append("\(axis)s: \(steps.map(String.init).joined(separator: ", "))") }
        func section(_ title: String, _ items: [String]) {
            guard !items.isEmpty else { return }
            lines.append("\n\(title):")
            lines.append(contentsOf: items.map { "  \($0)" })
        }
        let width = (parameters.map(\.name.count).max() ?? 0) + 2
        section(
            "parameters (\(parameters.filter(\.isSampled).reduce(0) { $0 + $1.shape.reduce(1, *) }) numbers sampled)",
            parameters.map { parameter in
                parameter.name.padding(toLength: width, withPad: " ", startingAt: 0)
                    + "\(parameter.shape)  \(parameter.isSampled ? "sampled" : "fed, not sampled")"
                    + (parameter.graphName.map { "  (in the graph: \($0))" } ?? "")
            })
        section("left out", leftOut.map { "\($0.name): \($0.description)" })
        section("graph", graph.map { "\($0.name): \($0.description)" })
        section("examples", examples.map { "\($0.name): \($0.description)" })
        section("the run's own series", recordedSeries.map { "\($0.name): \($0.description)" })
        section("inferred", inferences)
        section("missing", missing)
        section("problems", problems)
        if problems.isEmpty { lines.append("\nno problems found") }
        return lines.joined(separator: "\n")
    }
}

/// Looks at everything in a run directory without sampling; goes on past problems and lists them.
///
/// - Throws: `Failure` when there is no run to look at.
public func inspectRun(at path: String) async throws -> Inspection {
    let run = try RunDirectory(at: path)
    var inspection = Inspection(
        name: run.name, inferences: run.inferences, missing: run.missing, axis: run.series.axis.rawValue,
        steps: run.series.references.map(\.step))
    inspection.recordedSeries = run.recordedSeries.map {
        .init(
            name: $0.name, description: "\($0.steps.count) values, step \($0.steps.first ?? 0) to \($0.steps.last ?? 0)"
        )
    }
    func attempt(_ body: () throws -> Void) {
        do { try body() } catch { inspection.problems.append(Failure(wrapping: error).reason) }
    }
    var readable: Checkpoint?
    var rest = run.series.references.indices
    while readable == nil, let index = rest.popFirst() { attempt { readable = try run.series.read(at: index) } }
    // A few at once: their number is that of checkpoints in memory.
    let jobs = min(4, ProcessInfo.processInfo.activeProcessorCount)
    inspection.problems += try await concurrentMap(Array(rest), jobs: jobs) { [series = run.series] index -> String? in
        do throws(RunError) { _ = try series.read(at: index) } catch { return Failure(wrapping: error).reason }
        return nil
    }.compactMap(\.self)
    var model: LoadedModel?
    attempt {
        guard let checkpoint = readable else { return }
        if let modelPath = run.modelPath, let examplesPath = run.examplesPath {
            let loaded = try LoadedModel(
                run: run, modelPath: modelPath, examplesPath: examplesPath, checkpoint: checkpoint)
            model = loaded
            let loss = try loaded.loss(as: Float.self)
            inspection.describe(
                loaded, checkpoint: checkpoint, workspaceBytes: loss.evaluatorByteCount(capacity: 512),
                blockSize: try loss.blockSize(capacity: 512))
            inspection.inferences += loaded.inferences
            try loaded.requireSampled()
        } else {
            inspection.parameters = checkpoint.tensors.filter { $0.tensor.elementType.isFloatingPoint }.map {
                .init(name: $0.name, graphName: nil, shape: $0.tensor.shape.dimensions, isSampled: true)
            }
        }
    }
    if let model {
        attempt {
            guard let readable else { return }
            for check in try checkOutputs(of: model, at: readable, in: run.series) {
                inspection.examples.append(.init(name: "recorded outputs", description: check))
            }
        }
    }
    return inspection
}

extension Inspection {
    fileprivate mutating func describe(
        _ model: LoadedModel, checkpoint: Checkpoint, workspaceBytes: Int, blockSize: Int
    ) {
        parameters = model.binding.slots.map {
            .init(
                name: $0.name, graphName: $0.valueName == $0.name ? nil : $0.valueName, shape: $0.shape.dimensions,
                isSampled: $0.isTrainable)
        }
        let bound = Set(model.binding.slots.map(\.name) + model.binding.fedTensors.map(\.name))
        leftOut = checkpoint.tensors.filter { !bound.contains($0.name) }.map { tensor in
            let pair = model.binding.tiedPairs.first { $0.duplicate == tensor.name }
            return .init(
                name: tensor.name, description: pair.map { "tied to \($0.name)" } ?? "the graph does not use it")
        }
        if let prefix = model.binding.strippedPrefix {
            inferences.append("names are matched without the prefix '\(prefix)'")
        }
        graph = [
            .init(name: "opset", description: "\(model.graph.opset)"),
            .init(name: "operators", description: "\(model.graph.nodes.count) nodes"),
            .init(name: "output", description: "\(model.plan.outputName), \(model.plan.outputShape) per example"),
            .init(name: "loss", description: "\(model.head.name), in \(model.head.unit)"),
            .init(
                name: "workspace",
                description: "\(workspaceBytes / 1_024) KiB per chain in float at a batch of 512, which is evaluated "
                    + "\(blockSize) examples at a time"),
        ]
        examples = model.examples.inputs.sorted { $0.key < $1.key }.map {
            .init(name: $0.key, description: "\($0.value.elementType.rawValue) \($0.value.shape)")
        }
        if let targets = model.examples.targets {
            examples.append(.init(name: "targets", description: "\(targets.elementType.rawValue) \(targets.shape)"))
        }
        for subset in model.examples.subsets {
            examples.append(.init(name: "subset \(subset.name)", description: "\(subset.indices.count) examples"))
        }
        examples.append(
            .init(name: "training examples", description: "\(model.trainingIndices.count): λ̂ refers to these"))
    }
}

/// Checks that a model computes what was trained, as far as that can be told.
///
/// - Returns: One line per check of recorded outputs, for the user.
/// - Throws: `Failure` where it does not.
func checkOutputs(of model: LoadedModel, at checkpoint: Checkpoint, in series: CheckpointSeries) throws -> [String] {
    try checkIndependence(of: model, at: checkpoint)
    return try checkRecordedOutputs(model: model, series: series)
}

/// Compares the outputs of a few examples evaluated together and one by one: where an example's output depends on those
/// beside it, as with statistics over the batch, losses would follow how many are evaluated at a time.
///
/// At the weights of the checkpoint, and at weights beside them: a gate that is zero when training begins hides what it lets
/// through later.
private func checkIndependence(of model: LoadedModel, at checkpoint: Checkpoint) throws {
    let indices = model.trainingIndices
    let examples = Set([0, indices.count / 2, indices.count - 1]).sorted().map { indices[$0] }
    let evaluator = try model.loss(as: Double.self, ofOnly: examples).makeEvaluator(capacity: examples.count)
    let center = try model.center(of: checkpoint, as: Double.self)
    var noise = [Double](repeating: 0, count: center.count)
    RandomStream(seed: 0, trainingStep: 0, chain: 0, purpose: .noise).fillNormals(&noise, row: 0)
    let size = (center.reduce(0) { $0 + $1 * $1 } / Double(max(1, center.count))).squareRoot()
    let width = 0.1 * (size > 0 && size.isFinite ? size : 1)
    for weights in [center, zip(center, noise).map { $0 + width * $1 }] {
        let together = evaluator.outputs(at: weights, examples: Array(examples.indices))
        let alone = examples.indices.flatMap { evaluator.outputs(at: weights, examples: [$0]) }
        // Two that are not finite are no sign; one is.
        let difference = zip(together, alone).reduce(0) { difference, pair in
            guard pair.0.isFinite || pair.1.isFinite else { return difference }
            let distance = abs(pair.0 - pair.1)
            return max(difference, distance.isFinite ? distance : .infinity)
        }
        // Products of other sizes add in another order: a thousand roundings of 2⁻⁵³, of numbers up to ten thousand times as
        // large as the outputs.
        guard difference <= 1e-9 * (together.map(abs).filter(\.isFinite).max() ?? 0) else {
            throw Failure(
                .unsupported,
                "\(model.modelPath): the outputs of an example depend on the examples evaluated with it (by up to \(difference)), "
                    + "as with statistics over the batch; expected each example's own. Export the model for inference "
                    + "(`model.eval()`), or without what mixes examples")
        }
    }
}

/// Compares the model's outputs with those the recorder stored at two checkpoints: the guard against a graph in
/// which an exporter has folded a weight.
///
/// - Returns: One line per check, for the user.
/// - Throws: `Failure` naming the step, the largest difference and the remedy.
private func checkRecordedOutputs(model: LoadedModel, series: CheckpointSeries) throws -> [String] {
    var lines: [String] = []
    // The trainer computed in float32: relative to the largest output, 2⁻²⁴ per operation over some hundred operations
    // in a row, whose errors add up at worst. Checkpoints rounded to 2⁻¹¹ or 2⁻⁸ per weight add eight times that.
    // A folded weight is wrong in the first digit.
    let types = Set(series.tensors.map(\.elementType))
    let relativeTolerance = types.contains(.bfloat16) ? 3e-2 : types.contains(.float16) ? 4e-3 : 1e-4
    for recorded in model.examples.recordedOutputs {
        let step = recorded.step
        let recorded = recorded.outputs
        guard let index = series.references.firstIndex(where: { $0.step == step }) else {
            lines.append("step \(step): recorded, but the series has no such checkpoint")
            continue
        }
        // A damaged checkpoint is an error where it is measured.
        guard let checkpoint = try? series.read(at: index) else {
            lines.append("step \(step): not checked, the checkpoint cannot be read")
            continue
        }
        let count = recorded.shape.dimensions.first ?? 0
        let examples = Array(model.trainingIndices.prefix(count))
        let evaluator = try model.loss(as: Double.self, ofOnly: examples).makeEvaluator(capacity: examples.count)
        let center = try model.center(of: checkpoint, as: Double.self)
        let computed = evaluator.outputs(at: center, examples: Array(examples.indices))
        let expected = recorded.values(as: Double.self)
        guard computed.count == expected.count else {
            throw Failure(
                .mismatch,
                "\(model.examples.path): recorded outputs at step \(step): expected \(computed.count) numbers for \(count) examples, "
                    + "found \(expected.count) in shape \(recorded.shape)")
        }
        guard expected.allSatisfy(\.isFinite) else {
            throw Failure(
                .malformed,
                "\(model.examples.path): the recorded outputs at step \(step) are not all finite numbers, so nothing can be held "
                    + "against them. Record them again, or remove them")
        }
        let differences = zip(computed, expected).map { abs($0 - $1) }
        let difference = differences.first { !$0.isFinite } ?? differences.max() ?? 0
        let tolerance = relativeTolerance * (expected.map(abs).max() ?? 0)
        guard difference <= tolerance else {
            throw Failure(
                .mismatch,
                "\(model.examples.path): the model's outputs at step \(step) differ from the recorded ones by up to \(difference) "
                    + "(tolerance \(tolerance)): the graph does not compute what was trained, or not from these "
                    + "checkpoints. Was a weight folded into it? Export again with the recorder, or with parameters as graph "
                    + "inputs. Are checkpoints and examples of different runs? Put together what belongs together")
        }
        lines.append("step \(step): outputs of \(count) examples agree, largest difference \(difference)")
    }
    return lines
}

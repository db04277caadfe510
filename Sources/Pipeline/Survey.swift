import Development
import Graphs
import Runs
import Sampling
import Tensors

/// What is measured at a checkpoint without sampling. One file of the store.
struct Survey: Sendable, Equatable {
    var step: Int
    var weightsDigest: String
    /// Lₙ(w\*) over the training examples; nil without model and examples.
    var loss: Double?
    /// The loss over each named subset, in the order of the examples file.
    var subsetLosses: [Double]
    var gradientNorm: Double?
    /// Axes `[tensor]`.
    var tensorNorms: [Double]
    /// The distance each tensor moved since the previous measured checkpoint. Axes `[tensor]`.
    var tensorMovements: [Double]
    /// The angle between that displacement and the one before. Axes `[tensor]`.
    var tensorTurns: [Double?]
    /// Axes `[tensor]`.
    var tensorEffectiveRanks: [Double?]
    /// Axes `[tensor]`.
    var tensorStableRanks: [Double?]
    /// The outputs on the probe set, or their projection; empty without model and examples.
    var outputs: [Float]
    /// The sampled weights, or their projection.
    var weights: [Float]

    /// Empties the two long vectors: the series in memory must not grow with the model.
    mutating func dropVectors() {
        outputs = []
        weights = []
    }
}

/// The examples that outputs are compared on across checkpoints, and how they are stored.
struct Probe: Sendable {
    /// Up to this many training examples, evenly spread, are probed.
    static let exampleLimit = 1_024

    /// Indices of the probed examples in the examples file.
    let examples: [Int]
    /// Names the probe: outputs of two runs may be joined only if equal.
    let digest: String

    init(model: LoadedModel) {
        let training = model.trainingIndices
        let count = min(training.count, Probe.exampleLimit)
        examples = (0..<count).map { training[$0 * training.count / count] }
        var digest = Digest()
        digest.update("probe")
        digest.update(model.examples.digest)
        digest.update("indices", Tensor(examples.map { Int64($0) }, shape: [examples.count]))
        self.digest = digest.hex
    }
}

/// The tensors of the flat vector: the bound ones, or all floating-point ones without a model.
func flatTensors(of model: LoadedModel?, series: CheckpointSeries) -> [TensorSummary] {
    if let model {
        return model.binding.slots.map { TensorSummary(name: $0.name, shape: $0.shape, isSampled: $0.isTrainable) }
    }
    return series.tensors.filter(\.elementType.isFloatingPoint)
        .map { TensorSummary(name: $0.name, shape: $0.shape, isSampled: true) }
}

/// Takes surveys of the checkpoints of one run; `Sendable`, so that several workers can share it.
struct Surveyor<Scalar: Real>: Sendable {
    /// nil when there is no model or no examples: weights alone are surveyed.
    let model: LoadedModel?
    let probe: Probe?
    let tensors: [TensorSummary]
    /// Over all examples; one for all workers, as it holds them.
    private let loss: ModelLoss<Scalar>?

    init(model: LoadedModel?, tensors: [TensorSummary]) throws {
        self.model = model
        self.tensors = tensors
        probe = model.map(Probe.init(model:))
        loss = try model.map { try $0.loss(as: Scalar.self, over: Array(0..<$0.examples.count)) }
    }

    /// Surveys a checkpoint; `previous` is the measured checkpoint before it, `earlier` the one before that.
    func survey(
        _ checkpoint: Checkpoint, digest: String, previous: Checkpoint?, earlier: Checkpoint?
    ) throws -> Survey {
        var survey = Survey(
            step: checkpoint.step, weightsDigest: digest, loss: nil, subsetLosses: [], gradientNorm: nil,
            tensorNorms: [], tensorMovements: [], tensorTurns: [], tensorEffectiveRanks: [], tensorStableRanks: [],
            outputs: [], weights: [])
        let (now, before, earlier) = (checkpoint.byName, previous?.byName, earlier?.byName)
        let sampledCount = tensors.filter(\.isSampled).reduce(0) { $0 + $1.shape.elementCount }
        var weights = Projection.Image(Projection(dimension: sampledCount, key: "weights"))
        for summary in tensors {
            guard let tensor = now[summary.name] else {
                preconditionFailure("every checkpoint of a series has the tensors of the first")
            }
            if case .float(let values) = tensor.elements {
                survey.append(
                    values, of: summary, previous: before?[summary.name]?.values(),
                    earlier: earlier?[summary.name]?.values())
                if summary.isSampled { weights.append(values) }
            } else {
                let values = tensor.values(as: Double.self)
                survey.append(
                    values, of: summary, previous: before?[summary.name]?.values(),
                    earlier: earlier?[summary.name]?.values())
                if summary.isSampled { weights.append(values) }
            }
        }
        survey.weights = weights.values
        if let model, let probe, let loss {
            try survey.measureOutputs(checkpoint, model: model, probe: probe, loss: loss)
        }
        return survey
    }
}

extension Survey {
    /// Norm, movement, turn and ranks of the next tensor, without a copy of it.
    fileprivate mutating func append<Scalar: Real>(
        _ values: [Scalar], of tensor: TensorSummary, previous: [Scalar]?, earlier: [Scalar]?
    ) {
        tensorNorms.append(distance(values, nil))
        tensorMovements.append(previous.map { distance(values, $0) } ?? 0)
        if let previous, let earlier {
            tensorTurns.append(turn(earlier, previous, values))
        } else {
            tensorTurns.append(nil)
        }
        let sides = MatrixRank.isMeasured(tensor.shape) ? MatrixRank.sides(of: tensor.shape) : nil
        let rank = sides.flatMap { MatrixRank(values, rows: $0.rows, columns: $0.columns) }
        tensorEffectiveRanks.append(rank?.effective)
        tensorStableRanks.append(rank?.stable)
    }

    /// Losses, gradient and probe outputs at w\*.
    fileprivate mutating func measureOutputs<Scalar: Real>(
        _ checkpoint: Checkpoint, model: LoadedModel, probe: Probe, loss of: ModelLoss<Scalar>
    ) throws {
        let center = try model.center(of: checkpoint, as: Scalar.self)
        let evaluator = try of.makeEvaluator(capacity: fullLossChunk)
        let full = evaluator.fullLossAndGradient(
            at: center, examples: model.trainingIndices, chunkSize: fullLossChunk)
        loss = full.loss.mean
        gradientNorm = model.subset.norm(of: full.gradient)
        subsetLosses = model.examples.subsets.map {
            evaluator.fullLoss(at: center, examples: $0.indices, chunkSize: fullLossChunk).mean ?? .nan
        }
        var image = Projection.Image(Projection(dimension: model.outputCount(of: probe), key: probe.digest))
        for start in stride(from: 0, to: probe.examples.count, by: fullLossChunk) {
            let chunk = Array(probe.examples[start..<min(start + fullLossChunk, probe.examples.count)])
            image.append(evaluator.outputs(at: center, examples: chunk))
        }
        outputs = image.values
    }
}

extension LoadedModel {
    /// The numbers that the model puts out for all examples of a probe.
    func outputCount(of probe: Probe) -> Int { probe.examples.count * plan.outputShape.elementCount }
}

/// |a − b|, or |a| without b, summed in Double in the order of the elements.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func distance<Scalar: Real>(_ a: [Scalar], _ b: [Scalar]?) -> Double {
    var sum = 0.0
    guard let b else {
        for value in a { sum += Double(value) * Double(value) }
        return sum.squareRoot()
    }
    for index in a.indices {
        let difference = Double(a[index]) - Double(b[index])
        sum += difference * difference
    }
    return sum.squareRoot()
}

/// Examples evaluated at a time outside the chains. Fixed, so that sums come out the same everywhere.
let fullLossChunk = 512

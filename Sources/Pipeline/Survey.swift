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
func flatTensors(of model: LoadedModel?, checkpoint: Checkpoint) -> [TensorSummary] {
    if let model {
        return model.binding.slots.map { TensorSummary(name: $0.name, shape: $0.shape, isSampled: $0.isTrainable) }
    }
    return checkpoint.tensors.filter { $0.tensor.elementType.isFloatingPoint }
        .map { TensorSummary(name: $0.name, shape: $0.tensor.shape, isSampled: true) }
}

/// Takes surveys of the checkpoints of one run; `Sendable`, so that several workers can share it.
struct Surveyor<Scalar: Real>: Sendable {
    /// nil when there is no model or no examples: weights alone are surveyed.
    let model: LoadedModel?
    let probe: Probe?
    let tensors: [TensorSummary]

    /// Surveys a checkpoint; `previous` is the measured checkpoint before it, `earlier` the one before that.
    func survey(
        _ checkpoint: Checkpoint, digest: String, previous: Checkpoint?, earlier: Checkpoint?
    ) throws -> Survey {
        var survey = Survey(
            step: checkpoint.step, weightsDigest: digest, loss: nil, subsetLosses: [], gradientNorm: nil,
            tensorNorms: [], tensorMovements: [], tensorTurns: [], tensorEffectiveRanks: [], tensorStableRanks: [],
            outputs: [], weights: [])
        var sampledWeights: [Float] = []
        for tensor in tensors {
            let values = checkpoint.values(of: tensor)
            survey.append(
                values, of: tensor, previous: previous?.values(of: tensor), earlier: earlier?.values(of: tensor))
            if tensor.isSampled { sampledWeights.append(contentsOf: values.map { Float($0) }) }
        }
        survey.weights = Projection(dimension: sampledWeights.count, key: "weights").apply(to: sampledWeights)
        if let model, let probe { try survey.measureOutputs(checkpoint, model: model, probe: probe, as: Scalar.self) }
        return survey
    }
}

extension Checkpoint {
    fileprivate func values(of tensor: TensorSummary) -> [Double] {
        guard let values = self[tensor.name]?.values(as: Double.self) else {
            preconditionFailure("every checkpoint of a series has the tensors of the first")
        }
        return values
    }
}

extension Survey {
    /// Norm, movement, turn and ranks of the next tensor.
    fileprivate mutating func append(
        _ values: [Double], of tensor: TensorSummary, previous: [Double]?, earlier: [Double]?
    ) {
        tensorNorms.append(values.reduce(0) { $0 + $1 * $1 }.squareRoot())
        tensorMovements.append(
            zip(values, previous ?? values).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot())
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
        _ checkpoint: Checkpoint, model: LoadedModel, probe: Probe, as type: Scalar.Type
    ) throws {
        let center = try model.center(of: checkpoint, as: Scalar.self)
        let evaluator = try model.loss(as: Scalar.self, over: Array(0..<model.examples.count))
            .makeEvaluator(capacity: fullLossChunk)
        let full = evaluator.fullLossAndGradient(
            at: center, examples: model.trainingIndices, chunkSize: fullLossChunk)
        loss = full.loss.mean
        gradientNorm = model.subset.norm(of: full.gradient)
        subsetLosses = model.examples.subsets.map {
            evaluator.fullLoss(at: center, examples: $0.indices, chunkSize: fullLossChunk).mean ?? .nan
        }
        var all: [Float] = []
        for start in stride(from: 0, to: probe.examples.count, by: fullLossChunk) {
            let chunk = Array(probe.examples[start..<min(start + fullLossChunk, probe.examples.count)])
            all.append(contentsOf: evaluator.outputs(at: center, examples: chunk).map { Float($0) })
        }
        outputs = Projection(dimension: all.count, key: probe.digest).apply(to: all)
    }
}

/// Examples evaluated at a time outside the chains. Fixed, so that sums come out the same everywhere.
let fullLossChunk = 512

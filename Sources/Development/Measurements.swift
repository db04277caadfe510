public import Sampling
public import Tensors

/// Everything costly that was computed about one run: what `measure` stores and all else is derived from.
///
/// A pure value: no file, no handle. Pipeline makes it; `Analysis` is a function of it.
public struct Measurements: Sendable {
    /// What the horizontal axis counts.
    public enum Axis: String, Sendable, Codable {
        case step, epoch
    }

    /// The name shown for the run.
    public var runName: String
    /// What `CheckpointMeasurement.step` counts.
    public var axis: Axis
    /// The loss and its unit, e.g. "cross-entropy" in "nats"; nil without model and examples.
    public var loss: LossDescription?
    /// n, the number of training examples λ̂ refers to; nil without examples.
    public var exampleCount: Int?
    /// The settings the chains were run with; nil where no LLC was measured.
    public var settings: SamplingSettings?
    /// How the chains were run where another program ran them; nil for ours.
    public var imported: ImportedSampling?
    /// λ̂ under restrictions, in the order they were asked for.
    public var restrictions: [RestrictedSeries] = []
    /// What the numbers were made from and by.
    public var provenance: Provenance
    /// The run's own hyperparameters, as text, in the order given; for display and comparison.
    public var hyperparameters: [Entry]
    /// The tensors of the flat parameter vector, in its order.
    public var tensors: [TensorSummary]
    /// One entry per checkpoint, ascending by step.
    public var checkpoints: [CheckpointMeasurement]
    /// Inner products of the outputs on the probe set; nil without model and examples.
    public var outputProducts: InnerProducts?
    /// Inner products of the sampled weights between checkpoints.
    public var weightProducts: InnerProducts?
    /// The run's own series (`metrics.csv` or `.jsonl`), shown beside ours.
    public var recordedSeries: [RecordedSeries]
    /// The checkpoints that were to be measured and cannot be read, ascending by step.
    public var damaged: [DamagedCheckpoint] = []
    /// What could not be measured and why, in words for the reader, e.g. "no model.onnx: λ̂ is not measured".
    public var limitations: [String]

    /// Creates measurements.
    public init(
        runName: String, axis: Axis, loss: LossDescription?, exampleCount: Int?, settings: SamplingSettings?,
        provenance: Provenance, hyperparameters: [Entry], tensors: [TensorSummary],
        checkpoints: [CheckpointMeasurement], outputProducts: InnerProducts?, weightProducts: InnerProducts?,
        recordedSeries: [RecordedSeries], limitations: [String]
    ) {
        self.runName = runName
        self.axis = axis
        self.loss = loss
        self.exampleCount = exampleCount
        self.settings = settings
        self.provenance = provenance
        self.hyperparameters = hyperparameters
        self.tensors = tensors
        self.checkpoints = checkpoints
        self.outputProducts = outputProducts
        self.weightProducts = weightProducts
        self.recordedSeries = recordedSeries
        self.limitations = limitations
    }
}

/// A checkpoint that was to be measured and cannot be read.
public struct DamagedCheckpoint: Sendable, Codable, Equatable {
    /// The training step or epoch.
    public var step: Int
    /// Its file, what is wrong and what to do.
    public var reason: String

    /// Creates a record of it.
    public init(step: Int, reason: String) {
        self.step = step
        self.reason = reason
    }
}

/// A name and a value as text.
public struct Entry: Sendable, Codable, Equatable {
    /// The name.
    public var name: String
    /// The value as it is shown.
    public var value: String
    /// Creates an entry.
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// The loss that was sampled.
public struct LossDescription: Sendable, Codable, Equatable {
    /// The head's name, e.g. "cross-entropy".
    public var name: String
    /// Its unit: "nats" for entropies, "squared output units" for squared errors, "as the graph emits it" else.
    public var unit: String
    /// Creates a description.
    public init(name: String, unit: String) {
        self.name = name
        self.unit = unit
    }
}

/// Digests and versions behind the numbers. No date, no path, no timing: equal inputs give equal bytes.
public struct Provenance: Sendable, Codable, Equatable {
    /// Instar's version.
    public var version: String
    /// Processor kind and BLAS kernel, one entry for each that took part; more than one is a mixture.
    public var processors: [String]
    /// SHA-256 of graph, examples and series of weights, by name.
    public var digests: [Entry]
    /// Creates a provenance.
    public init(version: String, processors: [String], digests: [Entry]) {
        self.version = version
        self.processors = processors
        self.digests = digests
    }
}

/// A tensor of the flat parameter vector.
public struct TensorSummary: Sendable, Codable, Equatable {
    /// The tensor's name in the checkpoint.
    public var name: String
    /// Its shape.
    public var shape: Shape
    /// Whether it is sampled (false: a buffer, or frozen).
    public var isSampled: Bool
    /// Creates a summary.
    public init(name: String, shape: Shape, isSampled: Bool) {
        self.name = name
        self.shape = shape
        self.isSampled = isSampled
    }
}

/// What was measured at one checkpoint.
public struct CheckpointMeasurement: Sendable {
    /// The training step (or epoch).
    public var step: Int
    /// Lₙ(w\*) over all training examples; nil without model and examples.
    public var loss: Double?
    /// The loss over each named subset, in the order of `data.h5`, the training examples included when named.
    public var subsetLosses: [(name: String, loss: Double)]
    /// |∇Lₙ(w\*)| over all training examples and sampled coordinates.
    public var gradientNorm: Double?
    /// λ̂ with errors and diagnostics; nil where no chain was run.
    public var llc: LLCEstimate?
    /// The chains behind it, by chain index.
    public var chains: [ChainTrace]
    /// What else was asked of the chains; nil where nothing was.
    public var observations: PosteriorObservations?
    /// The Euclidean norm of each tensor, in the order of `Measurements.tensors`.
    public var tensorNorms: [Double]
    /// The Euclidean distance each tensor moved since the previous checkpoint; zeros at the first.
    public var tensorMovements: [Double]
    /// The angle between each tensor's displacement since the previous checkpoint and its displacement before that, in
    /// radians: 0 straight on, π/2 at right angles, π back. nil at the first two checkpoints and where either is zero.
    public var tensorTurns: [Double?]
    /// The effective rank of each tensor with several axes (``MatrixRank/effective``; all axes but the first make up the
    /// columns). nil for vectors, zero tensors and those above `MatrixRank.sideLimit`, which `limitations` names.
    public var tensorEffectiveRanks: [Double?]
    /// The stable rank (``MatrixRank/stable``) of the same tensors.
    public var tensorStableRanks: [Double?]

    /// Creates a measurement; turns and ranks that are left out are nil for every tensor.
    public init(
        step: Int, loss: Double?, subsetLosses: [(name: String, loss: Double)], gradientNorm: Double?,
        llc: LLCEstimate?, chains: [ChainTrace], tensorNorms: [Double], tensorMovements: [Double],
        tensorTurns: [Double?]? = nil, tensorEffectiveRanks: [Double?]? = nil, tensorStableRanks: [Double?]? = nil
    ) {
        self.step = step
        self.loss = loss
        self.subsetLosses = subsetLosses
        self.gradientNorm = gradientNorm
        self.llc = llc
        self.chains = chains
        self.tensorNorms = tensorNorms
        self.tensorMovements = tensorMovements
        let unknown = [Double?](repeating: nil, count: tensorNorms.count)
        self.tensorTurns = tensorTurns ?? unknown
        self.tensorEffectiveRanks = tensorEffectiveRanks ?? unknown
        self.tensorStableRanks = tensorStableRanks ?? unknown
    }
}

/// A symmetric T×T matrix of inner products between what belongs to T checkpoints, not centred.
public struct InnerProducts: Sendable, Equatable {
    /// Row-major `[checkpoint, checkpoint]`.
    public var values: [Double]
    /// T.
    public var count: Int
    /// The dimension of the vectors whose products these are.
    public var dimension: Int
    /// What the vectors are made of, as a digest: products of different runs may be joined only if equal.
    public var probeDigest: String?
    /// Creates a matrix; `values` holds count² entries.
    public init(values: [Double], count: Int, dimension: Int, probeDigest: String?) {
        precondition(values.count == count * count, "a T×T matrix has T² entries")
        self.values = values
        self.count = count
        self.dimension = dimension
        self.probeDigest = probeDigest
    }
}

/// A series the run recorded itself.
public struct RecordedSeries: Sendable, Codable, Equatable {
    /// The column's name.
    public var name: String
    /// Training steps, ascending.
    public var steps: [Int]
    /// One value per step; rows without a number are left out.
    public var values: [Double]
    /// Creates a series.
    public init(name: String, steps: [Int], values: [Double]) {
        self.name = name
        self.steps = steps
        self.values = values
    }

    /// Whether the series counts the training as its steps do: by its name tokens, examples or time, and always rising.
    /// Checkpoints can be drawn over it, and it witnesses nothing.
    public var isClock: Bool {
        let words = name.lowercased().split { !$0.isLetter }
        return words.contains { ["token", "tokens", "time", "seconds", "hours", "samples", "examples"].contains($0) }
            && Set(steps).count == steps.count && values.count > 1
            && zip(values, values.dropFirst()).allSatisfy { $0 < $1 }
    }
}

extension Measurements {
    /// How the chains of the whole series were run; nil where none were.
    public var chainConditions: ChainConditions? {
        if let settings { return ChainConditions(settings, dimension: sampledCount) }
        return imported.map {
            ChainConditions(
                nBeta: $0.nBeta, burnInCount: $0.burnInCount, stepSize: $0.stepSize, localization: $0.localization)
        }
    }
}

public import Development
public import Sampling

/// `analysis.json`: all that was concluded about one run, every number with its error.
///
/// The names of the properties are the keys. A key is absent when the thing was not measured; a number is `null`
/// when it could not be computed. The bytes depend on the analysis alone.
public struct AnalysisDocument: Sendable, Codable, Equatable {
    /// The schema: a consumer accepts what has the same number; keys may be added within it.
    public static let currentSchema = "instar-analysis/1"

    /// `instar-analysis/1`.
    public var schema: String
    /// The run's name.
    public var run: String
    /// What `step` counts: `step` or `epoch`.
    public var axis: Measurements.Axis
    /// The verdict in sentences, for readers.
    public var verdict: [String]
    /// Head and unit of the loss.
    public var loss: LossDescription?
    /// n, the number of training examples.
    public var exampleCount: Int?
    /// d, the number of sampled parameters.
    public var sampledParameterCount: Int
    /// The tensors of a checkpoint, with their shapes.
    public var tensors: [TensorSummary]
    /// The settings of the chains.
    public var settings: SamplingSettings?
    /// How another program ran the chains, where it did.
    public var imported: ImportedSampling?
    /// The restrictions that λ̂ was measured under beside the whole.
    public var restrictions: [Restriction]
    /// Versions, processors and digests.
    public var provenance: Provenance
    /// The run's own hyperparameters.
    public var hyperparameters: [Entry]
    /// What was measured, ascending by step.
    public var checkpoints: [Checkpoint]
    /// The boundaries that cut the stages, in order; empty where none was found or looked for.
    public var boundaries: [Boundary]
    /// Boundaries and stages.
    public var stages: Stages?
    /// What there is beside λ̂ to judge them by.
    public var evidence: EvidenceSummary
    /// Principal components of the outputs on the probe set.
    public var essentialDynamics: Dynamics?
    /// Principal components of the sampled weights.
    public var weightDynamics: Dynamics?
    /// What the reader must know, gravest first.
    public var advisories: [Advisory]
    /// The checkpoints that were to be measured and cannot be read, ascending by step.
    public var damaged: [DamagedCheckpoint]
    /// What could not be measured, and why.
    public var limitations: [String]

    /// Describes an analysis.
    public init(_ analysis: Analysis) {
        let measurements = analysis.measurements
        schema = Self.currentSchema
        run = measurements.runName
        axis = measurements.axis
        verdict = analysis.verdict + analysis.stageSentences
        loss = measurements.loss
        exampleCount = measurements.exampleCount
        sampledParameterCount = measurements.sampledCount
        tensors = measurements.tensors
        settings = measurements.settings
        provenance = measurements.provenance
        hyperparameters = measurements.hyperparameters
        imported = measurements.imported
        restrictions = measurements.restrictions.map(\.restriction)
        checkpoints = measurements.checkpoints.enumerated().map { place, checkpoint in
            Checkpoint(
                checkpoint,
                restricted: measurements.restrictions.map { series in
                    let point = series.points[place]
                    return Restricted(
                        name: series.restriction.name, loss: Nullable(point.loss), llc: LLC(point.llc))
                })
        }
        boundaries = (analysis.stages?.boundaries ?? []).map(Boundary.init)
        stages = analysis.stages.map(Stages.init)
        evidence = EvidenceSummary(analysis.evidence)
        essentialDynamics = analysis.essentialDynamics.map(Dynamics.init)
        weightDynamics = analysis.weightDynamics.map(Dynamics.init)
        advisories = analysis.advisories
        damaged = measurements.damaged
        limitations = measurements.limitations
    }

    /// The document as JSON text, in UTF-8 with sorted keys.
    ///
    /// - Throws: An encoding error, if a setting is not finite.
    public func json() throws -> String { try documentText(self) }
}

extension AnalysisDocument {
    /// What was measured at one checkpoint.
    public struct Checkpoint: Sendable, Codable, Equatable {
        /// The training step or epoch.
        public var step: Int
        /// The loss over all training examples.
        public var loss: Nullable
        /// The loss on each named subset.
        public var subsetLosses: [Named]
        /// The norm of the gradient over all training examples.
        public var gradientNorm: Nullable
        /// λ̂ with its diagnostics.
        public var llc: LLC?
        /// λ̂ under each restriction, by its name.
        public var restricted: [Restricted]
        /// What else was asked of the chains.
        public var observations: PosteriorObservations?

        init(_ measurement: CheckpointMeasurement, restricted: [Restricted]) {
            step = measurement.step
            loss = Nullable(measurement.loss)
            subsetLosses = measurement.subsetLosses.map { Named(name: $0.name, value: Nullable($0.loss)) }
            gradientNorm = Nullable(measurement.gradientNorm)
            llc = measurement.llc.map(LLC.init)
            self.restricted = restricted
            observations = measurement.observations
        }
    }

    /// λ̂ of one restriction at one checkpoint.
    public struct Restricted: Sendable, Codable, Equatable {
        /// The restriction's name.
        public var name: String
        /// The loss over its examples.
        public var loss: Nullable
        /// λ̂ with its diagnostics.
        public var llc: LLC
    }

    /// A number with a name.
    public struct Named: Sendable, Codable, Equatable {
        /// The name.
        public var name: String
        /// The number.
        public var value: Nullable
    }

    /// λ̂ at one checkpoint.
    public struct LLC: Sendable, Codable, Equatable {
        /// λ̂.
        public var value: Nullable
        /// Its Monte Carlo standard error.
        public var standardError: Nullable
        /// Rank-normalised split R-hat.
        public var rHat: Nullable
        /// Effective sample size of the bulk.
        public var bulkESS: Nullable
        /// Effective sample size of the tails (quantiles 0.05 and 0.95).
        public var tailESS: Nullable
        /// λ̂ of each chain, by index; `null` for a diverged one.
        public var chainValues: [Nullable]
        /// The draw at which each chain diverged; `null` for a completed one.
        public var divergedAtDraw: [Int?]
        /// E[δ·g], to be equal to `identityRight`.
        public var identityLeft: Nullable
        /// Its value for a stationary chain, d + (ε/4)·E[gᵀGg] for SGLD.
        public var identityRight: Nullable
        /// The standard error of the difference of the two.
        public var identityStandardError: Nullable
        /// What finite steps and minibatch noise add to λ̂, at a quadratic.
        public var stepBias: Nullable
        /// What extrapolation to ε = 0 took off.
        public var removedBias: Nullable
        /// Whether the draws were adjusted by the identity's control variate.
        public var isAdjusted: Bool
        /// The standard error without that.
        public var unadjustedError: Nullable
        /// Draws of each chain that counted.
        public var drawCount: Int
        /// The mean Metropolis acceptance.
        public var acceptance: Nullable
        /// The chains' Geweke score that is farthest from 0.
        public var geweke: Nullable
        /// The share of draws with a loss below that at the checkpoint.
        public var shareBelowStart: Nullable
        /// The root mean square of |w − w\*|.
        public var distance: Nullable
        /// `sound`, `doubtful` or `unusable`.
        public var quality: String
        /// What speaks against the number.
        public var concerns: [Concern]

        init(_ estimate: LLCEstimate) {
            value = Nullable(estimate.value)
            standardError = Nullable(estimate.standardError)
            rHat = Nullable(estimate.rHat)
            bulkESS = Nullable(estimate.bulkESS)
            tailESS = Nullable(estimate.tailESS)
            chainValues = estimate.chainValues.map(Nullable.init)
            divergedAtDraw = estimate.divergedAtDraw
            identityLeft = Nullable(estimate.identity?.left)
            identityRight = Nullable(estimate.identity?.right)
            identityStandardError = Nullable(estimate.identity?.standardError)
            stepBias = Nullable(estimate.stepBias)
            removedBias = Nullable(estimate.removedBias)
            isAdjusted = estimate.isAdjusted
            unadjustedError = Nullable(estimate.unadjustedError)
            drawCount = estimate.drawCount
            acceptance = Nullable(estimate.acceptance)
            geweke = Nullable(estimate.geweke)
            shareBelowStart = Nullable(estimate.shareBelowStart)
            distance = Nullable(estimate.distance)
            quality = estimate.quality.word
            concerns = estimate.concerns
        }
    }
}

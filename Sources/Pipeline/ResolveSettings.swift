import Graphs
import Runs
import Sampling
import Tensors

/// How many checkpoints the largest curvature and the size of the weights are looked up at.
private let surveyedCheckpointCount = 5
/// Examples the curvature is measured on, at most.
private let curvatureExampleCount = 4_096

/// Settings with nothing left open, and where they come from.
struct ResolvedSettings: Sendable {
    var settings: SamplingSettings
    /// The calibration that ε, nβ or γ was taken from.
    var calibration: Calibration?
    /// Whether ε, nβ and γ are but the defaults, so that a short calibration should come first.
    var isUncalibrated = false
    /// What to tell the user about where the settings come from, in sentences.
    var notes: [String] = []
}

/// Turns what the user asked for into settings with nothing left open.
///
/// What is stated wins, then what a calibration found, then what earlier work in the folder was done with, then the
/// defaults. A short calibration comes after earlier work, which it was made for. Where nβ or γ is stated beside a
/// calibration, its ε is scaled to keep its part of the stability limit. The defaults of nβ, γ and ε are those of
/// `SamplingSettings`, with the true number of training examples and the largest curvature at a few checkpoints spread
/// over the whole series, so that choosing fewer checkpoints to measure does not change the settings.
func resolveSettings(
    _ request: SamplingRequest, stored: SamplingSettings?, calibration: Calibration?, model: LoadedModel,
    series: CheckpointSeries
) throws -> ResolvedSettings {
    let exampleCount = model.trainingIndices.count
    guard exampleCount >= 3 || request.nBeta != nil else {
        throw Failure(
            .mismatch,
            "\(model.examples.path): nβ = n/ln n takes at least 3 training examples, found \(exampleCount); state --n-beta"
        )
    }
    var resolved = ResolvedSettings(settings: try unswept(request, stored: stored, exampleCount: exampleCount))
    if let calibration, resolved.settings.method == calibration.settings.method {
        resolved.take(calibration, except: request)
    } else {
        resolved.settings.nBeta =
            request.nBeta ?? stored?.nBeta ?? SamplingSettings.defaultNBeta(exampleCount: exampleCount)
        let stepSize = request.stepSize ?? stored?.stepSize
        let localization = request.localization ?? stored?.localization
        let defaults =
            stepSize == nil || localization == nil
            ? try defaultScales(
                nBeta: resolved.settings.nBeta, localization: localization, model: model, series: series)
            : nil
        resolved.settings.localization = localization ?? defaults?.localization ?? 0
        resolved.settings.stepSize = stepSize ?? defaults?.stepSize ?? 0
        let isUnstated = request.stepSize == nil && request.nBeta == nil && request.localization == nil
        if let calibration {
            resolved.notes.append(
                "the calibration is not used: it was made for \(calibration.settings.method.rawValue), and this is "
                    + resolved.settings.method.rawValue)
        }
        resolved.isUncalibrated = isUnstated && stored == nil && resolved.settings.method == .sgld
    }
    try resolved.settings.validate(exampleCount: exampleCount)
    return resolved
}

/// All settings but ε, nβ and γ, which are 1.
func unswept(
    _ request: SamplingRequest, stored: SamplingSettings?, exampleCount: Int
) throws -> SamplingSettings {
    let method = request.method ?? stored?.method ?? .sgld
    let drawCount = request.drawCount ?? stored?.drawCount ?? 1_000
    var settings = SamplingSettings(
        chainCount: request.chainCount ?? stored?.chainCount ?? 4, drawCount: drawCount,
        burnInCount: request.burnInCount ?? stored?.burnInCount ?? 1_000,
        batchSize: request.batchSize ?? stored?.batchSize ?? (method.isExact ? exampleCount : min(exampleCount, 512)),
        minibatches: request.minibatches ?? stored?.minibatches ?? (method.isExact ? .epochs : .iid),
        stepSize: 1, nBeta: 1, localization: 1, seed: request.seed ?? stored?.seed ?? 0,
        precision: request.precision ?? stored?.precision ?? .float)
    settings.method = method
    settings.stepsPerDraw = request.stepsPerDraw ?? stored?.stepsPerDraw ?? 1
    settings.extrapolates = request.extrapolates ?? stored?.extrapolates ?? false
    settings.observations = try resolveObservations(request, stored: stored?.observations)
    settings.targetError = request.targetError ?? stored?.targetError
    settings.drawLimit = try drawLimit(request, stored: stored, settings)
    return settings
}

/// The most draws of a chain for the error that is asked for; 0 without one.
private func drawLimit(
    _ request: SamplingRequest, stored: SamplingSettings?, _ settings: SamplingSettings
) throws(Failure) -> Int {
    guard settings.targetError != nil else {
        guard request.drawLimit == nil else {
            throw Failure(.usage, "--max-draws limits what --target-error may take; state that too, or --draws instead")
        }
        return 0
    }
    let known = stored.flatMap { $0.targetError == nil ? nil : $0.drawLimit }
    return request.drawLimit ?? known ?? 20 * settings.drawCount
}

extension ResolvedSettings {
    /// Takes over what a calibration found and the user did not state.
    mutating func take(_ calibration: Calibration, except request: SamplingRequest) {
        let found = calibration.settings
        let scales = calibration.scales
        self.calibration = calibration
        isUncalibrated = false
        settings.nBeta = request.nBeta ?? found.nBeta
        settings.localization = request.localization ?? found.localization
        let share = scales.shareOfStabilityLimit(
            stepSize: 1, nBeta: settings.nBeta, localization: settings.localization)
        let foundShare = scales.shareOfStabilityLimit(
            stepSize: 1, nBeta: found.nBeta, localization: found.localization)
        let isScaled = share != foundShare && request.stepSize == nil
        settings.stepSize = request.stepSize ?? (isScaled ? found.stepSize * foundShare / share : found.stepSize)
        settings.burnInCount = request.burnInCount ?? found.burnInCount
        settings.drawCount = request.drawCount ?? found.drawCount
        if settings.targetError != nil {
            settings.drawLimit = max(request.drawLimit ?? settings.drawLimit, settings.drawCount)
        }
        // Steps were judged with these minibatches.
        settings.batchSize = request.batchSize ?? found.batchSize
        settings.minibatches = request.minibatches ?? found.minibatches
        let stated = [
            ("ε", request.stepSize != nil), ("nβ", request.nBeta != nil), ("γ", request.localization != nil),
            ("burn-in", request.burnInCount != nil), ("draws", request.drawCount != nil),
        ].filter(\.1).map(\.0)
        let values = SweptSetting.allCases.map { "\($0.symbol) = \(settings[keyPath: $0.inSettings].readable())" }
        notes.append(
            "settings of \(calibration.isShort ? "a short calibration" : "the calibration")"
                + (calibration.chosen == nil ? ", which found none acceptable and leaves the defaults: " : ": ")
                + values.joined(separator: ", ") + ", burn-in \(settings.burnInCount), draws \(settings.drawCount)"
                + (stated.isEmpty ? "" : "; of these stated, and not found by it: \(stated.list)")
                + (isScaled ? "; ε scaled to the stated nβ or γ" : ""))
        if settings.batchSize != found.batchSize || settings.minibatches != found.minibatches {
            notes.append(
                "the calibration was made with \(found.minibatches.rawValue) minibatches of \(found.batchSize)")
        }
    }
}

/// What is observed beside the losses: asking for traces or a spectrum asks for every tenth draw, if nothing is said.
private func resolveObservations(
    _ request: SamplingRequest, stored: SamplingSettings.Observations?
) throws -> SamplingSettings.Observations {
    var observations = stored ?? SamplingSettings.Observations()
    observations.tracedExampleCount = request.tracedExampleCount ?? observations.tracedExampleCount
    observations.covarianceRank = request.covarianceRank ?? observations.covarianceRank
    let isWanted = observations.tracedExampleCount > 0 || observations.covarianceRank > 0
    observations.interval = request.observationInterval ?? stored?.interval ?? (isWanted ? 10 : 0)
    guard observations.interval > 0 || !isWanted else {
        throw Failure(
            .usage, "--trace-examples and --covariance record at every k-th draw; give --observe-every k above 0")
    }
    return observations
}

/// γ and ε by their rules.
private func defaultScales(
    nBeta: Double, localization: Double?, model: LoadedModel, series: CheckpointSeries
) throws -> (stepSize: Double, localization: Double) {
    let last = series.references.count - 1
    let places = Set((0..<surveyedCheckpointCount).map { $0 * last / (surveyedCheckpointCount - 1) })
    let loss = try model.loss(as: Double.self)
    var surveys: [(curvature: Double, squaredSize: Double)] = []
    for place in places.sorted() {
        let checkpoint: Checkpoint
        do throws(RunError) { checkpoint = try series.read(at: place) } catch {
            // A damaged checkpoint is left out where it is measured; here the others will do.
            guard error.kind == .malformed else { throw error }
            continue
        }
        surveys.append(try surveyScales(at: checkpoint, loss: loss, model: model))
    }
    guard !surveys.isEmpty else {
        throw Failure(
            .malformed,
            "\(series.references[0].file): neither it nor any other checkpoint that settings are derived from can be read; "
                + "`instar inspect` says why. State --step-size and --localization to do without")
    }
    let curvature = surveys.map(\.curvature).max() ?? 0
    let localization =
        localization
        ?? SamplingSettings.defaultLocalization(
            squaredSizes: surveys.map(\.squaredSize), dimension: model.subset.count, nBeta: nBeta, curvature: curvature)
    let stepSize = try SamplingSettings.defaultStepSize(nBeta: nBeta, curvature: curvature, localization: localization)
    return (stepSize, localization)
}

/// h, the largest curvature of the training loss at a checkpoint, on examples spread over the training examples, and |w\*|²
/// over the sampled coordinates.
///
/// - Throws: `malformed` where a loss or a gradient there is not finite.
func surveyScales(
    at checkpoint: Checkpoint, loss: ModelLoss<Double>, model: LoadedModel
) throws -> (curvature: Double, squaredSize: Double) {
    let center = try model.center(of: checkpoint, as: Double.self)
    let stride = max(1, loss.exampleCount / curvatureExampleCount)
    let examples = Array(Swift.stride(from: 0, to: loss.exampleCount, by: stride))
    let evaluator = try loss.makeEvaluator(capacity: fullLossChunk)
    let losses = evaluator.fullLoss(at: center, examples: examples, chunkSize: fullLossChunk).exampleLosses
    if let place = losses.firstIndex(where: { !$0.isFinite }) {
        throw Failure(
            .malformed,
            "\(model.examples.path): training example \(examples[place]) gives the loss \(losses[place]) at step "
                + "\(checkpoint.step), which settings are derived from; expected finite losses. Is an index among the inputs out of "
                + "range? If the run itself diverged, leave the checkpoint out, or state both --step-size and --localization"
        )
    }
    do {
        let curvature = try Curvature.largest(
            evaluator: evaluator, center: center, subset: model.subset, examples: examples, chunkSize: fullLossChunk,
            random: RandomStream(seed: 0, trainingStep: 0, chain: 0, purpose: .curvature)
        ).value
        let size = model.subset.norm(of: center)
        return (curvature, size * size)
    } catch let error as SamplingError {
        throw Failure(.malformed, "\(model.examples.path): at step \(checkpoint.step), \(error.reason)")
    }
}

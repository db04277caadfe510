import Graphs
import Runs
import Sampling
import Tensors

/// How many checkpoints the largest curvature and the size of the weights are looked up at.
private let calibrationCheckpointCount = 5
/// Examples the curvature is measured on, at most.
private let calibrationExampleCount = 4_096

/// Turns what the user asked for into settings with nothing left open.
///
/// The defaults of nβ, γ and ε are those of `SamplingSettings`, with the true number of training examples and the
/// largest curvature at a few checkpoints spread over the whole series, so that choosing fewer checkpoints to
/// measure does not change the settings.
func resolveSettings(
    _ request: SamplingRequest, stored: SamplingSettings?, model: LoadedModel, series: CheckpointSeries
) throws -> SamplingSettings {
    let exampleCount = model.trainingIndices.count
    guard exampleCount >= 3 || request.nBeta != nil else {
        throw Failure(.mismatch, "\(exampleCount) training examples: n/ln n needs at least 3; state --n-beta")
    }
    let method = request.method ?? stored?.method ?? .sgld
    let drawCount = request.drawCount ?? stored?.drawCount ?? 1_000
    var settings = SamplingSettings(
        chainCount: request.chainCount ?? stored?.chainCount ?? 4, drawCount: drawCount,
        burnInCount: request.burnInCount ?? stored?.burnInCount ?? 1_000,
        batchSize: request.batchSize ?? stored?.batchSize ?? (method.isExact ? exampleCount : min(exampleCount, 512)),
        minibatches: request.minibatches ?? stored?.minibatches ?? (method.isExact ? .epochs : .iid),
        stepSize: request.stepSize ?? stored?.stepSize ?? .nan,
        nBeta: request.nBeta ?? stored?.nBeta ?? SamplingSettings.defaultNBeta(exampleCount: exampleCount),
        localization: request.localization ?? stored?.localization ?? .nan,
        seed: request.seed ?? stored?.seed ?? 0,
        precision: request.precision ?? stored?.precision ?? .float)
    settings.method = method
    settings.stepsPerDraw = request.stepsPerDraw ?? stored?.stepsPerDraw ?? 1
    settings.extrapolates = request.extrapolates ?? stored?.extrapolates ?? false
    settings.observations = try resolveObservations(request, stored: stored?.observations)
    settings.targetError = request.targetError ?? stored?.targetError
    if settings.targetError != nil { settings.drawLimit = request.drawLimit ?? 20 * drawCount }

    if settings.stepSize.isNaN || settings.localization.isNaN {
        let last = series.references.count - 1
        let places = Set((0..<calibrationCheckpointCount).map { $0 * last / (calibrationCheckpointCount - 1) })
        // A damaged checkpoint is an error where it is measured; here the others will do.
        let readable = places.sorted().compactMap { try? series.read(at: $0) }
        guard !readable.isEmpty else {
            throw Failure(
                .malformed,
                "none of the checkpoints that settings are derived from can be read; "
                    + "`instar inspect` says why. State --step-size and --localization to do without")
        }
        let centers = try readable.map { try model.center(of: $0, as: Double.self) }
        let curvature = try largestCurvature(at: centers, model: model)
        if settings.localization.isNaN {
            settings.localization = SamplingSettings.defaultLocalization(
                centers: centers, subset: model.subset, nBeta: settings.nBeta, curvature: curvature)
        }
        if settings.stepSize.isNaN {
            settings.stepSize = try SamplingSettings.defaultStepSize(
                nBeta: settings.nBeta, curvature: curvature, localization: settings.localization)
        }
    }
    try settings.validate(exampleCount: exampleCount)
    return settings
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

/// h, the largest curvature of the training loss at any of `centers`, on examples spread over the training examples.
private func largestCurvature(at centers: [[Double]], model: LoadedModel) throws -> Double {
    let loss = try model.loss(as: Double.self)
    let stride = max(1, loss.exampleCount / calibrationExampleCount)
    let examples = Array(Swift.stride(from: 0, to: loss.exampleCount, by: stride))
    let evaluator = try loss.makeEvaluator(capacity: fullLossChunk)
    return try centers.map { center in
        let losses = evaluator.fullLoss(at: center, examples: examples, chunkSize: fullLossChunk).exampleLosses
        if let place = losses.firstIndex(where: { !$0.isFinite }) {
            throw Failure(
                .malformed,
                "\(model.examples.path): training example \(examples[place]) gives the loss \(losses[place]) at one of the "
                    + "checkpoints that settings are derived from; expected finite losses. Is an index among the inputs "
                    + "out of range? If the run itself diverged, state --step-size and --localization")
        }
        return try Curvature.largest(
            evaluator: evaluator, center: center, subset: model.subset, examples: examples, chunkSize: fullLossChunk,
            random: RandomStream(seed: 0, trainingStep: 0, chain: 0, purpose: .curvature)
        ).value
    }.max() ?? 0
}

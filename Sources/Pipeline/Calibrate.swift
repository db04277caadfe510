import Development
import Foundation
public import Runs
public import Sampling

/// Finds settings for the whole series of a run by short chains at a few checkpoints, and stores them as
/// `calibration.json`, from where `measure` takes them.
///
/// Stated nβ and γ are kept, and what is left is swept; ε, burn-in and draws are always found.
///
/// - Parameter conclude: Writes what is made of the calibration, while no other process can write to the folder of results.
/// - Throws: `Failure` where the run has no model or examples, or the options state what is to be found;
///   `CancellationError` when cancelled, with nothing stored.
public func calibrate(
    _ run: RunDirectory, options: MeasureOptions, progress: AsyncStream<WorkProgress>.Continuation? = nil,
    conclude: (Calibration) throws -> Void = { _ in }
) async throws -> Calibration {
    let store = MeasurementStore(run: run.path, output: options.output)
    let (calibration, jobs) = try prepareCalibration(run, options: options)
    let lock = try store.lock(.exclusive)
    defer { lock.release() }
    let found = try await calibration.calibrate(jobs: jobs, progress: progress)
    try calibration.stored(found).write(in: store.folder)
    try conclude(found)
    return found
}

/// What a calibration would take: the answer of `--dry-run`.
public struct PlannedCalibration: Sendable {
    /// Steps of the checkpoints that would be looked at.
    public var steps: [Int]
    /// Cells of the coarse grid.
    public var coarseCellCount: Int
    /// The most draws that all chains together can make; chains that are judged early make fewer.
    public var drawLimit: Int
    /// Workers at once.
    public var jobCount: Int
    /// The most seconds it can take, from timing a few draws.
    public var seconds: Double
    /// Where the calibration would go.
    public var path: String

    /// The plan as text.
    public var text: String {
        """
        checkpoints: \(steps.map(String.init).joined(separator: ", "))
        coarse grid: \(coarseCellCount) combinations of ε, nβ and γ; then up to four rounds around the choice
        draws: at most \(drawLimit), fewer where chains are judged early
        time: at most about \(Int(seconds.rounded(.up))) s with \(jobCount) workers, usually a fraction of it
        result: \(path)
        """
    }
}

/// Decides everything that `calibrate` would decide before it samples; it computes the curvatures.
///
/// - Throws: What `calibrate` would throw before it samples.
public func planCalibration(of run: RunDirectory, options: MeasureOptions) async throws -> PlannedCalibration {
    let (work, jobs) = try prepareCalibration(run, options: options)
    let (scales, checkpoints) = try await work.surveyed(jobs: jobs, progress: nil)
    let search = CalibrationSearch(scales: scales, lengthLimit: work.lengthLimit)
    let limit = search.drawLimit(checkpointCount: checkpoints.count)
    let workers = Double(min(jobs, ProcessInfo.processInfo.activeProcessorCount))
    return PlannedCalibration(
        steps: checkpoints.map(\.step), coarseCellCount: search.next?.places.count ?? 0, drawLimit: limit,
        jobCount: jobs, seconds: Double(limit) * (try work.secondsPerDraw()) / workers,
        path: StoredCalibration.path(in: MeasurementStore(run: run.path, output: options.output).folder))
}

private func prepareCalibration(
    _ run: RunDirectory, options: MeasureOptions
) throws -> (work: CalibrationWork, jobs: Int) {
    try options.validate()
    let request = options.sampling
    let found: [(String, Bool)] = [
        ("--step-size", request.stepSize != nil), ("--burn-in", request.burnInCount != nil),
        ("--draws", request.drawCount != nil), ("--extrapolate", request.extrapolates == true),
        ("--chains", request.chainCount != nil), ("--target-error", request.targetError != nil),
        ("--observe-every", request.observationInterval != nil),
        ("--trace-examples", request.tracedExampleCount != nil), ("--covariance", request.covarianceRank != nil),
        ("--sampler", (request.method ?? .sgld) != .sgld), ("--every", options.every != nil),
        ("--parameters and --examples", !options.restrictions.isEmpty),
    ]
    if let (option, _) = found.first(where: \.1) {
        throw Failure(
            .usage,
            "\(option) does not go with calibrate, which finds step size, burn-in and draws of sgld for the whole model. "
                + "Leave it out; --n-beta and --localization may be stated, and --steps names the checkpoints to look at"
        )
    }
    let lengthLimit = request.drawLimit ?? CalibrationEffort.defaultLengthLimit
    guard lengthLimit >= 512 else {
        throw Failure(.usage, "--max-draws must be at least 512 for calibrate: the longest chains, burn-in included")
    }
    let places =
        options.steps != nil
        ? try selectCheckpoints(of: run.series, steps: options.steps, every: nil)
        : try CalibrationWork.places(in: run.series, count: CalibrationWork.checkpointCount)
    guard let modelPath = run.modelPath, let examplesPath = run.examplesPath, let place = places.first else {
        throw Failure(
            .notFound,
            "\(run.path): expected a model and examples, without which there is no loss to sample; "
                + "`instar inspect` says what is missing")
    }
    let first = try run.series.read(at: place)
    let model = try LoadedModel(run: run, modelPath: modelPath, examplesPath: examplesPath, checkpoint: first)
    try model.requireSampled()
    _ = try checkOutputs(of: model, at: first, in: run.series)
    var single = request
    // Here it limits the longest chain of the sweep.
    single.drawLimit = nil
    let settings = try unswept(single, stored: nil, exampleCount: model.trainingIndices.count)
    try settings.validate(exampleCount: model.trainingIndices.count)
    let work = Work(
        run: run, model: model, targets: [SamplingTarget(restriction: nil, model: model)],
        settings: StoredSettings(sampling: settings, inputs: model.inputs), selection: places, limitations: [],
        tensors: [])
    let calibration = CalibrationWork(
        run: run, model: model, settings: settings, stated: (request.nBeta, request.localization), places: places,
        lengthLimit: lengthLimit)
    return (calibration, try work.jobCount(options))
}

extension CalibrationWork {
    /// A calibration with the digests of what it was made from.
    func stored(_ calibration: Calibration) throws -> StoredCalibration {
        StoredCalibration(
            inputs: try Self.inputs(model: model, series: run.series, steps: calibration.checkpoints.map(\.step)),
            calibration: calibration)
    }

    fileprivate func secondsPerDraw() throws -> Double {
        let checkpoint = try run.series.read(at: places[0])
        return switch settings.precision {
        case .float: try drawTime(Float.self, model: model, checkpoint: checkpoint, batch: settings.batchSize)
        case .double: try drawTime(Double.self, model: model, checkpoint: checkpoint, batch: settings.batchSize)
        }
    }
}

extension MeasurementStore {
    /// The calibration that applies to what is measured into this folder: its own, else that of the run's own folder;
    /// nil where there is none or all that it decides is stated.
    ///
    /// - Parameter hasSettings: Whether earlier work has settled them: then checkpoints that the calibration looked at may
    ///   have been replaced or removed since, and a short one, which that work made for itself, says nothing new.
    /// - Throws: `mismatch` where it was made from other inputs than the run has now.
    func readCalibration(
        run: RunDirectory, model: LoadedModel, request: SamplingRequest, hasSettings: Bool
    ) throws -> Calibration? {
        guard request.stepSize == nil || request.nBeta == nil || request.localization == nil else { return nil }
        for folder in [folder, "\(run.path)/instar"] {
            guard let stored = try StoredCalibration.read(in: folder) else { continue }
            if hasSettings, stored.calibration.isShort { return nil }
            let steps = stored.calibration.checkpoints.map(\.step)
            do {
                try stored.requireMade(
                    from: try CalibrationWork.inputs(model: model, series: run.series, steps: steps), folder: folder)
            } catch {
                guard hasSettings, [.mismatch, .malformed].contains(Failure(wrapping: error).kind) else { throw error }
                return nil
            }
            return stored.calibration
        }
        return nil
    }
}

/// The checkpoints of a short calibration: one in the middle of training and the last.
private let shortCheckpointCount = 2
/// The cells of a short calibration, at most; see `CalibrationSearch`.
private let shortCellCount = 7
/// The share of the draws of what is to be measured that a short calibration may take.
private let shortShare = 0.1

extension Work {
    /// The effort of a short calibration: chains such that all its draws are at most a tenth of those to be measured; nil
    /// where that leaves too few to judge anything by.
    var shortEffort: CalibrationEffort? {
        guard let sampling = settings.sampling, resolution?.isUncalibrated == true else { return nil }
        let draws = selection.count * sampling.chainCount * sampling.totalDrawCount * max(targets.count, 1)
        let most = Int(shortShare * Double(draws)) / (2 * shortCellCount * shortCheckpointCount)
        guard most >= 256 else { return nil }
        // Lengths double from the first on, up to the most there is.
        let limit = min(most, CalibrationEffort.defaultLengthLimit)
        let doublings = Int(log2(Double(limit) / 256))
        return CalibrationEffort(firstLength: limit >> doublings, lengthLimit: limit)
    }

    /// Where the settings come from, and whether a short calibration will come first.
    var settingsNotes: [String] {
        guard let resolution else { return [] }
        guard resolution.isUncalibrated else { return resolution.notes }
        guard let shortEffort else {
            return [
                "no settings are stated and there is no calibration: ε, nβ and γ are the defaults, since a short "
                    + "calibration would take more than a tenth of the work; `instar calibrate` finds better ones"
            ]
        }
        let draws = shortCellCount * shortCheckpointCount * shortEffort.drawLimit
        return [
            "no settings are stated and there is no calibration: a short one comes first, at most \(draws) draws; "
                + "`instar calibrate` does a full one"
        ]
    }

    /// Copies the calibration of the run's own folder into that of the results, which are then complete.
    private func keepCalibration(in folder: String) throws {
        guard let model, let calibration = resolution?.calibration, try StoredCalibration.read(in: folder) == nil else {
            return
        }
        let inputs = try CalibrationWork.inputs(
            model: model, series: run.series, steps: calibration.checkpoints.map(\.step))
        try StoredCalibration(inputs: inputs, calibration: calibration).write(in: folder)
    }

    /// The work with settings of a short calibration, which is stored, where nothing else decides them.
    func calibrated(
        store: MeasurementStore, options: MeasureOptions, jobs: Int,
        progress: AsyncStream<WorkProgress>.Continuation?, note: (String) -> Void
    ) async throws -> Work {
        for line in settingsNotes { note(line) }
        try keepCalibration(in: store.folder)
        guard let model, let sampling = settings.sampling, let shortEffort, let resolution else { return self }
        // Cells are judged by SGLD's own step, and by nothing that is observed beside its losses.
        var judged = sampling
        judged.extrapolates = false
        judged.observations = SamplingSettings.Observations()
        judged.targetError = nil
        let calibration = CalibrationWork(
            run: run, model: model, settings: judged, stated: (nil, nil),
            places: try CalibrationWork.places(in: run.series, count: shortCheckpointCount))
        let found = try await calibration.calibrate(shortEffort: shortEffort, jobs: jobs, progress: progress)
        try calibration.stored(found).write(in: store.folder)
        var resolved = resolution
        resolved.take(found, except: options.sampling)
        for line in resolved.notes { note(line) }
        var work = self
        work.settings.sampling = resolved.settings
        work.resolution = resolved
        return work
    }
}

public import Development
import Foundation
import Graphs
import HDF5
public import Runs
import Sampling
import Tensors

/// Measures a run: surveys every chosen checkpoint, runs the chains, and stores all of it.
///
/// Units of work already in the store are reused where the digests of weights, inputs and settings agree, so a
/// run that was killed is finished by calling this again, with the same bytes as if it had not been.
///
/// - Parameters:
///   - progress: Receives how far the work has come.
///   - note: Receives what the user should know of where the settings come from, before they are used.
/// - Throws: `Failure` and the errors of the modules below for bad input or a full disk, and where another process works in
///   the folder of results; `CancellationError` when cancelled, with every chain's draws so far stored.
public func measure(
    _ run: RunDirectory, options: MeasureOptions, progress: AsyncStream<WorkProgress>.Continuation? = nil,
    note: (String) -> Void = { _ in }
) async throws -> Measurements {
    let store = MeasurementStore(run: run.path, output: options.output)
    let lock = try store.lock(.exclusive, note: note)
    defer { lock.release() }
    return try await measure(run, options: options, store: store, progress: progress, note: note)
}

/// Measures into a store that the caller holds alone.
///
/// - Parameter unchanged: Steps of checkpoints that are known to hold what they held when they were surveyed.
func measure(
    _ run: RunDirectory, options: MeasureOptions, store: MeasurementStore, unchanged: Set<Int> = [],
    progress: AsyncStream<WorkProgress>.Continuation?, note: (String) -> Void = { _ in }
) async throws -> Measurements {
    var work = try prepareWork(run.holdingChecked(), options: options, store: store)
    work.unchanged = unchanged
    let jobs = try work.jobCount(options)
    try store.prepare()
    work = try await work.calibrated(store: store, options: options, jobs: jobs, progress: progress, note: note)
    try store.write(work.settings)
    let measurements =
        switch work.settings.sampling?.precision ?? .float {
        case .float: try await work.measure(as: Float.self, store: store, jobs: jobs, progress: progress)
        case .double: try await work.measure(as: Double.self, store: store, jobs: jobs, progress: progress)
        }
    try MeasurementsFile.write(measurements, to: store.measurementsPath)
    return measurements
}

/// What is to be measured, decided in full before anything costly begins.
struct Work: Sendable {
    let run: RunDirectory
    /// nil when the run has no model or no examples.
    let model: LoadedModel?
    /// What λ̂ is measured of: the whole, then each restriction; empty without a model.
    let targets: [SamplingTarget]
    var settings: StoredSettings
    /// Indices into the series, ascending.
    var selection: [Int]
    let limitations: [String]
    /// What was selected and turned out to be damaged.
    var damaged: [DamagedCheckpoint] = []
    /// The tensors of the flat vector.
    let tensors: [TensorSummary]
    /// Where the sampling settings come from; nil where nothing is sampled.
    var resolution: ResolvedSettings?
    /// Whether chains of a checkpoint that was replaced are run again.
    var remeasuresReplaced = false
    /// Steps of checkpoints that need not be read to be surveyed: they hold what they held when they were.
    var unchanged: Set<Int> = []
}

/// Opens model and examples, resolves the settings and checks them against the store.
func prepareWork(_ run: RunDirectory, options: MeasureOptions, store: MeasurementStore) throws -> Work {
    try options.validate()
    let selection = try selectCheckpoints(of: run.series, steps: options.steps, every: options.every)
    let stored = try store.readSettings()
    try store.requireRun(run.name, stored: stored)
    var model: LoadedModel?
    if let modelPath = run.modelPath, let examplesPath = run.examplesPath {
        let first = try run.series.readFirst(of: selection)
        let loaded = try LoadedModel(run: run, modelPath: modelPath, examplesPath: examplesPath, checkpoint: first)
        try loaded.requireSampled()
        // What follows comes before the number of workers is known.
        _ = try run.series.workers(wanted: 1, options) {
            MemoryNeed(phases: [try loaded.settingsNeed(series: run.series)])
        }
        _ = try checkOutputs(of: loaded, at: first, in: run.series)
        if !options.remeasuresReplaced { try store.requireSurveyed(step: first.step, weights: first.digest) }
        model = loaded
    }
    var settings = StoredSettings(sampling: nil, inputs: model?.inputs ?? [], run: run.name)
    // The inputs first: stored settings are taken over below.
    try stored?.requireCompatible(with: settings, folder: store.folder)
    var resolution: ResolvedSettings?
    if let model {
        let calibration = try store.readCalibration(
            run: run, model: model, request: options.sampling, hasSettings: stored?.sampling != nil)
        let resolved = try resolveSettings(
            options.sampling, stored: stored?.sampling, calibration: calibration, model: model, series: run.series)
        settings.sampling = resolved.settings
        resolution = resolved
    }
    do throws(Failure) { try stored?.requireCompatible(with: settings, folder: store.folder) } catch {
        guard resolution?.calibration != nil else { throw error }
        throw Failure(error.kind, "\(error.reason). What is new comes from the calibration, which was made since")
    }
    settings.restrictions = try merged(stored?.restrictions ?? [], options.restrictions, isMeasured: model != nil)
    let tensors = flatTensors(of: model, series: run.series)
    return Work(
        run: run, model: model,
        targets: try model.map { try samplingTargets($0, settings.restrictions, settings: settings.sampling) } ?? [],
        settings: settings, selection: selection,
        limitations: run.missing + [model?.heldOutLimitation, tensors.rankLimitation].compactMap(\.self),
        tensors: tensors,
        resolution: resolution, remeasuresReplaced: options.remeasuresReplaced)
}

extension Work {
    /// Surveys and samples everything selected, with `jobs` units at once, and gathers the measurements in order.
    func measure<Scalar: Real>(
        as type: Scalar.Type, store: MeasurementStore, jobs: Int, progress: AsyncStream<WorkProgress>.Continuation?
    ) async throws -> Measurements {
        let surveyor = try Surveyor<Scalar>(model: model, tensors: tensors)
        let surveying = ProgressCounter(phase: "surveying", drawCount: 0, unitCount: selection.count, into: progress)
        let read = try await surveys(
            at: selection.indices, surveyor: surveyor, store: store, counter: surveying, jobs: jobs)
        run.series.release()
        let surveys = read.compactMap { try? $0.get() }
        let work = try leavingOutDamaged(read)
        return try await work.measure(
            surveys: surveys, surveyor: surveyor, store: store, jobs: jobs, progress: progress)
    }

    /// The work without the checkpoints that turned out to be damaged, which are told of instead.
    ///
    /// - Throws: Why the first could not be read, where none could.
    func leavingOutDamaged(_ surveys: [Result<StoredUnit<Survey>, RunError>]) throws -> Work {
        var work = self
        for (place, survey) in zip(selection, surveys) {
            guard case .failure(let error) = survey else { continue }
            work.selection.removeAll { $0 == place }
            guard !work.selection.isEmpty else { throw error }
            // Reports are shown to others: the folder is nobody's business.
            let file = URL(fileURLWithPath: error.path).lastPathComponent
            work.damaged.append(
                DamagedCheckpoint(
                    step: run.series.references[place].step,
                    reason: ([file] + (error.object.map { [$0] } ?? []) + [error.reason]).joined(separator: ": ")))
        }
        return work
    }

    /// Samples at every surveyed checkpoint, and gathers the measurements in order.
    private func measure<Scalar: Real>(
        surveys: [StoredUnit<Survey>], surveyor: Surveyor<Scalar>, store: MeasurementStore, jobs: Int,
        progress: AsyncStream<WorkProgress>.Continuation?
    ) async throws -> Measurements {
        var chains = targets.map { _ in selection.map { _ in [StoredUnit<ChainTrace>]() } }
        if let sampling = settings.sampling, !targets.isEmpty {
            let centers = try CenterCache<Scalar>(series: run.series, targets: targets, jobs: jobs)
            chains = try await sample(sampling, surveys: surveys, jobs: jobs, progress: progress) {
                try await $0.run(sampling: sampling, centers: centers, store: store, counter: $1)
            }
        }
        return try gather(
            Scalar.self, surveys: surveys, chains: chains, probe: surveyor.probe, store: store, progress: progress)
    }

    /// Runs the chains of every target at every checkpoint, then lengthens those whose error is above the one asked for.
    ///
    /// - Parameter run: Gives the trace of a unit: runs its chain, or reads it.
    /// - Returns: Axes `[target, checkpoint, chain]`.
    func sample(
        _ sampling: SamplingSettings, surveys: [StoredUnit<Survey>], jobs: Int,
        progress: AsyncStream<WorkProgress>.Continuation?,
        run: @escaping @Sendable (ChainUnit, ProgressCounter) async throws -> StoredUnit<ChainTrace>
    ) async throws -> [[[StoredUnit<ChainTrace>]]] {
        typealias Place = (target: Int, place: Int, drawCount: Int)
        var chains = targets.map { _ in selection.map { _ in [StoredUnit<ChainTrace>]() } }
        var places: [Place] = selection.indices.flatMap { place in
            targets.indices.map { (target: $0, place: place, drawCount: sampling.totalDrawCount) }
        }
        var phase = "sampling"
        while !places.isEmpty {
            let units = places.flatMap { place in (0..<sampling.chainCount).map { (place, $0) } }
            let counter = ProgressCounter(
                phase: phase, drawCount: units.reduce(0) { $0 + $1.0.drawCount }, unitCount: units.count,
                into: progress)
            let traces = try await concurrentMap(units, jobs: jobs) { place, chain in
                let unit = chainUnit(
                    at: place.place, target: place.target, chain: chain, drawCount: place.drawCount,
                    weights: surveys[place.place].value.weightsDigest)
                return try await run(unit, counter)
            }
            for place in places { chains[place.target][place.place] = [] }
            for (unit, trace) in zip(units, traces) { chains[unit.0.target][unit.0.place].append(trace) }
            guard sampling.targetError != nil else { break }
            places = places.compactMap { place in
                let estimate = LLCEstimate(
                    traces: chains[place.target][place.place].map(\.value),
                    conditions: ChainConditions(sampling, dimension: targets[place.target].model.subset.count))
                return sampling.lengthened(place.drawCount, estimate: estimate).map { (place.target, place.place, $0) }
            }
            phase = "lengthening chains"
        }
        return chains
    }

    /// A chain of the work; `weights` is the digest of the checkpoint's weights.
    func chainUnit(at place: Int, target: Int, chain: Int, drawCount: Int, weights: String) -> ChainUnit {
        let step = run.series.references[selection[place]].step
        return ChainUnit(
            index: selection[place], target: target, step: step, chain: chain, drawCount: drawCount,
            key: unitKey(
                weights: weights, inputs: settings, unit: "step \(step) \(targets[target].key ?? "") chain \(chain)"),
            weightsDigest: weights, replacesOther: remeasuresReplaced)
    }

    /// The surveys of checkpoints that follow each other; one that is damaged is left out, and movement goes over it.
    func surveys<Scalar: Real>(
        at places: Range<Int>, surveyor: Surveyor<Scalar>, store: MeasurementStore, counter: ProgressCounter, jobs: Int
    ) async throws -> [Result<StoredUnit<Survey>, RunError>] {
        let window = CheckpointWindow(series: run.series, selection: selection, workerCount: jobs)
        return try await concurrentMap(Array(places), jobs: jobs, span: jobs) { place in
            try Task.checkCancellation()
            if let survey = try unchangedSurvey(at: place, store: store) {
                await counter.add(draws: 0, units: 1)
                return .success(survey)
            }
            switch try await window.entries(upTo: place) {
            case .failure(let error): return .failure(error)
            case .success(let entries):
                let survey = try survey(last: entries, surveyor: surveyor, store: store)
                await counter.add(draws: 0, units: 1)
                return .success(survey)
            }
        }
    }

    /// The stored survey of a checkpoint that is unchanged, as are those before it that it was compared with; else nil.
    private func unchangedSurvey(at place: Int, store: MeasurementStore) throws(Failure) -> StoredUnit<Survey>? {
        let steps = selection[max(0, place - 2)...place].map { run.series.references[$0].step }
        guard steps.allSatisfy(unchanged.contains) else { return nil }
        var surveys: [StoredUnit<Survey>] = []
        for step in steps {
            guard let survey = try storedSurvey(step: step, store: store) else { return nil }
            surveys.append(survey)
        }
        let last = surveys.removeLast()
        let key = surveyKey(digest: last.value.weightsDigest, before: surveys.map(\.value.weightsDigest))
        return last.key == key ? last : nil
    }

    /// A stored survey, or a new one, without its vectors, which stay on disk. Surveys are cheap and depend on which
    /// checkpoints come before, so one that does not fit is taken again.
    ///
    /// - Parameter window: The checkpoint and up to two measured ones before it, in order.
    private func survey<Scalar: Real>(
        last window: [CheckpointWindow.Entry], surveyor: Surveyor<Scalar>, store: MeasurementStore
    ) throws -> StoredUnit<Survey> {
        let (checkpoint, digest) = (window[window.count - 1].checkpoint, window[window.count - 1].digest)
        let before = window.dropLast().reversed().map(\.checkpoint)
        let path = store.surveyPath(step: checkpoint.step)
        let key = surveyKey(digest: digest, before: window.dropLast().map(\.digest))
        if let stored = try storedSurvey(step: checkpoint.step, store: store, expecting: key) {
            return stored
        }
        if !remeasuresReplaced { try store.requireSurveyed(step: checkpoint.step, weights: digest) }
        var survey = try surveyor.survey(
            checkpoint, digest: digest, previous: before.first, earlier: before.dropFirst().first)
        try store.prepare()
        try survey.write(to: path, key: key, processor: Processor.description)
        survey.dropVectors()
        return StoredUnit(key: key, processor: Processor.description, value: survey)
    }

    /// The survey of a step; nil where there is none, or where it has another key than the expected one.
    func storedSurvey(
        step: Int, store: MeasurementStore, expecting key: String? = nil
    ) throws(Failure) -> StoredUnit<Survey>? {
        let path = store.surveyPath(step: step)
        return try readingUnit(path) { () throws(HDF5Error) in
            let unit = try Survey.read(
                path, expecting: key, tensorCount: tensors.count, subsetCount: model?.examples.subsets.count ?? 0)
            if let unit, unit.value.step != step {
                throw HDF5Error(.malformed, "expected step \(step), found \(unit.value.step)", path: path)
            }
            return unit
        }
    }

    /// What a survey is reused by; `before` are the digests of up to two measured checkpoints before it, in order.
    func surveyKey(digest: String, before: [String]) -> String {
        unitKey(
            weights: digest, inputs: StoredSettings(sampling: nil, inputs: settings.inputs),
            unit: "survey 3 \((settings.sampling?.precision ?? .float).rawValue) after \(before.joined(separator: " "))"
        )
    }

    /// All that was measured, in the order of the selection.
    func gather<Scalar: Real>(
        _ type: Scalar.Type, surveys: [StoredUnit<Survey>], chains: [[[StoredUnit<ChainTrace>]]], probe: Probe?,
        store: MeasurementStore, progress: AsyncStream<WorkProgress>.Continuation?
    ) throws -> Measurements {
        let subsetNames = model?.examples.subsets.map(\.name) ?? []
        let processors = Set(surveys.map(\.processor) + chains.flatMap { $0.flatMap { $0.map(\.processor) } }).sorted()
        var measurements = Measurements(
            runName: run.name, axis: run.series.axis == .step ? .step : .epoch,
            loss: model.map { LossDescription(name: $0.head.name, unit: $0.head.unit) },
            exampleCount: model?.trainingIndices.count, settings: settings.sampling,
            provenance: Provenance(
                version: instarVersion, processors: processors,
                digests: settings.inputs.filter { $0.value.count == 64 } + [
                    Entry(name: "weights", value: Survey.seriesDigest(surveys.map(\.value.weightsDigest)))
                ]),
            hyperparameters: run.manifest.hyperparameters.map { Entry(name: $0.name, value: $0.value) },
            tensors: tensors, checkpoints: [], outputProducts: nil, weightProducts: nil,
            recordedSeries: run.recordedSeries.map {
                RecordedSeries(name: $0.name, steps: $0.steps, values: $0.values)
            },
            limitations: limitations)
        measurements.damaged = damaged
        let posteriors = try zip(targets, chains).map { target, series in
            try zip(surveys, series).map { survey, traces in
                let traces = traces.map(\.value)
                let dimension = target.model.subset.count
                guard let sampling = settings.sampling else { preconditionFailure("chains were run with settings") }
                return measurements.posterior(
                    traces, conditions: ChainConditions(sampling, dimension: dimension),
                    observations: try observations(
                        Scalar.self, of: traces, sampling: sampling, exampleCount: target.model.trainingIndices.count
                    ) { store.chainPath(step: survey.value.step, restriction: target.key, chain: $0) })
            }
        }
        for (place, survey) in surveys.map(\.value).enumerated() {
            let whole = posteriors.first?[place]
            var checkpoint = CheckpointMeasurement(
                step: survey.step, loss: survey.loss,
                subsetLosses: zip(subsetNames, survey.subsetLosses).map { (name: $0, loss: $1) },
                gradientNorm: survey.gradientNorm, llc: whole?.llc, chains: whole?.chains ?? [],
                tensorNorms: survey.tensorNorms, tensorMovements: survey.tensorMovements,
                tensorTurns: survey.tensorTurns, tensorEffectiveRanks: survey.tensorEffectiveRanks,
                tensorStableRanks: survey.tensorStableRanks)
            checkpoint.observations = whole?.observations
            measurements.checkpoints.append(checkpoint)
        }
        measurements.restrictions = zip(targets, posteriors).compactMap { target, points in
            target.restriction.map {
                RestrictedSeries(
                    restriction: $0, sampledCount: target.model.subset.count,
                    exampleCount: target.model.trainingIndices.count, points: points)
            }
        }
        returnFreedMemory()
        let paths = surveys.map { store.surveyPath(step: $0.value.step) }
        func products(_ vector: Survey.Vector, dimension: Int, probeDigest: String?) throws -> InnerProducts {
            try innerProducts(
                count: paths.count, dimension: dimension, probeDigest: probeDigest,
                progress: { done, count in
                    progress?.yield(
                        WorkProgress(phase: "inner products of \(vector.rawValue)", unitsDone: done, of: count))
                }, load: { try Survey.read(vector, from: paths[$0], dimension: dimension) })
        }
        measurements.weightProducts = try products(.weights, dimension: measurements.sampledCount, probeDigest: nil)
        if let probe, let model {
            measurements.outputProducts = try products(
                .outputs, dimension: model.outputCount(of: probe), probeDigest: probe.digest)
        }
        returnFreedMemory()
        return measurements
    }
}

public import Development
import HDF5
public import Runs
import Sampling
import Tensors

/// Makes `measurements.h5` of the units that shares left, the same bytes as `measure` alone would have written.
///
/// Units are checked against each other: all must be there, finished, and of one digest of weights, inputs and settings.
/// Checkpoints are not read again, but for the first.
///
/// - Parameter shardCount: Into how many shares the work was divided, to say which of them to measure again.
/// - Throws: `notFound` where units are missing or unfinished, with all of them listed; `mismatch` for other settings or
///   inputs than the units were measured with.
public func mergeShares(
    of run: RunDirectory, options: MeasureOptions, shardCount: Int?,
    progress: AsyncStream<WorkProgress>.Continuation? = nil
) async throws -> Measurements {
    let store = MeasurementStore(run: run.path, output: options.output)
    guard try store.readSettings() != nil else {
        throw Failure(
            .notFound,
            "\(store.folder): expected units that shares measured, found none. Run `instar measure --shard INDEX/COUNT` first"
        )
    }
    let lock = try store.lock(.shared)
    defer { lock.release() }
    let work = try prepareWork(run, options: options, store: store)
    let measurements =
        switch work.settings.sampling?.precision ?? .float {
        case .float: try await work.merged(Float.self, store: store, shardCount: shardCount, progress: progress)
        case .double: try await work.merged(Double.self, store: store, shardCount: shardCount, progress: progress)
        }
    try MeasurementsFile.write(measurements, to: store.measurementsPath)
    return measurements
}

extension Work {
    fileprivate func merged<Scalar: Real>(
        _ type: Scalar.Type, store: MeasurementStore, shardCount: Int?,
        progress: AsyncStream<WorkProgress>.Continuation?
    ) async throws -> Measurements {
        let counter = ProgressCounter(
            phase: "reading surveys", drawCount: 0, unitCount: selection.count, into: progress)
        var missing = Set<String>()
        var read: [Result<StoredUnit<Survey>, RunError>] = []
        var before: [StoredUnit<Survey>] = []
        for index in selection {
            try Task.checkCancellation()
            let step = run.series.references[index].step
            let survey = try storedSurvey(index: index, step: step, after: before, store: store)
            if survey.isMissing { missing.insert(store.surveyName(step: step)) }
            if case .success(let unit) = survey.result { before = before.suffix(1) + [unit] }
            read.append(survey.result)
            await counter.add(draws: 0, units: 1)
        }
        return try await leavingOutDamaged(read).merged(
            Scalar.self, surveys: read.compactMap { try? $0.get() }, missing: missing, store: store,
            shardCount: shardCount, progress: progress)
    }

    private func merged<Scalar: Real>(
        _ type: Scalar.Type, surveys: [StoredUnit<Survey>], missing: Set<String>, store: MeasurementStore,
        shardCount: Int?, progress: AsyncStream<WorkProgress>.Continuation?
    ) async throws -> Measurements {
        var missing = missing
        var chains = targets.map { _ in selection.map { _ in [StoredUnit<ChainTrace>]() } }
        if var sampling = settings.sampling, !targets.isEmpty {
            let wanted = sampling
            // Whether chains are long enough can be asked once all are there.
            sampling.targetError = nil
            chains = try await storedChains(
                sampling, surveys: surveys, store: store, missing: &missing, progress: progress)
            if wanted.targetError != nil, missing.isEmpty {
                chains = try await storedChains(
                    wanted, surveys: surveys, store: store, missing: &missing, progress: progress)
            }
        }
        guard missing.isEmpty else { throw failure(missing: missing, store: store, shardCount: shardCount) }
        return try gather(
            Scalar.self, surveys: surveys, chains: chains, probe: model.map(Probe.init(model:)), store: store,
            progress: progress)
    }

    /// The survey of a checkpoint without its vectors; an empty one where there is none. One that was taken after other
    /// checkpoints counts as missing: it is cheap and will be taken again. Without one the checkpoint is read: if it is
    /// damaged, it is left out.
    ///
    /// - Parameter before: The surveys of up to two measured checkpoints before it.
    private func storedSurvey(
        index: Int, step: Int, after before: [StoredUnit<Survey>], store: MeasurementStore
    ) throws -> (result: Result<StoredUnit<Survey>, RunError>, isMissing: Bool) {
        guard let unit = try storedSurvey(step: step, store: store) else {
            do throws(RunError) { _ = try run.series.read(at: index) } catch {
                guard error.kind == .malformed else { throw error }
                return (.failure(error), false)
            }
            return (.success(StoredUnit(key: "", processor: "", value: .none(step: step))), true)
        }
        let key = surveyKey(digest: unit.value.weightsDigest, before: before.map(\.value.weightsDigest))
        // After one that is missing the key is not known.
        return (.success(unit), before.allSatisfy { !$0.key.isEmpty } && unit.key != key)
    }

    /// The traces of all chains; those that are not there or not finished are empty, and their names are added to `missing`.
    ///
    /// - Returns: Axes `[target, checkpoint, chain]`.
    private func storedChains(
        _ sampling: SamplingSettings, surveys: [StoredUnit<Survey>], store: MeasurementStore,
        missing: inout Set<String>, progress: AsyncStream<WorkProgress>.Continuation?
    ) async throws -> [[[StoredUnit<ChainTrace>]]] {
        let names = MissingUnits()
        let keys = targets.map(\.key)
        // What the chains of a checkpoint without a survey must be of is not known.
        let unsurveyed = Set(zip(selection, surveys).filter(\.1.key.isEmpty).map(\.0))
        // One file after the other: libhdf5 reads no two at a time.
        let chains = try await sample(sampling, surveys: surveys, jobs: 1, progress: progress) { unit, counter in
            let name = store.chainName(step: unit.step, restriction: keys[unit.target], chain: unit.chain)
            let trace = try unit.stored(
                at: store.unitPath(name), sampling: sampling, isKeyKnown: !unsurveyed.contains(unit.index))
            await counter.add(draws: unit.drawCount, units: 1)
            if let trace { return trace }
            // What is not long enough for an error is named at once: how long the others must be depends on it.
            guard unit.drawCount == sampling.totalDrawCount else {
                throw failure(missing: [name], store: store, shardCount: nil)
            }
            await names.add(name)
            return StoredUnit(key: unit.key, processor: "", value: ChainTrace(chain: unit.chain))
        }
        missing.formUnion(await names.all)
        return chains
    }

    /// What to do about missing units.
    private func failure(missing: Set<String>, store: MeasurementStore, shardCount: Int?) -> Failure {
        let units = units(store)
        let listed = units.map(\.name).filter(missing.contains).prefix(20).joined(separator: "\n  ")
        var text =
            "\(store.folder): \(missing.count) of \(units.count) units missing or unfinished:\n  \(listed)"
            + (missing.count > 20 ? "\n  and \(missing.count - 20) more" : "")
        if let count = shardCount {
            let places = Shard.indices(of: units, count: count, areInseparable: areInseparable)
            let indices = Set(zip(units, places).filter { missing.contains($0.0.name) }.map(\.1)).sorted()
            text +=
                "\nMeasure these of the \(count) shares again: \(indexList(indices)) (as in `sbatch --array=`, or "
                + "`instar measure --shard INDEX/\(count)` for each)"
        } else {
            text +=
                "\nMeasure them with `instar measure`, whole or by shares; with --shards COUNT the shares to measure again "
                + "are listed"
        }
        return Failure(.notFound, text)
    }
}

/// Collects names as they are found.
private actor MissingUnits {
    private(set) var all = Set<String>()

    func add(_ name: String) { all.insert(name) }
}

extension Survey {
    /// Stands for a survey that is not there.
    fileprivate static func none(step: Int) -> Survey {
        Survey(
            step: step, weightsDigest: "", loss: nil, subsetLosses: [], gradientNorm: nil, tensorNorms: [],
            tensorMovements: [], tensorTurns: [], tensorEffectiveRanks: [], tensorStableRanks: [], outputs: [],
            weights: [])
    }
}

extension ChainUnit {
    /// The stored trace; nil where there is none or it is shorter than wanted.
    ///
    /// - Throws: `mismatch` where it is of other weights or settings, if the key is known.
    fileprivate func stored(
        at path: String, sampling: SamplingSettings, isKeyKnown: Bool
    ) throws -> StoredUnit<ChainTrace>? {
        guard let stored = try readingUnit(path, { () throws(HDF5Error) in try ChainTrace.read(path) }) else {
            return nil
        }
        guard !isKeyKnown || stored.key == key else {
            throw Failure(
                .mismatch,
                "\(path): measured on other weights than the rest of step \(step). Was the checkpoint replaced? Remove "
                    + "that file and measure again")
        }
        guard stored.value.drawCount >= drawCount || stored.value.outcome != .completed else { return nil }
        return StoredUnit(
            key: key, processor: stored.processor, value: stored.value.prefix(drawCount, settings: sampling))
    }
}

/// Indices as schedulers write them: `0-3,7,9`; those of ascending order.
func indexList(_ indices: [Int]) -> String {
    var ranges: [ClosedRange<Int>] = []
    for index in indices {
        if let last = ranges.last, last.upperBound + 1 == index {
            ranges[ranges.count - 1] = last.lowerBound...index
        } else {
            ranges.append(index...index)
        }
    }
    return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(
        separator: ",")
}

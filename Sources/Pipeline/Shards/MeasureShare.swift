public import Runs
import Sampling
import Tensors

/// Measures a share of a run, beside other processes that measure the others, on this machine or on more.
///
/// Every unit has a file of its own, which one process writes at a time; units that are stored are left alone, so a share
/// may be measured again, after any interruption, and with any other division of the work. A unit that cannot be measured
/// does not stop the others. `mergeShares` makes measurements of the units.
///
/// - Returns: How many units the share has, all of which are stored now but for those of damaged checkpoints.
/// - Throws: `Failure` as `measure` does, and where units failed; `CancellationError` when cancelled, with every chain's
///   draws so far stored.
public func measureShare(
    _ share: Share, of run: RunDirectory, options: MeasureOptions,
    progress: AsyncStream<WorkProgress>.Continuation? = nil, note: (String) -> Void = { _ in }
) async throws -> Int {
    let store = MeasurementStore(run: run.path, output: options.output)
    let lock = try store.lock(.shared, note: note)
    defer { lock.release() }
    try store.prepare()
    let locks = try UnitLocks(in: store.folder)
    let (work, jobs) = try await settledWork(
        run, options: options, share: share, store: store, locks: locks, progress: progress, note: note)
    let units = try work.units(of: share, in: work.units(store))
    let isOurs = locks.take(.task(share.name))
    defer { if isOurs { locks.give(.task(share.name)) } }
    let recorder = TaskRecorder(TaskRecord(share: share, unitCount: units.count), store: store, isOurs: isOurs)
    await recorder.begin()
    do {
        switch work.settings.sampling?.precision ?? .float {
        case .float:
            try await ShareWork<Float>(work: work, store: store, locks: locks, recorder: recorder, jobs: jobs)
                .measure(units, progress: progress)
        case .double:
            try await ShareWork<Double>(work: work, store: store, locks: locks, recorder: recorder, jobs: jobs)
                .measure(units, progress: progress)
        }
    } catch {
        await recorder.end(error is CancellationError ? "stopped by a signal" : Failure(wrapping: error).reason)
        throw error
    }
    await recorder.finish()
    return units.count
}

/// Decides the settings of a run and stores them, a short calibration included where one is due, and measures nothing:
/// what comes before shares that are started together. Settings that are stored already are left as they are.
///
/// - Throws: `Failure` and `CancellationError` as `measure` does.
public func settleSettings(
    of run: RunDirectory, options: MeasureOptions, progress: AsyncStream<WorkProgress>.Continuation? = nil,
    note: (String) -> Void = { _ in }
) async throws {
    let store = MeasurementStore(run: run.path, output: options.output)
    let lock = try store.lock(.shared, note: note)
    defer { lock.release() }
    try store.prepare()
    _ = try await settledWork(
        run, options: options, share: nil, store: store, locks: UnitLocks(in: store.folder), progress: progress,
        note: note)
}

/// The work with the settings that are stored, which are those of every other process too.
///
/// Settings follow from the run and the request, but curvatures differ in their last bits between kinds of processors. So
/// the first process decides, under a lock, and all others, which may wait for its calibration, take what it stored.
///
/// - Parameter share: What is to be measured, which is refused before a calibration where it names nothing; nil: nothing.
private func settledWork(
    _ run: RunDirectory, options: MeasureOptions, share: Share?, store: MeasurementStore, locks: UnitLocks,
    progress: AsyncStream<WorkProgress>.Continuation?, note: (String) -> Void
) async throws -> (work: Work, jobs: Int) {
    // Once they are stored nobody waits for anybody.
    if let stored = try store.readSettings() {
        let work = try prepareWork(run, options: options, store: store)
        if work.settings == stored { return (work, try work.jobCount(options, isShare: true)) }
    }
    try await locks.wait(for: .settings)
    defer { locks.give(.settings) }
    let stored = try store.readSettings()
    var work = try prepareWork(run, options: options, store: store)
    let jobs = try work.jobCount(options, isShare: true)
    if let share { _ = try work.units(of: share, in: work.units(store)) }
    work = try await work.calibrated(store: store, options: options, jobs: jobs, progress: progress, note: note)
    if stored != nil {
        if work.settings != stored { try store.write(work.settings) }
    } else if try !store.writeFirst(work.settings) {
        // Without locks another process may have been first.
        work = try prepareWork(run, options: options, store: store)
    }
    return (work, jobs)
}

/// The units of one share, being worked on by one process.
private struct ShareWork<Scalar: Real>: Sendable {
    let work: Work
    let store: MeasurementStore
    let locks: UnitLocks
    let recorder: TaskRecorder
    let jobs: Int

    /// Neighbours that are surveyed together, at most.
    private static var surveyLength: Int { 16 }

    /// What is worked on under its locks: surveys of neighbours, or chains that belong together.
    private struct Piece: Sendable {
        var units: [WorkUnit]
    }

    func measure(_ units: [WorkUnit], progress: AsyncStream<WorkProgress>.Continuation?) async throws {
        let sampling = work.settings.sampling
        let drawCount = units.reduce(0) { $0 + ($1.chain == nil ? 0 : sampling?.totalDrawCount ?? 0) }
        let (stream, continuation) = AsyncStream.makeStream(
            of: WorkProgress.self, bufferingPolicy: .bufferingNewest(1))
        let counter = ProgressCounter(
            phase: "measuring", drawCount: drawCount, unitCount: units.count, into: continuation)
        let watching = Task {
            for await state in stream {
                progress?.yield(state)
                await recorder.note(state)
            }
        }
        let surveyor = try Surveyor<Scalar>(model: work.model, tensors: work.tensors)
        let centers = try CenterCache<Scalar>(series: work.run.series, targets: work.targets, jobs: jobs)
        // Chains that are lengthened together take all workers, one group after the other.
        let (outer, inner) = sampling?.targetError == nil ? (jobs, 1) : (1, jobs)
        @Sendable func measure(_ piece: Piece) async throws {
            guard let sampling, piece.units[0].chain != nil else {
                return try await survey(piece.units, surveyor: surveyor, counter: counter)
            }
            try await sample(
                piece.units, sampling: sampling, centers: centers, counter: counter, jobs: inner)
        }
        let waiting = try await concurrentMap(pieces(of: units), jobs: outer) { piece in
            try await attempt(piece) { try await measure(piece) } ? nil : piece
        }.compactMap(\.self)
        // What others were working on is finished here if they stopped before its end.
        for piece in waiting {
            for unit in piece.units { try await locks.wait(for: .unit(unit.name)) }
            for unit in piece.units { locks.give(.unit(unit.name)) }
            while try await !attempt(piece, { try await measure(piece) }) { try await Task.sleep(for: .seconds(1)) }
        }
        continuation.finish()
        await watching.value
        // What is damaged is left out of the measurements, as by one process.
        if let first = await recorder.firstFailure {
            throw Failure(
                first.kind,
                "\(await recorder.record.failures.count) of \(units.count) units failed, the others are stored. "
                    + "`instar status` lists the reasons; the first: \(first.reason)")
        }
    }

    private func pieces(of units: [WorkUnit]) -> [Piece] {
        let surveys = units.filter { $0.chain == nil }
        var pieces: [Piece] = []
        for unit in surveys {
            if let last = pieces.last, last.units.count < max(1, min(Self.surveyLength, surveys.count / (4 * jobs))),
                last.units[last.units.count - 1].place + 1 == unit.place
            {
                pieces[pieces.count - 1].units.append(unit)
            } else {
                pieces.append(Piece(units: [unit]))
            }
        }
        for unit in units where unit.chain != nil {
            if let last = pieces.last?.units.last, work.areInseparable(last, unit) {
                pieces[pieces.count - 1].units.append(unit)
            } else {
                pieces.append(Piece(units: [unit]))
            }
        }
        return pieces
    }

    /// Works on a piece under its locks; false where another process has one of them.
    ///
    /// A failure of the machine (a full disk) stops everything, since each further unit would fail after all its work; one
    /// of the unit alone is recorded. A damaged checkpoint is told of and no failure of the share: it is left out.
    private func attempt(_ piece: Piece, _ body: () async throws -> Void) async throws -> Bool {
        var taken: [UnitLocks.Key] = []
        defer { for key in taken { locks.give(key) } }
        for unit in piece.units {
            let key = UnitLocks.Key.unit(unit.name)
            guard locks.take(key) else { return false }
            taken.append(key)
        }
        do {
            try await body()
        } catch let error as CancellationError {
            throw error
        } catch let error as RunError where error.kind == .malformed {
            for unit in piece.units { await recorder.note(damaged: error.description, unit: unit.name) }
        } catch {
            let failure = Failure(wrapping: error)
            guard failure.kind != .io, failure.kind != .usage, failure.kind != .defect else { throw failure }
            for unit in piece.units { await recorder.note(failure: failure, of: unit.name) }
        }
        return true
    }

    private func survey(
        _ units: [WorkUnit], surveyor: Surveyor<Scalar>, counter: ProgressCounter
    ) async throws {
        let surveys = try await work.surveys(
            at: units[0].place..<units[0].place + units.count, surveyor: surveyor, store: store, counter: counter,
            jobs: 1)
        for (unit, survey) in zip(units, surveys) {
            if case .failure(let error) = survey {
                await recorder.note(damaged: error.description, unit: unit.name)
            }
        }
    }

    private func sample(
        _ units: [WorkUnit], sampling: SamplingSettings, centers: CenterCache<Scalar>, counter: ProgressCounter,
        jobs: Int
    ) async throws {
        let (place, target) = (units[0].place, units[0].target)
        let weights = try await centers.digest(at: work.selection[place])
        var wanted: Int? = sampling.totalDrawCount
        while let drawCount = wanted {
            let traces = try await concurrentMap(units.compactMap(\.chain), jobs: jobs) { chain in
                try await work.chainUnit(
                    at: place, target: target, chain: chain, drawCount: drawCount, weights: weights
                )
                .run(sampling: sampling, centers: centers, store: store, counter: counter).value
            }
            guard sampling.targetError != nil else { break }
            let dimension = work.targets[target].model.subset.count
            wanted = sampling.lengthened(
                drawCount,
                estimate: LLCEstimate(traces: traces, conditions: ChainConditions(sampling, dimension: dimension)))
        }
    }
}

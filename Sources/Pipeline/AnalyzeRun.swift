public import Development
import Runs

/// The whole way, from a run directory to what is concluded about it.
///
/// Costly work is stored under the output folder and reused; see `measure`. Where `path` holds stored sampling results
/// instead of a run, they are read in place of measuring.
///
/// - Parameter conclude: Writes what is made of the analysis, while no other process can write to the folder of results.
/// - Throws: `Failure` for anything wrong with the input or the machine; `CancellationError` when cancelled.
public func analyzeRun(
    at path: String, options: MeasureOptions, progress: AsyncStream<WorkProgress>.Continuation? = nil,
    note: (String) -> Void = { _ in }, conclude: (Analysis) throws -> Void = { _ in }
) async throws -> Analysis {
    let store = MeasurementStore(run: path, output: options.output)
    if StoredTraces.isTraces(at: path) {
        let measurements = try importTraces(at: path)
        try options.requireNothingToSample(path)
        let lock = try store.lock(.exclusive, note: note)
        defer { lock.release() }
        try MeasurementsFile.write(measurements, to: store.measurementsPath)
        let analysis = try conclusions(of: measurements)
        try conclude(analysis)
        return analysis
    }
    let run = try openRun(at: path, progress: progress)
    let lock = try store.lock(.exclusive, note: note)
    defer { lock.release() }
    let analysis = try conclusions(
        of: try await measure(run, options: options, store: store, progress: progress, note: note))
    try conclude(analysis)
    return analysis
}

/// The conclusions from measurements.
///
/// - Throws: `CancellationError` when cancelled.
func conclusions(of measurements: Measurements, method: Method? = nil) throws -> Analysis {
    let analysis = Analysis(measurements: measurements, method: method)
    try Task.checkCancellation()
    return analysis
}

/// The conclusions again, from stored measurements alone: nothing is sampled and no checkpoint is read.
///
/// - Parameter conclude: As for `analyzeRun`; nil where nothing is to be written.
/// - Throws: `Failure` where nothing was measured, and, where something is to be written, as `analyzeRun`.
public func analyzeStoredRun(
    at path: String, output: String?, conclude: ((Analysis) throws -> Void)? = nil
) throws -> Analysis {
    let store = MeasurementStore(run: path, output: output)
    let lock = try conclude == nil || !store.isThere ? nil : store.lock(.exclusive)
    defer { lock?.release() }
    let analysis = try conclusions(of: try store.readMeasurements())
    try conclude?(analysis)
    return analysis
}

public import Development
import Runs

/// The whole way, from a run directory to what is concluded about it.
///
/// Costly work is stored under the output folder and reused; see `measure`. Where `path` holds stored sampling results
/// instead of a run, they are read in place of measuring.
///
/// - Throws: `Failure` for anything wrong with the input or the machine; `CancellationError` when cancelled.
public func analyzeRun(
    at path: String, options: MeasureOptions, progress: AsyncStream<WorkProgress>.Continuation? = nil,
    note: (String) -> Void = { _ in }
) async throws -> Analysis {
    if StoredTraces.isTraces(at: path) {
        try options.requireNothingToSample(path)
        let measurements = try importTraces(at: path)
        let store = MeasurementStore(run: path, output: options.output)
        try store.prepare()
        try MeasurementsFile.write(measurements, to: store.measurementsPath)
        return Analysis(measurements: measurements)
    }
    let run = try RunDirectory(at: path)
    let measurements = try await measure(run, options: options, progress: progress, note: note)
    return Analysis(measurements: measurements)
}

/// The conclusions again, from stored measurements alone: nothing is sampled and no checkpoint is read.
///
/// - Throws: `Failure` where nothing was measured.
public func analyzeStoredRun(at path: String, output: String?) throws -> Analysis {
    Analysis(measurements: try MeasurementStore(run: path, output: output).readMeasurements())
}

public import Development
import Foundation
public import Runs
import Sampling
import Tensors

/// Measurements made of a table of numbers over training: λ̂ as it stands there, without chains or diagnostics.
///
/// - Parameters:
///   - path: A file that `SeriesFile` reads.
///   - columns: The names of its columns by what they are, where they are not the usual ones.
/// - Throws: `Failure` for what is missing, contradictory or damaged.
public func importSeries(at path: String, columns: [SeriesFile.Role: String] = [:]) throws -> Measurements {
    do {
        let url = URL(fileURLWithPath: path).standardizedFileURL
        return Measurements(
            importing: try SeriesFile(at: path, columns: columns), fileName: url.lastPathComponent,
            runName: url.deletingPathExtension().lastPathComponent)
    } catch {
        throw Failure(wrapping: error)
    }
}

/// The stages of stored measurements, stored sampling results or a table of numbers; nothing is sampled.
///
/// - Parameters:
///   - path: A run directory that was measured, a folder of results, a file that `StoredTraces` reads or one that
///     `SeriesFile` reads.
///   - output: The folder of the results.
///   - columns: As for `importSeries`.
///   - method: The witness whose boundaries cut the stages; nil takes the best there is.
///   - note: Is told where the work will take a while.
///   - conclude: Writes what is made of the analysis, while no other process can write to the folder of results.
/// - Throws: `Failure` for what is missing, contradictory or damaged, where there is nothing for the method, and where the
///   output folder holds sampled chains.
public func findStages(
    at path: String, output: String?, columns: [SeriesFile.Role: String], method: Method?,
    note: (String) -> Void = { _ in }, conclude: (Analysis) throws -> Void = { _ in }
) throws -> Analysis {
    let store = MeasurementStore(run: path, output: output)
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
        throw Failure(.notFound, "\(path): is not there; expected a file of series or a folder of results")
    }
    let isFile = !isFolder.boolValue
    let isTable = isFile && !StoredTraces.isTraceFile(path)
    guard isTable || columns.isEmpty else {
        throw Failure(.usage, "\(path): is no table of series; --column does not apply to it. Leave it out")
    }
    let lock = try isFile || store.isThere ? store.lock(.exclusive) : nil
    defer { lock?.release() }
    let measurements =
        isTable
        ? try importSeries(at: path, columns: columns)
        : isFile ? try importTraces(at: path) : try store.readMeasurements()
    let (rowCount, seriesCount) = (measurements.checkpoints.count, measurements.recordedSeries.count)
    // Some seconds' worth.
    if rowCount > 5_000 || seriesCount > 500 {
        note(
            "\(path): looking for stages among \(rowCount.counted("row")); with so many rows or columns this takes a while"
        )
    }
    let analysis = try conclusions(of: measurements, method: method)
    if let method, analysis.stages == nil {
        let applicable = analysis.applicableMethods
        throw Failure(
            .mismatch,
            "\(path): holds nothing that --method \(method.name) can be applied to; it takes at least "
                + "\(BoundarySearch.minimumPointCount) checkpoints with finite numbers. What there is: "
                + (applicable.isEmpty ? "none" : applicable.joined(separator: ", ")))
    }
    if isFile {
        guard try store.readSettings() == nil else {
            throw Failure(
                .mismatch,
                "\(store.folder) holds the sampled results of a run, which are not overwritten; state another --output")
        }
        try MeasurementsFile.write(measurements, to: store.measurementsPath)
    }
    try conclude(analysis)
    return analysis
}

extension Analysis {
    /// The names of the methods that there are series enough for.
    fileprivate var applicableMethods: [String] {
        let recorded = Set(measurements.recordedSeries.map(\.name))
        let alone = evidence.changePoints.filter { $0.names.count == 1 }.flatMap(\.names)
        let hasLLC = measurements.checkpoints.count { $0.llc?.value != nil } >= BoundarySearch.minimumPointCount
        return (hasLLC ? [Method.llc.name] : []) + (evidence.lossSearch == nil ? [] : [Method.loss.name])
            + (evidence.changePoints.isEmpty ? [] : [Method.changePoints.name]) + alone.filter(recorded.contains)
    }
}

extension Measurements {
    /// The measurements that a table of numbers makes.
    init(importing file: SeriesFile, fileName: String, runName: String) {
        let series = [file.llc, file.llcErrors, file.loss].compactMap(\.self) + file.others
        var digest = Digest()
        for column in series {
            digest.update("\(column.name) steps", Tensor(column.steps.map(Double.init), shape: [column.steps.count]))
            digest.update(column.name, Tensor(column.values, shape: [column.values.count]))
        }
        func lookup(_ series: MetricSeries?) -> [Int: Double] {
            series.map { Dictionary(uniqueKeysWithValues: zip($0.steps, $0.values)) } ?? [:]
        }
        let (llc, errors, losses) = (lookup(file.llc), lookup(file.llcErrors), lookup(file.loss))
        var limitations = [
            file.llc == nil
                ? "read from \(fileName): it holds no λ̂"
                : "read from \(fileName): λ̂ is taken as it stands there, without chains or diagnostics"
        ]
        if file.llc != nil, file.llcErrors == nil {
            limitations.append("\(fileName) states no standard errors of λ̂: the noise is learnt from its scatter")
        }
        if let loss = file.loss { limitations.append("the loss is the column `\(loss.name)` of \(fileName)") }
        self.init(
            runName: runName, axis: file.axis == .step ? .step : .epoch, loss: nil, exampleCount: nil, settings: nil,
            provenance: Provenance(
                version: instarVersion, processors: [], digests: [Entry(name: "series", value: digest.hex)]),
            hyperparameters: [], tensors: [],
            checkpoints: Set(llc.keys).union(losses.keys).union(file.others.flatMap(\.steps)).sorted().map { step in
                CheckpointMeasurement(
                    step: step, loss: losses[step], subsetLosses: [], gradientNorm: nil,
                    llc: llc[step].map { LLCEstimate(given: $0, standardError: errors[step]) }, chains: [],
                    tensorNorms: [], tensorMovements: [])
            },
            outputProducts: nil, weightProducts: nil,
            recordedSeries: file.others.map { RecordedSeries(name: $0.name, steps: $0.steps, values: $0.values) },
            limitations: limitations + file.notes)
    }
}

extension LLCEstimate {
    /// An estimate of which nothing but its value, and perhaps its standard error, is known.
    init(given value: Double, standardError: Double?) {
        self.init(
            value: value, standardError: standardError, rHat: nil, bulkESS: nil, tailESS: nil, identity: nil,
            stepBias: nil, drawCount: 0, chains: [], concerns: [])
    }
}

public import Development
import Foundation
import Runs
import Tensors

/// One run of a comparison: where its results are.
public enum ComparedRun: Sendable {
    /// A run directory, or a folder with results, that holds `measurements.h5`.
    case results(String)
    /// Conclusions that were read from a file of their own.
    case analysis(Analysis, file: String)

    /// The path that was stated.
    var path: String {
        switch self {
        case .results(let path): path
        case .analysis(_, let file): file
        }
    }
}

/// Puts results of several runs side by side.
///
/// Components are joint, one set of axes for all runs, where every run's outputs were measured on the same probe and are
/// stored; otherwise each run keeps its own, and the comparison says so.
///
/// - Parameters:
///   - runs: Two to twenty.
///   - baseline: The run that all others are held against: its name, its path or its place from 1; nil for the first.
///   - alignment: The coordinate by which stages are matched in the verdict; all are computed.
///   - groupKey: The hyperparameter to group by.
/// - Throws: `Failure` for a run that was not measured, a run given twice, or runs with nothing in common.
public func compareRuns(
    _ runs: [ComparedRun], baseline: String? = nil, alignment: Universality.Coordinate = .logStep,
    groupKey: String? = nil
) throws -> Comparison {
    guard (2...Comparison.largestRunCount).contains(runs.count) else {
        throw Failure(.usage, "compare takes 2 to \(Comparison.largestRunCount) runs, found \(runs.count)")
    }
    try requireDifferentFolders(runs)
    var analyses = try runs.map { run in
        switch run {
        case .results(let path): try conclusions(of: try MeasurementStore(run: path, output: nil).readMeasurements())
        case .analysis(let analysis, _): analysis
        }
    }
    var runs = runs
    if let baseline {
        let place = try placeOfBaseline(baseline, runs: runs, names: analyses.map(\.measurements.runName))
        runs.insert(runs.remove(at: place), at: 0)
        analyses.insert(analyses.remove(at: place), at: 0)
    }
    try requireCommonQuantity(analyses)
    if let groupKey {
        let keys = Set(analyses.flatMap { $0.measurements.hyperparameters.map(\.name) }).sorted()
        guard keys.contains(groupKey) else {
            throw Failure(
                .usage,
                "--group-by \(groupKey): no run has this hyperparameter. There are: "
                    + (keys.isEmpty
                        ? "none; record them under `hyperparameters:` in run.yaml" : keys.list))
        }
    }
    return Comparison(
        analyses, jointDynamics: try jointDynamics(runs, analyses.map(\.measurements)), alignment: alignment,
        groupKey: groupKey)
}

/// The components of all runs stacked; nil where the outputs are not of one probe, are not stored or are not finite.
private func jointDynamics(_ runs: [ComparedRun], _ measurements: [Measurements]) throws -> [EssentialDynamics]? {
    guard let first = measurements[0].outputProducts, let probe = first.probeDigest,
        measurements.allSatisfy({
            $0.outputProducts?.probeDigest == probe && $0.outputProducts?.dimension == first.dimension
        })
    else { return nil }
    let surveys = zip(runs, measurements).flatMap { run, measured in
        let store = MeasurementStore(run: run.path, output: nil)
        return measured.steps.map { store.surveyPath(step: $0) }
    }
    guard surveys.allSatisfy(FileManager.default.fileExists) else { return nil }
    for survey in surveys { try tryReading(survey) }
    for (run, measured) in zip(runs, measurements) {
        let store = MeasurementStore(run: run.path, output: nil)
        let digests = try measured.steps.map { try Survey.weightsDigest(at: store.surveyPath(step: $0)) }
        let stated = measured.provenance.digests.first { $0.name == "weights" }?.value
        guard stated == Survey.seriesDigest(digests) else {
            throw Failure(
                .mismatch,
                "\(store.folder): measurements.h5 and units are of different weights: checkpoints were replaced and not "
                    + "measured to the end. Run `instar measure` or `instar analyze` on this run again")
        }
    }
    let products = try innerProducts(count: surveys.count, dimension: first.dimension, probeDigest: probe) {
        try Survey.read(.outputs, from: surveys[$0], dimension: first.dimension)
    }
    guard products.values.allSatisfy(\.isFinite) else { return nil }
    return try EssentialDynamics.joint(products: products, steps: measurements.map(\.steps))
}

/// The place of the run that was named as the baseline.
private func placeOfBaseline(_ baseline: String, runs: [ComparedRun], names: [String]) throws(Failure) -> Int {
    let places = names.indices.filter { names[$0] == baseline || runs[$0].path == baseline }
    if places.count == 1 { return places[0] }
    if places.isEmpty, let number = Int(baseline), (1...runs.count).contains(number) { return number - 1 }
    let problem = places.isEmpty ? "no run has this name or path" : "\(places.count) runs have this name"
    throw Failure(
        .usage,
        "--baseline \(baseline): \(problem). State a place from 1 to \(runs.count): "
            + names.enumerated().map { "\($0 + 1) \($1)" }.joined(separator: ", "))
}

/// Throws where one folder or file is given twice, under whatever spelling.
private func requireDifferentFolders(_ runs: [ComparedRun]) throws(Failure) {
    var seen: [String: String] = [:]
    for run in runs {
        let place: String
        switch run {
        case .results(let path): place = MeasurementStore(run: path, output: nil).folder
        // It stands for the results that it lies among.
        case .analysis(_, let file):
            let url = URL(fileURLWithPath: file)
            place = url.lastPathComponent == "analysis.json" ? url.deletingLastPathComponent().path : file
        }
        let real = URL(fileURLWithPath: place).resolvingSymlinksInPath().standardizedFileURL.path
        if let before = seen.updateValue(run.path, forKey: real) {
            throw Failure(
                .usage,
                "\(before) and \(run.path) are the same results: a run is not compared with itself. "
                    + "State two different runs, or measure the run again with another --seed and --output to see the error"
            )
        }
    }
}

/// Throws where no two runs have anything to compare.
private func requireCommonQuantity(_ analyses: [Analysis]) throws(Failure) {
    let quantities = analyses.map { analysis -> [String] in
        let measurements = analysis.measurements
        var names: [String] = []
        if measurements.checkpoints.contains(where: { $0.llc != nil }) { names.append("λ̂") }
        if measurements.checkpoints.contains(where: { $0.loss != nil }) { names.append("loss") }
        if analysis.essentialDynamics != nil { names.append("output components") }
        if !measurements.tensors.isEmpty { names.append("weights") }
        return names + measurements.recordedSeries.map(\.name)
    }
    let counts = Dictionary(quantities.flatMap { Set($0).map { ($0, 1) } }, uniquingKeysWith: +)
    guard !counts.values.contains(where: { $0 > 1 }) else { return }
    let listing = zip(analyses, quantities).map { analysis, names in
        "  \(analysis.measurements.runName): \(names.isEmpty ? "nothing" : names.list)"
    }
    throw Failure(
        .mismatch,
        "these runs have no quantity in common:\n\(listing.joined(separator: "\n"))\n"
            + "Add model.onnx and data.h5 to the run directories, or a metrics file with the same columns, and analyze again"
    )
}

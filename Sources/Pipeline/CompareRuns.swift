public import Development
import Foundation
import Tensors

/// Puts stored measurements of several runs side by side.
///
/// Components are joint, one set of axes for all runs, where every run's outputs were measured on the same probe;
/// otherwise each run keeps its own, and the comparison says so.
///
/// - Parameters:
///   - paths: Run directories, or folders that hold `measurements.h5`.
///   - alignment: The coordinate by which stages are matched in the verdict; all are computed.
/// - Throws: `Failure` for a run that was not measured.
public func compareRuns(at paths: [String], alignment: Universality.Coordinate = .logStep) throws -> Comparison {
    let stores = paths.map { MeasurementStore(run: $0, output: nil) }
    let analyses = try stores.map { Analysis(measurements: try $0.readMeasurements()) }
    let measurements = analyses.map(\.measurements)
    guard let first = measurements[0].outputProducts, let probe = first.probeDigest,
        measurements.allSatisfy({
            $0.outputProducts?.probeDigest == probe && $0.outputProducts?.dimension == first.dimension
        })
    else { return Comparison(analyses, alignment: alignment) }

    let surveys = zip(stores, measurements).flatMap { store, measured in
        measured.steps.map { store.surveyPath(step: $0) }
    }
    guard surveys.allSatisfy(FileManager.default.fileExists) else {
        return Comparison(analyses, alignment: alignment)
    }
    let products = try innerProducts(count: surveys.count, dimension: first.dimension, probeDigest: probe) {
        try Survey.read(surveys[$0])?.value.outputs ?? []
    }
    return Comparison(
        analyses, jointDynamics: try EssentialDynamics.joint(products: products, steps: measurements.map(\.steps)),
        alignment: alignment)
}

import Development
import Foundation
import Graphs
import Runs
import Sampling
import Tensors

/// What a calibration is made of, decided before anything costly begins.
struct CalibrationWork: Sendable {
    let run: RunDirectory
    let model: LoadedModel
    /// The settings that are not swept.
    let settings: SamplingSettings
    /// nβ and γ as far as they are stated.
    let stated: (nBeta: Double?, localization: Double?)
    /// Places of the checkpoints in the series, ascending.
    let places: [Int]
    /// The longest chains.
    var lengthLimit = CalibrationEffort.defaultLengthLimit

    /// The number of checkpoints that a full calibration looks at.
    static let checkpointCount = 4

    /// Where a calibration looks: steps spread evenly in log t up to the last one, without the start, which is no
    /// minimum of anything.
    static func places(in series: CheckpointSeries, count: Int) -> [Int] {
        let steps = series.references.map { Double($0.step) }
        guard let first = steps.first(where: { $0 > 0 }), let last = steps.last, last > first else {
            return steps.indices.suffix(1)
        }
        let chosen = (1...count).map { part in
            let target = first * pow(last / first, Double(part) / Double(count))
            return steps.indices.min {
                abs(log((steps[$0] + 1) / (target + 1))) < abs(log((steps[$1] + 1) / (target + 1)))
            }
        }
        return Set(chosen.compactMap { $0 }).sorted()
    }

    /// The digests of what a calibration with these checkpoints is made from.
    static func inputs(model: LoadedModel, series: CheckpointSeries, steps: [Int]) throws -> [Entry] {
        try model.inputs
            + series.references.indices.filter { steps.contains(series.references[$0].step) }.map {
                Entry(name: "weights at \(series.references[$0].step)", value: try series.read(at: $0).digest)
            }
    }

    /// Sweeps the settings, with `jobs` cells at once, and chooses; the same for any number of jobs.
    ///
    /// - Parameter shortEffort: The effort of a short calibration; nil for a full one.
    func calibrate(
        shortEffort: CalibrationEffort? = nil, jobs: Int, progress: AsyncStream<WorkProgress>.Continuation?
    ) async throws -> Calibration {
        switch settings.precision {
        case .float: try await calibrate(Float.self, shortEffort: shortEffort, jobs: jobs, progress: progress)
        case .double: try await calibrate(Double.self, shortEffort: shortEffort, jobs: jobs, progress: progress)
        }
    }

    private func calibrate<Scalar: Real>(
        _ type: Scalar.Type, shortEffort: CalibrationEffort?, jobs: Int,
        progress: AsyncStream<WorkProgress>.Continuation?
    ) async throws -> Calibration {
        let (scales, checkpoints) = try await surveyed(jobs: jobs, progress: progress)
        let centers = try CenterCache<Scalar>(
            series: run.series, targets: [SamplingTarget(restriction: nil, model: model)],
            jobs: max(jobs, places.count))
        let subset = model.subset
        var search = CalibrationSearch(scales: scales, shortEffort: shortEffort, lengthLimit: lengthLimit)
        while let round = search.next {
            let looked = round.checkpoints(of: places.count)
            let units = round.places.flatMap { place in looked.map { (place, $0) } }
            let name = shortEffort != nil ? "short calibration" : search.cells.isEmpty ? "coarse grid" : "refining"
            let counter = ProgressCounter(phase: name, drawCount: 0, unitCount: units.count, into: progress)
            let results = try await concurrentMap(units, jobs: jobs) { [places, settings] place, checkpoint in
                let center = try await centers.center(at: places[checkpoint], target: 0)
                var settings = settings
                (settings.stepSize, settings.nBeta, settings.localization) = scales.settings(at: place)
                let result = try CellResult.measure(
                    settings, effort: round.effort,
                    evaluator: try centers.losses[0].makeEvaluator(capacity: settings.batchSize),
                    center: center.position, centerLosses: center.losses, subset: subset,
                    trainingStep: checkpoints[checkpoint].step)
                await counter.add(draws: result.drawCount, units: 1)
                return result
            }
            search.record(
                round.places.enumerated().map { index, place in
                    CalibrationCell(
                        place: place, scales: scales,
                        results: places.indices.map {
                            looked.contains($0) ? results[index * looked.count + $0 - looked.lowerBound] : nil
                        })
                })
        }
        return Calibration(search, checkpoints: checkpoints, settings: settings)
    }

    /// The run's scales, from the checkpoints that are looked at.
    func surveyed(
        jobs: Int, progress: AsyncStream<WorkProgress>.Continuation?
    ) async throws -> (CalibrationScales, [Calibration.Checkpoint]) {
        let counter = ProgressCounter(phase: "curvature", drawCount: 0, unitCount: places.count, into: progress)
        let surveys = try await concurrentMap(places, jobs: jobs) { [run, model] place in
            let center = try model.center(of: run.series.read(at: place), as: Double.self)
            let size = model.subset.norm(of: center)
            let curvature = try largestCurvature(at: center, model: model)
            await counter.add(draws: 0, units: 1)
            return (curvature: curvature, squaredSize: size * size)
        }
        let scales = CalibrationScales(
            exampleCount: model.trainingIndices.count, dimension: model.subset.count,
            curvature: surveys.map(\.curvature).max() ?? 0,
            squaredSize: surveys.reduce(0) { $0 + $1.squaredSize } / Double(max(surveys.count, 1)),
            statedNBeta: stated.nBeta, statedLocalization: stated.localization)
        let checkpoints = zip(places, surveys).map {
            Calibration.Checkpoint(step: run.series.references[$0].step, curvature: $1.curvature)
        }
        return (scales, checkpoints)
    }
}

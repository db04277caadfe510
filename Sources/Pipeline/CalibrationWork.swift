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
    /// minimum of anything; in place of a damaged checkpoint, the nearest that is not.
    ///
    /// - Throws: What reading the nearest one throws, where all are damaged.
    static func places(in series: CheckpointSeries, count: Int) throws(RunError) -> [Int] {
        var damaged: [Int: RunError] = [:]
        let steps = series.references.map { Double($0.step) }
        guard let first = steps.first(where: { $0 > 0 }), let last = steps.last, last > first else {
            return steps.indices.suffix(1)
        }
        var chosen = Set<Int>()
        for part in 1...count {
            let target = first * pow(last / first, Double(part) / Double(count))
            func distance(_ place: Int) -> Double { abs(log((steps[place] + 1) / (target + 1))) }
            for place in steps.indices.sorted(by: { distance($0) < distance($1) }) where damaged[place] == nil {
                if chosen.contains(place) { break }
                do throws(RunError) { _ = try series.read(at: place) } catch {
                    guard error.kind == .malformed else { throw error }
                    damaged[place] = error
                    continue
                }
                chosen.insert(place)
                break
            }
        }
        if chosen.isEmpty, let error = damaged.min(by: { $0.key < $1.key })?.value { throw error }
        return chosen.sorted()
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
        let loss = try model.loss(as: Double.self)
        let surveys = try await concurrentMap(places, jobs: jobs) { [run, model] place in
            let survey = try surveyScales(at: run.series.read(at: place), loss: loss, model: model)
            await counter.add(draws: 0, units: 1)
            return survey
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

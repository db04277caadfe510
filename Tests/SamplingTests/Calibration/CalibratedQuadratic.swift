import Sampling

/// Calibrates a loss at several centers, one cell after the other.
///
/// - Parameter exampleCount: n as nβ counts it; the loss may have fewer examples.
func calibrate(
    _ loss: ClosureLoss<Double>, centers: [[Double]], curvature: Double, exampleCount: Int,
    shortEffort: CalibrationEffort? = nil
) throws -> Calibration {
    let dimension = loss.parameterCount
    let subset = ParameterSubset(all: dimension)
    // The weights' mean square is 1 by decree: the minimum lies at 0.
    let scales = CalibrationScales(
        exampleCount: exampleCount, dimension: dimension, curvature: curvature, squaredSize: Double(dimension))
    let settings = testSettings(chains: 4, draws: 1_000, burnIn: 1_000, stepSize: 1, nBeta: 1, localization: 1)
    let evaluator = loss.makeEvaluator(capacity: 1)
    let atCenters = centers.map {
        evaluator.fullLoss(at: $0, examples: 0..<loss.exampleCount, chunkSize: 1).exampleLosses
    }
    var search = CalibrationSearch(scales: scales, shortEffort: shortEffort)
    while let round = search.next {
        search.record(
            try round.places.map { place in
                var cell = CalibrationCell(place: place, scales: scales)
                var cellSettings = settings
                cellSettings.stepSize = cell.stepSize
                cellSettings.nBeta = cell.nBeta
                cellSettings.localization = cell.localization
                let looked = round.checkpoints(of: centers.count)
                cell.results = try centers.indices.map { index in
                    guard looked.contains(index) else { return nil }
                    return try CellResult.measure(
                        cellSettings, effort: round.effort, evaluator: evaluator, center: centers[index],
                        centerLosses: atCenters[index], subset: subset, trainingStep: index)
                }
                return cell
            })
    }
    let checkpoints = centers.indices.map { Calibration.Checkpoint(step: $0, curvature: curvature) }
    return Calibration(search, checkpoints: checkpoints, settings: settings)
}

/// λ̂ of SGLD at ½·Σh_i·w_i², exactly: ½·Σ nβ·h_i/[p_i(1 − ε·p_i/4)] with p_i = nβ·h_i + γ.
func quadraticLLC(_ curvatures: [Double], stepSize: Double, nBeta: Double, localization: Double) -> Double {
    curvatures.reduce(0) { sum, curvature in
        let total = nBeta * curvature + localization
        return sum + nBeta * curvature / (total * (1 - stepSize * total / 4)) / 2
    }
}

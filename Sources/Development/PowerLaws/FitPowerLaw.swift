import Foundation

extension PowerLaw {
    /// Fewer different steps than this hold no evidence for three parameters and a noise.
    public static let minimumPointCount = 8

    /// A larger exponent is a sudden drop.
    static let largestExponent = 20.0

    /// Fits L = E + A·t^−α, E ≥ 0, A > 0, α > 0.
    ///
    /// Minimises Σ Huber(log(E + A·t^−α) − log L), bend 10⁻³ (Hoffmann et al. 2022, arXiv:2203.15556, appendix D.3),
    /// from many starts. A 95 % interval is the set of values that raise the profiled misfit by at most
    /// ½·q²·κ (Koenker & Machado 1999, J. Am. Stat. Assoc. 94, 1296): κ, the misfit's long-run noise, counts
    /// the residuals' autocorrelation as that of an autoregression of order one (`ResidualNoise`), and q is Student's
    /// quantile for the number of independent points it leaves. Where that rise is never reached the interval is open.
    ///
    /// Step 0, and losses that are not positive and finite, have no logarithm and take no part. Deterministic.
    ///
    /// - Parameters:
    ///   - steps: Training steps, in any order.
    ///   - losses: The loss at each; as many as steps.
    ///   - range: Only steps in it take part; nil for all.
    public static func fit(steps: [Double], losses: [Double], within range: ClosedRange<Double>? = nil) -> Fit {
        precondition(steps.count == losses.count, "\(steps.count) steps against \(losses.count) losses")
        let points = zip(steps, losses).filter { step, loss in
            step > 0 && step.isFinite && loss > 0 && loss.isFinite && range?.contains(step) ?? true
        }.sorted { $0.0 < $1.0 }
        guard let first = points.first, let last = points.last, Set(points.map(\.0)).count >= minimumPointCount else {
            return .absent(.tooFewPoints)
        }
        let search = PowerLawSearch(PowerLawObjective(steps: points.map(\.0), losses: points.map(\.1)))
        let noise = ResidualNoise(search.objective.residuals(at: search.best.point))
        guard search.constant.value - search.best.value > noise.flatThreshold ?? search.constant.value / 2 else {
            return .absent(.flat)
        }
        guard search.best.point.z > 0 else { return .absent(.rising) }
        guard search.best.point.z <= largestExponent else { return .absent(.abrupt) }

        func explained(_ misfit: Double) -> Double { 1 - misfit / search.constant.value }
        func amplitude(_ point: PowerLawObjective.Point) -> Double { exp(point.y + point.z * search.objective.center) }
        let profile = PowerLawProfile(search, threshold: noise.threshold)
        let values = (exp(search.best.point.x), amplitude(search.best.point), search.best.point.z)
        let offset = profile.parameter(.offset, value: values.0)
        let scale = profile.parameter(.amplitude, value: values.1)
        let exponent = profile.parameter(.exponent, value: values.2)
        var doubts: [Doubt] = []
        if offset.lower ?? 0 <= 0 { doubts.append(.offsetNotIdentified) }
        if scale.lower ?? 0 <= 0 || scale.upper == nil { doubts.append(.amplitudeNotIdentified) }
        if exponent.lower ?? 0 <= 0 || exponent.upper == nil { doubts.append(.exponentNotIdentified) }
        if noise.threshold == nil { doubts = [.systematicResiduals] }
        return .fitted(
            PowerLaw(
                offset: offset, amplitude: scale, exponent: exponent, steps: first.0...last.0,
                pointCount: points.count, residualDeviation: noise.deviation, autocorrelation: noise.autocorrelation,
                explained: explained(search.best.value),
                line: Line(
                    amplitude: amplitude(search.line.point), exponent: search.line.point.z,
                    explained: explained(search.line.value)),
                doubts: doubts))
    }

    /// A fit for each stage, on the steps within it. All laws count time from step 0.
    public static func fits(steps: [Double], losses: [Double], within stages: [ClosedRange<Double>]) -> [Fit] {
        stages.map { fit(steps: steps, losses: losses, within: $0) }
    }
}

/// The best fits of the power law, of the plain power law and of the constant.
struct PowerLawSearch {
    typealias Solution = (point: PowerLawObjective.Point, value: Double)

    let objective: PowerLawObjective
    /// L = E.
    let constant: Solution
    /// L = A·t^−α; α may be negative.
    let line: Solution
    /// The best fit of all. α is negative only where no α > 0 lowers the misfit below the line's.
    let best: Solution

    init(_ objective: PowerLawObjective) {
        self.objective = objective
        let sorted = objective.values.sorted()
        let (middle, lowest) = (sorted[sorted.count / 2], sorted[0])
        constant = objective.minimum(from: [middle, -.infinity, 0], along: [[1, 0, 0]])
        var line: Solution = objective.minimum(
            from: [-.infinity, middle, 0.1], along: [[0, 1, 0], [0, 0, 1]])
        // Restart once: reweighting creeps when most residuals lie beyond the bend.
        line = objective.minimum(from: line.point, along: [[0, 1, 0], [0, 0, 1]])
        self.line = line
        var starts: [Solution] = []
        for share in [0.03, 0.3, 0.6, 0.8, 0.9, 0.97, 0.995] {
            let offset = lowest + log(share)
            let rest = zip(objective.inputs, objective.values).map { ($0, log(expm1($1 - offset)) + offset) }
            for exponent in [0.05, 0.15, 0.35, 0.7, 1.5, 3, 6] {
                let heights = rest.map { $1 + exponent * $0 }.sorted()
                let start: PowerLawObjective.Point = [offset, heights[heights.count / 2], exponent]
                let misfit = objective.residuals(at: start).reduce(0) { $0 + abs($1) }
                starts.append((start, misfit))
            }
        }
        let everything: [PowerLawObjective.Point] = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
        let solutions = starts.sorted { $0.value < $1.value }.prefix(8)
            .map { objective.minimum(from: $0.point, along: everything) }
            .filter { $0.point.z > 0 }
        let curved = solutions.min { $0.value < $1.value }
        // A vanishing offset is the line, up to rounding.
        best = curved.flatMap { $0.value < line.value * (1 - 1e-9) ? $0 : nil } ?? line
    }
}

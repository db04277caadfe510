import Foundation

extension StageFinding {
    /// The stages that boundaries delimit, from the first checkpoint to the last.
    ///
    /// Δλ̂ is that of the fitted curve, its error from the joint posterior at both ends. Δloss is exact at checkpoints
    /// and interpolated linearly in log(t + 1) at boundaries; its error is that of the interpolation alone. Both
    /// are changes between the stated steps: the boundaries' own uncertainty is not part of their errors.
    static func stages(between boundaries: [Double], of points: [Point], process: GaussianProcess) -> [Stage] {
        let ends = [Double(points[0].step)] + boundaries + [Double(points[points.count - 1].step)]
        let values = process.posterior(of: ends.map { .value(log1p($0)) })
        let losses = ends.map { loss(at: log1p($0), of: points) }
        return (0..<ends.count - 1).map { index in
            let llcChange = values.change(from: index, to: index + 1)
            let lossChange = losses[index].flatMap { start in
                losses[index + 1].map { end in
                    Estimate(
                        value: end.value - start.value,
                        standardError: hypot(start.standardError, end.standardError))
                }
            }
            return Stage(
                start: ends[index], end: ends[index + 1], lossChange: lossChange, llcChange: llcChange,
                kind: kind(lossChange: lossChange, llcChange: llcChange))
        }
    }

    /// A or B when both changes exceed two standard errors, else undecided.
    private static func kind(lossChange: Estimate?, llcChange: Estimate) -> Stage.Kind {
        guard let lossChange, lossChange.value < -2 * lossChange.standardError,
            abs(llcChange.value) > 2 * llcChange.standardError
        else { return .undecided }
        return llcChange.value > 0 ? .lossFallsComplexityRises : .lossFallsComplexityFalls
    }

    /// The loss between checkpoints, by the straight line through the two neighbours in x; its error is the
    /// distance to the cubic through four. Nil where fewer than two checkpoints have a loss or x lies outside them.
    private static func loss(at input: Double, of points: [Point]) -> Estimate? {
        let known = points.compactMap { point in point.loss.map { (x: logStep(point.step), y: $0) } }
        guard let next = known.firstIndex(where: { $0.x >= input }) else { return nil }
        if known[next].x == input { return Estimate(value: known[next].y, standardError: 0) }
        guard next > 0 else { return nil }
        let line = interpolated(known[next - 1...next], at: input)
        let cubic = interpolated(known[max(0, next - 2)...min(known.count - 1, next + 1)], at: input)
        return Estimate(value: line, standardError: abs(line - cubic))
    }

    /// Lagrange's polynomial through some points.
    private static func interpolated(_ points: ArraySlice<(x: Double, y: Double)>, at x: Double) -> Double {
        points.indices.reduce(0) { sum, index in
            sum
                + points.indices.filter { $0 != index }.reduce(points[index].y) {
                    $0 * (x - points[$1].x) / (points[index].x - points[$1].x)
                }
        }
    }
}

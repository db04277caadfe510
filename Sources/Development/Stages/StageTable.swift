import Foundation

extension StageFinding {
    /// The stages that boundaries delimit, from the first checkpoint to the last.
    ///
    /// Δloss is exact at checkpoints and interpolated linearly in log(t + 1) at boundaries. Its error holds that of the
    /// interpolation and that of the boundary's place: a quarter of the loss's range over the 95 % interval, which is
    /// its standard deviation there when both are near normal.
    ///
    /// Δλ̂ is that of the fitted curve between the stated steps, as `GaussianProcess.changes` gives it. Its error is that of
    /// the curve, the checkpoints' errors and the learnt noise included; the boundary's place is not part of it, since the
    /// LLC hardly changes there.
    static func stages(
        between boundaries: [Boundary], of points: [Point], excludedSteps: [Int] = [], process: GaussianProcess
    ) -> [Stage] {
        stages(
            between: boundaries, span: Double(points[0].step)...Double(points[points.count - 1].step),
            losses: points.compactMap { point in point.loss.map { (point.step, $0) } }, process: process,
            steps: points.map(\.step), negativeSteps: points.filter(\.isNegative).map(\.step),
            excludedSteps: excludedSteps)
    }

    /// The same for a run whose λ̂ may be missing.
    static func stages(
        between boundaries: [Boundary], span: ClosedRange<Double>, losses: [(step: Int, loss: Double)],
        process: GaussianProcess?, steps: [Int], negativeSteps: [Int], excludedSteps: [Int]
    ) -> [Stage] {
        let (first, last) = (span.lowerBound, span.upperBound)
        let ends = [first] + boundaries.map(\.step) + [last]
        let intervals = [first...first] + boundaries.map(\.interval) + [last...last]
        let llcChanges = process?.changes(between: ends.map { log1p($0) })
        let curve = losses.map { (x: BoundarySearch.logStep($0.step), y: $0.loss) }
        let endLosses = zip(ends, intervals).map { loss(at: $0, within: $1, of: curve) }
        let lossRange = (curve.map(\.y).max() ?? 0) - (curve.map(\.y).min() ?? 0)
        let allSteps = (steps + excludedSteps).sorted()
        let unfit = Set(excludedSteps + negativeSteps)
        let isFirm = ends.map { unfit.isDisjoint(with: checkpoints(behind: $0...$0, of: allSteps)) }
        return (0..<ends.count - 1).map { index in
            let llcChange = llcChanges?[index]
            let lossChange = endLosses[index].flatMap { start in
                endLosses[index + 1].map { end in
                    Estimate(
                        value: end.value - start.value,
                        standardError: hypot(start.standardError, end.standardError))
                }
            }
            return Stage(
                start: ends[index], end: ends[index + 1], lossChange: lossChange, llcChange: llcChange,
                kind: isFirm[index] && isFirm[index + 1]
                    ? kind(lossChange: lossChange, llcChange: llcChange, lossRange: lossRange) : .undecided)
        }
    }

    /// The checkpoints that what is said of a range rests on: those within it, else the two around it.
    ///
    /// - Parameters:
    ///   - range: Steps; one step is a range too.
    ///   - steps: The checkpoints' steps, ascending.
    static func checkpoints(behind range: ClosedRange<Double>, of steps: [Int]) -> [Int] {
        let within = steps.filter { range.contains(Double($0)) }
        guard within.isEmpty else { return within }
        return [
            steps.last { Double($0) < range.lowerBound }, steps.first { Double($0) > range.upperBound },
        ].compactMap { $0 }
    }

    /// What loss and LLC do, where both are known beyond two standard errors.
    ///
    /// - Parameter lossRange: How far the loss goes over the run; a hundredth of it counts as flat.
    static func kind(lossChange: Estimate?, llcChange: Estimate?, lossRange: Double) -> Stage.Kind {
        guard let lossChange, let llcChange, abs(llcChange.value) > 2 * llcChange.standardError else {
            return .undecided
        }
        let rises = llcChange.value > 0
        if abs(lossChange.value) + 2 * lossChange.standardError < lossRange / 100 {
            return rises ? .lossFlatComplexityRises : .lossFlatComplexityFalls
        }
        guard abs(lossChange.value) > 2 * lossChange.standardError else { return .undecided }
        if lossChange.value < 0 { return rises ? .lossFallsComplexityRises : .lossFallsComplexityFalls }
        return rises ? .lossRisesComplexityRises : .lossRisesComplexityFalls
    }

    /// The loss at a step that is only known to lie within an interval.
    private static func loss(
        at step: Double, within interval: ClosedRange<Double>, of curve: [(x: Double, y: Double)]
    ) -> Estimate? {
        guard let center = loss(at: log1p(step), of: curve) else { return nil }
        // The interpolated loss is extreme at ends of the interval or at checkpoints within it.
        let (low, high) = (log1p(interval.lowerBound), log1p(interval.upperBound))
        let losses =
            [low, high].compactMap { loss(at: $0, of: curve)?.value }
            + curve.filter { low <= $0.x && $0.x <= high }.map(\.y) + [center.value]
        let range = (losses.max() ?? 0) - (losses.min() ?? 0)
        return Estimate(value: center.value, standardError: hypot(center.standardError, range / 4))
    }

    /// The loss between checkpoints, by the straight line through the two neighbours in x; its error is the
    /// distance to the cubic through four. Nil where x lies outside the checkpoints with a loss.
    private static func loss(at input: Double, of curve: [(x: Double, y: Double)]) -> Estimate? {
        guard let next = curve.firstIndex(where: { $0.x >= input }) else { return nil }
        if curve[next].x == input { return Estimate(value: curve[next].y, standardError: 0) }
        guard next > 0 else { return nil }
        let line = interpolated(curve[next - 1...next], at: input)
        let cubic = interpolated(curve[max(0, next - 2)...min(curve.count - 1, next + 1)], at: input)
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

extension StageFinding.Point {
    /// Whether λ̂ lies below zero by more than two standard errors: the checkpoint is then no local minimum.
    var isNegative: Bool { llc.value < -2 * llc.standardError }
}

import Foundation

extension StageFinding {
    /// The stages that boundaries delimit, from the first checkpoint to the last.
    ///
    /// Δloss is exact at checkpoints and interpolated linearly in log(t + 1) at boundaries. Its error holds that of the
    /// interpolation and that of the boundary's place: a quarter of the loss's range over the 95 % interval, which is
    /// its standard deviation there when both are near normal.
    ///
    /// Δλ̂ is that of the fitted curve between the stated steps. Its error is that of the curve, the checkpoints' errors
    /// and the learnt noise included; the boundary's place is not part of it, since the LLC hardly changes there.
    static func stages(
        between boundaries: [Boundary], of points: [Point], excludedSteps: [Int] = [], process: GaussianProcess
    ) -> [Stage] {
        let (first, last) = (Double(points[0].step), Double(points[points.count - 1].step))
        let ends = [first] + boundaries.map(\.step) + [last]
        let intervals = [first...first] + boundaries.map(\.interval) + [last...last]
        let llcChanges = process.changes(between: ends.map { log1p($0) })
        let losses = zip(ends, intervals).map { loss(at: $0, within: $1, of: points) }
        let known = points.compactMap(\.loss)
        let lossRange = (known.max() ?? 0) - (known.min() ?? 0)
        let steps = (points.map(\.step) + excludedSteps).sorted()
        let unfit = Set(excludedSteps + points.filter(\.isNegative).map(\.step))
        let isFirm = ends.map { unfit.isDisjoint(with: checkpoints(behind: $0...$0, of: steps)) }
        return (0..<ends.count - 1).map { index in
            let llcChange = llcChanges[index]
            let lossChange = losses[index].flatMap { start in
                losses[index + 1].map { end in
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
    static func kind(lossChange: Estimate?, llcChange: Estimate, lossRange: Double) -> Stage.Kind {
        guard let lossChange, abs(llcChange.value) > 2 * llcChange.standardError else { return .undecided }
        let rises = llcChange.value > 0
        if abs(lossChange.value) + 2 * lossChange.standardError < lossRange / 100 {
            return rises ? .lossFlatComplexityRises : .lossFlatComplexityFalls
        }
        guard abs(lossChange.value) > 2 * lossChange.standardError else { return .undecided }
        if lossChange.value < 0 { return rises ? .lossFallsComplexityRises : .lossFallsComplexityFalls }
        return rises ? .lossRisesComplexityRises : .lossRisesComplexityFalls
    }

    /// The loss at a step that is only known to lie within an interval.
    private static func loss(at step: Double, within interval: ClosedRange<Double>, of points: [Point]) -> Estimate? {
        guard let center = loss(at: log1p(step), of: points) else { return nil }
        // The interpolated loss is extreme at ends of the interval or at checkpoints within it.
        let losses =
            [interval.lowerBound, interval.upperBound].compactMap { loss(at: log1p($0), of: points)?.value }
            + points.filter { interval.contains(Double($0.step)) }.compactMap(\.loss) + [center.value]
        let range = (losses.max() ?? 0) - (losses.min() ?? 0)
        return Estimate(value: center.value, standardError: hypot(center.standardError, range / 4))
    }

    /// The loss between checkpoints, by the straight line through the two neighbours in x; its error is the
    /// distance to the cubic through four. Nil where fewer than two checkpoints have a loss or x lies outside them.
    private static func loss(at input: Double, of points: [Point]) -> Estimate? {
        let known = points.compactMap { point in point.loss.map { (x: BoundarySearch.logStep(point.step), y: $0) } }
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

extension StageFinding.Point {
    /// Whether λ̂ lies below zero by more than two standard errors: the checkpoint is then no local minimum.
    fileprivate var isNegative: Bool { llc.value < -2 * llc.standardError }
}

import Foundation

/// Change points of one or several series over training, a witness beside the boundaries of the LLC.
public struct ChangePointFinding: Sendable, Codable, Equatable {
    /// Numbers over training.
    public struct Series: Sendable, Codable, Equatable {
        /// What it is called.
        public var name: String
        /// The training steps, in any order.
        public var steps: [Double]
        /// The value at each; NaN and infinities are left out.
        public var values: [Double]

        /// Creates a series.
        public init(name: String, steps: [Double], values: [Double]) {
            precondition(steps.count == values.count, "\(steps.count) steps for \(values.count) values")
            self.name = name
            self.steps = steps
            self.values = values
        }
    }

    /// The series that were searched; those that are constant or too short are not among them.
    public var names: [String]
    /// What is constant between changes; nil where nothing was searched.
    public var kind: ChangePointCost.Kind?
    /// The number of common points searched.
    public var pointCount: Int
    /// The changes by step; none is an answer.
    public var changePoints: [ChangePoint]

    /// Creates a finding.
    public init(names: [String], kind: ChangePointCost.Kind?, pointCount: Int, changePoints: [ChangePoint]) {
        self.names = names
        self.kind = kind
        self.pointCount = pointCount
        self.changePoints = changePoints
    }
}

/// Where something changes.
public struct ChangePoint: Sendable, Codable, Equatable {
    /// The middle of `between` in log(t + 1).
    public var step: Double
    /// The last point before and the first point after.
    public var between: ClosedRange<Double>
    /// The log evidence that is lost without this change, in nats, above 0.
    public var gain: Double

    /// Creates a change point.
    public init(step: Double, between: ClosedRange<Double>, gain: Double) {
        self.step = step
        self.between = between
        self.gain = gain
    }
}

extension ChangePointFinding {
    /// Fewer points are not searched.
    public static let minimumPointCount = 8

    /// Searches series together: one set of changes for all.
    ///
    /// They are put on common points first (``CommonPoints``). A series that has fewer than eight points or is constant
    /// there has nothing to say and is left out; without any there are no names and no change points. Lines run over
    /// log(t + 1). Series that fall by orders of magnitude are better given as their logarithm.
    public init(of series: [Series]) {
        let usable = series.map(PointSeries.init).filter { $0.steps.count >= Self.minimumPointCount && $0.varies }
        let common = CommonPoints(usable)
        let kept = usable.indices.filter { PointSeries.varies(common.values[$0]) }
        guard common.steps.count >= Self.minimumPointCount, !kept.isEmpty else {
            self.init(names: [], kind: nil, pointCount: 0, changePoints: [])
            return
        }
        let model = ChangePointModel(
            series: kept.map { common.values[$0] }, abscissa: common.steps.map { log1p($0) })
        let changes = zip(model.changePoints, model.gains).map { point, gain in
            let (before, after) = (common.steps[point - 1], common.steps[point])
            return ChangePoint(
                step: expm1((log1p(before) + log1p(after)) / 2), between: before...after, gain: gain)
        }
        self.init(
            names: kept.map { usable[$0].name }, kind: model.kind, pointCount: common.steps.count,
            changePoints: changes)
    }
}

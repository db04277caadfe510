import Foundation

/// A series as it is searched: finite values at ascending steps from 0 on, the mean where a step is repeated.
struct PointSeries {
    var name: String
    var steps: [Double]
    var values: [Double]

    /// Leaves out what is not finite and steps below 0, which have no place on a log axis.
    init(_ series: ChangePointFinding.Series) {
        name = series.name
        steps = []
        values = []
        let points = zip(series.steps, series.values).filter { $0.isFinite && $1.isFinite && $0 >= 0 }
        var repetitions = 0.0
        for (step, value) in points.sorted(by: { ($0.0, $0.1) < ($1.0, $1.1) }) {
            if let last = values.last, step == steps.last {
                repetitions += 1
                values[values.count - 1] = last + (value - last) / repetitions
            } else {
                repetitions = 1
                steps.append(step)
                values.append(value)
            }
        }
    }

    /// Whether there is anything to see.
    var varies: Bool { Self.varies(values) }

    /// Whether values differ by more than rounding.
    static func varies(_ values: [Double]) -> Bool {
        guard let least = values.min(), let most = values.max() else { return false }
        return most - least > 1e-12 * max(abs(least), abs(most)) && (most - least).isFinite
            && (most - least) * (most - least) > .leastNormalMagnitude && ((most - least) * (most - least)).isFinite
    }
}

/// Several series at the same points, without inventing values.
///
/// The series with the fewest points gives the points. Each other series contributes at such a point the mean of its
/// own values that lie nearer to this point than to the next ones in log(t + 1), and a point where any series has none
/// is left out. So every value is used at most once and none is interpolated, a densely recorded loss is averaged
/// around each checkpoint, and series recorded at the same steps stay as they are.
struct CommonPoints {
    /// Ascending.
    private(set) var steps: [Double] = []
    /// `[series][point]`.
    private(set) var values: [[Double]]

    init(_ series: [PointSeries]) {
        values = series.map { _ in [] }
        guard let points = series.min(by: { $0.steps.count < $1.steps.count })?.steps else { return }
        let logs = points.map { log1p($0) }
        let ends = zip(logs, logs.dropFirst()).map { ($0 + $1) / 2 }
        // The first and last bins reach as far out as in.
        let lower = logs.count > 1 ? 2 * logs[0] - ends[0] : -.infinity
        let upper = logs.count > 1 ? 2 * logs[logs.count - 1] - ends[ends.count - 1] : .infinity
        let binned = series.map { series in
            var sums = [(total: Double, count: Double)](repeating: (0, 0), count: points.count)
            var bin = 0
            for (step, value) in zip(series.steps, series.values) {
                let x = log1p(step)
                guard x >= lower, x <= upper else { continue }
                while bin < ends.count, x > ends[bin] { bin += 1 }
                sums[bin].total += value
                sums[bin].count += 1
            }
            return sums
        }
        for point in points.indices where binned.allSatisfy({ $0[point].count > 0 }) {
            steps.append(points[point])
            for index in binned.indices {
                values[index].append(binned[index][point].total / binned[index][point].count)
            }
        }
    }
}

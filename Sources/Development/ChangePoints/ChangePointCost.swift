import Foundation

/// What it costs to call a stretch of points one segment, for one or several series sampled at the same points.
///
/// Costs of several series are added. Each comes from prefix sums of the centred series: constant time per segment and
/// series. A segment never costs less than its parts together, which PELT's pruning relies on.
public struct ChangePointCost: Sendable {
    /// What is constant within a segment.
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// The level: squared deviations from the segment's mean.
        case mean
        /// The line: squared deviations from the segment's least-squares line over the abscissa; lines of neighbouring
        /// segments need not meet.
        case slope
        /// Level and spread: n·log(variance) per series, −2·log-likelihood of independent normals but for n·(1 + log 2π).
        case gaussian

        /// Fitted curve coefficients per segment and series.
        var coefficientCount: Int { self == .slope ? 2 : 1 }

        /// The shortest segment that leaves two degrees of freedom beside the segment's own parameters.
        public var minimumLength: Int { self == .mean ? 3 : 4 }

        /// The shortest segment whose cost rounding cannot decide: a line fits two points exactly.
        var leastLength: Int {
            switch self {
            case .mean: 1
            case .gaussian: 2
            case .slope: 3
            }
        }
    }

    /// What is constant within a segment.
    public let kind: Kind
    /// The number of points.
    public let pointCount: Int
    private let seriesCount: Int
    private let varianceFloors: [Double]
    /// Σx and Σx² up to each point; empty unless slope.
    private let abscissaSums: [Double]
    /// Σy, Σy² (and Σxy for slope) up to each point, `[point][series][sum]`.
    private let sums: [Double]
    private let leastSpread: Double

    /// Prepares the sums.
    ///
    /// - Parameters:
    ///   - series: `[series][point]`, finite, all of one length.
    ///   - abscissa: where the points lie, for ``Kind/slope``; their index if nil. Points at one place share a level.
    ///   - varianceFloors: per series the smallest variance that ``Kind/gaussian`` admits, above 0: a segment of equal
    ///     values has no likelihood without. (1e-6 of the series' standard deviation)² if nil.
    public init(_ kind: Kind, series: [[Double]], abscissa: [Double]? = nil, varianceFloors: [Double]? = nil) {
        let pointCount = series.first?.count ?? 0
        precondition(series.allSatisfy { $0.count == pointCount }, "series of different lengths")
        precondition(abscissa.map { $0.count == pointCount } ?? true, "an abscissa of another length")
        self.kind = kind
        self.pointCount = pointCount
        seriesCount = series.count
        let centred = series.map(Self.centred)
        self.varianceFloors =
            varianceFloors
            ?? centred.map { values in
                let variance = values.reduce(0) { $0 + $1 * $1 } / Double(max(pointCount, 1))
                return variance > 0 ? 1e-12 * variance : .leastNormalMagnitude
            }
        let x = kind == .slope ? Self.centred(abscissa ?? (0..<pointCount).map(Double.init)) : []
        let width = kind == .slope ? 3 : 2
        var sums = [Double](repeating: 0, count: (pointCount + 1) * seriesCount * width)
        for (index, values) in centred.enumerated() {
            for (point, y) in values.enumerated() {
                let from = (point * seriesCount + index) * width
                let to = from + seriesCount * width
                sums[to] = sums[from] + y
                sums[to + 1] = sums[from + 1] + y * y
                if kind == .slope { sums[to + 2] = sums[from + 2] + x[point] * y }
            }
        }
        self.sums = sums
        var abscissaSums = [0.0, 0.0]
        for (point, value) in x.enumerated() {
            abscissaSums.append(abscissaSums[2 * point] + value)
            abscissaSums.append(abscissaSums[2 * point + 1] + value * value)
        }
        self.abscissaSums = abscissaSums
        // Prefix sums of n terms are off by less than n units in the last place of the total.
        leastSpread = (abscissaSums.last ?? 0) * Double(pointCount) * .ulpOfOne
    }

    /// The cost of the points of a range as one segment; 0 for an empty range.
    public func callAsFunction(_ range: Range<Int>) -> Double {
        let count = Double(range.count)
        guard count > 0 else { return 0 }
        return switch kind {
        case .mean: meanCost(range, count)
        case .slope: slopeCost(range, count)
        case .gaussian: gaussianCost(range, count)
        }
    }

    private func meanCost(_ range: Range<Int>, _ count: Double) -> Double {
        let (from, to) = (range.lowerBound * seriesCount * 2, range.upperBound * seriesCount * 2)
        var total = 0.0
        for index in 0..<seriesCount { total += squares(from + 2 * index, to + 2 * index, count) }
        return total
    }

    private func gaussianCost(_ range: Range<Int>, _ count: Double) -> Double {
        let (from, to) = (range.lowerBound * seriesCount * 2, range.upperBound * seriesCount * 2)
        var total = 0.0
        // One logarithm of a product for many series: logarithms are what the search would spend its time on.
        var product = 1.0
        for index in 0..<seriesCount {
            let variance = squares(from + 2 * index, to + 2 * index, count) / count
            let floor = varianceFloors[index]
            // The likelihood's maximum over variances of at least the floor.
            if variance < floor { total += variance / floor - 1 }
            let factor = max(variance, floor)
            if !(1e-100...1e100).contains(product * factor) {
                total += log(product)
                product = 1
            }
            product *= factor
        }
        return count * (total + log(product))
    }

    private func slopeCost(_ range: Range<Int>, _ count: Double) -> Double {
        let (lower, upper) = (range.lowerBound, range.upperBound)
        let x = abscissaSums[2 * upper] - abscissaSums[2 * lower]
        let spread = abscissaSums[2 * upper + 1] - abscissaSums[2 * lower + 1] - x * x / count
        let (from, to) = (lower * seriesCount * 3, upper * seriesCount * 3)
        var total = 0.0
        for index in 0..<seriesCount {
            let (a, b) = (from + 3 * index, to + 3 * index)
            let deviations = squares(a, b, count)
            guard spread > leastSpread else {
                total += deviations
                continue
            }
            let product = sums[b + 2] - sums[a + 2] - x * (sums[b] - sums[a]) / count
            total += max(deviations - product * product / spread, 0)
        }
        return total
    }

    /// Σ(y − ȳ)² from the sums at two places.
    private func squares(_ from: Int, _ to: Int, _ count: Double) -> Double {
        let y = sums[to] - sums[from]
        return max(sums[to + 1] - sums[from + 1] - y * y / count, 0)
    }

    private static func centred(_ values: [Double]) -> [Double] {
        guard let first = values.first else { return [] }
        // The first value goes first, so that the mean of numbers far from 0 keeps its digits.
        let mean = values.reduce(0) { $0 + ($1 - first) } / Double(values.count)
        return values.map { ($0 - first) - mean }
    }
}

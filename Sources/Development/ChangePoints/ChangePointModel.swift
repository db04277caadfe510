import Foundation

/// Series at common points, explained by segments: which kind, and where the changes are.
struct ChangePointModel {
    let kind: ChangePointCost.Kind
    /// The first point of every segment but the first.
    let changePoints: [Int]
    /// Per change, the log evidence lost without it.
    let gains: [Double]

    /// More changes are no explanation that anybody reads: a smooth curve of many points is made of any number of lines.
    static let maximumChangeCount = 64

    /// Where changes are looked for at first: the most places, and the most squared places times series, which bound the
    /// time however long the series are.
    private static let (maximumPlaceCount, maximumWork) = (2_000, 4e7)

    /// The best explanation by ``ChangePointEvidence`` among the optimal segmentations of every kind for penalties from
    /// Schwarz's for independent noise upwards (autocorrelation only asks for more), after dropping, one at a time, the
    /// changes whose loss would raise it. Of equal ones, fewer changes and the simpler kind. At most 64 changes.
    ///
    /// Where points² times series are at most 4·10⁷, and points at most 2,000, all points are looked at; else first a part of
    /// them, then those beside each change that was found.
    ///
    /// - Parameters:
    ///   - series: `[series][point]`, finite, of one length, none constant, at least one.
    ///   - abscissa: where the points lie, ascending.
    init(series: [[Double]], abscissa: [Double], kinds: [ChangePointCost.Kind] = ChangePointCost.Kind.allCases) {
        var best = (kind: ChangePointCost.Kind.mean, changePoints: [Int](), value: Double.infinity)
        for kind in kinds {
            let evidence = ChangePointEvidence(kind: kind, series: series, abscissa: abscissa)
            for segmentation in Self.candidates(kind, series, abscissa)
            where segmentation.changePoints.count <= Self.maximumChangeCount {
                let value = evidence(segmentation.changePoints)
                if value < best.value { best = (kind, segmentation.changePoints, value) }
            }
        }
        let evidence = ChangePointEvidence(kind: best.kind, series: series, abscissa: abscissa)
        var gains = Self.gains(best.changePoints, best.value, evidence)
        while let (index, gain) = gains.enumerated().min(by: { $0.element < $1.element }), gain <= 0 {
            best.changePoints.remove(at: index)
            best.value = evidence(best.changePoints)
            gains = Self.gains(best.changePoints, best.value, evidence)
        }
        kind = best.kind
        changePoints = best.changePoints
        self.gains = gains
    }

    private static func gains(_ changePoints: [Int], _ value: Double, _ evidence: ChangePointEvidence) -> [Double] {
        changePoints.indices.map { index in
            var others = changePoints
            others.remove(at: index)
            return (evidence(others) - value) / 2
        }
    }

    private static func candidates(
        _ kind: ChangePointCost.Kind, _ series: [[Double]], _ abscissa: [Double]
    ) -> [Segmentation] {
        let scaled = series.map { values in
            let scale = noise(values, over: abscissa, isFlat: kind != .slope)
            return values.map { $0 / scale }
        }
        let search = ChangePointSearch(
            cost: ChangePointCost(kind, series: scaled, abscissa: abscissa),
            places: places(over: abscissa, seriesCount: series.count))
        let parameters = kind == .mean ? 1.0 : 2.0
        let penalty = parameters * Double(series.count) * log(Double(abscissa.count))
        return search.path(from: penalty, maximumChangeCount: maximumChangeCount)
    }

    /// Some points: half of them the first of equally long parts of the abscissa, half of parts of equally many points, as
    /// points may lie dense anywhere; nil where all can be looked at.
    private static func places(over abscissa: [Double], seriesCount: Int) -> [Int]? {
        let most = min(Double(maximumPlaceCount), (maximumWork / Double(seriesCount)).squareRoot())
        guard Double(abscissa.count) > most, let first = abscissa.first, let last = abscissa.last else { return nil }
        func parts(_ point: Int) -> [Int] {
            let shares = [(abscissa[point] - first) / (last - first), Double(point) / Double(abscissa.count)]
            return shares.map { Int($0 * most / 2) }
        }
        return abscissa.indices.dropFirst().filter { parts($0) != parts($0 - 1) }
    }

    /// The standard deviation of the noise from differences, by their median so that changes do not count: of
    /// neighbours, or of a point from the line between its neighbours. At least 1 % of the series' standard deviation.
    private static func noise(_ values: [Double], over x: [Double], isFlat: Bool) -> Double {
        let differences =
            isFlat
            ? zip(values, values.dropFirst()).map { abs($0 - $1) / 2.0.squareRoot() }
            : values.indices.dropFirst().dropLast().map { point in
                let gap = x[point + 1] - x[point - 1]
                let share = gap > 0 ? (x[point] - x[point - 1]) / gap : 0.5
                let line = values[point - 1] * (1 - share) + values[point + 1] * share
                return abs(values[point] - line) / (1 + share * share + (1 - share) * (1 - share)).squareRoot()
            }
        // The median of |standard normal|.
        let deviation = differences.sorted()[differences.count / 2] / 0.674_489_750_196_082
        return max(deviation, 0.01 * ChangePointEvidence.variance(values).squareRoot())
    }
}

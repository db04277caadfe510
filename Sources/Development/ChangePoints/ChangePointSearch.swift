import Foundation

/// A division of points 0 ..< n into segments.
public struct Segmentation: Sendable, Equatable {
    /// The first point of every segment but the first, ascending.
    public var changePoints: [Int]
    /// The segments' costs together, without penalties.
    public var cost: Double

    /// Creates a segmentation.
    public init(changePoints: [Int], cost: Double) {
        self.changePoints = changePoints
        self.cost = cost
    }

    /// The segments.
    static func segments(_ changePoints: [Int], count: Int) -> [Range<Int>] {
        zip([0] + changePoints, changePoints + [count]).map { $0..<$1 }
    }
}

/// The cheapest segmentation under a penalty per change: exactly, unless changes are looked for at some points first.
public struct ChangePointSearch: Sendable {
    /// What a segment costs.
    public let cost: ChangePointCost
    /// The fewest points of a segment.
    public let minimumLength: Int
    /// The points at which changes are looked for at first, ascending; nil: all.
    private let places: [Int]?

    /// Creates a search; a segment has the cost's own minimum length unless another is given.
    ///
    /// Less than one point for a mean, two for a Gaussian and three for a line is raised to that: shorter segments fit
    /// exactly, and rounding would choose among them.
    ///
    /// - Parameter places: The points at which changes are looked for at first, ascending, none the first point: the time is
    ///   at most quadratic in their number. Each change then moves to the best point up to the places beside its own. All
    ///   points if nil, which is exact.
    public init(cost: ChangePointCost, minimumLength: Int? = nil, places: [Int]? = nil) {
        self.cost = cost
        self.minimumLength = max(minimumLength ?? cost.kind.minimumLength, cost.kind.leastLength)
        self.places = places
    }

    /// The segmentation with the least Σ cost + penalty·changes: PELT (Killick, Fearnhead & Eckley 2012,
    /// arXiv:1101.1438).
    ///
    /// With F(t) the optimum up to t, a start s is dropped once F(s) + C(s, t) > F(t): any later end is served better
    /// by a change at t. That segment from t must itself be long enough, so s is kept for ends before t + the minimum
    /// length; dropping it at once, as is often done, is not exact. Of equally cheap segmentations the one with the
    /// earliest last change, and so on backwards, is taken. Fewer points than two segments need are one segment.
    ///
    /// - Parameter penalty: at least 0.
    public func segmentation(penalty: Double) -> Segmentation {
        let (count, length) = (cost.pointCount, minimumLength)
        guard count >= 2 * length else { return whole }
        var optimum = [Double](repeating: .infinity, count: count + 1)
        var lastStart = [Int](repeating: 0, count: count + 1)
        optimum[0] = -penalty
        // Costs from prefix sums carry rounding errors; a start is only dropped when it is worse beyond them.
        let rounding = 1e-9 * (abs(cost(0..<count)) + penalty)
        let changes = (places ?? Array(1..<count)).filter { $0 >= length && $0 <= count - length }
        var starts = ([0] + changes)[...]
        var candidates: [Candidate] = []
        for end in changes + [count] {
            candidates.removeAll { $0.expiry <= end }
            while let start = starts.first, start <= end - length {
                candidates.append(Candidate(start: start))
                starts.removeFirst()
            }
            var best = Double.infinity
            for index in candidates.indices {
                let start = candidates[index].start
                let value = optimum[start] + cost(start..<end)
                candidates[index].value = value
                if value < best {
                    best = value
                    lastStart[end] = start
                }
            }
            optimum[end] = best + penalty
            let bar = optimum[end] + rounding
            for index in candidates.indices where candidates[index].value > bar {
                candidates[index].expiry = min(candidates[index].expiry, end + length)
            }
        }
        var changePoints: [Int] = []
        var end = count
        while lastStart[end] > 0 {
            end = lastStart[end]
            changePoints.append(end)
        }
        return segmentation(settled(changePoints.reversed(), penalty: penalty))
    }

    /// The changes that are left when each has moved to its best point and none costs more than it saves: one that lies
    /// between two places is first found as one at either.
    private func settled(_ changePoints: [Int], penalty: Double) -> [Int] {
        guard let places else { return changePoints }
        var settled = changePoints
        while true {
            move(&settled, within: places)
            let savings = settled.indices.map { index in
                let (start, end) = neighbours(of: index, in: settled)
                return cost(start..<end) - cost(start..<settled[index]) - cost(settled[index]..<end)
            }
            guard let least = savings.indices.min(by: { savings[$0] < savings[$1] }), savings[least] < penalty else {
                return settled
            }
            settled.remove(at: least)
        }
    }

    /// Moves each change, in turn, to the best of the points up to the places beside it, until none moves.
    private func move(_ changePoints: inout [Int], within places: [Int]) {
        // Each move lowers the cost; the bound is for rounding.
        for _ in 0..<10 {
            let previous = changePoints
            for index in changePoints.indices {
                let (start, end) = neighbours(of: index, in: changePoints)
                let next = places.partitioningIndex { $0 > changePoints[index] }
                let last = places[..<next].last { $0 < changePoints[index] } ?? 0
                let window = last + 1..<(next < places.count ? places[next] : cost.pointCount)
                let points = window.clamped(to: start + minimumLength..<end - minimumLength + 1)
                let best = points.map { (point: $0, cost: cost(start..<$0) + cost($0..<end)) }.min { $0.cost < $1.cost }
                if let best { changePoints[index] = best.point }
            }
            if changePoints == previous { break }
        }
    }

    /// Where the segment before a change begins, and the one after it ends.
    private func neighbours(of index: Int, in changePoints: [Int]) -> (start: Int, end: Int) {
        (
            index > 0 ? changePoints[index - 1] : 0,
            index + 1 < changePoints.count ? changePoints[index + 1] : cost.pointCount
        )
    }

    /// The segmentations that are optimal for some penalty of at least a given one, by increasing number of changes:
    /// CROPS (Haynes, Eckley & Fearnhead 2017, arXiv:1412.3617).
    ///
    /// - Parameters:
    ///   - penalty: the least penalty considered.
    ///   - maximumChangeCount: stretches of the path that begin with more changes than this are not refined.
    public func path(from penalty: Double, maximumChangeCount: Int) -> [Segmentation] {
        var found = [0: whole]
        var open = [(segmentation(penalty: penalty), whole)]
        while let (many, few) = open.popLast() {
            let (manyCount, fewCount) = (many.changePoints.count, few.changePoints.count)
            found[manyCount] = many
            guard manyCount > fewCount + 1, fewCount < maximumChangeCount else { continue }
            let middle = segmentation(penalty: max(0, (few.cost - many.cost) / Double(manyCount - fewCount)))
            let middleCount = middle.changePoints.count
            guard middleCount > fewCount, middleCount < manyCount else { continue }
            open += [(many, middle), (middle, few)]
        }
        return found.sorted { $0.key < $1.key }.map(\.value)
    }

    private var whole: Segmentation { segmentation([]) }

    private func segmentation(_ changePoints: [Int]) -> Segmentation {
        let segments = Segmentation.segments(changePoints, count: cost.pointCount)
        return Segmentation(changePoints: changePoints, cost: segments.reduce(0) { $0 + cost($1) })
    }

    private struct Candidate {
        var start: Int
        var value = 0.0
        /// The first end for which the start need not be considered.
        var expiry = Int.max
    }
}

extension [Int] {
    /// The place of the first element of an ascending array that fulfils a condition which all later ones do too.
    fileprivate func partitioningIndex(where isAfter: (Int) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isAfter(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

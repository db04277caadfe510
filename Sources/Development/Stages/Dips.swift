/// A place where a curve comes to rest between two stretches where it is under way: a local minimum of |slope|.
struct Dip: Equatable {
    /// The place, as a real-valued index of the grid.
    var position: Double
    /// |slope| there; zero where the slope changes its sign.
    var slope: Double
    /// The grid index where the curve is most clearly under way before it.
    var left: Int
    /// The same after it.
    var right: Int
}

/// When a local minimum of |slope| counts.
///
/// On both sides, before the next deeper minimum, some place must be *under way*: its |slope| is at least
/// 1/`largestRatio` times the minimum, exceeds it by `significance` standard deviations, and is at least
/// `smallestShare` of the largest |slope| of the curve. A minimum that fails is a wiggle and is given up, the
/// faintest first, and its two sides become one. So the ends of the curve are never dips.
struct DipRule {
    /// The largest |slope| of a dip relative to what lies beside it.
    var largestRatio: Double
    /// In standard deviations of the slope.
    var significance: Double
    /// Slower than this share of the fastest counts as rest.
    var smallestShare: Double

    /// The dips of a slope on a grid, in order.
    ///
    /// - Parameters:
    ///   - slopes: The slope at each point of the grid.
    ///   - deviations: The standard deviation of each; positive.
    ///   - isResolved: Whether the data say anything about the slope there. A dip and what is under way beside
    ///     it must lie in one unbroken stretch of resolved points.
    func dips(of slopes: [Double], deviations: [Double], isResolved: [Bool]) -> [Dip] {
        let fastest = slopes.indices.filter { isResolved[$0] }.map { abs(slopes[$0]) }.max() ?? 0
        var found: [Dip] = []
        var start = 0
        while start < slopes.count {
            let end = isResolved[start...].firstIndex(of: !isResolved[start]) ?? slopes.count
            if isResolved[start] {
                found += dips(of: slopes, deviations: deviations, within: start..<end, floor: smallestShare * fastest)
            }
            start = end
        }
        return found
    }

    private func dips(of slopes: [Double], deviations: [Double], within span: Range<Int>, floor: Double) -> [Dip] {
        var minima = Self.minima(of: slopes, within: span)
        while !minima.isEmpty {
            let ends = [Double(span.lowerBound)] + minima.map(\.position) + [Double(span.upperBound - 1)]
            var peaks: [Int] = []
            var faintest: (strength: Double, minimum: Int)?
            for side in 0..<ends.count - 1 {
                let neighbours = [side - 1, side].filter(minima.indices.contains)
                let shallower = neighbours.max { minima[$0].slope < minima[$1].slope } ?? 0
                let peak = strongest(
                    from: ends[side], to: ends[side + 1], above: minima[shallower].slope, slopes: slopes,
                    deviations: deviations, floor: floor)
                peaks.append(peak.index)
                if peak.strength < 1, peak.strength < faintest?.strength ?? .infinity {
                    faintest = (peak.strength, shallower)
                }
            }
            guard let faintest else {
                return minima.enumerated().map { index, minimum in
                    Dip(
                        position: minimum.position, slope: minimum.slope, left: peaks[index], right: peaks[index + 1])
                }
            }
            minima.remove(at: faintest.minimum)
        }
        return []
    }

    /// The point between two positions that is most clearly under way; it is so when its strength is at least 1.
    private func strongest(
        from start: Double, to end: Double, above minimum: Double, slopes: [Double], deviations: [Double], floor: Double
    ) -> (index: Int, strength: Double) {
        var best = (index: Int(start.rounded()), strength: 0.0)
        let (first, last) = (Int(start.rounded(.up)), Int(end.rounded(.down)))
        for index in first..<max(first, last + 1) {
            let speed = abs(slopes[index])
            var strength = (speed - minimum) / (significance * deviations[index])
            if minimum > 0 { strength = min(strength, speed * largestRatio / minimum) }
            if floor > 0 { strength = min(strength, speed / floor) }
            if strength > best.strength { best = (index, strength) }
        }
        return best
    }

    /// All local minima of |slope| inside a span: changes of sign, by linear interpolation, and minima without
    /// one, by the parabola through three points.
    private static func minima(of slopes: [Double], within span: Range<Int>) -> [(position: Double, slope: Double)] {
        var minima: [(position: Double, slope: Double)] = []
        for index in span.dropLast() {
            let (here, next) = (slopes[index], slopes[index + 1])
            if here * next < 0 { minima.append((Double(index) + here / (here - next), 0)) }
        }
        for index in span.dropFirst().dropLast() {
            let (before, here, after) = (abs(slopes[index - 1]), abs(slopes[index]), abs(slopes[index + 1]))
            let keepsSign = slopes[index - 1] * slopes[index] >= 0 && slopes[index] * slopes[index + 1] >= 0
            guard keepsSign, here <= before, here < after else { continue }
            let offset = 0.5 * (before - after) / (before - 2 * here + after)
            let lowest = here - 0.25 * (before - after) * offset
            minima.append((Double(index) + offset, max(0, lowest)))
        }
        return minima.sorted { $0.position < $1.position }
    }
}

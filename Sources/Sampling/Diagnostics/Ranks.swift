/// The pooled draws' ranks, from 1; equal values share their average rank. Axes `[chain, draw]`.
func averageRanks(_ draws: [[Double]]) -> [[Double]] {
    let values = draws.flatMap { $0 }
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
        var end = start + 1
        while end < order.count && values[order[end]] == values[order[start]] { end += 1 }
        for position in start..<end { ranks[order[position]] = Double(start + end + 1) / 2 }
        start = end
    }
    var rest = ranks[...]
    return draws.map { chain in
        defer { rest = rest.dropFirst(chain.count) }
        return Array(rest.prefix(chain.count))
    }
}

/// Rank-normalised draws, z = Φ⁻¹((r − 3/8)/(S + 1/4)) with r the average rank among all S draws.
///
/// Source: Vehtari et al. 2021, Bayesian Analysis 16(2), eq. 14.
func normalScores(_ draws: [[Double]]) -> [[Double]] {
    let count = Double(draws.reduce(0) { $0 + $1.count })
    return averageRanks(draws).map { $0.map { normalQuantile(($0 - 0.375) / (count + 0.25)) } }
}

/// The pooled draws' quantile with linear interpolation between order statistics (type 7 of Hyndman and Fan 1996).
func quantile(_ draws: [[Double]], _ probability: Double) -> Double {
    let sorted = draws.flatMap { $0 }.sorted()
    let place = probability * Double(sorted.count - 1)
    let below = Int(place)
    let above = min(below + 1, sorted.count - 1)
    return sorted[below] + (place - Double(below)) * (sorted[above] - sorted[below])
}

/// Each chain's first and last half as chains of their own; an odd chain's middle draw is left out.
func splitChains(_ draws: [[Double]]) -> [[Double]] {
    draws.map { Array($0.prefix($0.count / 2)) } + draws.map { Array($0.suffix($0.count / 2)) }
}

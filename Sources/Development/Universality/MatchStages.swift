import Foundation
import Sampling

extension Universality {
    /// The share of what two runs cover at which boundaries are no longer matched.
    static let toleranceShare = 0.125

    /// Matches the stages of two or more runs; nil for fewer.
    ///
    /// Deterministic: placement k of run r comes from row k of a stream of its own, so that a run's placements do
    /// not depend on the other runs.
    ///
    /// - Parameters:
    ///   - runs: The runs; rows are relative to the first.
    ///   - placementCount: The number of random placements; at least 999 for p-values that can reach 0.001.
    ///   - seed: The seed of the random placements.
    /// - Complexity: O(placements · runs² · boundaries²).
    public init?(matching runs: [RunStages], placementCount: Int = 1999, seed: UInt64 = 0) {
        precondition(placementCount > 0, "a chance needs at least one random placement")
        guard runs.count >= 2 else { return nil }
        let placements = runs.indices.map {
            Self.placements(of: runs[$0], index: $0, count: placementCount, seed: seed)
        }
        let comparisons = Coordinate.allCases.compactMap { coordinate in
            Self.comparison(of: runs, on: coordinate, placements: placements)
        }
        self.init(runs: runs, comparisons: comparisons, placementCount: placementCount, seed: seed)
    }

    /// As many steps as the run has boundaries, uniform over log(t + 1) in its range, ascending; once per placement.
    private static func placements(of run: RunStages, index: Int, count: Int, seed: UInt64) -> [[Double]] {
        let (first, last) = (log1p(run.range.lowerBound), log1p(run.range.upperBound))
        let stream = RandomStream(seed: seed, trainingStep: 0, chain: index, purpose: .start)
        return (0..<count).map { row in
            var generator = stream.generator(row: row)
            let places = run.boundaries.map { _ in
                first + (last - first) * Double(generator.next() >> 11) * 0x1p-53
            }
            return places.sorted().map { min(max(expm1($0), run.range.lowerBound), run.range.upperBound) }
        }
    }

    private static func comparison(
        of runs: [RunStages], on coordinate: Coordinate, placements: [[[Double]]]
    ) -> Comparison? {
        let places = zip(runs, placements).map { run, placements in
            (
                found: run.boundaries.map { run.place(of: $0.step, on: coordinate) },
                random: placements.map { $0.map { run.place(of: $0, on: coordinate) } }
            )
        }
        var pairs: [Pair] = []
        var found: [Double] = []
        var random = [Double](repeating: 0, count: placements[0].count)
        for first in runs.indices {
            for second in runs.indices.dropFirst(first + 1) {
                guard let tolerance = tolerance(runs[first], runs[second], on: coordinate) else { continue }
                let alignment = Alignment(places[first].found, places[second].found, tolerance: tolerance)
                var score: Score?
                if !runs[first].boundaries.isEmpty && !runs[second].boundaries.isEmpty {
                    let scores = zip(places[first].random, places[second].random).map {
                        Alignment($0, $1, tolerance: tolerance).score
                    }
                    score = Score(alignment.score, among: scores)
                    found.append(alignment.score)
                    for (index, score) in scores.enumerated() { random[index] += score }
                }
                let matches = alignment.pairs.map {
                    Match($0, runs[first].boundaries[$0.first], runs[second].boundaries[$0.second])
                }
                pairs.append(
                    Pair(first: first, second: second, tolerance: tolerance, matches: matches, score: score))
            }
        }
        guard !pairs.isEmpty else { return nil }
        let count = Double(found.count)
        let joint = found.isEmpty ? nil : Score(found.reduce(0, +) / count, among: random.map { $0 / count })
        let rows = runs.indices.map { run in
            runs[0].boundaries.indices.map { boundary in
                run == 0
                    ? boundary
                    : pairs.first { $0.first == 0 && $0.second == run }?.matches.first { $0.first == boundary }?.second
            }
        }
        return Comparison(coordinate: coordinate, pairs: pairs, joint: joint, rows: rows)
    }

    /// Nil when a run does not know the coordinate or it does not change.
    private static func tolerance(_ first: RunStages, _ second: RunStages, on coordinate: Coordinate) -> Double? {
        guard let here = first.extent(on: coordinate), let there = second.extent(on: coordinate) else { return nil }
        let extent = max(here.upperBound, there.upperBound) - min(here.lowerBound, there.lowerBound)
        return extent > 0 ? toleranceShare * extent : nil
    }
}

extension Universality.Score {
    /// A score among random ones. Scores that differ by rounding alone count as equal.
    init(_ value: Double, among random: [Double]) {
        let sorted = random.sorted()
        let reached = random.count { $0 >= value - 1e-12 }
        self.init(
            value: value, chanceMean: random.reduce(0, +) / Double(random.count),
            chanceQuantile: sorted[min(sorted.count - 1, Int((0.95 * Double(sorted.count)).rounded(.up)) - 1)],
            pValue: Double(1 + reached) / Double(1 + random.count))
    }
}

extension Universality.Match {
    /// The match of two boundaries.
    init(_ pair: Alignment.Pair, _ here: Boundary, _ there: Boundary) {
        func log(_ step: Double) -> Double { log1p(max(0, step)) }
        let ratio = log(there.step) - log(here.step)
        let below = hypot(
            max(0, log(there.step) - log(there.interval.lowerBound)),
            max(0, log(here.interval.upperBound) - log(here.step)))
        let above = hypot(
            max(0, log(there.interval.upperBound) - log(there.step)),
            max(0, log(here.step) - log(here.interval.lowerBound)))
        self.init(
            first: pair.first, second: pair.second, stepRatio: exp(ratio),
            interval: exp(ratio - below)...exp(ratio + above))
    }
}

import Foundation
import TestSupport
import Testing

@testable import Development

/// How often the search is wrong, counted on planted series.
@Suite struct `Error rates of boundaries` {
    /// What the search made of one series.
    struct Outcome: Sendable {
        let kind: PlantedSeries.Kind
        let checkpointCount: Int
        let noiseShare: Double
        let truthCount: Int
        let foundCount: Int
        /// True boundaries with one found in their basin.
        private(set) var hitCount = 0
        /// Those of them that lie in the 95 % interval of the nearest one found.
        private(set) var coveredCount = 0

        init(_ series: PlantedSeries) throws {
            kind = series.kind
            checkpointCount = series.points.count
            noiseShare = series.noiseShare
            truthCount = series.boundaries.count
            let found = try #require(try StageFinding(points: series.points)).boundaries
            foundCount = found.count
            for truth in series.boundaries {
                let nearest = found.filter { truth.basin.contains(log1p($0.step)) }
                    .min { abs(log1p($0.step) - truth.x) < abs(log1p($1.step) - truth.x) }
                guard let nearest else { continue }
                hitCount += 1
                coveredCount += nearest.interval.contains(expm1(truth.x)) ? 1 : 0
            }
        }
    }

    /// Half the series have boundaries, half have none. The seeds are the first thousand numbers.
    @Test func `on 1,000 planted series`() async throws {
        let count = 1000
        let workerCount = 2
        let outcomes = try await withThrowingTaskGroup(of: [Outcome].self) { group in
            for worker in 0..<workerCount {
                group.addTask {
                    try stride(from: worker, to: count, by: workerCount).map { seed in
                        let kind = seed < count / 2 ? .staged : PlantedSeries.Kind.nulls[seed % 6]
                        return try Outcome(PlantedSeries(kind, seed: UInt64(seed)))
                    }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }

        for kind in PlantedSeries.Kind.nulls {
            let some = outcomes.filter { $0.kind == kind }
            print("\(kind.rawValue): \(some.filter { $0.foundCount > 0 }.count) of \(some.count) with a boundary")
        }
        let null = outcomes.filter { $0.kind != .staged }
        let wrong = null.filter { $0.foundCount > 0 }.count
        print("no boundary planted: \(wrong) of \(null.count) with a boundary")
        #expect(wrong * 20 <= null.count)

        let staged = outcomes.filter { $0.kind == .staged }
        print("| noise | checkpoints | series | true | found | precision | recall | 95 % interval covers |")
        for noise in PlantedSeries.noiseShares {
            for range in [0...25, 26...100, 101...500] {
                let some = staged.filter { $0.noiseShare == noise && range.contains($0.checkpointCount) }
                printRow("\(noise) | to \(range.upperBound)", some)
            }
        }
        printRow("all | all", staged)
        let sums = Sums(staged)
        #expect(sums.precision > 0.95)
        #expect((0.90...0.98).contains(sums.coverage))
    }

    /// Sums over series, and their ratios.
    private struct Sums {
        var (truths, found, hits, covered) = (0, 0, 0, 0)

        init(_ outcomes: [Outcome]) {
            for outcome in outcomes {
                truths += outcome.truthCount
                found += outcome.foundCount
                hits += outcome.hitCount
                covered += outcome.coveredCount
            }
        }

        var precision: Double { Double(hits) / Double(found) }
        var recall: Double { Double(hits) / Double(truths) }
        var coverage: Double { Double(covered) / Double(hits) }
    }

    private func printRow(_ name: String, _ outcomes: [Outcome]) {
        let sums = Sums(outcomes)
        let ratios = [sums.precision, sums.recall, sums.coverage].map { Format.value($0) }.joined(separator: " | ")
        print("| \(name) | \(outcomes.count) | \(sums.truths) | \(sums.found) | \(ratios) |")
    }
}

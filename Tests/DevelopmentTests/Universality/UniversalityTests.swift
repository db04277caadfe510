import Foundation
import TestSupport
import Testing

@testable import Development

@Suite struct Universalities {
    private func boundary(_ step: Double, spread: Double = 1.1) -> Boundary {
        Boundary(
            step: step, interval: step / spread...step * spread, innerInterval: step...step, support: 1,
            relativeSlope: 0, sharpness: 1)
    }

    private func run(_ name: String, _ steps: [Double], curves: Bool = true) -> RunStages {
        let grid = logSpacedSteps(count: 100, last: 50_000).map(Double.init)
        return RunStages(
            name: name, range: 0...50_000, boundaries: steps.map { boundary($0) },
            loss: curves ? .init(steps: grid, values: grid.map { 2 + 8 / (1 + log1p($0)) }) : nil,
            llc: curves ? .init(steps: grid, values: grid.map { 60 * pow(log1p($0), 1.3) }) : nil)
    }

    /// Uniform over log(t + 1).
    private func random(_ count: Int, from normals: inout RepeatableNormals) -> [Double] {
        (0..<count).map { _ in expm1(log1p(50_000) * erfc(normals.next() / 2.0.squareRoot()) / 2) }.sorted()
    }

    @Test func `runs with the same stages are told from chance on every coordinate`() throws {
        let steps: [Double] = [40, 900, 6500, 17_000]
        let found = try #require(Universality(matching: [run("A", steps), run("B", steps.map { 1.1 * $0 })]))
        #expect(found.comparisons.map(\.coordinate) == Universality.Coordinate.allCases)
        #expect(!found.agreesOnNone)
        for comparison in found.comparisons {
            let score = try #require(comparison.pairs[0].score)
            print("same stages by \(comparison.coordinate):", score)
            #expect(score.pValue < 0.05 && score.value > score.chanceQuantile)
            #expect(comparison.joint == score)
            #expect(comparison.rows == [[0, 1, 2, 3], [0, 1, 2, 3]])
        }
        #expect(found.comparisons[0].pairs[0].score?.pValue ?? 1 <= 0.005)
    }

    @Test func `the ratio of steps has an interval from those of the boundaries`() throws {
        let runs = [run("A", [900]), run("B", [1890])]
        let match = try #require(Universality(matching: runs)?.comparisons[0].pairs[0].matches.first)
        #expect(Tolerance.ulps(8).accepts(match.stepRatio, 1891.0 / 901))
        // Both intervals are a factor 1.1 to either side of t; the one of t + 1 is that to 1 in 900.
        let factor = exp(log(1.1) * 2.0.squareRoot())
        #expect(Tolerance.relative(2e-3).accepts(match.interval.upperBound, match.stepRatio * factor))
        #expect(Tolerance.relative(2e-3).accepts(match.interval.lowerBound, match.stepRatio / factor))
    }

    @Test(arguments: [1, 3, 5])
    func `unrelated runs have a uniform p-value`(count: Int) throws {
        var normals = RepeatableNormals(seed: UInt64(count))
        let values = try (0..<200).map { seed in
            let runs = [
                run("A", random(count, from: &normals), curves: false),
                run("B", random(count, from: &normals), curves: false),
            ]
            let found = try #require(Universality(matching: runs, placementCount: 999, seed: UInt64(seed)))
            return try #require(found.comparisons[0].pairs[0].score).pValue
        }
        for level in [0.05, 0.1, 0.25, 0.5] {
            let share = Double(values.count { $0 <= level }) / 200
            print("\(count) boundaries, p ≤ \(level): \(share)")
            let error = (level * (1 - level) / 200).squareRoot()
            #expect(share <= level + 3 * error)
            // With one boundary most scores are 0, and equal scores push p up.
            if count > 1 { #expect(share >= level - 3 * error) }
        }
    }

    @Test func `several runs have a joint score of their own`() throws {
        let steps: [Double] = [40, 900, 6500, 17_000]
        let alike = try #require(
            Universality(matching: [1, 1.2, 0.9].map { factor in run("\(factor)", steps.map { factor * $0 }) }))
        let joint = try #require(alike.comparisons[0].joint)
        #expect(alike.comparisons[0].pairs.map { [$0.first, $0.second] } == [[0, 1], [0, 2], [1, 2]])
        let mean = alike.comparisons[0].pairs.compactMap(\.score?.value).reduce(0, +) / 3
        #expect(Tolerance.ulps(4).accepts(joint.value, mean))
        #expect(joint.pValue <= 0.001)

        var normals = RepeatableNormals(seed: 2)
        let values = try (0..<200).map { seed in
            let runs = (0..<3).map { run("\($0)", random(3, from: &normals), curves: false) }
            let found = try #require(Universality(matching: runs, placementCount: 999, seed: UInt64(seed)))
            return try #require(found.comparisons[0].joint).pValue
        }
        for level in [0.05, 0.25, 0.5] {
            let share = Double(values.count { $0 <= level }) / 200
            print("three runs, joint p ≤ \(level): \(share)")
            #expect(abs(share - level) <= 3 * (level * (1 - level) / 200).squareRoot())
        }
    }

    @Test func `a boundary that a run lacks is a gap in its row`() throws {
        let runs = [run("A", [40, 900, 17_000]), run("B", [40, 17_000]), run("C", [])]
        let found = try #require(Universality(matching: runs))
        #expect(found.comparisons[0].rows == [[0, 1, 2], [0, nil, 1], [nil, nil, nil]])
        #expect(found.comparisons[0].pairs.map { $0.score != nil } == [true, false, false])
        #expect(!found.agreesOnNone)
    }

    @Test func `no boundaries anywhere is an agreement without a score`() throws {
        let found = try #require(Universality(matching: [run("A", []), run("B", [])]))
        #expect(found.agreesOnNone)
        #expect(found.comparisons.allSatisfy { $0.joint == nil && $0.pairs[0].score == nil })
    }

    @Test func `what is not known is not compared`() throws {
        #expect(Universality(matching: []) == nil)
        #expect(Universality(matching: [run("A", [40])]) == nil)
        let found = try #require(Universality(matching: [run("A", [40]), run("B", [40], curves: false)]))
        #expect(found.comparisons.map(\.coordinate) == [.logStep])
        var flat = run("B", [40])
        flat.loss = .init(steps: [0, 50_000], values: [2, 2])
        flat.llc = .init(steps: [], values: [])
        let again = try #require(Universality(matching: [flat, flat]))
        #expect(again.comparisons.map(\.coordinate) == [.logStep])
    }

    @Test func `it is repeatable, and the same after JSON`() throws {
        let runs = [run("A", [40, 900]), run("B", [50, 3000]), run("C", [7000])]
        let found = try #require(Universality(matching: runs))
        #expect(found == Universality(matching: runs))
        #expect(try JSONDecoder().decode(Universality.self, from: JSONEncoder().encode(found)) == found)
    }

    @Test func `a curve is interpolated over log(t + 1)`() {
        let curve = RunStages.Curve(steps: [0, 1, 3, 7], values: [1, 2, .nan, 4])
        #expect(curve.value(at: 0) == 1 && curve.value(at: 1) == 2 && curve.value(at: 7) == 4)
        #expect(Tolerance.ulps(2).accepts(curve.value(at: 2.0.squareRoot() - 1) ?? .nan, 1.5))
        for step in [-1, 2, 3, 5, 8] { #expect(curve.value(at: Double(step)) == nil) }
        #expect(RunStages.Curve(steps: [], values: []).value(at: 0) == nil)
        #expect(RunStages.Curve(steps: [4], values: [3]).value(at: 4) == 3)
    }
}

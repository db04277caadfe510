import Foundation
import TestSupport
import Testing

@testable import Development

struct `Change points over training` {
    typealias Series = ChangePointFinding.Series

    /// Log-spaced steps and a level that changes at a step.
    static func series(
        _ name: String, changesAt change: Double, height: Double = 6, seed: UInt64, scale: Double = 1
    ) -> Series {
        let steps = logSpacedSteps(count: 60, last: 50_000).map(Double.init)
        var normals = RepeatableNormals(seed: seed)
        return Series(
            name: name, steps: steps,
            values: steps.map { scale * (($0 < change ? 0 : height) + normals.next()) })
    }

    @Test func `a change of level is found between the points around it`() throws {
        let series = Self.series("loss", changesAt: 1_000, seed: 1)
        let finding = ChangePointFinding(of: [series])
        #expect(finding.names == ["loss"])
        #expect(finding.kind == .mean)
        let change = try #require(finding.changePoints.first)
        #expect(finding.changePoints.count == 1)
        #expect(change.between.contains(1_000))
        #expect(change.between.contains(change.step))
        #expect(change.between.lowerBound == series.steps.last { $0 < 1_000 })
        #expect(change.between.upperBound == series.steps.first { $0 >= 1_000 })
        #expect(change.gain > 0)
    }

    @Test func `a bend of a line over log step is found as a slope`() throws {
        var series = Self.series("llc", changesAt: .infinity, seed: 2, scale: 0.1)
        for (index, step) in series.steps.enumerated() { series.values[index] += max(log1p(step) - 6, 0) }
        let finding = ChangePointFinding(of: [series])
        #expect(finding.kind == .slope)
        let change = try #require(finding.changePoints.first)
        #expect(finding.changePoints.count == 1)
        // Noise of 0.1 on a rise of 1 per log step leaves the bend open by a few of the points, 0.18 apart.
        #expect(abs(log1p(change.step) - 6) < 0.5)
    }

    @Test func `series of very different scales are searched together`() {
        let finding = ChangePointFinding(of: [
            Self.series("loss", changesAt: 1_000, seed: 3, scale: 1e-9),
            Self.series("llc", changesAt: 1_000, seed: 4, scale: 1e9),
            Self.series("norm", changesAt: 10_000, seed: 5),
        ])
        #expect(finding.names == ["loss", "llc", "norm"])
        #expect(finding.changePoints.count == 2)
        #expect(zip(finding.changePoints, [1_000, 10_000]).allSatisfy { $0.between.contains($1) })
    }

    @Test func `a dense series is averaged around the points of a sparse one, and none is invented`() {
        let sparse = PointSeries(Series(name: "a", steps: [10, 100, 1_000], values: [1, 2, 3]))
        let dense = PointSeries(
            Series(name: "b", steps: [9, 11, 200, 900, 1_100, 90_000], values: [4, 6, 8, 1, 2, 99]))
        let common = CommonPoints([sparse, dense])
        // √(101·1001) − 1 = 317: 200 is nearer to 100. 90,000 is beyond the last point's bin.
        #expect(common.steps == [10, 100, 1_000])
        #expect(common.values == [[1, 2, 3], [5, 8, 1.5]])
        let gap = PointSeries(Series(name: "b", steps: [9, 11, 900, 1_100], values: [4, 6, 1, 2]))
        #expect(CommonPoints([sparse, gap]).steps == [10, 1_000])
        #expect(CommonPoints([sparse, sparse]).values == [[1, 2, 3], [1, 2, 3]])
        #expect(CommonPoints([]).steps.isEmpty)
    }

    @Test func `order, repetition, NaN and negative steps do no harm`() {
        let clean = Self.series("loss", changesAt: 1_000, seed: 6)
        var rough = clean
        rough.steps = clean.steps.reversed() + [3_000.5, 4_000.5, .nan, -1, clean.steps[7]]
        rough.values = clean.values.reversed() + [.nan, .infinity, 1, 1, clean.values[7]]
        #expect(ChangePointFinding(of: [rough]) == ChangePointFinding(of: [clean]))
        let repeated = PointSeries(Series(name: "a", steps: [5, 5, 5, 7], values: [1, 2, 6, 4]))
        #expect(repeated.steps == [5, 7])
        #expect(repeated.values == [3, 4])
    }

    @Test func `where there is nothing to see nothing is found`() {
        let steps = (0..<20).map(Double.init)
        let nothing = ChangePointFinding(names: [], kind: nil, pointCount: 0, changePoints: [])
        let constant = Series(name: "constant", steps: steps, values: steps.map { _ in 0.1 })
        #expect(ChangePointFinding(of: []) == nothing)
        #expect(ChangePointFinding(of: [constant]) == nothing)
        #expect(ChangePointFinding(of: [Series(name: "none", steps: [], values: [])]) == nothing)
        #expect(ChangePointFinding(of: [Series(name: "few", steps: [1, 2, 3], values: [1, 9, 2])]) == nothing)
        #expect(ChangePointFinding(of: [Series(name: "nan", steps: steps, values: steps.map { _ in .nan })]) == nothing)
        let apart = Self.series("late", changesAt: 10, seed: 7)
        let far = Series(name: "early", steps: steps.map { 1e9 + $0 }, values: steps.map { $0 * $0 })
        #expect(ChangePointFinding(of: [apart, far]) == nothing)
        let with = ChangePointFinding(of: [Self.series("loss", changesAt: 1_000, seed: 8), constant])
        #expect(with.names == ["loss"])
        #expect(with.changePoints.count == 1)
        let huge = Series(name: "huge", steps: steps, values: steps.map { $0 < 10 ? -1e308 : 1e308 })
        #expect(ChangePointFinding(of: [huge]) == nothing)
    }

    @Test func `two exact levels are told apart`() {
        let steps = (0..<20).map(Double.init)
        let finding = ChangePointFinding(of: [
            Series(name: "switch", steps: steps, values: steps.map { $0 < 10 ? 0 : 1 })
        ])
        #expect(finding.changePoints.map(\.between) == [9...10])
    }

    @Test func `several series are searched together and alone`() {
        let series = [
            Self.series("loss", changesAt: 1_000, seed: 10), Self.series("llc", changesAt: 10_000, seed: 11),
            Series(name: "few", steps: [1], values: [1]),
        ]
        let findings = [ChangePointFinding(of: series)] + series.map { ChangePointFinding(of: [$0]) }
        #expect(findings.map(\.names) == [["loss", "llc"], ["loss"], ["llc"], []])
        #expect(findings.map(\.changePoints.count) == [2, 1, 1, 0])
    }

    @Test func `a finding survives JSON`() throws {
        let finding = ChangePointFinding(of: [Self.series("loss", changesAt: 1_000, seed: 9)])
        let data = try JSONEncoder().encode(finding)
        #expect(try JSONDecoder().decode(ChangePointFinding.self, from: data) == finding)
    }
}

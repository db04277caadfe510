import Foundation
import TestSupport
import Testing

@testable import Development

@Suite struct `The stage table` {
    private let steps = logSpacedSteps(count: 40, last: 10_000)
    private let signal = PlantedSignal([.init(center: 3, rate: 3, height: 30), .init(center: 7, rate: 3, height: -20)])

    private func stages(
        within interval: ClosedRange<Double> = 150...150, excluding excluded: Set<Int> = [],
        lowering lowered: Int? = nil,
        loss: (Double) -> Double?
    ) throws -> [Stage] {
        let points = steps.filter { !excluded.contains($0) }.map { step in
            StageFinding.Point(
                step: step,
                llc: Estimate(value: step == lowered ? -2 : signal.value(at: Double(step)), standardError: 0.5),
                loss: loss(log1p(Double(step))))
        }
        let process = try GaussianProcess(
            inputs: points.map { BoundarySearch.logStep($0.step) }, values: points.map(\.llc.value),
            standardErrors: points.map(\.llc.standardError))
        return StageFinding.stages(
            between: [boundary(at: 150, within: interval)], of: points, excludedSteps: excluded.sorted(),
            process: process)
    }

    @Test func `stages join the first checkpoint, the boundaries and the last`() throws {
        let stages = try stages { 5 - 0.4 * $0 }
        #expect(stages.map(\.start) == [0, 150])
        #expect(stages.map(\.end) == [150, 10_000])
        #expect(stages.map(\.kind.rawValue) == ["A", "B"])
        for stage in stages {
            let truth = signal.value(at: stage.end) - signal.value(at: stage.start)
            let change = try #require(stage.llcChange)
            #expect(abs(change.value - truth) < 3 * change.standardError)
            #expect(change.standardError < 1)
        }
    }

    /// A straight line in log(t + 1) is interpolated exactly but for rounding; a curved one within its own error.
    @Test func `the loss between checkpoints is interpolated in log step`() throws {
        let straight = try stages { 5 - 0.4 * $0 }
        let change = try #require(straight[0].lossChange)
        #expect(abs(change.value + 0.4 * log1p(150)) < 1e-12)
        #expect(change.standardError < 1e-12)
        let curved = try stages { 5 * exp(-0.3 * $0) }
        let curvedChange = try #require(curved[0].lossChange)
        let truth = 5 * exp(-0.3 * log1p(150)) - 5
        #expect(curvedChange.standardError > 0)
        // The cubic's own error is smaller than the distance from line to cubic by far.
        #expect(abs(curvedChange.value - truth) < 1.1 * curvedChange.standardError)
    }

    @Test func `without losses the kind is undecided`() throws {
        let without = try stages { _ in nil }
        #expect(without.allSatisfy { $0.lossChange == nil && $0.kind == .undecided })
    }

    @Test func `the kind says what loss and LLC do`() throws {
        #expect(try stages { $0 }.map(\.kind) == [.lossRisesComplexityRises, .lossRisesComplexityFalls])
        // Falls in the first stage; then a thousandth of that.
        let resting = try stages { 5 - 0.4 * min($0, log1p(60)) - 1e-3 * max(0, $0 - log1p(60)) }
        #expect(resting.map(\.kind) == [.lossFallsComplexityRises, .lossFlatComplexityFalls])
        // Neither shown to fall nor to be flat.
        let unsure = StageFinding.kind(
            lossChange: Estimate(value: -0.3, standardError: 0.2), llcChange: Estimate(value: 5, standardError: 1),
            lossRange: 1)
        #expect(unsure == .undecided)
    }

    /// On a straight line of slope −0.4 in x, an interval of four standard deviations of the place, 0.5 each, is a
    /// range of 0.8, and a quarter of it 0.4 · 0.5.
    @Test func `the loss is as unsure as the boundary's place`() throws {
        let interval = expm1(log1p(150.0) - 1)...expm1(log1p(150.0) + 1)
        for stage in try stages(within: interval, loss: { 5 - 0.4 * $0 }) {
            #expect(abs(try #require(stage.lossChange).standardError - 0.2) < 1e-9)
        }
    }

    @Test func `a stage that ends at an excluded or negative estimate has no kind`() throws {
        let after = try #require(steps.firstIndex { $0 > 150 })
        func kinds(excluding excluded: Set<Int> = [], lowering lowered: Int? = nil) throws -> [String] {
            try stages(excluding: excluded, lowering: lowered) { 5 - 0.4 * $0 }.map(\.kind.rawValue)
        }
        #expect(try kinds(excluding: [steps[after]]) == ["undecided", "undecided"])
        #expect(try kinds(excluding: [steps[after + 3]]) == ["A", "B"])
        #expect(try kinds(lowering: 0) == ["undecided", "B"])
    }

    @Test func `a range rests on the checkpoints within it, else on those around it`() {
        #expect(StageFinding.checkpoints(behind: 2...9, of: [1, 3, 7, 10]) == [3, 7])
        #expect(StageFinding.checkpoints(behind: 4...6, of: [1, 3, 7, 10]) == [3, 7])
        #expect(StageFinding.checkpoints(behind: 7...7, of: [1, 3, 7, 10]) == [7])
        #expect(StageFinding.checkpoints(behind: 11...12, of: [1, 3, 7, 10]) == [10])
    }
}

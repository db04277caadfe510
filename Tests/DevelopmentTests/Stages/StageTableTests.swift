import Foundation
import TestSupport
import Testing

@testable import Development

@Suite struct `The stage table` {
    private let steps = logSpacedSteps(count: 40, last: 10_000)
    private let signal = PlantedSignal([.init(center: 3, rate: 3, height: 30), .init(center: 7, rate: 3, height: -20)])

    private func stages(loss: (Double) -> Double?) throws -> [Stage] {
        let points = steps.map { step in
            StageFinding.Point(
                step: step, llc: Estimate(value: signal.value(at: Double(step)), standardError: 0.5),
                loss: loss(log1p(Double(step))))
        }
        let process = try GaussianProcess(
            inputs: points.map { StageFinding.logStep($0.step) }, values: points.map(\.llc.value),
            standardErrors: points.map(\.llc.standardError))
        return StageFinding.stages(between: [150], of: points, process: process)
    }

    @Test func `stages join the first checkpoint, the boundaries and the last`() throws {
        let stages = try stages { 5 - 0.4 * $0 }
        #expect(stages.map(\.start) == [0, 150])
        #expect(stages.map(\.end) == [150, 10_000])
        #expect(stages.map(\.kind.rawValue) == ["A", "B"])
        for stage in stages {
            let truth = signal.value(at: stage.end) - signal.value(at: stage.start)
            #expect(abs(stage.llcChange.value - truth) < 3 * stage.llcChange.standardError)
            #expect(stage.llcChange.standardError < 1)
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

    @Test func `without losses, or with rising ones, the kind is undecided`() throws {
        let without = try stages { _ in nil }
        #expect(without.allSatisfy { $0.lossChange == nil && $0.kind == .undecided })
        #expect(try stages { $0 }.allSatisfy { $0.kind == .undecided })
    }
}

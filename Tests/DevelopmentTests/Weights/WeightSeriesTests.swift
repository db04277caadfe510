import Foundation
import Tensors
import Testing

@testable import Development

@Suite struct WeightSeriesTests {
    /// Checkpoints of a run with tensors `a` and `b`, sampled, and a buffer.
    private func run(
        steps: [Int], movements: [[Double]], turns: [[Double?]]? = nil
    ) -> Measurements {
        var measurements = madeUpRun()
        measurements.tensors = [("a", true), ("b", true), ("buffer", false)].map {
            TensorSummary(name: $0.0, shape: [2], isSampled: $0.1)
        }
        measurements.checkpoints = steps.indices.map { place in
            CheckpointMeasurement(
                step: steps[place], loss: nil, subsetLosses: [], gradientNorm: nil, llc: nil, chains: [],
                tensorNorms: [1, 1, 1], tensorMovements: movements[place], tensorTurns: turns?[place])
        }
        return measurements
    }

    // A handful of roundings of numbers below 10.
    private let tolerance = 1e-14

    @Test func `the rate is the distance over the length of the interval in log(t + 1), placed in its middle`() {
        let series = run(steps: [0, 3, 15], movements: [[0, 0, 0], [3, 4, 0], [0, 2, 7]]).movementSeries
        #expect(
            series.map(\.name) == [
                "movement of the weights", "movement of a", "movement of b", "movement of buffer",
            ])
        // √(1·4) − 1 = 1 and √(4·16) − 1 = 7; both intervals are log 4 long.
        for (index, expected): (Int, [(step: Double, distance: Double)]) in [
            (0, [(1, 5), (7, 2)]), (1, [(1, 3)]), (2, [(1, 4), (7, 2)]), (3, [(7, 7)]),
        ] {
            #expect(series[index].steps.count == expected.count)
            for (place, point) in expected.enumerated() {
                #expect(abs(series[index].steps[place] - point.step) < tolerance * 10)
                #expect(abs(series[index].values[place] - log(point.distance / log(4))) < tolerance)
            }
        }
    }

    @Test func `distance in proportion to log(t + 1) is a constant rate, whatever the spacing of checkpoints`() {
        let steps = [0, 1, 5, 6, 40, 1000, 1001, 90_000]
        let movements = steps.indices.map { place in
            let distance = place == 0 ? 0 : 2 * (log1p(Double(steps[place])) - log1p(Double(steps[place - 1])))
            return [distance, 0, 0]
        }
        let series = run(steps: steps, movements: movements).movementSeries
        #expect(series.count == 2, "what never moved has no series")
        // log(1002) − log(1001) keeps 13 digits.
        for value in series[0].values { #expect(abs(value - log(2)) < 1e-12) }
    }

    @Test func `movements that are not finite have no point`() {
        let series = run(steps: [0, 1, 2], movements: [[0, 0, 0], [.nan, 1, 0], [1, 1, .infinity]]).movementSeries
        #expect(series.map(\.values.count) == [1, 1, 2])
    }

    @Test func `the turn of all weights is that of the joined vector`() throws {
        // In the plane of a and b together: (3, 4, ·) then (4, 0, ·); buffers take no part.
        let run = run(
            steps: [0, 1, 2, 3], movements: [[0, 0, 0], [3, 4, 1], [4, 0, 1], [0, 0, 1]],
            turns: [[nil, nil, nil], [nil, nil, nil], [0, nil, .pi], [nil, nil, 0]])
        #expect(run.weightMovements == [0, 5, 4, 0])
        let turns = run.weightTurns
        #expect(turns[0] == nil && turns[1] == nil && turns[3] == nil)
        // 3·4/(5·4)
        #expect(abs(try #require(turns[2]) - acos(0.6)) < tolerance)
    }

    @Test func `where the turn of a tensor that moved is unknown, that of all is`() {
        let run = run(steps: [0, 1, 2], movements: [[0, 0, 0], [3, 4, 1], [4, 1, 1]])
        #expect(run.weightTurns == [nil, nil, nil])
    }

    @Test func `a run without checkpoints or tensors has no series`() {
        #expect(run(steps: [], movements: []).movementSeries.isEmpty)
        var empty = madeUpRun()
        empty.tensors = []
        #expect(empty.movementSeries.isEmpty)
        #expect(empty.weightTurns.allSatisfy { $0 == nil })
    }
}

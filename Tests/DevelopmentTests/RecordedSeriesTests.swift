import Testing

@testable import Development

@Suite struct `A recorded series` {
    @Test(arguments: [
        ("tokens", [0.0, 20, 40], true), ("wall time", [1, 2, 3], true), ("time", [1, 3, 2], false),
        ("accuracy", [0.1, 0.2, 0.3], false), ("lifetime", [1, 2, 3], false), ("examples seen", [5], false),
    ])
    func `counts the training where it is named so and always rises`(name: String, values: [Double], isClock: Bool) {
        let series = RecordedSeries(name: name, steps: Array(values.indices), values: values)
        #expect(series.isClock == isClock)
    }

    @Test func `that counts the training witnesses nothing`() {
        var measurements = madeUpRun()
        let steps = measurements.checkpoints.map(\.step)
        let counts = steps.map(Double.init)
        measurements.recordedSeries = ["tokens", "accuracy"].map {
            RecordedSeries(name: $0, steps: steps, values: counts)
        }
        let groups = measurements.series(outputs: nil, weights: nil).map(\.group)
        #expect(groups.contains("accuracy") && !groups.contains("tokens"))
    }
}

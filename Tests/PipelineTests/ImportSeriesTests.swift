import Development
import Foundation
import Runs
import Sampling
import TestSupport
import Testing

@testable import Pipeline

@Suite struct ImportSeriesTests {
    /// Two rises with a rest between them at log(t + 1) = 6, and a loss that falls with them.
    private static let signal = PlantedSignal([
        .init(center: 4, rate: 3, height: 5), .init(center: 8, rate: 4, height: 4),
    ])

    /// Rows of step, λ̂, error and loss at sixty steps, evenly spaced in log(t + 1) from 0 to 100,000.
    private static let rows = (0..<60).map { index in
        let step = index == 0 ? 0 : Int(expm1(log(100_001.0) * Double(index + 8) / 67).rounded())
        let llc = signal.value(at: Double(step))
        return (step: step, llc: llc, error: 0.05, loss: 3 * exp(-llc / 4))
    }

    private func table(_ header: String, _ row: ((step: Int, llc: Double, error: Double, loss: Double)) -> String)
        -> String
    {
        ([header] + Self.rows.map(row)).joined(separator: "\n")
    }

    private func findStages(
        _ text: String, _ columns: [SeriesFile.Role: String] = [:], method: Method? = nil
    ) throws -> Analysis {
        try withTemporaryFolder { folder in
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/series.csv"))
            return try Pipeline.findStages(
                at: "\(folder)/series.csv", output: "\(folder)/out", columns: columns, method: method)
        }
    }

    @Test func `λ̂ and its errors are as the file states them, and nothing else is made up`() throws {
        let measurements = try findStages("step,llc,llc_error,loss,norm\n0,1,0.5,3,7\n10,2,0,2,\n20,,0.1,,9\n")
            .measurements
        #expect(measurements.runName == "series" && measurements.axis == .step)
        #expect(measurements.checkpoints.map(\.step) == [0, 10, 20])
        #expect(measurements.checkpoints.map { $0.llc?.value } == [1, 2, nil])
        #expect(measurements.checkpoints.map { $0.llc?.standardError } == [0.5, nil, nil])
        #expect(measurements.checkpoints.map(\.loss) == [3, 2, nil])
        #expect(measurements.recordedSeries == [RecordedSeries(name: "norm", steps: [0, 20], values: [7, 9])])
        #expect(measurements.settings == nil && measurements.exampleCount == nil && measurements.tensors.isEmpty)
        #expect(measurements.limitations.contains { $0.contains("errors of zero") })
    }

    @Test func `a boundary is found where λ̂ rests, on a log axis with a point at step zero`() throws {
        let analysis = try findStages(
            table("step,llc,llc_error,loss") { "\($0.step),\($0.llc),\($0.error),\($0.loss)" })
        let boundaries = try #require(analysis.stages?.boundaries)
        let boundary = try #require(boundaries.first)
        #expect(analysis.stages?.method == .llc && boundaries.count == 1)
        // Half a unit of log(t + 1) is an eighth of the way between the two rises.
        #expect(abs(log1p(boundary.step) - 6) < 0.5, "\(boundary.step)")
    }

    @Test func `a table of epochs has stages in epochs`() throws {
        let analysis = try findStages(table("epoch,llc") { "\($0.step),\($0.llc)" })
        #expect(analysis.measurements.axis == .epoch && analysis.stages?.boundaries.count == 1)
    }

    @Test(arguments: [
        ("llc", Method.llc), ("loss", .loss), ("change-points", .changePoints), ("norm", .series("norm")),
    ])
    func `each witness can be judged alone`(name: String, method: Method) throws {
        let text = table("step,llc,loss,norm") { "\($0.step),\($0.llc),\($0.loss),\($0.llc > 4.5 ? 2 : 1)" }
        let stages = try #require(try findStages(text, method: Method(name)).stages)
        #expect(stages.method == method && !stages.boundaries.isEmpty)
    }

    @Test func `a witness that is not there is answered with those there are`() throws {
        let text = table("step,llc,loss,norm") { "\($0.step),\($0.llc),\($0.loss),\($0.llc)" }
        let failure = #expect(throws: Failure.self) { try findStages(text, method: .series("nope")) }
        #expect(failure?.kind == .mismatch)
        #expect(failure?.reason.hasSuffix("What there is: llc, loss, change-points, norm") == true)
        let other = #expect(throws: Failure.self) {
            try findStages(table("step,norm") { "\($0.step),\($0.llc)" }, method: .llc)
        }
        #expect(other?.reason.hasSuffix("What there is: change-points, norm") == true)
    }

    @Test func `a loss alone, and a norm alone, carry stages`() throws {
        #expect(try findStages(table("step,test_loss") { "\($0.step),\($0.loss)" }).stages?.method == .loss)
        #expect(try findStages(table("step,norm") { "\($0.step),\($0.llc)" }).stages?.method == .changePoints)
    }

    @Test func `seven points are too few and eight are not`() throws {
        let lines = table("step,llc") { "\($0.step),\($0.llc)" }.split(separator: "\n")
        #expect(try findStages(lines.prefix(8).joined(separator: "\n")).stages == nil)
        #expect(try findStages(lines.prefix(9).joined(separator: "\n")).stages != nil)
        let failure = #expect(throws: Failure.self) {
            try findStages(lines.prefix(8).joined(separator: "\n"), method: .llc)
        }
        #expect(failure?.kind == .mismatch && failure?.reason.contains("at least 8") == true)
    }

    @Test(arguments: ["step,llc", "step,loss", "step,norm", "step,llc,loss,norm"])
    func `constant series have no boundary`(header: String) throws {
        let count = header.filter { $0 == "," }.count
        let analysis = try findStages(table(header) { "\($0.step)" + String(repeating: ",2.5", count: count) })
        #expect(analysis.stages?.boundaries.isEmpty ?? true)
    }

    /// Sound whatever the answer: every number of a boundary is finite.
    @Test(arguments: [1e-300, 1e300])
    func `errors, values and losses at the ends of the range of numbers are no trap`(scale: Double) throws {
        let texts = [
            table("step,llc,llc_error") { "\($0.step),\($0.llc),\(scale)" },
            table("step,llc,llc_error,loss") { "\($0.step),\($0.llc * scale),\($0.error * scale),\($0.loss * scale)" },
            table("step,norm") { "\($0.step),\($0.llc * scale)" },
        ]
        for text in texts {
            for boundary in try findStages(text).stages?.boundaries ?? [] {
                #expect(boundary.step.isFinite && boundary.interval.upperBound.isFinite)
            }
        }
    }

    @Test func `the greatest steps are no trap, side by side or behind a gap`() throws {
        let greatest = 100_000_000_000_000
        for first in [greatest - 59, 0] {
            let lines = Self.rows.enumerated().map { index, row in
                "\(index == 59 ? greatest : first + index),\(row.llc),\(row.loss)"
            }
            let analysis = try findStages((["step,llc,loss"] + lines).joined(separator: "\n"))
            #expect(analysis.measurements.checkpoints.last?.step == greatest)
        }
    }

    @Test func `what is stored is read back as it was`() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/series.csv"
            let text = table("step,llc,llc_error,loss,norm") {
                "\($0.step),\($0.llc),\($0.step % 2 == 0 ? "\($0.error)" : ""),\($0.loss),\($0.llc)"
            }
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            let first = try Pipeline.findStages(at: path, output: "\(folder)/out", columns: [:], method: nil)
            let again = try Pipeline.findStages(at: "\(folder)/out", output: nil, columns: [:], method: nil)
            #expect(again.measurements.checkpoints.map { $0.llc } == first.measurements.checkpoints.map { $0.llc })
            #expect(again.measurements.checkpoints.map(\.loss) == first.measurements.checkpoints.map(\.loss))
            #expect(again.measurements.recordedSeries == first.measurements.recordedSeries)
            #expect(again.measurements.provenance == first.measurements.provenance)
            #expect(again.stages?.boundaries == first.stages?.boundaries)
        }
    }

    @Test func `the sampled results of a run are not overwritten`() throws {
        try withTemporaryFolder { folder in
            try Data("step,llc\n0,1\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/series.csv"))
            let store = MeasurementStore(run: folder, output: "\(folder)/out")
            try FileManager.default.createDirectory(atPath: store.folder, withIntermediateDirectories: true)
            try store.write(StoredSettings(sampling: nil, inputs: []))
            let failure = #expect(throws: Failure.self) {
                try Pipeline.findStages(
                    at: "\(folder)/series.csv", output: "\(folder)/out", columns: [:], method: nil)
            }
            #expect(failure?.kind == .mismatch && failure?.reason.contains("--output") == true)
            #expect(!FileManager.default.fileExists(atPath: store.measurementsPath))
        }
    }

    @Test func `columns are stated of tables only`() throws {
        let traces = try Fixture.url("traces/devinterp.h5").path()
        let failure = #expect(throws: Failure.self) {
            try Pipeline.findStages(at: traces, output: nil, columns: [.llc: "llc"], method: nil)
        }
        #expect(failure?.kind == .usage)
    }
}

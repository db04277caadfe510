import Foundation
import Runs
import TestSupport
import Testing

@testable import Pipeline

@Suite struct SelectionTests {
    let series: CheckpointSeries

    init() throws { series = try RunDirectory(at: Fixture.url("runs/tms-seed-A").path).series }

    @Test func `every k-th keeps the first and the last`() throws {
        let chosen = try selectCheckpoints(of: series, steps: nil, every: 10)
        #expect(chosen.first == 0 && chosen.last == series.references.count - 1)
    }

    @Test func `a step the series lacks is named`() throws {
        let error = #expect(throws: Failure.self) {
            try selectCheckpoints(of: series, steps: [-7], every: nil)
        }
        #expect(error?.kind == .usage && error?.reason.contains("-7") == true)
    }
}

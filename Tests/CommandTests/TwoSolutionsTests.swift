import Foundation
import TestSupport
import Testing

/// Modular addition that first memorises and then generalises, at nearly one training loss.
@Suite struct TwoSolutionsTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    /// The learning coefficients are not known. What is known is their order: on the floor of the training loss, where
    /// n·Δℓ is a thousandth of a nat, the solution that generalises was measured below the one that memorises at every
    /// setting tried (the README of the fixture), by some forty standard errors at this one; a quarter of the draws and
    /// half of the chains leave about fifteen.
    @Test func `λ̂ tells the solution that memorises from the one that generalises`() throws {
        let process = try Program.process(
            [
                "analyze", Fixture.url("runs/modular-addition").path, "--config",
                Fixture.url("runs/modular-addition.yaml").path, "--output", scratch.file("out"), "--chains", "2",
                "--draws", "250", "--json", "--steps", "0,113,483,2582,2869,3188,32398,35999,40000",
            ], scratch: scratch)
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let document = try #require(
            JSONSerialization.jsonObject(with: Data(scratch.text("stdout").utf8)) as? [String: Any])
        let evidence = try #require(document["evidence"] as? [String: Any])
        let pair = try #require(evidence["equalLossPair"] as? [String: Any])
        let difference = try #require(pair["llcDifference"] as? [String: Double])
        let (value, error) = (try #require(difference["value"]), try #require(difference["standardError"]))
        print("Δλ̂ \(value) ± \(error)")
        #expect(value < -5 * error && error > 0)
        #expect(try scratch.text("out/report.html").contains("Two solutions of nearly one training loss"))
    }
}

import Development
import Foundation
import TestSupport
import Testing

@Suite struct FreeEnergyTrades {
    private func estimate(_ value: Double, _ error: Double = 0) -> Estimate {
        Estimate(value: value, standardError: error)
    }

    private func trade(_ loss: Estimate, _ llc: Estimate, examples: Int = 1000) throws -> FreeEnergyTrade {
        try #require(FreeEnergyTrade(exampleCount: examples, lossChange: loss, llcChange: llc))
    }

    @Test func `the difference and its error are the formula's`() throws {
        let found = try trade(estimate(-0.01, 0.001), estimate(5, 0.8))
        #expect(Tolerance.ulps(4).accepts(found.difference.value, -10 + 5 * log(1000)))
        #expect(Tolerance.ulps(4).accepts(found.difference.standardError, hypot(1, 0.8 * log(1000))))
    }

    /// −c·W₋₁(−1/c), c = −Δλ/Δℓ, by scipy's `lambertw`.
    @Test(
        arguments: [
            (-0.01, 5, 4167.540688991253), (-1e-4, 40, 6_259_867.853260254), (0.02, -10, 4167.540688991253),
            (-1, 2.7183, 2.728251520978263), (-1, 2.8, 3.5378680015178046),
        ] as [(Double, Double, Double)])
    func `the tipping count solves the equation`(loss: Double, llc: Double, expected: Double) throws {
        guard case .at(let count) = try trade(estimate(loss), estimate(llc)).tipping else {
            Issue.record("no tipping")
            return
        }
        // Near c = e the two roots meet and the root of rounding, 1e-8, divided by their distance 0.01 is what is left.
        #expect(Tolerance.relative(llc == 2.7183 ? 1e-10 : 1e-13).accepts(count.value, expected))
        #expect(Tolerance.relative(1e-9).accepts(count.lower ?? .nan, count.value))
        #expect(Tolerance.relative(1e-9).accepts(count.upper ?? .nan, count.value))
    }

    @Test func `its interval is Fieller's, and open where the loss may not change`() throws {
        // Numbers from the inequality on a grid of c of spacing 1e-4, carried over by scipy's `lambertw`.
        guard case .at(let count) = try trade(estimate(-0.01, 0.001), estimate(5, 0.8)).tipping,
            case .at(let open) = try trade(estimate(-0.01, 0.006), estimate(5, 0.8)).tipping,
            case .at(let unknown) = try trade(estimate(-0.01, 0.006), estimate(5, 3)).tipping
        else {
            Issue.record("no tipping")
            return
        }
        #expect(Tolerance.relative(1e-6).accepts(count.lower ?? .nan, 2597.3734352860974))
        #expect(Tolerance.relative(1e-6).accepts(count.upper ?? .nan, 6195.879480784378))
        #expect(Tolerance.relative(1e-6).accepts(open.lower ?? .nan, 1530.7298383627276))
        #expect(open.upper == nil)
        #expect(unknown.lower == nil && unknown.upper == nil)
    }

    @Test func `without two roots it says which side decides`() throws {
        #expect(try trade(estimate(-0.01), estimate(-5)).tipping == .neverSameSense)
        #expect(try trade(estimate(0.01), estimate(5)).tipping == .neverSameSense)
        #expect(try trade(estimate(-1), estimate(2.7)).tipping == .neverLossDecides)
        #expect(try trade(estimate(-1), estimate(0)).tipping == .neverLossDecides)
        #expect(try trade(estimate(0), estimate(5)).tipping == .neverComplexityDecides)
    }

    @Test func `between two solutions it is after less before`() throws {
        let found = try #require(
            FreeEnergyTrade(
                exampleCount: 1000, from: (estimate(0.5, 0.03), estimate(20, 3)),
                to: (estimate(0.4, 0.04), estimate(26, 4))))
        #expect(Tolerance.ulps(8).accepts(found.lossChange.value, -0.1))
        #expect(Tolerance.ulps(4).accepts(found.lossChange.standardError, 0.05))
        #expect(found.llcChange == estimate(6, 5))
    }

    @Test func `no examples or a number that is none give nothing`() {
        #expect(FreeEnergyTrade(exampleCount: 0, lossChange: estimate(1), llcChange: estimate(1)) == nil)
        #expect(FreeEnergyTrade(exampleCount: 9, lossChange: estimate(.nan), llcChange: estimate(1)) == nil)
        #expect(FreeEnergyTrade(exampleCount: 9, lossChange: estimate(1), llcChange: estimate(1, .infinity)) == nil)
    }

    @Test func `it is the same after JSON`() throws {
        for llc in [5.0, -5] {
            let found = try trade(estimate(-0.01, 0.006), estimate(llc, 0.8))
            #expect(try JSONDecoder().decode(FreeEnergyTrade.self, from: JSONEncoder().encode(found)) == found)
        }
    }
}

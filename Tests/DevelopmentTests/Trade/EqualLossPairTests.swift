import Development
import Foundation
import TestSupport
import Testing

@Suite struct EqualLossPairs {
    /// A run that learns its examples by step 400, and to generalise at about step 2000.
    private struct Grokking {
        var steps = (0..<41).map { 100 * $0 }
        var training: [Double]
        var heldOut: [Double]
        var llc: [Estimate?]

        init(change: Double, noise: Double = 0, error: Double = 2, seed: UInt64 = 0) {
            var normals = RepeatableNormals(seed: seed)
            training = steps.map { 4.6 * exp(-Double($0) / 80) + 0.01 }
            heldOut = steps.map { 4.6 + 6 * (1 - exp(-Double($0) / 200)) - 10.5 / (1 + exp((2000 - Double($0)) / 60)) }
            llc = steps.map { step in
                let level = step < 2000 ? 60 : 60 + change
                return Estimate(value: level + noise * normals.next(), standardError: error)
            }
        }

        func pair(examples: Int = 3000) -> EqualLossPair? {
            EqualLossPair(
                steps: steps, trainingLosses: training, heldOutLosses: heldOut, llc: llc, exampleCount: examples)
        }
    }

    @Test func `both solutions of a run that groks are found, with the trade between them`() throws {
        let found = try #require(Grokking(change: -20).pair())
        #expect(found.memorising.steps.allSatisfy { 400..<2000 ~= $0 } && found.memorising.steps.count == 5)
        #expect(found.generalising.steps.allSatisfy { $0 > 2100 } && found.generalising.steps.count >= 3)
        #expect(found.memorising.heldOutLoss.value > 10 && found.generalising.heldOutLoss.value < 1)
        #expect(found.memorising.llc.value == 60 && found.generalising.llc.value == 40)
        let (first, second) = (Double(found.memorising.steps.count), Double(found.generalising.steps.count))
        let error = (4 / first + 4 / second).squareRoot()
        #expect(Tolerance.ulps(8).accepts(found.llcDifference.standardError, error))
        #expect(Tolerance.ulps(8).accepts(found.z ?? .nan, -20 / error))
        #expect(found.isBeyondErrors)
        // 2.8015852 standard errors: scipy's norm.ppf(.975) + norm.ppf(.8).
        #expect(Tolerance.relative(1e-7).accepts(found.smallestVisibleDifference ?? .nan, 2.801_585_2 * error))
        #expect(found.trade.llcChange == found.llcDifference)
        #expect(found.trade.difference.value < 0)
        #expect(try JSONDecoder().decode(EqualLossPair.self, from: JSONEncoder().encode(found)) == found)
    }

    @Test func `p-values are those of the normal distribution`() throws {
        let found = try #require(Grokking(change: -5).pair())
        let z = try #require(found.z)
        // erfc of the C library against 2·norm.sf(2.5) by scipy, then against itself.
        #expect(Tolerance.relative(1e-14).accepts(erfc(2.5 / 2.0.squareRoot()), 0.012419330651552265))
        #expect(found.pValue == erfc(abs(z) / 2.0.squareRoot()))
    }

    @Test func `equal λ is called different in about 5 of 100 runs`() throws {
        let beyond = try (0..<400).count { seed in
            try #require(Grokking(change: 0, noise: 2, seed: UInt64(seed)).pair()).isBeyondErrors
        }
        print("equal λ called different: \(beyond) of 400")
        // The larger of two errors makes it rarer; three standard errors of a share of 5 % are 3.3 %.
        #expect(beyond <= 33)
    }

    @Test func `a single spike is no solution`() throws {
        var run = Grokking(change: -20)
        run.heldOut[35] = 40
        let found = try #require(run.pair())
        #expect(found.memorising.steps.allSatisfy { $0 < 2000 })
        #expect(!found.generalising.steps.contains(3500))
    }

    @Test func `scatter beyond the stated errors counts`() throws {
        let found = try #require(Grokking(change: 0, noise: 30, error: 0.1, seed: 4).pair())
        #expect(found.llcDifference.standardError > 5)
    }

    @Test func `a run that only generalises, or never learns, has no such pair`() {
        var run = Grokking(change: -20)
        run.heldOut = run.training.map { $0 + 0.05 }
        #expect(run.pair() == nil)
        run = Grokking(change: -20)
        run.training = run.training.map { _ in 4.6 }
        #expect(run.pair() == nil)
        run.training = run.training.map { _ in .nan }
        #expect(run.pair() == nil)
        #expect(
            EqualLossPair(steps: [], trainingLosses: [], heldOutLosses: [], llc: [], exampleCount: 10) == nil)
    }

    @Test func `checkpoints without λ̂ or a loss take no part, and without errors there is no z`() throws {
        var run = Grokking(change: -20, error: 0)
        for index in 8...12 { run.llc[index] = nil }
        run.heldOut[14] = .nan
        run.training[15] = .nan
        let found = try #require(run.pair())
        #expect(Set(found.memorising.steps).isDisjoint(with: [800, 900, 1000, 1100, 1200, 1400, 1500]))
        #expect(found.z == nil && found.pValue == nil && !found.isBeyondErrors)
        #expect(found.smallestVisibleDifference == nil)
        #expect(run.pair(examples: 0) == nil)
    }
}

import Foundation
import Sampling
import TestSupport
import Testing

struct LLCEstimateTests {
    /// Traces whose paired difference is `mean(chain, draw)` plus noise of the given size, stationary with d = 10.
    static func traces(
        chains: Int = 4, draws: Int = 400, noise: Double = 1, mean: (Int, Int) -> Double = { _, _ in 5 },
        driftProduct: Double = 10.1, squaredDrift: Double = 400
    ) -> [ChainTrace] {
        (0..<chains).map { index in
            let stream = RandomStream(seed: 5, trainingStep: 0, chain: index, purpose: .projection)
            var normals = [Double](repeating: 0, count: 2 * draws)
            stream.fillNormals(&normals, row: 0)
            var trace = ChainTrace(chain: index)
            for draw in 0..<draws {
                trace.lossDifferences.append((mean(index, draw) + noise * normals[draw]) / 100)
                trace.losses.append(2 + trace.lossDifferences[draw])
                trace.driftProducts.append(driftProduct + normals[draws + draw])
                trace.squaredDrifts.append(squaredDrift)
                trace.squaredDistances.append(1)
            }
            return trace
        }
    }

    /// nβ = 100, d = 10, ε = 1e-3: (ε/4)·400 = 0.1.
    static func estimate(_ traces: [ChainTrace], burnIn: Int = 0) -> LLCEstimate {
        var settings = testSettings(draws: 1, burnIn: burnIn, stepSize: 1e-3, nBeta: 100, localization: 0)
        settings.method = .sgld
        return LLCEstimate(traces: traces, conditions: ChainConditions(settings, dimension: 10))
    }

    static func kinds(_ estimate: LLCEstimate) -> [Concern.Kind] { estimate.concerns.map(\.kind) }

    @Test func `sound chains give a value, its error and no concern`() throws {
        let estimate = Self.estimate(Self.traces())
        let error = try #require(estimate.standardError)
        // 1600 independent draws of standard deviation 1.
        #expect(Tolerance.relative(0.2).accepts(error, 1 / 40))
        #expect(Tolerance.statistical(standardErrors: 4, error: error).accepts(try #require(estimate.value), 5))
        #expect(estimate.chainValues.compactMap { $0 }.count == 4)
        #expect(estimate.concerns.isEmpty, "\(estimate.concerns)")
        let identity = try #require(estimate.identity)
        #expect(Tolerance.ulps(2).accepts(identity.right, 10.1))
    }

    @Test func `burn-in is left out`() throws {
        let traces = Self.traces { _, draw in draw < 100 ? 50 : 5 }
        #expect(Tolerance.absolute(0.2).accepts(try #require(Self.estimate(traces, burnIn: 100).value), 5))
        #expect(Self.kinds(Self.estimate(traces)).contains(.drifting))
    }

    @Test func `a diverged chain takes no part`() throws {
        var traces = Self.traces()
        traces[1].outcome = .diverged(atDraw: 17)
        traces[1].lossDifferences = traces[1].lossDifferences.map { _ in 1e300 }
        let estimate = Self.estimate(traces)
        #expect(Tolerance.absolute(0.2).accepts(try #require(estimate.value), 5))
        #expect(estimate.divergedAtDraw == [nil, 17, nil, nil])
        #expect(estimate.chainValues[1] == nil && estimate.chainValues[2] != nil)
        #expect(estimate.concerns.map(\.kind) == [.diverged])
        #expect(estimate.concerns.map(\.severity) == [.doubtful])
    }

    @Test func `a majority of diverged chains makes the number unusable`() {
        var traces = Self.traces()
        for index in 0..<3 { traces[index].outcome = .diverged(atDraw: 3) }
        let most = Self.estimate(traces)
        #expect(most.concerns.first?.kind == .diverged && most.concerns.first?.severity == .unusable)
        traces[3].outcome = .diverged(atDraw: 3)
        let all = Self.estimate(traces)
        #expect(all.value == nil && all.standardError == nil && all.identity == nil)
        #expect(Self.kinds(all) == [.diverged])
    }

    @Test func `no draw after burn-in and no chain are unusable, not a crash`() {
        for estimate in [Self.estimate(Self.traces(draws: 10), burnIn: 10), Self.estimate([])] {
            #expect(estimate.value == nil)
            #expect(estimate.concerns.map(\.severity) == [.unusable])
        }
    }

    @Test func `chains in different places disagree`() {
        let estimate = Self.estimate(Self.traces { chain, _ in chain == 0 ? 15 : 5 })
        #expect(Self.kinds(estimate).contains(.chainsDisagree))
        #expect(estimate.rHat.map { $0 > 1.5 } == true)
    }

    @Test func `a difference that is real but small is no concern`() {
        // R-hat is high because the noise is small; chains differ by a thousandth.
        let estimate = Self.estimate(Self.traces(noise: 0.001) { chain, _ in 5 + 0.005 * Double(chain % 2) })
        #expect(estimate.rHat.map { $0 > 1.01 } == true)
        #expect(!Self.kinds(estimate).contains(.chainsDisagree))
    }

    @Test func `one chain is a concern of its own`() {
        let estimate = Self.estimate(Self.traces(chains: 1))
        #expect(Self.kinds(estimate) == [.singleChain])
        #expect(estimate.rHat == nil && estimate.standardError != nil)
    }

    @Test func `few draws are a concern`() {
        // Independent draws count fully: 4 chains of 25, 5 and 2.
        #expect(Self.estimate(Self.traces(draws: 25)).concerns.isEmpty)
        let some = Self.estimate(Self.traces(chains: 2, draws: 8))
        #expect(some.bulkESS.map { 10 < $0 && $0 < 25 } == true, "\(some)")
        #expect(some.concerns.filter { $0.kind == .fewEffectiveDraws }.map(\.severity) == [.doubtful])
        let none = Self.estimate(Self.traces(draws: 2))
        #expect(none.concerns.map(\.kind) == [.fewEffectiveDraws] && none.concerns.map(\.severity) == [.unusable])
    }

    @Test func `chains that sit apart have no effective draws and no meaning`() throws {
        let estimate = Self.estimate(Self.traces { chain, _ in 5 + 10 * Double(chain) })
        #expect(try #require(estimate.bulkESS) < 10 && (try #require(estimate.rHat)) > 2)
        let first = try #require(estimate.concerns.first)
        #expect(first.kind == .fewEffectiveDraws && first.severity == .unusable)
    }

    @Test func `a negative value is reported and doubted`() throws {
        let estimate = Self.estimate(Self.traces { _, _ in -5 })
        #expect(try #require(estimate.value) < -4)
        #expect(Self.kinds(estimate) == [.negative])
        #expect(estimate.concerns.map(\.severity) == [.unusable])
        #expect(Self.estimate(Self.traces { _, _ in -0.5 }).concerns.map(\.severity) == [.doubtful])
        // A value below zero by less than its error is no finding.
        #expect(!Self.kinds(Self.estimate(Self.traces(noise: 100) { _, _ in -0.001 })).contains(.negative))
    }

    @Test func `a violated identity is not stationary`() {
        #expect(Self.kinds(Self.estimate(Self.traces(driftProduct: 6))) == [.notStationary])
    }

    @Test func `a step that adds to the value more than chance and a twentieth is too large`() {
        // (ε/8)·4000 = 0.5, a tenth of 5 and twenty standard errors of 1/40.
        let hot = Self.estimate(Self.traces(driftProduct: 11, squaredDrift: 4000))
        #expect(Self.kinds(hot) == [.stepSizeTooLarge])
        #expect(hot.concerns.first?.finding.contains("(ε/8)(E|g|² − γd) = 0.5000 to λ̂, 10 % of it") == true)
        // 0.2 is eight standard errors but 4 %; 0.5 is 10 % but within three standard errors of 8/40.
        #expect(Self.estimate(Self.traces(driftProduct: 10.4, squaredDrift: 1600)).concerns.isEmpty)
        #expect(Self.estimate(Self.traces(noise: 8, driftProduct: 11, squaredDrift: 4000)).concerns.isEmpty)
    }

    @Test func `a trace of another sampler has no identity`() {
        var traces = Self.traces()
        for index in traces.indices {
            traces[index].driftProducts = []
            traces[index].squaredDrifts = []
        }
        let estimate = Self.estimate(traces)
        #expect(estimate.identity == nil && estimate.concerns.isEmpty)
    }

    @Test func `concerns carry numbers and a remedy`() {
        for concern in Self.estimate(Self.traces(draws: 15, driftProduct: 2)).concerns {
            #expect(concern.finding.contains(where: \.isNumber) && !concern.remedy.isEmpty)
        }
    }

    @Test func `an estimate survives JSON`() throws {
        let estimate = Self.estimate(Self.traces())
        #expect(try JSONDecoder().decode(LLCEstimate.self, from: JSONEncoder().encode(estimate)) == estimate)
    }
}

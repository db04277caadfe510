import Foundation
import Sampling
import TestSupport
import Testing

struct ChainTests {
    static let shifts = (0..<12).map { Double($0) / 11 - 0.5 }
    static let loss = ClosureLoss<Double>.quadratic([1, 2, 5, 10, 0.5], shifts: shifts)
    static let posterior = LocalPosterior<Double>(
        center: [0.3, -0.2, 0.1, 0, 0.5], nBeta: 50, localization: 2, subset: ParameterSubset(ranges: [0..<2, 3..<5]))
    static let centerLosses = loss.makeEvaluator(capacity: 12).fullLoss(
        at: posterior.center, examples: 0..<12, chunkSize: 5
    ).exampleLosses

    static func settings(
        _ minibatches: SamplingSettings.Minibatches = .iid, stepSize: Double = 1e-3, seed: UInt64 = 1
    ) -> SamplingSettings {
        testSettings(
            draws: 100, batch: 5, minibatches: minibatches, stepSize: stepSize, nBeta: 50, localization: 2, seed: seed)
    }

    static func advance(
        _ chain: inout Chain<Double>, to drawCount: Int, settings: SamplingSettings = settings(),
        trainingStep: Int = 10, onDraw: (Int) -> Void = { _ in }
    ) throws {
        try chain.advance(
            to: drawCount, evaluator: loss.makeEvaluator(capacity: 5), centerLosses: centerLosses,
            posterior: posterior, settings: settings, trainingStep: trainingStep, onDraw: onDraw)
    }

    static func run(
        chain index: Int = 0, settings: SamplingSettings = settings(), trainingStep: Int = 10, drawCount: Int = 100
    ) throws -> Chain<Double> {
        var chain = Chain(chain: index, posterior: posterior, settings: settings, trainingStep: trainingStep)
        try advance(&chain, to: drawCount, settings: settings, trainingStep: trainingStep)
        return chain
    }

    @Test(arguments: SamplingSettings.Minibatches.allCases, SamplingMethod.allCases)
    func `a stored chain continues as if never interrupted`(
        _ minibatches: SamplingSettings.Minibatches, _ method: SamplingMethod
    ) throws {
        var settings = Self.settings(minibatches)
        settings.method = method
        settings.burnInCount = 20
        settings.stepsPerDraw = 3
        settings.observations.interval = 4
        settings.observations.tracedExampleCount = 2
        settings.observations.covarianceRank = 1
        let whole = try Self.run(settings: settings)
        var parts = Chain(chain: 0, posterior: Self.posterior, settings: settings, trainingStep: 10)
        for drawCount in [1, 7, 7, 3, 64, 100] {
            try Self.advance(&parts, to: drawCount, settings: settings)
            parts = try JSONDecoder().decode(Chain<Double>.self, from: JSONEncoder().encode(parts))
        }
        #expect(parts == whole)
        #expect(whole.trace.drawCount == 100)
        #expect(whole.trace.fullLossDifferences.count == 25 && whole.observations?.tracedLosses.count == 20)
        let checks =
            settings.acceptanceInterval > 0 ? (100 + settings.acceptanceInterval - 1) / settings.acceptanceInterval : 0
        #expect(whole.trace.acceptances.count == checks)
        #expect(whole.trace.prefix(33, settings: settings) == (try Self.run(settings: settings, drawCount: 33)).trace)
    }

    /// With both ends on the minibatch of the step, and at the step itself, however many steps lie between draws.
    @Test func `the acceptance recorded is that of one step, with several steps between draws too`() throws {
        var settings = Self.settings()
        settings.stepsPerDraw = 5
        var often = Self.settings()
        often.stepsPerDraw = 1
        let thinned = try Self.run(settings: settings).trace
        // Step 32·5 of the chain with one step a draw is draw 160 there.
        let every = try Self.run(settings: often, drawCount: 200).trace
        #expect(thinned.acceptances[1] == every.acceptances[5])
        #expect(thinned.acceptances.allSatisfy { 0 < $0 && $0 <= 1 })
    }

    @Test func `chains are the same bytes whatever runs beside them`() async throws {
        let alone = try (0..<8).map { try Self.run(chain: $0) }
        let together = try await withThrowingTaskGroup(of: Chain<Double>.self) { group in
            for index in (0..<8).reversed() { group.addTask { try Self.run(chain: index) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(together.sorted { $0.trace.chain < $1.trace.chain } == alone)
    }

    @Test func `another seed, training step or chain is another chain`() throws {
        let chains = [
            try Self.run(), try Self.run(settings: Self.settings(seed: 2)), try Self.run(trainingStep: 11),
            try Self.run(chain: 1),
        ]
        #expect(Set(chains.map { $0.trace.losses[50] }).count == 4)
    }

    @Test func `the first draw is the center and frozen coordinates stay`() throws {
        let chain = try Self.run()
        #expect(chain.trace.lossDifferences[0] == 0)
        #expect(chain.trace.squaredDistances[0] == 0)
        #expect(chain.trace.driftProducts[0] == 0)
        #expect(chain.state.position[2] == Self.posterior.center[2])
        #expect(chain.state.position[0] != Self.posterior.center[0])
    }

    /// Above ε·p = 4 the steps grow without bound: with p = 50·10 + 2 and ε = 1 by 250 each, to infinity after some 64
    /// draws, when the square of the drift overflows.
    @Test func `a chain that blows up is diverged and stays so`() throws {
        var chain = Chain(chain: 0, posterior: Self.posterior, settings: Self.settings(), trainingStep: 10)
        try Self.advance(&chain, to: 1000, settings: Self.settings(stepSize: 1))
        #expect(chain.trace.outcome == .diverged(atDraw: chain.trace.drawCount))
        #expect((30..<200).contains(chain.trace.drawCount))
        for series in [
            chain.trace.losses, chain.trace.lossDifferences, chain.trace.driftProducts, chain.trace.squaredDrifts,
            chain.trace.squaredDistances,
        ] {
            #expect(series.count == chain.trace.drawCount && series.allSatisfy(\.isFinite))
        }
        let trace = chain.trace
        #expect(trace.prefix(trace.drawCount, settings: Self.settings()).outcome == .completed)
        try Self.advance(&chain, to: 2000, settings: Self.settings(stepSize: 1))
        #expect(chain.trace == trace)
    }

    @Test func `a loss that is not a number at the center diverges at draw zero`() throws {
        let loss = ClosureLoss<Float>(parameterCount: 1) { _, _, _, _ in .nan }
        let (estimate, traces) = try sample(
            loss, center: [0], settings: testSettings(draws: 5, stepSize: 1, nBeta: 1, localization: 0))
        #expect(traces.map(\.outcome) == [.diverged(atDraw: 0), .diverged(atDraw: 0)])
        #expect(estimate.value == nil)
    }

    @Test func `a cancelled task stops at the next draw and keeps what was done`() async throws {
        let chain = await Task {
            var chain = Chain(chain: 0, posterior: Self.posterior, settings: Self.settings(), trainingStep: 10)
            #expect(throws: CancellationError.self) {
                try Self.advance(&chain, to: 100) { drawCount in
                    if drawCount == 10 { withUnsafeCurrentTask { $0?.cancel() } }
                }
            }
            return chain
        }.value
        #expect(chain.trace.drawCount == 10)
        #expect(chain.trace.outcome == .completed)
        var continued = chain
        try Self.advance(&continued, to: 100)
        #expect(try continued == Self.run())
    }
}

import Foundation
import Sampling
import Tensors
import TestSupport
import Testing

/// What every sampler must do, tested alike for all.
struct SamplerContractTests {
    enum Kind: String, CaseIterable, CustomStringConvertible {
        case sgld = "SGLD", rmsprop = "RMSprop-SGLD, frozen", sgnht = "SGNHT", mala = "MALA", hmc = "HMC"
        var description: String { rawValue }

        /// Whether this is discretised Langevin dynamics, with a stationary law of its own.
        var isDiscrete: Bool { self == .sgld || self == .rmsprop }

        func sampler(stepSize: Double, adaptationCount: Int = 1000) -> any Sampler {
            switch self {
            case .sgld: SGLD(stepSize: stepSize)
            case .rmsprop: RMSpropSGLD(stepSize: stepSize, adaptationCount: adaptationCount)
            case .sgnht: SGNHT(stepSize: stepSize)
            case .mala: HamiltonianMonteCarlo(stepSize: stepSize, leapfrogCount: 1)
            case .hmc: HamiltonianMonteCarlo(stepSize: stepSize)
            }
        }
    }

    /// L = ½Σh_i(w_i − m_i)² around a center other than m: Gaussian, of precision p_i = nβ·h_i + γ in each direction.
    struct Gaussian<Scalar: Real> {
        static var nBeta: Double { 100 }
        static var localization: Double { 10 }

        /// The curvatures that there are, spread over more than a factor of ten; as many coordinates have each.
        let kinds: [Double]
        let posterior: LocalPosterior<Scalar>
        let curvatures: [Scalar]
        let minimum: [Scalar]

        init(dimension: Int) {
            kinds = dimension == 2 ? [1, 16] : [1, 2, 4, 8, 16]
            let kinds = kinds
            let center = (0..<dimension).map { Scalar($0 % 7) / 4 - 1 }
            curvatures = (0..<dimension).map { Scalar(kinds[$0 % kinds.count]) }
            minimum = (0..<dimension).map { center[$0] + Scalar(Self.offset(kinds[$0 % kinds.count])) }
            posterior = LocalPosterior(
                center: center, nBeta: Self.nBeta, localization: Self.localization,
                subset: ParameterSubset(all: dimension))
        }

        /// How far the minimum is from the center: one standard deviation of the likelihood.
        static func offset(_ curvature: Double) -> Double { 1 / (nBeta * curvature).squareRoot() }
        static func precision(_ curvature: Double) -> Double { nBeta * curvature + localization }
        /// E[δ].
        static func mean(_ curvature: Double) -> Double {
            nBeta * curvature * offset(curvature) / precision(curvature)
        }

        func loss(_ position: [Scalar], _ step: Int, _ gradient: inout [Scalar]) -> Double {
            var loss = 0.0
            for index in position.indices {
                let distance = position[index] - minimum[index]
                gradient[index] = curvatures[index] * distance
                loss += Double(gradient[index] * distance)
            }
            return loss / 2
        }
    }

    struct Case: Sendable, CustomStringConvertible {
        let kind: Kind, dimension: Int
        /// ε·p in the steepest direction; for RMSprop-SGLD without G, which is about 2 there.
        let relativeStep: Double
        let steps: Int
        var description: String { "\(kind), d = \(dimension)" }
    }

    static let cases: [Case] = [
        Case(kind: .sgld, dimension: 2, relativeStep: 0.4, steps: 1_000_000),
        Case(kind: .sgld, dimension: 20, relativeStep: 0.4, steps: 200_000),
        Case(kind: .sgld, dimension: 200, relativeStep: 0.4, steps: 80_000),
        Case(kind: .sgld, dimension: 2000, relativeStep: 0.4, steps: 20_000),
        Case(kind: .rmsprop, dimension: 2, relativeStep: 0.2, steps: 1_000_000),
        Case(kind: .rmsprop, dimension: 20, relativeStep: 0.2, steps: 200_000),
        Case(kind: .rmsprop, dimension: 200, relativeStep: 0.2, steps: 80_000),
        Case(kind: .rmsprop, dimension: 2000, relativeStep: 0.2, steps: 20_000),
        Case(kind: .sgnht, dimension: 2, relativeStep: 1, steps: 1_000_000),
        Case(kind: .sgnht, dimension: 20, relativeStep: 1, steps: 200_000),
        Case(kind: .sgnht, dimension: 200, relativeStep: 1, steps: 40_000),
        Case(kind: .sgnht, dimension: 2000, relativeStep: 1, steps: 8000),
        Case(kind: .mala, dimension: 2, relativeStep: 1, steps: 1_000_000),
        Case(kind: .mala, dimension: 20, relativeStep: 0.6, steps: 200_000),
        Case(kind: .mala, dimension: 200, relativeStep: 0.3, steps: 60_000),
        Case(kind: .mala, dimension: 2000, relativeStep: 0.15, steps: 20_000),
        Case(kind: .hmc, dimension: 2, relativeStep: 1, steps: 200_000),
        Case(kind: .hmc, dimension: 20, relativeStep: 0.6, steps: 40_000),
        Case(kind: .hmc, dimension: 200, relativeStep: 0.3, steps: 8000),
        Case(kind: .hmc, dimension: 2000, relativeStep: 0.15, steps: 4000),
    ]

    /// Of 270 comparisons some exceed three standard errors by chance; 4.5 are exceeded by any of them with a
    /// probability of at most 270 · 6.8e-6 = 0.18 %.
    static let standardErrors = 4.5

    /// The stationary variance of a direction: 1/p, or 1/[p(1 − εGp/4)] for SGLD with a constant G.
    static func variance(_ kind: Kind, precision: Double, stepSize: Double, preconditioner: Double) -> Double {
        switch kind {
        case .sgld, .rmsprop: 1 / (precision * (1 - stepSize * preconditioner * precision / 4))
        case .sgnht, .mala, .hmc: 1 / precision
        }
    }

    @Test(arguments: cases)
    func `the moments of a Gaussian are the exact ones`(_ test: Case) {
        check(test, Double.self)
        if test.dimension == 200 { check(test, Float.self) }
    }

    private func check<Scalar: Real>(_ test: Case, _ type: Scalar.Type) {
        typealias Target = Gaussian<Scalar>
        let target = Target(dimension: test.dimension)
        let kinds = target.kinds.count
        let posterior = target.posterior
        let stepSize = test.relativeStep / Target.precision(16)
        // Steps of the slowest sampler, MALA in 2000 dimensions, shrink the start by (1 − 0.005·a) each.
        let burnIn = test.kind == .hmc ? 500 : 4000
        let run = SamplerRun(
            test.kind.sampler(stepSize: stepSize), posterior: posterior, burnIn: burnIn, steps: test.steps,
            observableCount: 2 * kinds + 3, loss: target.loss
        ) { position, loss, info, sums in
            var kind = 0
            for index in position.indices {
                let delta = Double(position[index] - posterior.center[index])
                sums[kind] += delta
                sums[kinds + kind] += delta * delta
                kind = kind + 1 == kinds ? 0 : kind + 1
            }
            sums[2 * kinds] += loss
            sums[2 * kinds + 1] += info.driftProduct - (test.kind.isDiscrete ? stepSize / 4 * info.squaredDrift : 0)
            sums[2 * kinds + 2] += info.acceptance ?? 1
        }

        let copies = Double(test.dimension / kinds)
        let preconditioners = run.states.map { state in
            state.squaredGradients.isEmpty
                ? posterior.center.map { _ in 1.0 } : RMSpropSGLD.preconditioner(of: state).map { Double($0) }
        }
        var expectedLoss = 0.0
        var report = ""
        for (kind, curvature) in target.kinds.enumerated() {
            let mean = Target.mean(curvature)
            let variance =
                preconditioners.flatMap { chain in
                    stride(from: kind, to: test.dimension, by: kinds).map {
                        Self.variance(
                            test.kind, precision: Target.precision(curvature), stepSize: stepSize,
                            preconditioner: chain[$0])
                    }
                }.reduce(0, +) / copies / Double(preconditioners.count)
            let (measuredMean, meanError) = run.estimate(kind)
            let (square, squareError) = run.estimate(kinds + kind)
            expect(
                measuredMean / copies, mean, error: meanError / copies, scale: variance.squareRoot(),
                "mean \(curvature)")
            expect(
                square / copies, variance + mean * mean, error: squareError / copies, scale: variance + mean * mean,
                "square \(curvature)")
            let miss = mean - Target.offset(curvature)
            expectedLoss += copies * curvature / 2 * (variance + miss * miss)
            report += String(
                format: " %.4f±%.4f", (square / copies - mean * mean) / variance, squareError / copies / variance)
        }
        let (loss, lossError) = run.estimate(2 * kinds)
        expect(loss, expectedLoss, error: lossError, scale: expectedLoss, "loss")
        let (identity, identityError) = run.estimate(2 * kinds + 1)
        let dimension = Double(test.dimension)
        expect(identity, dimension, error: identityError, scale: dimension, "identity")
        print(
            "\(test), \(type): variances over the exact ones\(report);",
            String(
                format: "λ̂ %.4f ± %.4f, exact %.4f; identity %.4f ± %.4f; acceptance %.4f", Target.nBeta * loss,
                Target.nBeta * lossError, Target.nBeta * expectedLoss, identity / dimension, identityError / dimension,
                run.estimate(2 * kinds + 2).mean))
    }

    /// Within the standard errors, which must be no more than 2 % of a scale.
    private func expect(_ value: Double, _ expected: Double, error: Double, scale: Double, _ name: String) {
        #expect(error < 0.02 * scale, "\(name)")
        #expect(
            Tolerance.statistical(standardErrors: Self.standardErrors, error: error).accepts(value, expected),
            "\(name)")
    }

    /// A state in the middle of a run, after encoding and decoding, goes on as if nothing had happened.
    @Test(arguments: Kind.allCases)
    func `a stored and continued chain is the uninterrupted one`(_ kind: Kind) throws {
        try continues(kind, Float.self)
        try continues(kind, Double.self)
    }

    private func continues<Scalar: Real>(_ kind: Kind, _ type: Scalar.Type) throws {
        let target = Gaussian<Scalar>(dimension: 200)
        // The stop comes while the preconditioner still adapts.
        let sampler = kind.sampler(stepSize: 1e-4, adaptationCount: 30)
        var whole = start(sampler, target)
        let wholeInfos = advance(&whole, sampler, target, steps: 0..<40)
        var stopped = start(sampler, target)
        var infos = advance(&stopped, sampler, target, steps: 0..<20)
        var continued = try JSONDecoder().decode(SamplerState<Scalar>.self, from: JSONEncoder().encode(stopped))
        infos += advance(&continued, sampler, target, steps: 20..<40)
        #expect(continued == whole)
        #expect(infos == wholeInfos)
        #expect(continued.position != stopped.position)
    }

    private static let randomness = SamplerRandomness(seed: 5, trainingStep: 3, chain: 1)

    private func start<Scalar: Real>(_ sampler: any Sampler, _ target: Gaussian<Scalar>) -> SamplerState<Scalar> {
        sampler.start(at: target.posterior.center, posterior: target.posterior, randomness: Self.randomness)
    }

    private func advance<Scalar: Real>(
        _ state: inout SamplerState<Scalar>, _ sampler: any Sampler, _ target: Gaussian<Scalar>, steps: Range<Int>
    ) -> [StepInfo] {
        var gradient = state.position
        return steps.map { step in
            let loss = target.loss(state.position, step, &gradient)
            return sampler.step(
                &state, loss: loss, gradient: gradient, posterior: target.posterior, randomness: Self.randomness,
                step: step
            ) { target.loss($0, step, &$1) }
        }
    }

    /// Outside of the subset nothing is read, so that NaN does no harm, and nothing is written; inside, steps are
    /// those of a vector that has other numbers outside.
    @Test(arguments: Kind.allCases)
    func `coordinates outside the subset are neither read nor touched`(_ kind: Kind) {
        isolates(kind, Float.self)
        isolates(kind, Double.self)
    }

    private func isolates<Scalar: Real>(_ kind: Kind, _ type: Scalar.Type) {
        let posterior = StepFixture.posterior(type, ranges: StepFixture.ranges)
        let inside = Set(StepFixture.ranges.joined())
        let outside = Set(0..<StepFixture.count).subtracting(inside)
        let sampler = kind.sampler(stepSize: 1e-4, adaptationCount: 3)
        func run(outside value: Scalar, gradient other: Scalar) -> (state: SamplerState<Scalar>, infos: [StepInfo]) {
            var position = StepFixture.start(posterior)
            for index in outside { position[index] = value }
            func loss(_ w: [Scalar], _ gradient: inout [Scalar]) -> Double {
                var loss = 0.0
                for index in w.indices {
                    gradient[index] = inside.contains(index) ? w[index] : other
                    if inside.contains(index) { loss += Double(w[index] * w[index]) / 2 }
                }
                return loss
            }
            var state = sampler.start(at: position, posterior: posterior, randomness: StepFixture.randomness)
            var gradient = position
            let infos = (0..<6).map { step in
                let value = loss(state.position, &gradient)
                return sampler.step(
                    &state, loss: value, gradient: gradient, posterior: posterior, randomness: StepFixture.randomness,
                    step: step
                ) { loss($0, &$1) }
            }
            return (state, infos)
        }
        let (state, infos) = run(outside: 7, gradient: .nan)
        let (same, sameInfos) = run(outside: .infinity, gradient: 1e6)
        #expect(infos == sameInfos && infos.allSatisfy(\.areFinite))
        for index in inside { #expect(state.position[index] == same.position[index]) }
        let start = StepFixture.start(posterior)
        #expect(inside.contains { state.position[$0] != start[$0] })
        for index in outside {
            #expect(state.position[index] == 7 && same.position[index] == .infinity)
            #expect(state.momentum.isEmpty || state.momentum[index] == 0)
            #expect(state.squaredGradients.isEmpty || state.squaredGradients[index] == 0)
        }
    }

    /// A number for the reader; nothing is asserted, because a shared machine promises no speed.
    @Test(arguments: [Kind.sgld, .rmsprop, .sgnht])
    func `the overhead of a step is printed`(_ kind: Kind) {
        let dimension = 50_000
        let posterior = LocalPosterior(
            center: [Float](repeating: 0, count: dimension), nBeta: 100, localization: 1,
            subset: ParameterSubset(all: dimension))
        let sampler = kind.sampler(stepSize: 1e-4)
        var state = sampler.start(at: posterior.center, posterior: posterior, randomness: Self.randomness)
        let steps = 2000
        // Processor time of this thread: other tests run beside it.
        let start = nanoseconds(CLOCK_THREAD_CPUTIME_ID)
        for step in 0..<steps {
            _ = sampler.step(&state, gradient: posterior.center, posterior: posterior, step: step)
        }
        let rate = Double(steps) * 1e9 / Double(nanoseconds(CLOCK_THREAD_CPUTIME_ID) - start)
        print(
            "\(kind), \(dimension) floats: \(Int(rate)) steps/s, \(Int(rate * Double(dimension) / 1e6)) M coordinates/s"
        )
    }

    private func nanoseconds(_ clock: clockid_t) -> Int {
        var time = timespec()
        clock_gettime(clock, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}

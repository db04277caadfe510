import Foundation
import Sampling
import Tensors
import TestSupport
import Testing

struct RMSpropSGLDTests {
    /// Three steps in plain Swift, one coordinate at a time: two that adapt and one that is frozen.
    func checkAgainstReference<Scalar: Real>(_ type: Scalar.Type, unit: Double) {
        let posterior = StepFixture.posterior(type, ranges: StepFixture.ranges)
        let stepSize = 1e-3
        let sampler = RMSpropSGLD(stepSize: stepSize, adaptationCount: 2)
        var state = sampler.start(
            at: StepFixture.start(posterior), posterior: posterior, randomness: StepFixture.randomness)
        #expect(state.squaredGradients.allSatisfy { $0 == 0 })
        for step in 0..<3 {
            let gradient: [Scalar] = StepFixture.vector(2 + step, scale: 0.5)
            let normals = StepFixture.normals(type, stream: StepFixture.randomness.noise, row: step)
            let before = state
            let sums = sampler.step(&state, gradient: gradient, posterior: posterior, step: step)
            var product = 0.0
            var drifts = 0.0
            var distances = 0.0
            for index in StepFixture.ranges.joined() {
                let slope = Double(gradient[index])
                let delta = Double(before.position[index]) - Double(posterior.center[index])
                var squared = Double(before.squaredGradients[index])
                if step < 2 { squared = 0.99 * squared + 0.01 * slope * slope }
                let factor = 1 / (squared.squareRoot() + 0.1)
                let drift = 120 * slope + 30 * delta
                let expected =
                    Double(before.position[index]) - stepSize / 2 * factor * drift
                    + (stepSize * factor).squareRoot() * normals[index]
                product += delta * drift
                drifts += drift * factor * drift
                distances += delta * delta
                // A dozen roundings of numbers no larger than max(|w|, |Δw|). 1 − α is a difference, whose relative
                // error is a hundred times that of α.
                let size = max(1, abs(expected))
                #expect(Tolerance.absolute(12 * unit * size).accepts(Double(state.position[index]), expected))
                #expect(Tolerance.relative(128 * unit).accepts(Double(state.squaredGradients[index]), squared))
                #expect(
                    Tolerance.relative(128 * unit).accepts(
                        Double(RMSpropSGLD.preconditioner(of: state)[index]), factor))
            }
            #expect(
                Tolerance.absolute(8 * unit * (distances * drifts * 10).squareRoot()).accepts(
                    sums.driftProduct, product))
            #expect(Tolerance.relative(128 * unit).accepts(sums.squaredDrift, drifts))
            #expect(Tolerance.relative(8 * unit).accepts(sums.squaredDistance, distances))
            if step == 2 { #expect(state.squaredGradients == before.squaredGradients) }
        }
    }

    @Test func `the kernel agrees with the formula`() {
        checkAgainstReference(Double.self, unit: 0x1p-52)
        checkAgainstReference(Float.self, unit: 0x1p-23)
    }

    @Test func `without gradients a step is SGLD's with ten times the step size`() {
        let posterior = StepFixture.posterior(Double.self)
        let zeros = [Double](repeating: 0, count: StepFixture.count)
        let sampler = RMSpropSGLD(stepSize: 1e-3, adaptationCount: nil)
        var state = sampler.start(
            at: StepFixture.start(posterior), posterior: posterior, randomness: StepFixture.randomness)
        var plain = SamplerState(position: state.position)
        for step in 0..<2 {
            _ = sampler.step(&state, gradient: zeros, posterior: posterior, step: step)
            _ = SGLD(stepSize: 1e-2).step(&plain, gradient: zeros, posterior: posterior, step: step)
        }
        for index in zeros.indices {
            // Two steps of at most five, with a dozen roundings each.
            #expect(Tolerance.absolute(24 * 5 * 0x1p-53).accepts(state.position[index], plain.position[index]))
        }
    }

    /// With a gradient of variance σ² added, SGLD with a constant G on a quadratic has variance
    /// [εG + (εG/2)²(nβσ)²]/[1 − (1 − εGp/2)²], and E[δ·g] = d + (ε/4)E[gᵀGg] all the same. Without G it is SGLD's.
    @Test(arguments: [SamplerContractTests.Kind.sgld, .rmsprop])
    func `minibatch noise heats by what it must and keeps the identity`(_ kind: SamplerContractTests.Kind) {
        let dimension = 200
        let (curvature, nBeta, deviation) = (4.0, 100.0, 0.5)
        let precision = nBeta * curvature + 10
        let stepSize = (kind == .rmsprop ? 0.15 : 0.4) / precision
        let posterior = LocalPosterior(
            center: [Double](repeating: 0, count: dimension), nBeta: nBeta, localization: 10,
            subset: ParameterSubset(all: dimension))
        let noise = RandomStream(seed: 9, trainingStep: 0, chain: 0, purpose: .minibatches)
        var normals = posterior.center
        let run = SamplerRun(
            kind.sampler(stepSize: stepSize), posterior: posterior, burnIn: 1500, steps: 40_000, observableCount: 2,
            loss: { w, step, gradient in
                noise.fillNormals(&normals, row: step)
                for index in w.indices { gradient[index] = curvature * w[index] + deviation * normals[index] }
                return 0
            }
        ) { _, _, info, sums in
            sums[0] += info.squaredDistance
            sums[1] += info.driftProduct - stepSize / 4 * info.squaredDrift
        }
        func squaredDistance(deviation: Double) -> Double {
            run.states.flatMap { state in
                (0..<dimension).map { index in
                    let step = stepSize * (kind == .rmsprop ? RMSpropSGLD.preconditioner(of: state)[index] : 1)
                    return (step + pow(step / 2 * nBeta * deviation, 2)) / (1 - pow(1 - step * precision / 2, 2))
                }
            }.reduce(0, +) / Double(run.states.count)
        }
        let expected = squaredDistance(deviation: deviation)
        let (distance, error) = run.estimate(0)
        let (identity, identityError) = run.estimate(1)
        print(
            "minibatch noise, \(kind): E|δ|² \(distance) ± \(error), exact \(expected), without noise",
            "\(squaredDistance(deviation: 0)); identity \(identity) ± \(identityError), d \(dimension)")
        #expect(error < 0.01 * expected && identityError < 0.01 * Double(dimension))
        #expect(Tolerance.statistical(standardErrors: 3, error: error).accepts(distance, expected))
        #expect(Tolerance.statistical(standardErrors: 3, error: identityError).accepts(identity, Double(dimension)))
    }

    /// Why adaptation ends. On ½h·w² with gradients far above e and mixing far slower than V's hundred steps, G
    /// follows 1/(h|w| + e); without its divergence the density sampled is the posterior's over G, ∝ (h|w| + e) ·
    /// exp(−p·w²/2), whose E[w²] is (4h/p² + e√(2π)p^(−3/2)) / (2h/p + e√(2π/p)): twice 1/p where e is small.
    @Test func `adapting for ever does not sample the posterior, and by how much`() {
        let dimension = 100
        let (curvature, nBeta) = (1000.0, 1.0)
        // εG·p/2 ≈ (ε/2)·p/(h/√p) = 1e-4 per step.
        let stepSize = 2e-4 / curvature.squareRoot()
        let posterior = LocalPosterior(
            center: [Double](repeating: 0, count: dimension), nBeta: nBeta, localization: 0,
            subset: ParameterSubset(all: dimension))
        func ratio(adaptationCount: Int?) -> (mean: Double, error: Double) {
            let run = SamplerRun(
                RMSpropSGLD(stepSize: stepSize, adaptationCount: adaptationCount), posterior: posterior,
                burnIn: 50_000, steps: 500_000, observableCount: 1,
                loss: { w, _, gradient in
                    for index in w.indices { gradient[index] = curvature * w[index] }
                    return 0
                }
            ) { _, _, info, sums in sums[0] += info.squaredDistance }
            let (value, error) = run.estimate(0)
            return (value * curvature / Double(dimension), error * curvature / Double(dimension))
        }
        let frozen = ratio(adaptationCount: 25_000)
        let adapting = ratio(adaptationCount: nil)
        let (p, e) = (curvature, RMSpropSGLD.offset)
        let limit =
            p * (4 * curvature / (p * p) + e * (2 * Double.pi).squareRoot() * pow(p, -1.5))
            / (2 * curvature / p + e * (2 * Double.pi / p).squareRoot())
        print(
            "RMSprop-SGLD, λ̂ over the posterior's: frozen \(frozen.mean) ± \(frozen.error); adapting \(adapting.mean)",
            "± \(adapting.error), \(limit) where G follows at once")
        #expect(frozen.error < 0.02)
        #expect(Tolerance.statistical(standardErrors: 3, error: frozen.error).accepts(frozen.mean, 1))
        #expect(adapting.mean - 4 * adapting.error > 1.5)
        #expect(adapting.mean - 4 * adapting.error < limit)
    }
}

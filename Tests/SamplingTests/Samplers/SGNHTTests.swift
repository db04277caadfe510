import Foundation
import Sampling
import Tensors
import TestSupport
import Testing

struct SGNHTTests {
    /// Two steps in plain Swift, as BADODAB is written down: half-kicks, half-drifts, thermostat, friction.
    func checkAgainstReference<Scalar: Real>(_ type: Scalar.Type, unit: Double) {
        let posterior = StepFixture.posterior(type, ranges: StepFixture.ranges)
        let coordinates = Array(StepFixture.ranges.joined())
        let (stepSize, diffusion) = (1e-3, 0.2)
        let time = stepSize.squareRoot()
        // In time of its own: A = diffusion/h and μ = d/A².
        let strength = diffusion / time
        let mass = Double(coordinates.count) / (strength * strength)
        let sampler = SGNHT(stepSize: stepSize, diffusion: diffusion)
        var state = sampler.start(
            at: StepFixture.start(posterior), posterior: posterior, randomness: StepFixture.randomness)
        #expect(state.friction == diffusion)

        var w = state.position.map { Double($0) }
        var p = StepFixture.normals(type, stream: StepFixture.randomness.start, row: 0)
        var friction = strength
        for index in coordinates { #expect(Double(state.momentum[index]) == p[index]) }
        func thermostat() {
            let kinetic = coordinates.reduce(0) { $0 + p[$1] * p[$1] }
            friction += time / 2 * (kinetic - Double(coordinates.count)) / mass
        }
        let gradients: [[Scalar]] = (0..<3).map { StepFixture.vector(2 + $0, scale: 0.5) }
        func halfKick(_ gradient: [Scalar]) {
            for index in coordinates {
                let drift = 120 * Double(gradient[index]) + 30 * (w[index] - Double(posterior.center[index]))
                p[index] -= time / 2 * drift
            }
        }
        for step in 0..<2 {
            _ = sampler.step(&state, gradient: gradients[step], posterior: posterior, step: step)
            halfKick(gradients[step])
            for index in coordinates { w[index] += time / 2 * p[index] }
            thermostat()
            let normals = StepFixture.normals(type, stream: StepFixture.randomness.noise, row: step)
            let decay = exp(-friction * time)
            let scale = (2 * strength * (1 - decay * decay) / (2 * friction)).squareRoot()
            for index in coordinates { p[index] = decay * p[index] + scale * normals[index] }
            thermostat()
            for index in coordinates { w[index] += time / 2 * p[index] }
            for index in coordinates {
                // Two dozen roundings of numbers no larger than max(|w|, |p|), where |p| < 8.
                #expect(Tolerance.absolute(24 * 8 * unit).accepts(Double(state.position[index]), w[index]))
                #expect(Tolerance.absolute(24 * 8 * unit).accepts(Double(state.momentum[index]), p[index]))
            }
            // The mean of p² has errors of 2|p|·24·8·unit, and the plain formula of `scale` loses some digits.
            #expect(Tolerance.absolute(24 * 8 * 8 * unit).accepts(state.friction, friction * time))
            // The state's momentum is the one before the half-kick that ends the step, with the next gradient.
            halfKick(gradients[step + 1])
        }
    }

    @Test func `two steps agree with the splitting as it is written down`() {
        checkAgainstReference(Double.self, unit: 0x1p-52)
        checkAgainstReference(Float.self, unit: 0x1p-23)
    }

    @Test func `the sums of a step are those of SGLD`() {
        let posterior = StepFixture.posterior(Double.self, ranges: StepFixture.ranges)
        let gradient: [Double] = StepFixture.vector(2, scale: 0.5)
        let sampler = SGNHT(stepSize: 1e-3)
        var state = sampler.start(
            at: StepFixture.start(posterior), posterior: posterior, randomness: StepFixture.randomness)
        var plain = SamplerState(position: state.position)
        let info = sampler.step(&state, gradient: gradient, posterior: posterior, step: 0)
        let expected = SGLD(stepSize: 1e-3).step(&plain, gradient: gradient, posterior: posterior, step: 0)
        // The same terms added in another order: positive ones, and δ·g within √(|δ|²·|g|²).
        #expect(Tolerance.relative(600 * 0x1p-53).accepts(info.squaredDrift, expected.squaredDrift))
        #expect(Tolerance.relative(600 * 0x1p-53).accepts(info.squaredDistance, expected.squaredDistance))
        let size = (expected.squaredDrift * expected.squaredDistance).squareRoot()
        #expect(Tolerance.absolute(600 * 0x1p-53 * size).accepts(info.driftProduct, expected.driftProduct))
    }

    /// The stationary variance of a direction of precision p under the step with a constant friction and a gradient
    /// noise of deviation σ·nβ, and the mean of p² before and after friction acts: from the linear map of
    /// (position, momentum) and its noise, repeated until nothing changes.
    static func stationary(
        precision: Double, friction: Double, diffusion: Double, stepSize: Double, noise: Double
    ) -> (variance: Double, kinetic: Double) {
        let time = stepSize.squareRoot()
        let decay = exp(-friction)
        let heat = diffusion / friction * (1 - decay * decay)
        var (ww, wp, pp) = (1 / precision, 0.0, 1.0)
        var kinetic = 0.0
        func drift() {
            ww += time * wp + time * time / 4 * pp
            wp += time / 2 * pp
        }
        for _ in 0..<20_000 {
            let kick = time * precision
            pp += -2 * kick * wp + kick * kick * ww + stepSize * noise * noise
            wp -= kick * ww
            drift()
            kinetic = pp / 2
            pp = decay * decay * pp + heat
            wp *= decay
            kinetic += pp / 2
            drift()
        }
        return (ww, kinetic)
    }

    /// What the thermostat is for: gradient noise heats a sampler of constant friction, and the thermostat's friction
    /// rises until the mean of p² is 1 again. Its value, and all variances, follow from the linear map.
    @Test func `the thermostat takes up the heat of minibatch noise`() {
        let kinds = [1.0, 4, 16]
        let dimension = 1500
        let (nBeta, localization, deviation, diffusion) = (100.0, 10.0, 0.2, 0.1)
        let precisions = kinds.map { nBeta * $0 + localization }
        let stepSize = 0.5 / 1610
        let posterior = LocalPosterior(
            center: [Double](repeating: 0, count: dimension), nBeta: nBeta, localization: localization,
            subset: ParameterSubset(all: dimension))
        let minibatches = RandomStream(seed: 9, trainingStep: 0, chain: 0, purpose: .minibatches)
        var normals = posterior.center
        let run = SamplerRun(
            SGNHT(stepSize: stepSize, diffusion: diffusion), posterior: posterior, burnIn: 2000, steps: 20_000,
            observableCount: 3, chains: 1,
            loss: { w, step, gradient in
                minibatches.fillNormals(&normals, row: step)
                for index in w.indices {
                    gradient[index] = kinds[index % 3] * w[index] + deviation * normals[index]
                }
                return 0
            }
        ) { w, _, _, sums in
            for index in w.indices { sums[index % 3] += w[index] * w[index] }
        }

        func stationary(_ friction: Double) -> [(variance: Double, kinetic: Double)] {
            precisions.map {
                Self.stationary(
                    precision: $0, friction: friction, diffusion: diffusion, stepSize: stepSize,
                    noise: nBeta * deviation)
            }
        }
        var (low, high) = (diffusion, 100 * diffusion)
        for _ in 0..<50 {
            let middle = (low + high) / 2
            if stationary(middle).reduce(0, { $0 + $1.kinetic }) > 3 { low = middle } else { high = middle }
        }
        let friction = run.states[0].friction
        print(
            "SGNHT under noise: friction per step \(friction), from the linear map \(low), without noise \(diffusion)")
        // The friction varies around its mean by less than the A/√d of the noise-free thermostat, 0.0026, four of which
        // are allowed.
        #expect(Tolerance.absolute(4 * diffusion / Double(dimension).squareRoot()).accepts(friction, low))
        let unthermostatted = stationary(diffusion)
        for (index, exact) in stationary(low).enumerated() {
            let (value, error) = run.estimate(index)
            let scale = precisions[index] / Double(dimension / 3)
            print(
                "  p \(precisions[index]): variance·p \(value * scale) ± \(error * scale), from the linear map",
                "\(exact.variance * precisions[index]), at constant friction",
                "\(unthermostatted[index].variance * precisions[index])")
            #expect(error * scale < 0.01)
            #expect(
                Tolerance.statistical(standardErrors: 3.5, error: error * scale).accepts(
                    value * scale, exact.variance * precisions[index]))
        }
    }

    /// On √(1 + w²), whose curvature is bounded, far from quadratic where nβ and γ are small.
    @Test func `on a loss that is not quadratic the bias is of the order of the step size`() {
        let copies = 1000
        let (nBeta, localization) = (1.0, 0.1)
        func energy(_ w: Double) -> Double { nBeta * (1 + w * w).squareRoot() + localization / 2 * w * w }
        let points = stride(from: -30.0, through: 30, by: 1e-3)
        let total = points.reduce(0) { $0 + exp(-energy($1)) }
        let exact = points.reduce(0) { $0 + nBeta * (1 + $1 * $1).squareRoot() * exp(-energy($1)) } / total
        let posterior = LocalPosterior(
            center: [Double](repeating: 0, count: copies), nBeta: nBeta, localization: localization,
            subset: ParameterSubset(all: copies))
        func bias(_ sampler: any Sampler, _ stepSize: Double) -> (value: Double, error: Double) {
            let run = SamplerRun(
                sampler, posterior: posterior, burnIn: 1000, steps: 20_000, observableCount: 1,
                loss: { w, _, gradient in
                    var loss = 0.0
                    for index in w.indices {
                        let value = (1 + w[index] * w[index]).squareRoot()
                        loss += value
                        gradient[index] = w[index] / value
                    }
                    return loss
                }
            ) { _, loss, _, sums in sums[0] += loss }
            let (loss, error) = run.estimate(0)
            let scale = nBeta / Double(copies)
            print("\(type(of: sampler)), ε = \(stepSize): bias \(loss * scale - exact) ± \(error * scale) of \(exact)")
            return (loss * scale - exact, error * scale)
        }
        let biases = [2.0, 1, 0.5].map { bias(SGNHT(stepSize: $0), $0) }
        for (large, small) in zip(biases, biases.dropFirst()) {
            let error = (large.error * large.error / 4 + small.error * small.error).squareRoot()
            #expect(abs(small.value) < abs(large.value) / 2 + 3 * error)
        }
        // SGLD's is of first order in ε too, but not of its size.
        #expect(abs(biases[0].value) + 3 * biases[0].error < 0.02 * bias(SGLD(stepSize: 2), 2).value)
    }
}

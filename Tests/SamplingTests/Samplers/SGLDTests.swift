import Sampling
import Tensors
import TestSupport
import Testing

struct SGLDTests {
    /// The step in plain Swift, one coordinate at a time.
    func checkAgainstReference<Scalar: Real>(_ type: Scalar.Type, unit: Double) {
        let ranges = StepFixture.ranges
        let posterior = StepFixture.posterior(type, ranges: ranges)
        let start = StepFixture.start(posterior)
        let gradient: [Scalar] = StepFixture.vector(2, scale: 0.5)
        let stepSize = 1e-3
        var state = SamplerState(position: start)
        let sums = SGLD(stepSize: stepSize).step(&state, gradient: gradient, posterior: posterior, step: 17)
        let position = state.position

        let normals = StepFixture.normals(type, stream: StepFixture.randomness.noise, row: 17)
        var expected = start.map { Double($0) }
        var product = 0.0
        var drifts = 0.0
        var distances = 0.0
        for index in ranges.joined() {
            let delta = Double(start[index]) - Double(posterior.center[index])
            let drift = 120 * Double(gradient[index]) + 30 * delta
            expected[index] += -stepSize / 2 * drift + stepSize.squareRoot() * normals[index]
            product += delta * drift
            drifts += drift * drift
            distances += delta * delta
        }
        for index in position.indices {
            // Eight roundings of numbers no larger than max(|w|, |Δw|).
            let size = max(1, abs(expected[index]))
            #expect(Tolerance.absolute(8 * unit * size).accepts(Double(position[index]), expected[index]))
        }
        // Terms carry a few roundings each; their sum's relative error is no larger since the last two are positive,
        // and the first is bounded by √(|δ|²·|g|²).
        #expect(Tolerance.absolute(8 * unit * (distances * drifts).squareRoot()).accepts(sums.driftProduct, product))
        #expect(Tolerance.relative(8 * unit).accepts(sums.squaredDrift, drifts))
        #expect(Tolerance.relative(8 * unit).accepts(sums.squaredDistance, distances))
        for index in Set(position.indices).subtracting(ranges.joined()) { #expect(position[index] == start[index]) }
    }

    @Test func `the kernel agrees with the formula`() {
        checkAgainstReference(Double.self, unit: 0x1p-52)
        checkAgainstReference(Float.self, unit: 0x1p-23)
    }

    @Test func `without gradient and pull a step is noise of variance ε`() {
        let posterior = StepFixture.posterior(Double.self, localization: 0)
        let zeros = [Double](repeating: 0, count: StepFixture.count)
        var state = SamplerState(position: zeros)
        _ = SGLD(stepSize: 0.25).step(&state, gradient: zeros, posterior: posterior, step: 4)
        let normals = StepFixture.normals(Double.self, stream: StepFixture.randomness.noise, row: 4)
        #expect(state.position == normals.map { 0.5 * $0 })
    }

    @Test func `the difference of two steps with the same noise is the drift`() {
        let posterior = StepFixture.posterior(Double.self, localization: 0)
        let gradient: [Double] = StepFixture.vector(2, scale: 0.5)
        var with = SamplerState(position: posterior.center)
        var without = with
        let sampler = SGLD(stepSize: 1e-2)
        _ = sampler.step(&with, gradient: gradient, posterior: posterior, step: 0)
        _ = sampler.step(&without, gradient: gradient.map { _ in 0 }, posterior: posterior, step: 0)
        for index in gradient.indices {
            // Two results of at most five, each rounded a few times.
            #expect(
                Tolerance.absolute(32 * 0x1p-52).accepts(
                    with.position[index] - without.position[index], -0.005 * 120 * gradient[index]))
        }
    }
}

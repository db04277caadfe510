import Foundation
import Sampling
import Tensors
import TestSupport
import Testing

struct HamiltonianMonteCarloTests {
    static let curvature = 0.5

    /// ½·curvature·|w|², with its gradient.
    static func loss<Scalar: Real>(_ w: [Scalar], _ gradient: inout [Scalar]) -> Double {
        var loss = 0.0
        for index in w.indices {
            gradient[index] = Scalar(curvature) * w[index]
            loss += Double(gradient[index] * w[index]) / 2
        }
        return loss
    }

    /// One step from near the center; `seen` are the positions that it asks the loss of.
    static func step<Scalar: Real>(
        _ sampler: HamiltonianMonteCarlo, _ posterior: LocalPosterior<Scalar>, step: Int
    ) -> (start: [Scalar], end: [Scalar], info: StepInfo, seen: [[Scalar]]) {
        let start = StepFixture.start(posterior)
        var state = sampler.start(at: start, posterior: posterior, randomness: StepFixture.randomness)
        var gradient = start
        let value = loss(start, &gradient)
        var seen: [[Scalar]] = []
        let info = sampler.step(
            &state, loss: value, gradient: gradient, posterior: posterior, randomness: StepFixture.randomness,
            step: step
        ) { position, gradient in
            seen.append(position)
            return loss(position, &gradient)
        }
        return (start, state.position, info, seen)
    }

    func checkProposal<Scalar: Real>(_ type: Scalar.Type, unit: Double) throws {
        let posterior = StepFixture.posterior(type, nBeta: 12, ranges: StepFixture.ranges)
        let stepSize = 2.5e-2
        var acceptances: [Double] = []
        for step in 0..<20 {
            let done = Self.step(HamiltonianMonteCarlo(stepSize: stepSize, leapfrogCount: 1), posterior, step: step)
            let proposal = try #require(done.seen.first)
            #expect(done.seen.count == 1)
            var gradient = done.start
            let loss = Self.loss(done.start, &gradient)
            var state = SamplerState(position: done.start)
            let info = SGLD(stepSize: stepSize).step(&state, gradient: gradient, posterior: posterior, step: step)
            for index in proposal.indices {
                // Eight roundings of numbers no larger than max(|w|, |Δw|).
                let size = max(1, abs(Double(proposal[index])))
                #expect(
                    Tolerance.absolute(8 * unit * size).accepts(
                        Double(state.position[index]), Double(proposal[index])))
            }
            var newGradient = gradient
            let newLoss = Self.loss(proposal, &newGradient)
            let expected = Acceptance.probability(
                from: (done.start, gradient, loss), to: (proposal, newGradient, newLoss), posterior: posterior,
                stepSize: stepSize)
            let acceptance = try #require(done.info.acceptance)
            // The proposal is rounded, which only one of the two takes in: its distance s is off by `unit` of |w| ≈ 1,
            // and with it s·(g + g′)/2, with g up to 12·0.5·4 + 30·0.5, in each of 535 coordinates.
            let rounding = 535.0.squareRoot() * 40 * unit * 4
            #expect(Tolerance.absolute(rounding).accepts(acceptance, expected))
            #expect(done.end == done.start || done.end == proposal)
            #expect(Tolerance.relative(8 * unit).accepts(done.info.squaredDrift, info.squaredDrift))
            #expect(Tolerance.relative(8 * unit).accepts(done.info.squaredDistance, info.squaredDistance))
            acceptances.append(acceptance)
        }
        #expect(acceptances.contains { $0 < 0.9 })
    }

    @Test func `one leapfrog step is SGLD's step, accepted with the Metropolis probability of it`() throws {
        try checkProposal(Double.self, unit: 0x1p-52)
        try checkProposal(Float.self, unit: 0x1p-23)
    }

    /// In a direction of frequency ω leapfrog turns by an angle that is off by (ωh)²/24 of itself, on an ellipse whose
    /// axes are off by (ωh)²/8 of themselves; |w| and |v|/ω are below 4 here, and twice the first order is allowed.
    @Test func `a trajectory is Hamilton's`() throws {
        let posterior = LocalPosterior(
            center: [Double](repeating: 0, count: StepFixture.count), nBeta: 3, localization: 2,
            subset: ParameterSubset(all: StepFixture.count))
        let frequency = (3 * Self.curvature + 2).squareRoot()
        func largestError(stepSize: Double, leapfrogCount: Int) throws -> Double {
            let sampler = HamiltonianMonteCarlo(stepSize: stepSize, leapfrogCount: leapfrogCount)
            let done = Self.step(sampler, posterior, step: 3)
            let end = try #require(done.seen.last)
            #expect(((leapfrogCount + 1) / 2...leapfrogCount).contains(done.seen.count))
            let angle = frequency * stepSize.squareRoot() * Double(done.seen.count)
            let normals = StepFixture.normals(Double.self, stream: StepFixture.randomness.noise, row: 3)
            return zip(zip(done.start, normals), end).map { pair, end in
                abs(pair.0 * cos(angle) + pair.1 / frequency * sin(angle) - end)
            }.max() ?? .infinity
        }
        for count in [1, 2, 3, 10] {
            let stepSize = 1e-4
            let angle = frequency * stepSize.squareRoot()
            let bound = 2 * 4 * angle * angle * (1.0 / 8 + Double(count) * angle / 24)
            #expect(try largestError(stepSize: stepSize, leapfrogCount: count) < bound)
        }
    }

    /// A trajectory's number of steps is drawn, so that no direction's period divides all of them.
    @Test func `the number of leapfrog steps varies from half of the largest to it`() {
        let posterior = StepFixture.posterior(Double.self)
        let sampler = HamiltonianMonteCarlo(stepSize: 1e-6, leapfrogCount: 10)
        let counts = (0..<200).map { Self.step(sampler, posterior, step: $0).seen.count }
        #expect(Set(counts) == Set(5...10))
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func `a trajectory to where the energy is not a number is rejected`(_ energy: Double) {
        let posterior = StepFixture.posterior(Double.self)
        let start = StepFixture.start(posterior)
        let sampler = HamiltonianMonteCarlo(stepSize: 1e-6, leapfrogCount: 3)
        var state = SamplerState(position: start)
        let info = sampler.step(
            &state, loss: 0, gradient: start, posterior: posterior, randomness: StepFixture.randomness, step: 0
        ) { _, _ in energy }
        #expect(info.acceptance == 0 && state.position == start)
    }

    /// On ½p·w² MALA's log a is (ε/8)p²(w² − w′²), w′ = (1 − εp/2)w + √ε·ξ: the mean of min(1, a) over w of variance
    /// 1/p and ξ is an integral over the plane, here by the midpoint rule on ±8 standard deviations.
    @Test(arguments: [0.5, 1, 2, 3])
    func `MALA accepts on a Gaussian as often as the integral says`(_ relativeStep: Double) {
        let cells = 2000
        let width = 16 / Double(cells)
        let points = (0..<cells).map { (Double($0) + 0.5) * width - 8 }
        let density = points.map { exp(-$0 * $0 / 2) * width / (2 * Double.pi).squareRoot() }
        var expected = 0.0
        for (w, weight) in zip(points, density) {
            for (noise, noiseWeight) in zip(points, density) {
                // In units of the standard deviation.
                let new = (1 - relativeStep / 2) * w + relativeStep.squareRoot() * noise
                expected += weight * noiseWeight * exp(min(0, relativeStep / 8 * (w * w - new * new)))
            }
        }
        let posterior = LocalPosterior(center: [0.0], nBeta: 50, localization: 10, subset: ParameterSubset(all: 1))
        let precision = 60.0
        let run = SamplerRun(
            HamiltonianMonteCarlo(stepSize: relativeStep / precision, leapfrogCount: 1), posterior: posterior,
            burnIn: 100, steps: 400_000, observableCount: 2,
            loss: { w, _, gradient in
                gradient[0] = w[0]
                return w[0] * w[0] / 2
            }
        ) { _, _, info, sums in
            sums[0] += info.acceptance ?? .nan
            sums[1] += info.driftProduct
        }
        let (acceptance, error) = run.estimate(0)
        let (identity, identityError) = run.estimate(1)
        print(
            "MALA, εp = \(relativeStep): acceptance \(acceptance) ± \(error), integral \(expected); E[δ·g] \(identity)")
        // The rule's error is of the size of a cell's square where min(1, a) has its edge, 6e-5 at most.
        #expect(error < 1e-3)
        #expect(Tolerance.absolute(3 * error + 6e-5).accepts(acceptance, expected))
        #expect(Tolerance.statistical(standardErrors: 3, error: identityError).accepts(identity, 1))
    }
}

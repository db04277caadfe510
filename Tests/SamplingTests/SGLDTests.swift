import Foundation
import Sampling
import Tensors
import TestSupport
import Testing

struct SGLDTests {
    static let noise = RandomStream(seed: 3, trainingStep: 9, chain: 2, purpose: .noise)
    static let count = 1003

    static func vector<Scalar: Real>(_ row: Int, scale: Scalar) -> [Scalar] {
        var values = [Scalar](repeating: 0, count: count)
        RandomStream(seed: 4, trainingStep: 0, chain: 0, purpose: .projection).fillNormals(&values, row: row)
        return values.map { scale * $0 }
    }

    static func posterior<Scalar: Real>(
        _ type: Scalar.Type, nBeta: Double = 120, localization: Double = 30, ranges: [Range<Int>] = [0..<count]
    ) -> LocalPosterior<Scalar> {
        LocalPosterior(
            center: vector(0, scale: 1), nBeta: nBeta, localization: localization,
            subset: ParameterSubset(ranges: ranges))
    }

    /// The step in plain Swift, one coordinate at a time.
    func checkAgainstReference<Scalar: Real>(_ type: Scalar.Type, unit: Double) {
        let ranges = [3..<70, 128..<192, 500..<501, 600..<1003]
        let posterior = Self.posterior(type, ranges: ranges)
        let start: [Scalar] = zip(posterior.center, Self.vector(1, scale: 0.1)).map { $0 + $1 }
        let gradient: [Scalar] = Self.vector(2, scale: 0.5)
        let stepSize = 1e-3
        var position = start
        let sums = SGLD(stepSize: stepSize).step(
            &position, gradient: gradient, posterior: posterior, noise: Self.noise, draw: 17)

        var normals = [Scalar](repeating: 0, count: Self.count)
        Self.noise.fillNormals(&normals, row: 17)
        var expected = start.map { Double($0) }
        var product = 0.0
        var drifts = 0.0
        var distances = 0.0
        for index in ranges.joined() {
            let delta = Double(start[index]) - Double(posterior.center[index])
            let drift = 120 * Double(gradient[index]) + 30 * delta
            expected[index] += -stepSize / 2 * drift + stepSize.squareRoot() * Double(normals[index])
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
        let posterior = Self.posterior(Double.self, localization: 0)
        var position = [Double](repeating: 0, count: Self.count)
        _ = SGLD(stepSize: 0.25).step(
            &position, gradient: position, posterior: posterior, noise: Self.noise, draw: 4)
        var normals = [Double](repeating: 0, count: Self.count)
        Self.noise.fillNormals(&normals, row: 4)
        #expect(position == normals.map { 0.5 * $0 })
    }

    @Test func `the difference of two steps with the same noise is the drift`() {
        let posterior = Self.posterior(Double.self, localization: 0)
        let gradient: [Double] = Self.vector(2, scale: 0.5)
        var with = posterior.center
        var without = posterior.center
        let sampler = SGLD(stepSize: 1e-2)
        _ = sampler.step(&with, gradient: gradient, posterior: posterior, noise: Self.noise, draw: 0)
        _ = sampler.step(
            &without, gradient: gradient.map { _ in 0 }, posterior: posterior, noise: Self.noise, draw: 0)
        for index in with.indices {
            // Two results of at most five, each rounded a few times.
            #expect(
                Tolerance.absolute(32 * 0x1p-52).accepts(
                    with[index] - without[index], -0.005 * 120 * gradient[index]))
        }
    }

    @Test func `a coordinate's step does not depend on the other coordinates sampled`() {
        let gradient: [Float] = Self.vector(2, scale: 0.5)
        let all = Self.posterior(Float.self)
        let some = Self.posterior(Float.self, ranges: [10..<20, 333..<777])
        var whole = all.center
        var part = all.center
        _ = SGLD(stepSize: 0.01).step(&whole, gradient: gradient, posterior: all, noise: Self.noise, draw: 0)
        _ = SGLD(stepSize: 0.01).step(&part, gradient: gradient, posterior: some, noise: Self.noise, draw: 0)
        for range in some.subset.ranges { #expect(whole[range] == part[range]) }
    }

    /// A number for the reader; nothing is asserted, because a shared machine promises no speed.
    @Test func `the overhead of a draw is printed`() throws {
        let dimension = 50_000
        let posterior = LocalPosterior(
            center: [Float](repeating: 0, count: dimension), nBeta: 100, localization: 1,
            subset: ParameterSubset(all: dimension))
        var position = posterior.center
        let gradient = posterior.center
        let sampler = SGLD(stepSize: 1e-4)
        let draws = 2000
        // Processor time of this thread: other tests run beside it.
        let start = nanoseconds(CLOCK_THREAD_CPUTIME_ID)
        for draw in 0..<draws {
            _ = sampler.step(&position, gradient: gradient, posterior: posterior, noise: Self.noise, draw: draw)
        }
        let rate = Double(draws) * 1e9 / Double(nanoseconds(CLOCK_THREAD_CPUTIME_ID) - start)
        print("SGLD, \(dimension) floats: \(Int(rate)) draws/s, \(Int(rate * Double(dimension) / 1e6)) M coordinates/s")
    }

    private func nanoseconds(_ clock: clockid_t) -> Int {
        var time = timespec()
        clock_gettime(clock, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}

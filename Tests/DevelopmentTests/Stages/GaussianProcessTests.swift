import Foundation
import TestSupport
import Testing

@testable import Development

private let inputs = [0, 0.7, 1.1, 1.9, 2.4, 3.2, 3.9, 4.1, 5.0, 6.3]
private let values = [0.2, 0.9, 1.4, 1.1, 0.3, -0.4, -0.2, 0.1, 1.0, 2.1]
private let errors = [0.1, 0.1, 0.2, 0.1, 0.1, 0.3, 0.1, 0.1, 0.1, 0.2]

@Suite struct `A Gaussian process` {
    private let process: GaussianProcess

    init() throws {
        let data = Cells(inputs: inputs, values: values, squaredErrors: errors.map { $0 * $0 }, limit: 600)
        process = try GaussianProcess(
            data: data, kernel: Kernel(amplitude: 1.3, length: 1.7, noise: 0.15), mean: 0, scale: 1)
    }

    /// Reference: scikit-learn 1.9.1, GaussianProcessRegressor(ConstantKernel(1.69) * Matern(1.7, nu=2.5)
    /// + ConstantKernel(100), alpha=errors² + 0.15², optimizer=None). The tolerance allows for the condition of
    /// the covariance, at most n·100/0.03 ≈ 3·10⁴ roundings, and for the means' and variances' cancellation.
    @Test func `agrees with scikit-learn for a given kernel`() {
        let posterior = process.posterior(of: [0.5, 2.0, 4.5].map { .value($0) })
        let means = [0.7141329108663399, 0.915117344003221, 0.4581437365180818]
        let covariance = [
            0.02446733715957805, -0.0013700143941122178, -7.346372150607294e-05, -0.0013700143941122178,
            0.020365561202964955, 0.0005313034864400379, -7.346372150607294e-05, 0.0005313034864400379,
            0.03350239919755893,
        ]
        #expect(abs(process.logLikelihood - -10.129547416965451) < 1e-10)
        #expect(zip(posterior.mean, means).allSatisfy { abs($0 - $1) < 1e-10 })
        #expect(zip(posterior.covariance, covariance).allSatisfy { abs($0 - $1) < 1e-10 })
    }

    /// Differences over 2h = 0.002: their error is h²/6 times a third derivative of order (√5/ℓ)³ ≈ 2 on
    /// quantities of order one, 4·10⁻⁷, and rounding 10⁻¹³/h².
    @Test func `its slopes are the derivative of its values, in mean and covariance`() {
        let h = 1e-3
        for x in [0.3, 2.2, 4.9] {
            let joint = process.posterior(of: [.value(x - h), .value(x + h), .slope(x), .value(3)])
            let difference = joint.change(from: 0, to: 1)
            #expect(abs(difference.value / (2 * h) - joint.mean[2]) < 1e-5)
            #expect(abs(difference.standardError / (2 * h) - joint.deviation[2]) < 1e-4)
            let withValue = (joint.covariance[1 * 4 + 3] - joint.covariance[0 * 4 + 3]) / (2 * h)
            #expect(abs(withValue - joint.covariance[2 * 4 + 3]) < 1e-5)
        }
    }

    /// The standard error of a sample covariance of m draws is at most √2·σᵢσⱼ/√m.
    @Test func `its draws have its mean and covariance`() throws {
        let law = process.posterior(of: [.value(0.2), .value(2), .slope(2), .slope(2.1)])
        let draws = try law.draws(20_000)
        let count = Double(draws.count)
        for row in 0..<4 {
            let mean = draws.reduce(0) { $0 + $1[row] } / count
            #expect(abs(mean - law.mean[row]) < 4 * law.deviation[row] / count.squareRoot())
            for column in 0..<4 {
                let covariance =
                    draws.reduce(0) { $0 + ($1[row] - law.mean[row]) * ($1[column] - law.mean[column]) } / count
                let error = (2 / count).squareRoot() * law.deviation[row] * law.deviation[column]
                #expect(abs(covariance - law.covariance[row * 4 + column]) < 4.5 * error)
            }
        }
        #expect(try law.draws(3) == Array(draws.prefix(3)))
    }

    @Test func `the fitted kernel is the most likely one nearby`() throws {
        let data = Cells(inputs: inputs, values: values, squaredErrors: errors.map { $0 * $0 }, limit: 600)
        func likelihood(_ kernel: Kernel) throws -> Double {
            try GaussianProcess(data: data, kernel: kernel, mean: 0, scale: 1).logLikelihood
        }
        let fitted = Kernel.mostLikely(for: data)
        for factor in [0.8, 0.9, 1.1, 1.25] {
            var others = [fitted, fitted]
            others[0].amplitude *= factor
            others[1].length *= factor
            // The search stops when the likelihood changes by less than 10⁻⁴.
            for other in others { #expect(try likelihood(other) <= likelihood(fitted) + 1e-4) }
        }
    }

    /// The noise is learnt from 400 values, so its standard error is 1/√800 = 3.5 %.
    @Test func `learns the noise that the standard errors leave`() throws {
        var normals = RepeatableNormals(seed: 11)
        let x = (0..<400).map { Double($0) / 40 }
        let fit = try GaussianProcess(
            inputs: x, values: x.map { 10 * sin($0) + 0.5 * normals.next() },
            standardErrors: x.map { _ in 0.3 })
        #expect(abs(fit.noise - 0.4) < 4 * 0.5 * 0.5 / 0.4 / 800.0.squareRoot())
    }

    @Test func `five thousand points are fitted in cells without moving the curve`() throws {
        var normals = RepeatableNormals(seed: 12)
        let x = (0..<5000).map { log1p(Double($0 * 10)) }
        let clock = ContinuousClock.now
        let fit = try GaussianProcess(
            inputs: x, values: x.map { 5 * sin($0) + 0.2 * normals.next() }, standardErrors: x.map { _ in 0 })
        print("5,000 points fitted in \(ContinuousClock.now - clock)")
        let places = [4.0, 6, 8, 10]
        let posterior = fit.posterior(of: places.map { .value($0) })
        for (index, place) in places.enumerated() {
            #expect(abs(posterior.mean[index] - 5 * sin(place)) < 4 * posterior.deviation[index])
        }
        // √(2·5000) relative.
        #expect(abs(fit.noise - 0.2) < 4 * 0.2 / 10_000.0.squareRoot())
    }

    @Test func `cells hold means and the errors of means`() {
        let cells = Cells(
            inputs: [0, 0.1, 0.9, 1], values: [1, 3, 5, 7], squaredErrors: [4, 4, 1, 3], limit: 2)
        #expect(cells.inputs == [0.05, 0.95])
        #expect(cells.values == [2, 6])
        #expect(cells.squaredErrors == [2, 1])
        #expect(cells.counts == [2, 2])
    }

    /// The minimum of Rosenbrock's function is 0 at (1, 1); near it a value of 10⁻⁸ is at a distance of 2·10⁻⁴.
    @Test func `the simplex search finds the bottom of a bent valley`() {
        let search = NelderMead(tolerance: 1e-9, evaluationLimit: 1000)
        let end = search.minimum(from: [-1.2, 1], stride: 0.5) { point in
            100 * pow(point[1] - point[0] * point[0], 2) + pow(1 - point[0], 2)
        }
        #expect(end.value < 1e-8)
        #expect(abs(end.point[0] - 1) < 1e-3 && abs(end.point[1] - 1) < 1e-3)
    }
}

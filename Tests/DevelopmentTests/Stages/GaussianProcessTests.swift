import Foundation
import Sampling
import Tensors
import TestSupport
import Testing

@testable import Development

private let inputs = [0, 0.7, 1.1, 1.9, 2.4, 3.2, 3.9, 4.1, 5.0, 6.3]
private let values = [0.2, 0.9, 1.4, 1.1, 0.3, -0.4, -0.2, 0.1, 1.0, 2.1]
private let errors = [0.1, 0.1, 0.2, 0.1, 0.1, 0.3, 0.1, 0.1, 0.1, 0.2]

private func sites(_ inputs: [Double], _ values: [Double], _ errors: [Double]) -> [Site] {
    inputs.indices.map {
        Site(input: inputs[$0], order: Double($0), value: values[$0], squaredError: errors[$0] * errors[$0])
    }
}

/// The plain way: covariance matrices and their factors.
private struct DenseProcess {
    let kernel: Kernel
    let sites: [Site]
    let factor: Cholesky

    init(_ kernel: Kernel, _ sites: [Site]) throws {
        (self.kernel, self.sites) = (kernel, sites)
        let count = sites.count
        var matrix = [Double](repeating: 0, count: count * count)
        for row in 0..<count {
            for column in 0...row {
                var value = Self.value(kernel, sites[row].input, sites[column].input)
                if let wander = kernel.wander {
                    let distance = (sites[row].order - sites[column].order) / wander.length
                    value += wander.amplitude * wander.amplitude * exp(-distance)
                }
                matrix[row * count + column] = value
            }
            matrix[row * count + row] += sites[row].squaredError + kernel.noise * kernel.noise
        }
        factor = try Cholesky(matrix, count: count)
    }

    static func value(_ kernel: Kernel, _ x: Double, _ y: Double) -> Double {
        let u = kernel.rate * abs(x - y)
        return Kernel.constantVariance + kernel.amplitude * kernel.amplitude * (1 + u + 0.4 * u * u + u * u * u / 15)
            * exp(-u)
    }

    /// ∂k/∂x.
    static func slope(_ kernel: Kernel, _ x: Double, _ y: Double) -> Double {
        let u = kernel.rate * abs(x - y)
        return -kernel.slopeDeviation * kernel.slopeDeviation * (x - y) * (1 + u + u * u / 3) * exp(-u)
    }

    /// ∂²k/∂x∂y.
    static func slopes(_ kernel: Kernel, _ x: Double, _ y: Double) -> Double {
        let u = kernel.rate * abs(x - y)
        return kernel.slopeDeviation * kernel.slopeDeviation * (1 + u - u * u * u / 3) * exp(-u)
    }

    var logLikelihood: Double {
        let whitened = factor.solveLower(sites.compactMap(\.value))
        return -0.5
            * (whitened.reduce(0) { $0 + $1 * $1 } + factor.logDeterminant + Double(sites.count) * log(2 * .pi))
    }

    /// The slope of a weighted straight line and its variance, by the normal equations.
    var lineSlope: (value: Double, variance: Double) {
        let memory = kernel.wander.map { exp(-1 / $0.length) } ?? 0
        let wander = kernel.wander.map { $0.amplitude * $0.amplitude * (1 + memory) / (1 - memory) } ?? 0
        let weights = sites.map { 1 / ($0.squaredError + kernel.noise * kernel.noise + wander) }
        func sum(_ term: (Site) -> Double) -> Double { zip(weights, sites).reduce(0) { $0 + $1.0 * term($1.1) } }
        let (one, x, xx) = (sum { _ in 1 }, sum(\.input), sum { $0.input * $0.input })
        let (y, xy) = (sum { $0.value ?? 0 }, sum { $0.input * ($0.value ?? 0) })
        let determinant = one * xx - x * x
        return ((one * xy - x * y) / determinant, one / determinant)
    }

    /// Means, variances and covariance of two quantities, each a value (or a slope) of the curve at a place.
    func law(_ first: (x: Double, isSlope: Bool), _ second: (x: Double, isSlope: Bool)) -> (
        means: [Double], covariance: [Double]
    ) {
        let whitenedValues = factor.solveLower(sites.compactMap(\.value))
        func rows(_ quantity: (x: Double, isSlope: Bool)) -> [Double] {
            factor.solveLower(
                sites.map {
                    quantity.isSlope
                        ? Self.slope(kernel, quantity.x, $0.input) : Self.value(kernel, quantity.x, $0.input)
                })
        }
        func prior(_ a: (x: Double, isSlope: Bool), _ b: (x: Double, isSlope: Bool)) -> Double {
            switch (a.isSlope, b.isSlope) {
            case (false, false): Self.value(kernel, a.x, b.x)
            case (true, false): Self.slope(kernel, a.x, b.x)
            case (false, true): Self.slope(kernel, b.x, a.x)
            case (true, true): Self.slopes(kernel, a.x, b.x)
            }
        }
        func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
        let whitened = [rows(first), rows(second)]
        let quantities = [first, second]
        return (
            whitened.map { dot($0, whitenedValues) },
            [(0, 0), (0, 1), (1, 0), (1, 1)].map { i, j in
                prior(quantities[i], quantities[j]) - dot(whitened[i], whitened[j])
            }
        )
    }
}

@Suite struct `A Gaussian process` {
    static let kernels = [
        Kernel(amplitude: 1.3, length: 1.7, noise: 0.15),
        Kernel(amplitude: 1.3, length: 1.7, noise: 0.15, wander: Kernel.Wander(amplitude: 0.4, length: 2.5)),
        Kernel(amplitude: 0.6, length: 0.3, noise: 0.02, wander: Kernel.Wander(amplitude: 0.1, length: 0.5)),
        Kernel(amplitude: 3, length: 40, noise: 0.3),
    ]

    /// Reference: scikit-learn 1.9.1, GaussianProcessRegressor(ConstantKernel(1.69) * Matern(1.7, nu=3.5)
    /// + ConstantKernel(100), alpha=errors² + 0.15², optimizer=None). The tolerance allows for the condition of
    /// the covariance, at most n·100/0.03 ≈ 3·10⁴ roundings, and for the means' and variances' cancellation.
    @Test func `agrees with scikit-learn for a given kernel`() {
        let process = GaussianProcess(data: sites(inputs, values, errors), kernel: Self.kernels[0], mean: 0, scale: 1)
        let curve = process.curve(at: [0.5, 2.0, 4.5])
        let means = [0.733318792360393, 0.9038360443283295, 0.44867884240326816]
        let variances = [0.020430211720736224, 0.0184958696203239, 0.023998394792599242]
        let covariances = [-0.0014842773110927965, 0.0006316852309851129]
        #expect(abs(process.logLikelihood - -9.888441433714819) < 1e-10)
        #expect(zip(curve.mean, means).allSatisfy { abs($0 - $1) < 1e-10 })
        #expect(zip(curve.deviation, variances).allSatisfy { abs($0 * $0 - $1) < 1e-10 })
        for (index, change) in process.changes(between: [0.5, 2.0, 4.5]).enumerated() {
            #expect(abs(change.value - (means[index + 1] - means[index])) < 1e-10)
            let variance = variances[index] + variances[index + 1] - 2 * covariances[index]
            #expect(abs(change.standardError * change.standardError - variance) < 1e-10)
        }
    }

    /// Places before, at, beside and after the data. Tolerance as above; the rule of five nodes adds 10⁻¹¹.
    @Test(arguments: kernels.indices) func `the recursion agrees with covariance matrices`(index: Int) throws {
        let kernel = Self.kernels[index]
        let data = sites(inputs, values, errors)
        let dense = try DenseProcess(kernel, data)
        let process = GaussianProcess(data: data, kernel: kernel, mean: 0, scale: 1)
        #expect(abs(process.logLikelihood - dense.logLikelihood) < 1e-9)
        let places = [-0.5, 0, 0.3, 2.4, 2.4001, 3.0, 5.7, 6.3, 7.2]
        let curve = process.curve(at: places)
        let changes = process.changes(between: places)
        for (index, place) in places.enumerated() {
            let law = dense.law((place, false), (place, true))
            #expect(abs(curve.mean[index] - law.means[0]) < 1e-9)
            #expect(abs(curve.slope[index] - law.means[1]) < 1e-9)
            #expect(abs(curve.deviation[index] * curve.deviation[index] - law.covariance[0]) < 1e-9)
            #expect(abs(curve.slopeDeviation[index] * curve.slopeDeviation[index] - law.covariance[3]) < 1e-9)
            guard index > 0 else { continue }
            let pair = dense.law((places[index - 1], false), (place, false))
            let distance = place - places[index - 1]
            var change = (
                value: pair.means[1] - pair.means[0],
                variance: pair.covariance[0] + pair.covariance[3] - 2 * pair.covariance[1]
            )
            let line = dense.lineSlope
            if line.variance * distance * distance > change.variance {
                change = (line.value * distance, line.variance * distance * distance)
            }
            #expect(abs(changes[index - 1].value - change.value) < 1e-9)
            #expect(abs(changes[index - 1].standardError * changes[index - 1].standardError - change.variance) < 1e-9)
        }
    }

    /// Straight lines that rise by 0, 1, 2 and 4 of their own standard errors over the run: from one that fits as flat to
    /// one that is seen. 95 % of 200 is 190; the standard deviation of the count is 3.
    @Test(arguments: [0.0, 1, 2, 4]) func `covers the change of a curve that hardly changes`(rise: Double) throws {
        let x = (0..<30).map { Double($0) / 5 }
        let center = x.reduce(0, +) / 30
        let error = (x[29] - x[0]) / x.reduce(0) { $0 + ($1 - center) * ($1 - center) }.squareRoot()
        var normals = RepeatableNormals(seed: 17)
        let covered = try (0..<200).filter { _ in
            let fit = try GaussianProcess(
                inputs: x, values: x.map { rise * error * $0 / (x[29] - x[0]) + normals.next() },
                standardErrors: x.map { _ in 1 })
            let change = fit.changes(between: [x[0], x[29]])[0]
            #expect(change.standardError >= 0.999 * error)
            return abs(change.value - rise * error) < 1.96 * change.standardError
        }
        print("rise of \(rise) standard errors: \(covered.count) of 200 covered")
        #expect(covered.count >= 190 - 3 * 3)
    }

    /// A jump between rows at even steps: most of them lie late on the axis of log(t + 1).
    @Test(arguments: [0.1, 0]) func `a jump is the curve's change, and no straight line's`(error: Double) throws {
        var normals = RepeatableNormals(seed: 23)
        let steps = (0..<300).map { 10 * $0 }
        let values = steps.indices.map { ($0 < 90 ? 2 : 6) + 0.1 * normals.next() }
        let x = steps.map { BoundarySearch.logStep($0) }
        let fit = try GaussianProcess(inputs: x, values: values, standardErrors: x.map { _ in error })
        let change = fit.changes(between: [x[0], x[299]])[0]
        print("a jump of 4: \(change.value) ± \(change.standardError)")
        #expect(abs(change.value - 4) < 3 * change.standardError && abs(change.value - 4) < 0.5)
    }

    /// The standard error of a sample covariance of m draws is at most √2·σᵢσⱼ/√m.
    @Test(arguments: [0, 1]) func `its draws have the mean and covariance of the slope`(index: Int) throws {
        let data = sites(inputs, values, errors)
        let dense = try DenseProcess(Self.kernels[index], data)
        let process = GaussianProcess(data: data, kernel: Self.kernels[index], mean: 0, scale: 1)
        let places = [0.2, 2, 2.1, 5.5]
        let draws = process.slopeDraws(20_000, at: places)
        let count = Double(draws.count)
        for (row, first) in places.enumerated() {
            for (column, second) in places.enumerated() {
                let law = dense.law((first, true), (second, true))
                let deviations = [law.covariance[0].squareRoot(), law.covariance[3].squareRoot()]
                let mean = draws.reduce(0) { $0 + $1[row] } / count
                #expect(abs(mean - law.means[0]) < 4 * deviations[0] / count.squareRoot())
                let covariance =
                    draws.reduce(0) { $0 + ($1[row] - law.means[0]) * ($1[column] - law.means[1]) } / count
                let error = (2 / count).squareRoot() * deviations[0] * deviations[1]
                #expect(abs(covariance - law.covariance[1]) < 4.5 * error)
            }
        }
        #expect(process.slopeDraws(3, at: places) == Array(draws.prefix(3)))
    }

    @Test func `the fitted kernel is the most likely one nearby`() {
        let data = sites(inputs, values, errors)
        let fitted = Kernel.mostLikely(for: data)
        let likelihood = KalmanFilter(fitted).logLikelihood(of: data)
        for factor in [0.8, 0.9, 1.1, 1.25] {
            var others = [fitted, fitted]
            others[0].amplitude *= factor
            others[1].length *= factor
            // The search stops when the likelihood changes by less than 10⁻⁴.
            for other in others { #expect(KalmanFilter(other).logLikelihood(of: data) <= likelihood + 1e-4) }
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
        #expect(fit.wander == 0)
    }

    /// Noise of deviation 1 that remembers 0.8 of itself. The effective number of values is 400·(1 − ρ²)/(1 + ρ²)
    /// = 88, so the standard error of the learnt deviation is 1/√176 = 7.5 %.
    @Test func `a value whose error is beyond all proportion says nothing`() throws {
        let inputs = (0..<20).map { Double($0) / 4 }
        let values = inputs.map { sin($0) }
        var errors = inputs.map { _ in 0.01 }
        let without = 7
        errors[without] = 1e200
        let process = try GaussianProcess(inputs: inputs, values: values, standardErrors: errors)
        #expect(process.inputs.count == 19 && !process.inputs.contains(inputs[without]))
        #expect(abs(process.curve(at: [inputs[without]]).mean[0] - values[without]) < 0.05)
        #expect(throws: LinearAlgebraError.self) {
            try GaussianProcess(inputs: inputs, values: values, standardErrors: inputs.map { _ in 1e200 })
        }
    }

    @Test func `noise that neighbours share is not taken for the curve`() throws {
        var normals = RepeatableNormals(seed: 13)
        let x = (0..<400).map { Double($0) / 40 }
        var state = normals.next()
        let noise = x.map { _ in
            state = 0.8 * state + 0.6 * normals.next()
            return state
        }
        let fit = try GaussianProcess(
            inputs: x, values: zip(x, noise).map { 10 * sin($0) + $1 }, standardErrors: x.map { _ in 0 })
        #expect(abs(fit.wander - 1) < 4 * 0.075)
        #expect(fit.length > 0.5)
    }

    @Test func `five thousand points are fitted exactly and fast`() throws {
        var normals = RepeatableNormals(seed: 12)
        let x = (0..<5000).map { log1p(Double($0 * 10)) }
        let clock = ContinuousClock.now
        let fit = try GaussianProcess(
            inputs: x, values: x.map { 5 * sin($0) + 0.2 * normals.next() }, standardErrors: x.map { _ in 0 })
        print("5,000 points fitted in \(ContinuousClock.now - clock)")
        let places = [4.0, 6, 8, 10]
        let curve = fit.curve(at: places)
        for (index, place) in places.enumerated() {
            #expect(abs(curve.mean[index] - 5 * sin(place)) < 4 * curve.deviation[index])
        }
        // √(2·5000) relative.
        #expect(abs(fit.noise - 0.2) < 4 * 0.2 / 10_000.0.squareRoot())
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

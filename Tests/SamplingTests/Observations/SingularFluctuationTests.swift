import Foundation
import Sampling
import TestSupport
import Testing

/// ℓᵢ(w) = bᵢ·w + ½·Σ hⱼwⱼ² with the mean of bᵢ zero: the posterior is Gaussian with precisions pⱼ = nβ·hⱼ + γ.
struct GaussianExamples {
    var slopes: [[Double]]
    var curvatures: [Double]
    var nBeta: Double
    var localization: Double

    var precisions: [Double] { curvatures.map { nBeta * $0 + localization } }

    /// (nβ/2)·(mean over i of Σⱼ bᵢⱼ²/pⱼ + ½·Σⱼ hⱼ²/pⱼ²): the two parts of a loss are uncorrelated, and
    /// Var[w²] = 2/p².
    var fluctuation: Double {
        let linear = slopes.map { zip($0, precisions).reduce(0) { $0 + $1.0 * $1.0 / $1.1 } }.reduce(0, +)
        let quadratic = zip(curvatures, precisions).reduce(0) { $0 + $1.0 * $1.0 / ($1.1 * $1.1) } / 2
        return nBeta / 2 * (linear / Double(slopes.count) + quadratic)
    }

    func losses(at w: [Double]) -> [Double] {
        let shared = zip(curvatures, w).reduce(0) { $0 + $1.0 * $1.1 * $1.1 / 2 }
        return slopes.map { zip($0, w).reduce(shared) { $0 + $1.0 * $1.1 } }
    }

    /// A stationary chain of draws, each coordinate an autoregression of order one.
    func chain(draws: Int, autocorrelation: Double = 0, normals: inout RepeatableNormals) -> ExampleLossMoments {
        let deviations = precisions.map { 1 / $0.squareRoot() }
        let fresh = (1 - autocorrelation * autocorrelation).squareRoot()
        var w = deviations.map { $0 * normals.next() }
        var moments = ExampleLossMoments(exampleCount: slopes.count)
        for _ in 0..<draws {
            moments.add(losses(at: w))
            w = zip(w, deviations).map { autocorrelation * $0 + fresh * $1 * normals.next() }
        }
        return moments
    }

    static func random(nBeta: Double, localization: Double) -> GaussianExamples {
        var normals = RepeatableNormals(seed: 9)
        let raw = (0..<20).map { _ in (0..<4).map { _ in normals.next() } }
        let means = (0..<4).map { column in raw.reduce(0) { $0 + $1[column] } / 20 }
        return GaussianExamples(
            slopes: raw.map { zip($0, means).map { $0 - $1 } }, curvatures: [1, 2, 5, 10], nBeta: nBeta,
            localization: localization)
    }
}

struct SingularFluctuationTests {
    @Test(arguments: [(100.0, 0.0), (100, 100), (5, 20)])
    func `a Gaussian posterior has its exact value`(nBeta: Double, localization: Double) throws {
        let model = GaussianExamples.random(nBeta: nBeta, localization: localization)
        var normals = RepeatableNormals(seed: 2)
        let chains = (0..<8).map { _ in model.chain(draws: 2000, normals: &normals) }
        let found = try #require(SingularFluctuation(chains: chains, nBeta: nBeta))
        let error = try #require(found.standardError)
        #expect(Tolerance.statistical(standardErrors: 3, error: error).accepts(found.value, model.fluctuation))
        // 16,000 independent draws give a variance to about √(2/16,000) = 1 %.
        #expect(error < 0.02 * found.value)
    }

    @Test func `a regular model that realises its data has half its dimension`() throws {
        // Examples at ±√d along each axis: bᵢ = −xᵢ has the identity for its second moment, as has the Hessian.
        let dimension = 6
        let reach = Double(dimension).squareRoot()
        let slopes = (0..<2 * dimension).map { example in
            (0..<dimension).map { $0 != example / 2 ? 0.0 : example % 2 == 0 ? reach : -reach }
        }
        let model = GaussianExamples(
            slopes: slopes, curvatures: [Double](repeating: 1, count: dimension), nBeta: 1e4, localization: 0)
        // The quadratic part adds d/(4nβ).
        #expect(Tolerance.relative(1e-12).accepts(model.fluctuation, 3 + 6 / 4e4))
        var normals = RepeatableNormals(seed: 3)
        let chains = (0..<8).map { _ in model.chain(draws: 1000, normals: &normals) }
        let found = try #require(SingularFluctuation(chains: chains, nBeta: model.nBeta))
        let error = try #require(found.standardError)
        #expect(Tolerance.statistical(standardErrors: 3, error: error).accepts(found.value, 3))
    }

    @Test func `autocorrelation biases the chains' own values and not the value of all`() throws {
        let model = GaussianExamples.random(nBeta: 1000, localization: 0)
        let (draws, correlation, repeats) = (60, 0.9, 2000)
        var normals = RepeatableNormals(seed: 4)
        var (values, own, squaredErrors): ([Double], [Double], [Double]) = ([], [], [])
        for _ in 0..<repeats {
            let chains = (0..<4).map { _ in
                model.chain(draws: draws, autocorrelation: correlation, normals: &normals)
            }
            let found = try #require(SingularFluctuation(chains: chains, nBeta: model.nBeta))
            values.append(found.value)
            own.append(found.chainValues.reduce(0, +) / 4)
            squaredErrors.append(try #require(found.standardError) * #require(found.standardError))
        }
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
        func variance(_ values: [Double]) -> Double {
            let center = mean(values)
            return values.reduce(0) { $0 + ($1 - center) * ($1 - center) } / Double(values.count - 1)
        }
        func error(_ values: [Double]) -> Double { (variance(values) / Double(values.count)).squareRoot() }

        let exact = model.fluctuation
        // E[sample variance] of T draws with correlations ρᵏ: σ²·(1 − 2·Σ (T − k)·ρᵏ/(T·(T − 1))).
        let loss = (1..<draws).reduce(0.0) { $0 + Double(draws - $1) * pow(correlation, Double($1)) }
        let within = exact * (1 - 2 * loss / Double(draws * (draws - 1)))
        #expect(Tolerance.statistical(standardErrors: 3, error: error(values)).accepts(mean(values), exact))
        // The quadratic part, 1/(4nβ) per dimension of its own correlation ρ²ᵏ, is a thousandth.
        #expect(abs(mean(own) - within) < 3 * error(own) + 1e-3 * exact)
        #expect(within < 0.8 * exact)
        // The jackknife doubles, at least, the part of the variance that is between pairs: its expectation is 1 to
        // 2(C − 1)/(C − 2) = 3 times the truth. 2,000 repeats tell a variance to about 5 %.
        let ratio = mean(squaredErrors) / variance(values)
        #expect(0.85 < ratio && ratio < 3.15)
    }

    @Test func `the error is that of the values without one chain`() throws {
        let model = GaussianExamples.random(nBeta: 100, localization: 10)
        var normals = RepeatableNormals(seed: 5)
        let chains = (0..<5).map { _ in model.chain(draws: 30, autocorrelation: 0.9, normals: &normals) }
        let found = try #require(SingularFluctuation(chains: chains, nBeta: 100))
        let without = try chains.indices.map { left in
            let others = chains.indices.filter { $0 != left }.map { chains[$0] }
            return try #require(SingularFluctuation(chains: others, nBeta: 100)).value
        }
        let mean = without.reduce(0, +) / 5
        let error = (0.8 * without.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }).squareRoot()
        // Some hundred roundings of the values, of which the error is a difference a tenth as large.
        #expect(Tolerance.relative(1e-12).accepts(try #require(found.standardError), error))
    }

    @Test func `one chain has its own value, two have no error`() throws {
        let model = GaussianExamples.random(nBeta: 100, localization: 10)
        var normals = RepeatableNormals(seed: 5)
        let chains = (0..<2).map { _ in model.chain(draws: 30, normals: &normals) }
        let alone = try #require(SingularFluctuation(chains: [chains[0]], nBeta: 100))
        #expect(alone.value == alone.chainValues[0])
        #expect(alone.standardError == nil)
        #expect(try #require(SingularFluctuation(chains: chains, nBeta: 100)).standardError == nil)
    }

    @Test func `the variance is that of Gelman and Rubin`() throws {
        // One example, losses [0, 2] and [5, 9]: W = (2 + 8)/2, B/T = Var(1, 7) = 18, so 5/2 + 18.
        var first = ExampleLossMoments(exampleCount: 1)
        var second = first
        for loss in [0.0, 2] { first.add([loss]) }
        for loss in [5.0, 9] { second.add([loss]) }
        let found = try #require(SingularFluctuation(chains: [first, second], nBeta: 2))
        #expect(Tolerance.ulps(8).accepts(found.value, 20.5))
        #expect(found.chainValues == [2, 8])
    }

    @Test func `what cannot be computed is nil`() {
        var one = ExampleLossMoments(exampleCount: 1)
        one.add([1])
        #expect(SingularFluctuation(chains: [], nBeta: 1) == nil)
        #expect(SingularFluctuation(chains: [one], nBeta: 1) == nil)
        one.add([.infinity])
        #expect(SingularFluctuation(chains: [one, one], nBeta: 1) == nil)
    }
}

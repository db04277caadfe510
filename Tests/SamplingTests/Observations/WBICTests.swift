import Foundation
import Sampling
import TestSupport
import Testing

struct WBICTests {
    /// Lₙ(w) = 0.7 + ½·Σ hⱼwⱼ² at independent draws of its posterior.
    static func losses(chains: Int, draws: Int, nBeta: Double) -> [[Double]] {
        var normals = RepeatableNormals(seed: 6)
        return (0..<chains).map { _ in
            (0..<draws).map { _ in
                [1.0, 2, 5, 10].reduce(0.7) { sum, curvature in
                    let w = normals.next() / (nBeta * curvature + 1).squareRoot()
                    return sum + curvature * w * w / 2
                }
            }
        }
    }

    @Test func `a Gaussian posterior has its exact value`() throws {
        let (n, nBeta) = (1000, 1000 / log(1000.0))
        let found = try #require(
            WBIC(losses: Self.losses(chains: 4, draws: 4000, nBeta: nBeta), exampleCount: n, nBeta: nBeta))
        let exact = 1000 * (0.7 + [1.0, 2, 5, 10].reduce(0) { $0 + $1 / (nBeta * $1 + 1) / 2 })
        let error = try #require(found.standardError)
        #expect(Tolerance.statistical(standardErrors: 3, error: error).accepts(found.value, exact))
        #expect(found.isAtItsTemperature)
        // n·L(w*) + (d/2)·ln n to leading order; the pull γ = 1 takes away less than 1/(nβ·hⱼ) of each half.
        #expect(abs(exact - (700 + 2 * log(1000.0))) < 2 * log(1000.0) / nBeta)
    }

    @Test func `another temperature gives a tempered mean`() throws {
        let losses = Self.losses(chains: 2, draws: 10, nBeta: 30)
        #expect(try !#require(WBIC(losses: losses, exampleCount: 1000, nBeta: 30)).isAtItsTemperature)
        // Written with four digits it is still the same.
        #expect(try #require(WBIC(losses: losses, exampleCount: 1000, nBeta: 144.8)).isAtItsTemperature)
        // n/ln n is infinite for one example.
        #expect(try !#require(WBIC(losses: losses, exampleCount: 1, nBeta: 1e300)).isAtItsTemperature)
    }

    @Test func `what cannot be computed is nil`() throws {
        #expect(WBIC(losses: [], exampleCount: 10, nBeta: 1) == nil)
        #expect(WBIC(losses: [[1, .infinity]], exampleCount: 10, nBeta: 1) == nil)
        #expect(WBIC(losses: [[1]], exampleCount: 0, nBeta: 1) == nil)
        let short = try #require(WBIC(losses: [[1, 2, 3]], exampleCount: 10, nBeta: 1))
        #expect(short.value == 20)
        #expect(short.standardError == nil)
    }
}

import Foundation
import Sampling
import TestSupport
import Testing

/// Localised toys whose λ̂ at a given nβ and γ is an integral in one or two dimensions.
struct ToyOracleTests {
    struct Toy: Sendable, CustomStringConvertible {
        let name: String
        /// The degree of homogeneity and the number of coordinates of one copy.
        let degree: Double, dimension: Int
        let nBeta: Double, stepSize: Double, draws: Int
        let llc: Double
        var description: String { "\(name), nβ \(nBeta)" }
        /// Draws of burn-in: in the valleys of (w₁w₂)² γ alone holds a coordinate, with the relaxation time 2/(εγ).
        var burnIn: Int { max(draws / 10, dimension == 2 ? Int(6 / stepSize) : 0) }
    }

    // γ = 1, so that s = nβ/γ (w²) or nβ/γ² (w⁴ and (w₁w₂)²) is nβ. Expected values are by quadrature.
    static let toys = [
        Toy(name: "w²", degree: 2, dimension: 1, nBeta: 1, stepSize: 0.04, draws: 10_000, llc: 0.333333),
        Toy(name: "w²", degree: 2, dimension: 1, nBeta: 10, stepSize: 4e-3, draws: 10_000, llc: 0.476190),
        Toy(name: "w²", degree: 2, dimension: 1, nBeta: 100, stepSize: 4e-4, draws: 10_000, llc: 0.497512),
        Toy(name: "w²", degree: 2, dimension: 1, nBeta: 1000, stepSize: 4e-5, draws: 10_000, llc: 0.499750),
        Toy(name: "w⁴", degree: 4, dimension: 1, nBeta: 1, stepSize: 0.02, draws: 20_000, llc: 0.180289),
        Toy(name: "w⁴", degree: 4, dimension: 1, nBeta: 10, stepSize: 6e-3, draws: 20_000, llc: 0.224903),
        Toy(name: "w⁴", degree: 4, dimension: 1, nBeta: 100, stepSize: 2e-3, draws: 20_000, llc: 0.241718),
        Toy(name: "w⁴", degree: 4, dimension: 1, nBeta: 1000, stepSize: 6e-4, draws: 20_000, llc: 0.247345),
        Toy(name: "(w₁w₂)²", degree: 4, dimension: 2, nBeta: 1, stepSize: 0.02, draws: 20_000, llc: 0.181636),
        Toy(name: "(w₁w₂)²", degree: 4, dimension: 2, nBeta: 10, stepSize: 5e-3, draws: 40_000, llc: 0.290274),
        Toy(name: "(w₁w₂)²", degree: 4, dimension: 2, nBeta: 100, stepSize: 8e-4, draws: 100_000, llc: 0.354204),
        Toy(name: "(w₁w₂)²", degree: 4, dimension: 2, nBeta: 1000, stepSize: 8e-5, draws: 400_000, llc: 0.390273),
    ]

    static let copies = 128

    static func loss(_ toy: Toy) -> SampleLoss {
        let pairs = toy.dimension == 2
        let count = copies * toy.dimension
        let degree = toy.degree
        return SampleLoss(parameterCount: count) { w, gradient in
            var loss = 0.0
            if pairs {
                for first in stride(from: 0, to: count, by: 2) {
                    let (x, y) = (w[first], w[first + 1])
                    loss += x * x * y * y
                    gradient[first] += 2 * x * y * y
                    gradient[first + 1] += 2 * x * x * y
                }
            } else if degree == 4 {
                for index in 0..<count {
                    let square = w[index] * w[index]
                    loss += square * square
                    gradient[index] += 4 * square * w[index]
                }
            } else {
                for index in 0..<count {
                    loss += w[index] * w[index]
                    gradient[index] += 2 * w[index]
                }
            }
            return loss
        }
    }

    /// The bias of SGLD's stationary law is a power series in ε, so 2·λ̂(ε/2) − λ̂(ε) is free of its first order; the
    /// second is of the size of ((ε/4)E|g|²/d)², printed and below a tenth of a per cent.
    @Test(arguments: toys)
    func `a localised toy has the quadrature's value as the step goes to zero`(_ toy: Toy) throws {
        let whole = try Self.run(toy, halvings: 0)
        let half = try Self.run(toy, halvings: 1)
        let value = 2 * half.llc - whole.llc
        let error = (4 * half.error * half.error + whole.error * whole.error).squareRoot()
        print("toy \(toy): λ̂ \(value) ± \(error), quadrature \(toy.llc); at ε \(whole), at ε/2 \(half)")
        #expect(error < 0.02 * value)
        #expect(Tolerance.statistical(standardErrors: 3, error: error).accepts(value, toy.llc))
    }

    /// Samples a toy with step size ε/2^halvings, for as long in ε·draws, and checks the virial identity: for K
    /// homogeneous of degree p about w\*, p·nβK + γ|δ|² = δ·g, whose stationary mean is d + (ε/4)E|g|² exactly.
    static func run(_ toy: Toy, halvings: Int) throws -> (llc: Double, error: Double, share: Double) {
        let loss = Self.loss(toy)
        let draws = toy.draws << halvings
        let stepSize = toy.stepSize / Double(1 << halvings)
        let settings = testSettings(
            draws: draws, burnIn: toy.burnIn << halvings, stepSize: stepSize, nBeta: toy.nBeta, localization: 1,
            seed: UInt64(1 + halvings))
        let traces = try loss.traces(
            center: [Double](repeating: 0, count: loss.parameterCount), settings: settings)
        let estimate = loss.estimate(traces, settings: settings)
        let virial = traces.map { trace in
            (0..<trace.drawCount).map { draw in
                toy.degree * toy.nBeta * trace.lossDifferences[draw] + trace.squaredDistances[draw]
                    - stepSize / 4 * trace.squaredDrifts[draw]
            }
        }
        let mean = virial.joined().reduce(0, +) / Double(virial.joined().count)
        let virialError = try #require(Diagnostics.meanMCSE(virial))
        #expect(
            Tolerance.statistical(standardErrors: 3, error: virialError).accepts(mean, Double(loss.parameterCount)),
            "virial \(mean) ± \(virialError), d \(loss.parameterCount)")
        let identity = try #require(estimate.identity)
        let plain = try #require(traces.plainEstimate(nBeta: toy.nBeta))
        return (
            plain.value / Double(copies), plain.error / Double(copies),
            identity.right / Double(loss.parameterCount) - 1
        )
    }
}

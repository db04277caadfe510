import Foundation
import Sampling
import TestSupport
import Testing

/// Localised toys whose λ̂ depends on one number s, by quadrature: nβ/γ for w², nβ/γ² for the others, of which many
/// independent copies are sampled at once.
struct LocalisedToyTests {
    enum Loss: String { case square = "w²", fourth = "w⁴", product = "(w₁w₂)²" }

    /// With γ = 1, so that s is nβ.
    struct Toy: Sendable, CustomStringConvertible {
        let loss: Loss
        let s: Double
        /// The step size and number of steps of SGLD, from which the other samplers' are derived.
        let stepSize: Double, steps: Int
        /// About how large the gradient of the loss is.
        let gradient: Double
        let llc: Double
        var description: String { "\(loss.rawValue), s = \(Int(s))" }
        var dimension: Int { loss == .product ? 2 : 1 }
    }

    static let toys = [
        Toy(loss: .square, s: 1, stepSize: 0.08, steps: 10_000, gradient: 1.1, llc: 0.333333),
        Toy(loss: .square, s: 10, stepSize: 0.01, steps: 10_000, gradient: 0.4, llc: 0.476190),
        Toy(loss: .square, s: 100, stepSize: 1e-3, steps: 10_000, gradient: 0.14, llc: 0.497512),
        // ½·2s/(2s + 1).
        Toy(loss: .square, s: 1000, stepSize: 1e-4, steps: 10_000, gradient: 0.04, llc: 0.499750),
        Toy(loss: .fourth, s: 1, stepSize: 0.02, steps: 20_000, gradient: 0.5, llc: 0.180289),
        Toy(loss: .fourth, s: 10, stepSize: 6e-3, steps: 20_000, gradient: 0.1, llc: 0.224903),
        Toy(loss: .fourth, s: 100, stepSize: 2e-3, steps: 20_000, gradient: 0, llc: 0.241718),
        Toy(loss: .fourth, s: 1000, stepSize: 6e-4, steps: 20_000, gradient: 0, llc: 0.247345),
        Toy(loss: .product, s: 1, stepSize: 0.02, steps: 20_000, gradient: 0.3, llc: 0.181636),
        Toy(loss: .product, s: 10, stepSize: 5e-3, steps: 40_000, gradient: 0.1, llc: 0.290274),
        Toy(loss: .product, s: 100, stepSize: 8e-4, steps: 100_000, gradient: 0, llc: 0.354204),
        Toy(loss: .product, s: 1000, stepSize: 1.2e-4, steps: 400_000, gradient: 0, llc: 0.390273),
    ]

    /// With 60 comparisons, 4.1 standard errors are exceeded with a probability of 60 · 4.1e-5 = 0.25 % by any.
    static let standardErrors = 4.1

    /// MALA and HMC have no bias of the step. That of the others is a power series in ε, so that 2·λ̂(ε/2) − λ̂(ε) is
    /// free of its first order; ε is such that the second is below half a per cent.
    @Test(arguments: toys, SamplerContractTests.Kind.allCases)
    func `a localised toy has the quadrature's value`(_ toy: Toy, kind: SamplerContractTests.Kind) {
        let whole = Self.run(toy, kind, halvings: 0)
        var (value, error) = (whole.llc, whole.error)
        if kind != .mala && kind != .hmc {
            let half = Self.run(toy, kind, halvings: 1)
            value = 2 * half.llc - whole.llc
            error = (4 * half.error * half.error + whole.error * whole.error).squareRoot()
        }
        print(
            "\(toy), \(kind):",
            String(
                format: "λ̂ %.5f ± %.5f, quadrature %.6f; %.5f at ε; acceptance %.3f", value, error, toy.llc, whole.llc,
                whole.acceptance))
        #expect(error < 0.02 * toy.llc)
        #expect(Tolerance.statistical(standardErrors: Self.standardErrors, error: error).accepts(value, toy.llc))
        // λ itself, ½, is reached at no s that can be sampled.
        if toy.loss == .product { #expect(value + Self.standardErrors * error < 0.5) }
    }

    /// Samples copies of a toy with step size ε/2^halvings, for as long in ε·steps.
    static func run(
        _ toy: Toy, _ kind: SamplerContractTests.Kind, halvings: Int
    ) -> (llc: Double, error: Double, acceptance: Double) {
        var stepSize = toy.stepSize
        var steps = toy.steps
        var copies = 128
        switch kind {
        case .sgld: break
        case .rmsprop: stepSize *= toy.gradient + RMSpropSGLD.offset
        case .sgnht: steps /= 2
        case .mala:
            stepSize *= 3
            copies = 16
        case .hmc:
            stepSize *= 3
            steps /= 10
            copies = 16
        }
        stepSize /= Double(1 << halvings)
        steps <<= halvings
        let dimension = copies * toy.dimension
        let posterior = LocalPosterior(
            center: [Double](repeating: 0, count: dimension), nBeta: toy.s, localization: 1,
            subset: ParameterSubset(all: dimension))
        let run = SamplerRun(
            kind.sampler(stepSize: stepSize, adaptationCount: 500), posterior: posterior, burnIn: 500 + steps / 10,
            steps: steps, observableCount: 2, seed: UInt64(1 + halvings), loss: Self.loss(toy.loss)
        ) { _, loss, info, sums in
            sums[0] += loss
            sums[1] += info.acceptance ?? 1
        }
        let (loss, error) = run.estimate(0)
        let scale = toy.s / Double(copies)
        return (scale * loss, scale * error, run.estimate(1).mean)
    }

    static func loss(_ loss: Loss) -> SamplerRun<Double>.Loss {
        switch loss {
        case .square:
            { w, _, gradient in
                var loss = 0.0
                for index in w.indices {
                    loss += w[index] * w[index]
                    gradient[index] = 2 * w[index]
                }
                return loss
            }
        case .fourth:
            { w, _, gradient in
                var loss = 0.0
                for index in w.indices {
                    let square = w[index] * w[index]
                    loss += square * square
                    gradient[index] = 4 * square * w[index]
                }
                return loss
            }
        case .product:
            { w, _, gradient in
                var loss = 0.0
                for first in stride(from: 0, to: w.count, by: 2) {
                    let (x, y) = (w[first], w[first + 1])
                    loss += x * x * y * y
                    gradient[first] = 2 * x * y * y
                    gradient[first + 1] = 2 * x * x * y
                }
                return loss
            }
        }
    }
}

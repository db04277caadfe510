import Foundation
import Sampling
import TestSupport
import Testing

/// Normal crossings as regression models, with the origin as the center: the minimum of the sample's loss, since the
/// noise is orthogonal to the inputs.
struct NormalCrossingTests {
    struct Case: Sendable, CustomStringConvertible {
        let description: String
        let exponents: [[Int]]
        let llc: Double, multiplicity: Int
        /// p where the loss is homogeneous, else 2, which overstates the step's bias.
        let degree: Double
        let localization: Double
        let stepSize: Double
        /// Per chain, without γ.
        var draws = 0
        /// λ̂ at γ as ε → 0.
        func localised(nBeta: Double) -> Double {
            // Without γ a quasi-homogeneous loss has λ at every nβ.
            localization == 0
                ? llc
                : LocalisedIntegrals.normalCrossing(exponents[0], nBeta: nBeta, localization: localization)
        }
    }

    static let exampleCount = 10_000

    static func measure(_ example: Case) throws -> KnownTruth {
        let copies = 16
        let terms = example.exponents.count
        let crossing = NormalCrossing(exponents: example.exponents, copies: copies)
        let sample = try RegressionSample(
            teacher: [Double](repeating: 0, count: copies * terms), inputCount: terms, exampleCount: exampleCount,
            noise: .orthogonal)
        let loss = crossing.loss(sample)
        let nBeta = Double(exampleCount) / log(Double(exampleCount))

        // Coefficients of terms in separate coordinates add, and so do their m − 1.
        let parts = example.exponents.map(LearningCoefficient.normalCrossing)
        #expect(parts.reduce(0) { $0 + $1.llc } == example.llc)
        #expect(parts.reduce(1) { $0 + $1.multiplicity - 1 } == example.multiplicity)

        let far = (0..<loss.parameterCount).map { 0.3 + 0.1 * sin(Double($0)) }
        let plain = sample.meanLoss(crossing.products(far))
        // The plain sum adds 160,000 terms of one sign in turn.
        #expect(Tolerance.relative(1e-10).accepts(loss.value(at: far), plain))

        return try KnownTruth(
            example.description, llc: example.llc, multiplicity: example.multiplicity,
            localised: example.localised(nBeta: nBeta), copies: copies, degree: example.degree, loss: loss,
            center: [Double](repeating: 0, count: loss.parameterCount), exampleCount: exampleCount,
            settings: example.localization == 0
                ? testSettings(
                    draws: example.draws, burnIn: example.draws / 10, stepSize: example.stepSize, nBeta: nBeta,
                    localization: 0)
                : .slow(stepSize: example.stepSize, nBeta: nBeta, localization: example.localization))
    }

    /// γ = 0: the posterior is proper, and λ̂ is λ at every nβ as ε → 0.
    @Test(arguments: [
        Case(
            description: "w²", exponents: [[1]], llc: 0.5, multiplicity: 1, degree: 2, localization: 0,
            stepSize: 5e-5, draws: 80_000),
        Case(
            description: "w⁴", exponents: [[2]], llc: 0.25, multiplicity: 1, degree: 4, localization: 0,
            stepSize: 1e-3, draws: 160_000),
        Case(
            description: "w⁶", exponents: [[3]], llc: 1.0 / 6, multiplicity: 1, degree: 6, localization: 0,
            stepSize: 2e-3, draws: 320_000),
        Case(
            description: "x² + y⁴", exponents: [[1, 0], [0, 2]], llc: 0.75, multiplicity: 1, degree: 2,
            localization: 0, stepSize: 2e-5, draws: 800_000),
    ])
    func `an isolated degenerate minimum has its learning coefficient`(_ example: Case) throws {
        let truth = try Self.measure(example)
        #expect(truth.isNearTruth)
        #expect(truth.agreesAfterBiases)
    }

    /// Crossings extend to infinity and need γ, so that λ̂ depends on nβ/γ^p with p half the degree. The bias of γ is taken
    /// off by quadrature. It is above 5 % although w₁²w₂⁴ has m = 1: there 5 % takes nβ/γ³ near 10⁵, and chains in
    /// proportion, by any sampler of the localised posterior.
    @Test(arguments: [
        Case(
            description: "(w₁w₂)²", exponents: [[1, 1]], llc: 0.5, multiplicity: 2, degree: 2, localization: 1,
            stepSize: 4e-5),
        Case(
            description: "w₁²w₂⁴", exponents: [[1, 2]], llc: 0.25, multiplicity: 1, degree: 2, localization: 1,
            stepSize: 4e-6),
    ])
    func `a localised normal crossing has the quadrature's value`(_ example: Case) throws {
        #expect(try Self.measure(example).agreesAfterBiases)
    }
}

import Foundation
import Sampling
import TestSupport
import Testing

/// Linear networks of two and more layers, reduced-rank regression among them, against Aoyagi's formula.
///
/// Aoyagi's λ belongs to the most singular points of the fibre W_L⋯W₁ = W; other points of it can have a larger *local*
/// learning coefficient. So each center is built where the truth is known: at a smooth point of the fibre, where
/// the local coefficient is half the Hessian's rank, or at a most singular point, where a block of every layer is zero.
struct DeepLinearNetworkTests {
    struct Case: Sendable, CustomStringConvertible {
        var network: LinearNetwork
        /// Of the true product, diag(1, …, 1, 0, …).
        let rank: Int
        /// The places (row, column) of the ones of each layer at the center.
        let ones: [[(Int, Int)]]
        /// λ and m at the center.
        let llc: Double, multiplicity: Int
        let noise: RegressionSample.Noise
        let localization: Double
        var exampleCount = 100_000
        var name = ""
        /// How far λ at the center lies above Aoyagi's.
        var excess = 0.0
        var description: String { "\(network) of rank \(rank)\(name)" }

        var teacher: [Double] {
            let matrix = (0..<network.outputs * network.inputs).map { place in
                let (row, column) = place.quotientAndRemainder(dividingBy: network.inputs)
                return row == column && row < rank ? 1.0 : 0
            }
            return Array(repeatElement(matrix, count: network.copies).joined())
        }
        var nBeta: Double { Double(exampleCount) / log(Double(exampleCount)) }
    }

    static func diagonal(_ count: Int) -> [(Int, Int)] { (0..<count).map { ($0, $0) } }

    /// The loss, checked against the plain sum over the examples away from the center.
    static func loss(_ example: Case) throws -> SampleLoss {
        let network = example.network
        let sample = try RegressionSample(
            teacher: example.teacher, inputCount: network.inputs, exampleCount: example.exampleCount,
            noise: example.noise)
        let loss = network.loss(sample)
        let far = network.parameters(ones: example.ones).enumerated().map { $0.element + 0.3 * sin(Double($0.offset)) }
        let plain = sample.meanLoss(network.products(far))
        // The plain sum adds up to 6,400,000 terms of one sign in turn.
        #expect(Tolerance.relative(1e-9).accepts(loss.value(at: far), plain))
        return loss
    }

    /// Smooth points. With rank A = a and rank B = b the Hessian of ½|BA − W|² has rank
    /// outputs·a + inputs·b − ab. For cases 2, 3 and 4 of reduced-rank regression and for rank 3 through 3 units the
    /// least of these is Aoyagi's; [5, 3, 4] of rank 1 has sheets of 7, Aoyagi's λ (its m = 2 is where sheets meet), and
    /// of 8. Where independent noise would move the sample's minimum off the kind of point that is meant, noise is orthogonal;
    /// else it is independent and the minimum is descended to.
    @Test(arguments: [
        Case(
            network: LinearNetwork([10, 3, 10]), rank: 3, ones: [diagonal(3), diagonal(3)], llc: 25.5, multiplicity: 1,
            noise: .independent, localization: 100),
        Case(
            network: LinearNetwork([3, 6, 3]), rank: 1,
            ones: [diagonal(3), [(0, 0), (0, 3), (1, 4), (2, 5)]], llc: 4.5, multiplicity: 1,
            noise: .independent, localization: 100, name: " (case 4)"),
        Case(
            network: LinearNetwork([2, 2, 6]), rank: 1, ones: [diagonal(1), diagonal(2)], llc: 4, multiplicity: 1,
            noise: .orthogonal, localization: 100, name: " (case 2)"),
        Case(
            network: LinearNetwork([6, 2, 2]), rank: 1, ones: [diagonal(2), diagonal(1)], llc: 4, multiplicity: 1,
            noise: .orthogonal, localization: 100, name: " (case 3)"),
        Case(
            network: LinearNetwork([5, 3, 4]), rank: 1, ones: [diagonal(3), diagonal(1)], llc: 7, multiplicity: 1,
            noise: .orthogonal, localization: 100, name: ", smooth sheet of 7"),
        Case(
            network: LinearNetwork([5, 3, 4]), rank: 1, ones: [diagonal(1), diagonal(3)], llc: 8, multiplicity: 1,
            noise: .orthogonal, localization: 100, name: ", smooth sheet of 8", excess: 1),
    ])
    func `a smooth point of the fibre has half the Hessian's rank`(_ example: Case) throws {
        let loss = try Self.loss(example)
        let minimum = try Minimum(near: example.network.parameters(ones: example.ones), of: loss)
        #expect(Double(minimum.curvatures.count) == 2 * example.llc)
        let formula = try #require(
            LearningCoefficient.linearNetwork(widths: example.network.widths, rank: example.rank))
        #expect(example.llc - formula.llc == example.excess)
        let nBeta = example.nBeta
        let truth = try KnownTruth(
            "\(example)", llc: example.llc, multiplicity: example.multiplicity,
            localised: minimum.localisedLLC(nBeta: nBeta, localization: example.localization), loss: loss,
            center: minimum.parameters, exampleCount: example.exampleCount,
            settings: testSettings(
                draws: 200_000, burnIn: 20_000, stepSize: 0.05 / (nBeta * minimum.largestCurvature),
                nBeta: nBeta, localization: example.localization))
        #expect(truth.isNearTruth)
        #expect(truth.agreesAfterBiases)
    }

    /// The most singular points of two layers: A and B are diag(1, …, 1, 0, …) with r ones. There BA − W is, to leading
    /// order, r(inputs + outputs − r) regular directions and the product of the remaining blocks, a network of
    /// [inputs − r, hidden − r, outputs − r] and rank 0: its λ̂ at (nβ, γ) is a quadrature, that of the regular
    /// directions follows from the Hessian, and the two add. For r > 0 the rest of the first r units moves by 1/√γ and
    /// multiplies the blocks by 1 + O(1/γ), which is a change of ln nβ by O(1/γ); λ̂ depends on that by
    /// less than 0.06 per unit, which is 0.015 at γ = 4.
    @Test(arguments: [
        Case(
            network: LinearNetwork([2, 2, 2], copies: 8), rank: 0, ones: [[], []], llc: 1.5, multiplicity: 1,
            noise: .orthogonal, localization: 2, name: " (case 1)"),
        Case(
            network: LinearNetwork([3, 3, 3], copies: 2), rank: 1, ones: [diagonal(1), diagonal(1)], llc: 4,
            multiplicity: 1, noise: .orthogonal, localization: 4, name: " (case 1)"),
        Case(
            network: LinearNetwork([5, 3, 4], copies: 2), rank: 1, ones: [diagonal(1), diagonal(1)], llc: 7,
            multiplicity: 2, noise: .orthogonal, localization: 4, name: " (case 1)"),
        Case(
            network: LinearNetwork([1, 1, 1], copies: 16), rank: 0, ones: [[], []], llc: 0.5, multiplicity: 2,
            noise: .orthogonal, localization: 3, name: " (case 1)"),
        Case(
            network: LinearNetwork([1, 1, 1, 1], copies: 16), rank: 0, ones: [[], [], []], llc: 0.5, multiplicity: 3,
            noise: .orthogonal, localization: 3),
    ])
    func `a most singular point has Aoyagi's coefficient but for the bias of γ`(_ example: Case) throws {
        let (network, rank, nBeta) = (example.network, example.rank, example.nBeta)
        var single = example
        single.network = LinearNetwork(network.widths)
        let minimum =
            rank == 0
            ? nil
            : try Minimum(near: single.network.parameters(ones: example.ones), of: Self.loss(single))
        let regular = minimum?.localisedLLC(nBeta: nBeta, localization: example.localization) ?? 0
        let widths = network.widths.map { $0 - rank }
        let singular =
            widths.count == 3
            ? LocalisedIntegrals.reducedRank(
                inputs: widths[0], hidden: widths[1], outputs: widths[2], nBeta: nBeta,
                localization: example.localization)
            : LocalisedIntegrals.normalCrossing([1, 1, 1], nBeta: nBeta, localization: example.localization)
        let truth = try Self.measureSingular(
            example, regularCurvature: minimum?.largestCurvature ?? 0, localised: regular + singular)
        if example.multiplicity == 1 { #expect(truth.isNearTruth) }
        #expect(truth.agreesAfterBiases)
    }

    /// λ̂ at three sizes of sample with γ alike. It rises toward λ; the shortfall is of the order of (m − 1)/ln(nβ), printed
    /// beside it. That the shortfall shrinks is shown, not that it vanishes. At each size λ̂ also has the quadrature's
    /// value.
    @Test func `λ̂ of a deep network rises with n toward Aoyagi's coefficient`() throws {
        var last: KnownTruth?
        for exampleCount in [1000, 10_000, 100_000] {
            let example = Case(
                network: LinearNetwork([2, 2, 2, 2], copies: 4), rank: 0, ones: [[], [], []], llc: 1.5,
                multiplicity: 3, noise: .orthogonal, localization: 2, exampleCount: exampleCount)
            let quadrature = LocalisedIntegrals.threeLayersOfTwoUnits(
                nBeta: example.nBeta, localization: example.localization)
            let truth = try Self.measureSingular(example, regularCurvature: 0, localised: quadrature)
            print(
                "trend | \(example) | n \(exampleCount) | λ̂ \(truth.value) ± \(truth.error) |",
                "quadrature \(quadrature) | λ − λ̂ \(truth.llc - truth.value) |",
                "(m − 1)/ln(nβ) \(2 / log(example.nBeta))")
            #expect(truth.agreesAfterBiases)
            #expect(truth.value < truth.llc)
            if let last {
                let error = (truth.error * truth.error + last.error * last.error).squareRoot()
                #expect(truth.value - last.value > 3 * error)
            }
            last = truth
        }
    }

    /// Samples from a most singular point, with a step for its regular curvature and that of the valleys, where γ
    /// alone holds each of the blocks of `layers` − 1 layers: entries of 1/√γ, spectral norms squared of a few 1/γ.
    static func measureSingular(
        _ example: Case, regularCurvature: Double, localised: Double
    ) throws -> KnownTruth {
        let (network, nBeta, localization) = (example.network, example.nBeta, example.localization)
        let formula = try #require(LearningCoefficient.linearNetwork(widths: network.widths, rank: example.rank))
        #expect(formula == (example.llc, example.multiplicity))
        let valley = pow(5 / localization, Double(network.widths.count - 2))
        let stepSize = 0.2 / (nBeta * (regularCurvature + valley))
        return try KnownTruth(
            "\(example)", llc: example.llc, multiplicity: example.multiplicity, localised: localised,
            copies: network.copies, loss: loss(example), center: network.parameters(ones: example.ones),
            exampleCount: example.exampleCount,
            settings: .slow(stepSize: stepSize, nBeta: nBeta, localization: localization))
    }
}

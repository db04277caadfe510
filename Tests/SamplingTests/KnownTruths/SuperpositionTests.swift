import Foundation
import Sampling
import TestSupport
import Testing

/// The toy model of superposition with six features at three of its k-gons.
struct SuperpositionTests {
    static let featureCount = 6
    static let sample = SuperpositionSample(featureCount: featureCount, exampleCount: 1_000_000)

    struct Polygon: Sendable, CustomStringConvertible {
        let description: String
        let corners: Int
        /// l and b of the corners where the expected loss is smallest, and b of the dead columns W = 0.
        let length: Double, bias: Double, deadBias: Double
        let loss: Double
        let llc: Double
        let localization: Double

        var parameters: [Double] {
            let angles = (0..<featureCount).map { 2 * Double.pi * Double($0) / Double(corners) }
            return angles.enumerated().flatMap { $0 < corners ? [length * cos($1), length * sin($1)] : [0, 0] }
                + angles.indices.map { $0 < corners ? bias : deadBias }
        }
    }

    /// 5 has a dead column with b < 0, three flat directions beside the rotation; they are flat for overlaps
    /// W₆·W_j up to −b_j = 0.28, that is |W₆| < 0.24, and beyond that the loss rises. γ keeps W₆ within: 1/√γ = 0.06; at γ = 1
    /// the walls add 0.1 to λ̂. In
    /// 5+ the dead column has b = 1/(2c) and is held by the loss, so that rotation alone is flat, as in 6; there γ is
    /// small. All three have m = 1: the coefficient is half the Hessian's rank.
    @Test(arguments: [
        Polygon(
            description: "5", corners: 5, length: 1.17046, bias: -0.28230, deadBias: -1, loss: 0.068744, llc: 7,
            localization: 300),
        Polygon(
            description: "5+", corners: 5, length: 1.17046, bias: -0.28230, deadBias: 1.0 / 12, loss: 0.061799,
            llc: 8.5, localization: 1),
        Polygon(
            description: "6", corners: 6, length: 1.32053, bias: -0.61814, deadBias: 0, loss: 0.048192, llc: 8.5,
            localization: 1),
    ])
    func `a k-gon has its learning coefficient`(_ polygon: Polygon) throws {
        let sample = Self.sample
        let loss = sample.loss
        let minimum = try Minimum(near: polygon.parameters, of: loss)
        let center = minimum.parameters
        #expect(Double(minimum.curvatures.count) == 2 * polygon.llc)

        let far = center.enumerated().map { $0.element + 0.2 * sin(Double($0.offset)) }
        for w in [center, far] {
            // Sums of 10⁶ terms of one sign in turn.
            #expect(Tolerance.relative(1e-10).accepts(loss.value(at: w), sample.plainLoss(w).mean))
        }
        // Fitting 18 parameters lowers the loss by a few 1/n only.
        let plain = sample.plainLoss(center)
        #expect(Tolerance.statistical(standardErrors: 4, error: plain.error).accepts(plain.mean, polygon.loss))

        let nBeta = Double(sample.exampleCount) / log(Double(sample.exampleCount))
        let truth = try KnownTruth(
            "\(polygon)-gon", llc: polygon.llc, multiplicity: 1,
            localised: minimum.localisedLLC(nBeta: nBeta, localization: polygon.localization), loss: loss,
            center: center, exampleCount: sample.exampleCount,
            settings: testSettings(
                draws: 1_000_000, burnIn: 100_000, stepSize: 0.2 / (nBeta * minimum.largestCurvature), nBeta: nBeta,
                localization: polygon.localization))
        #expect(truth.isNearTruth)
        #expect(truth.agreesAfterBiases)
    }
}

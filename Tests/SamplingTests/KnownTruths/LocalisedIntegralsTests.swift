import Sampling
import TestSupport
import Testing

struct LocalisedIntegralsTests {
    /// Values by an independent quadrature, of w⁴ and (w₁w₂)² at γ = 1, with six digits.
    @Test(arguments: [
        ([2], 1.0, 0.180289), ([2], 100, 0.241718), ([2], 1e6, 0.249916), ([1, 1], 1, 0.181636),
        ([1, 1], 100, 0.354204), ([1, 1], 1e4, 0.412337), ([1, 1], 1e8, 0.451494),
    ])
    func `the quadrature of a normal crossing has its known values`(
        exponents: [Int], strength: Double, llc: Double
    ) {
        for localization in [1.0, 3.0] {
            let scale = exponents.reduce(2) { power, exponent in
                (0..<exponent).reduce(power) { value, _ in value * localization }
            }
            let value = LocalisedIntegrals.normalCrossing(
                exponents, nBeta: strength * scale, localization: localization)
            #expect(Tolerance.absolute(2e-6).accepts(value, llc), "\(value)")
        }
    }

    @Test func `one hidden unit between one input and one output is the crossing (w₁w₂)²`() {
        let network = LocalisedIntegrals.reducedRank(inputs: 1, hidden: 1, outputs: 1, nBeta: 500, localization: 2)
        let crossing = LocalisedIntegrals.normalCrossing([1, 1], nBeta: 500, localization: 2)
        #expect(Tolerance.absolute(2e-6).accepts(network, crossing), "\(network) \(crossing)")
    }

    /// The integral over A instead of B is the same number: the two quadratures have other integrands.
    @Test func `inputs and outputs can be exchanged`() {
        let ahead = LocalisedIntegrals.reducedRank(inputs: 4, hidden: 2, outputs: 3, nBeta: 500, localization: 2)
        let back = LocalisedIntegrals.reducedRank(inputs: 3, hidden: 2, outputs: 4, nBeta: 500, localization: 2)
        #expect(Tolerance.relative(1e-6).accepts(ahead, back), "\(ahead) \(back)")
    }

    /// Against an average over independent normal A and B.
    @Test func `three layers of two units agree with independent draws`() {
        let (nBeta, localization) = (100.0, 1.0)
        let stream = RandomStream(seed: 21, trainingStep: 0, chain: 0, purpose: .projection)
        var draws = [Double](repeating: 0, count: 8)
        var (total, sum, squares) = (0.0, 0.0, 0.0)
        let quadrature = LocalisedIntegrals.threeLayersOfTwoUnits(nBeta: nBeta, localization: localization)
        for row in 0..<500_000 {
            stream.fillNormals(&draws, row: row)
            let (a, b) = (draws[0..<4], draws[4..<8])
            var trace = 0.0
            for output in 0..<2 {
                for input in 0..<2 {
                    let entry = b[4 + 2 * output] * a[input] + b[5 + 2 * output] * a[2 + input]
                    trace += nBeta * entry * entry
                }
            }
            let volume = nBeta * (a[0] * a[3] - a[1] * a[2]) * (b[4] * b[7] - b[5] * b[6])
            let determinant = 1 + trace + volume * volume
            let excess = (trace + 2 * volume * volume) / determinant - quadrature
            total += 1 / determinant
            sum += excess / determinant
            squares += (excess / determinant) * (excess / determinant)
        }
        let error = squares.squareRoot() / total
        print("three layers of two units: \(quadrature), by independent draws \(quadrature + sum / total) ± \(error)")
        #expect(error < 0.005 * quadrature)
        #expect(abs(sum / total) < 3 * error)
    }
}

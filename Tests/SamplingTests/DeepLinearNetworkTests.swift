import Foundation
import Sampling
import TestSupport
import Testing

/// Two-layer linear networks y = BAx at a trained minimum, whose learning coefficient is known in closed form.
///
/// The teacher is realisable and without noise and the sample has the covariance 1, so Lₙ = ½|BA − W|²
/// is exactly zero on the whole fibre BA = W, with the learning coefficient of the true loss.
struct DeepLinearNetworkTests {
    struct Network: Sendable, CustomStringConvertible {
        let inputs: Int, hidden: Int, outputs: Int, rank: Int
        /// λ at the minimum that training finds, and its multiplicity m: Aoyagi 2024, "On the learning coefficient of
        /// deep linear networks", but for the sheet of λ = 8 below.
        let llc: Double, multiplicity: Double
        /// The size of the initial A and B.
        let first: Double, second: Double
        var description: String { "[\(inputs), \(hidden), \(outputs)] of rank \(rank), λ \(llc)" }
        var parameterCount: Int { hidden * (inputs + outputs) }
    }

    static func normals(_ count: Int, row: Int) -> [Double] {
        var values = [Double](repeating: 0, count: count)
        RandomStream(seed: 20, trainingStep: 0, chain: 0, purpose: .projection).fillNormals(&values, row: row)
        return values
    }

    /// The flat vector is A `[hidden, inputs]`, then B `[outputs, hidden]`; example i is √inputs·e_i.
    static func loss(_ network: Network) -> ClosureLoss<Double> {
        let (inputs, hidden, outputs) = (network.inputs, network.hidden, network.outputs)
        let left = normals(outputs * network.rank, row: 0)
        let right = normals(network.rank * inputs, row: 1)
        let teacher = (0..<outputs * inputs).map { place in
            let (output, input) = place.quotientAndRemainder(dividingBy: inputs)
            return (0..<network.rank).reduce(0) {
                $0 + left[output * network.rank + $1] * right[$1 * inputs + input] / 4
            }
        }
        let offset = hidden * inputs
        return ClosureLoss(parameterCount: network.parameterCount, exampleCount: inputs) { w, input, weight, gradient in
            var loss = 0.0
            for output in 0..<outputs {
                var residual = -teacher[output * inputs + input]
                for unit in 0..<hidden {
                    residual += w[offset + output * hidden + unit] * w[unit * inputs + input]
                }
                loss += 0.5 * Double(inputs) * residual * residual
                let slope = weight * Double(inputs) * residual
                for unit in 0..<hidden {
                    gradient[offset + output * hidden + unit] += slope * w[unit * inputs + input]
                    gradient[unit * inputs + input] += slope * w[offset + output * hidden + unit]
                }
            }
            return loss
        }
    }

    /// At a smooth point of the fibre λ is half the Hessian's rank, which is
    /// outputs·rank A + inputs·rank B − rank A·rank B. Rank 3 through 3 units leaves no choice: 51/2 = 25.5, as in
    /// Aoyagi's formula.
    ///
    /// [5, 3, 4] of rank 1 has several sheets. From a large A and a small B gradient descent ends where rank A = 3 and
    /// rank B = 1, with 14/2 = 7, Aoyagi's λ, the least on the fibre; the other way round at rank A = 1 and rank B = 3,
    /// with 16/2 = 8: a *local* coefficient. Aoyagi's m = 2 belongs to the points where sheets of λ = 7 meet; there λ̂
    /// falls short of λ by (m − 1)/ln(nβ). Training ends away from them, so the value to expect lies between
    /// λ − (m − 1)/ln(nβ) and λ. The finite step adds at most (ε/8)E|g|², as on a quadratic.
    @Test(arguments: [
        Network(
            inputs: 10, hidden: 3, outputs: 10, rank: 3, llc: 25.5, multiplicity: 1, first: 0.5, second: 0.5),
        Network(inputs: 5, hidden: 3, outputs: 4, rank: 1, llc: 7, multiplicity: 2, first: 1, second: 0.1),
        Network(inputs: 5, hidden: 3, outputs: 4, rank: 1, llc: 8, multiplicity: 1, first: 0.1, second: 1),
    ])
    func `a trained network has its theoretical learning coefficient`(_ network: Network) throws {
        let loss = Self.loss(network)
        let evaluator = loss.makeEvaluator(capacity: network.inputs)
        let examples = Array(0..<network.inputs)
        let all = ParameterSubset(all: network.parameterCount)
        let split = network.hidden * network.inputs
        var w = Self.normals(network.parameterCount, row: 2).enumerated().map {
            ($0.offset < split ? network.first : network.second) * $0.element
        }
        var iteration = 0
        var norm = Double.infinity
        while norm > 1e-12 && iteration < 200_000 {
            let gradient = evaluator.fullLossAndGradient(
                at: w, examples: examples, chunkSize: network.inputs
            ).gradient
            norm = all.norm(of: gradient)
            for index in w.indices { w[index] -= 0.05 * gradient[index] }
            iteration += 1
        }
        #expect(norm <= 1e-12)

        let curvature = try Curvature.largest(
            evaluator: evaluator, center: w, subset: all, examples: examples, chunkSize: network.inputs,
            random: RandomStream(seed: 1, trainingStep: 0, chain: 0, purpose: .curvature))
        let nBeta = 1e6
        let stepSize = 0.1 / (nBeta * curvature.value)
        let (estimate, _) = try sample(
            loss, center: w,
            settings: testSettings(
                draws: 100_000, burnIn: 10_000, batch: network.inputs, minibatches: .epochs, stepSize: stepSize,
                nBeta: nBeta, localization: 1))
        let value = try #require(estimate.value)
        let error = try #require(estimate.standardError)
        let identity = try #require(estimate.identity)
        let heating = (identity.right - Double(network.parameterCount)) / 2
        let corrected = network.llc - (network.multiplicity - 1) / log(nBeta)
        print(
            "deep linear \(network): |∇L| \(norm) after \(iteration) steps, h \(curvature.value),",
            "λ̂ \(value) ± \(error), λ \(network.llc), λ − (m − 1)/ln nβ \(corrected), (ε/8)E|g|² \(heating),",
            "R-hat \(estimate.rHat ?? 0), ESS \(estimate.bulkESS ?? 0)")
        #expect(Tolerance.relative(0.05).accepts(value, network.llc))
        #expect(value > corrected - 3 * error && value < network.llc + heating + 3 * error)
    }
}

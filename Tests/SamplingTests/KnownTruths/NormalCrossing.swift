import Sampling

/// Regression models ŷ = Σ_t g_t(w)·x_t whose coefficients are monomials g_t = Π wᵢ^{k_ti} of the parameters, `copies`
/// side by side, each with an output and parameters of its own.
///
/// On a sample with P̂ = 0, Lₙ = ½Σ_t Π wᵢ^{2k_ti} + Lₙ(0): normal crossings and sums of them. The flat vector has axes
/// `[coordinate, copy]`.
struct NormalCrossing: Sendable {
    /// k, axes `[term, coordinate]`; one term per input.
    let exponents: [[Int]]
    let copies: Int

    var dimension: Int { exponents[0].count }

    /// The coefficients of each copy, axes `[copy, term]`.
    func products(_ w: [Double]) -> [Double] {
        var result = [Double](repeating: 1, count: copies * exponents.count)
        for (term, powers) in exponents.enumerated() {
            for copy in 0..<copies {
                for (place, exponent) in powers.enumerated() {
                    for _ in 0..<exponent { result[copy * exponents.count + term] *= w[place * copies + copy] }
                }
            }
        }
        return result
    }

    func loss(_ sample: RegressionSample) -> SampleLoss {
        let (exponents, copies, dimension) = (self.exponents, self.copies, self.dimension)
        let (terms, target, residual) = (exponents.count, sample.coefficients, sample.residualLoss)
        return SampleLoss(parameterCount: copies * dimension) { w, gradient in
            var difference = [Double](repeating: 0, count: copies)
            var slope = difference
            /// values ← Π wᵢ^{k_ti} with one factor w_omitted left out.
            func multiply(_ term: Int, omitting omitted: Int?, into values: inout [Double]) {
                for copy in 0..<copies { values[copy] = 1 }
                for place in 0..<dimension {
                    for _ in 0..<exponents[term][place] - (place == omitted ? 1 : 0) {
                        let offset = place * copies
                        for copy in 0..<copies { values[copy] *= w[offset + copy] }
                    }
                }
            }
            var loss = residual
            for term in 0..<terms {
                multiply(term, omitting: nil, into: &difference)
                for copy in 0..<copies {
                    difference[copy] -= target[copy * terms + term]
                    loss += difference[copy] * difference[copy] / 2
                }
                for place in 0..<dimension where exponents[term][place] > 0 {
                    multiply(term, omitting: place, into: &slope)
                    let scale = Double(exponents[term][place])
                    for copy in 0..<copies {
                        gradient[place * copies + copy] += scale * difference[copy] * slope[copy]
                    }
                }
            }
            return loss
        }
    }
}

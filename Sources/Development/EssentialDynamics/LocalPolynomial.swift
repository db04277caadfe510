import Foundation

/// The weights that turn the values of a path at checkpoints 0…T−1 into the value and the first three derivatives,
/// over the checkpoint index, of the polynomial that fits the path best about one place.
///
/// Least squares weighted by a normal curve, cut at four widths. The derivative of order m is
/// Σ_j f_j w_j Σ_k p_k⁽ᵐ⁾(0)·p_k(d_j)/‖p_k‖², p_k the polynomials orthogonal under the weights w_j (Forsythe 1957,
/// J. SIAM 5(2), recurrence (2)); the sum over k is kept to `degree`, or to what the points in reach determine. So
/// a path that is a polynomial of that degree is reproduced exactly, at its ends too. With nine points in reach and
/// degree eight it interpolates: central differences of order eight.
struct LocalPolynomial {
    /// The first checkpoint in reach.
    let first: Int
    /// For each checkpoint in reach its part in the value and in the first, second and third derivative.
    let weights: [SIMD4<Double>]
    /// The normal weights, of sum one.
    let kernel: [Double]
    /// For each derivative the sum of its squared weights: its variance per variance of independent noise.
    let variances: SIMD4<Double>

    /// Derives the weights.
    ///
    /// - Parameters:
    ///   - place: Where, in checkpoints; between two of them too.
    ///   - count: T.
    ///   - width: The standard deviation of the weights, in checkpoints.
    ///   - degree: The degree of the polynomial.
    init(at place: Double, count: Int, width: Double, degree: Int) {
        first = max(0, Int((place - 4 * width).rounded(.up)))
        let last = min(count - 1, Int((place + 4 * width).rounded(.down)))
        let offsets = (first...last).map { Double($0) - place }
        let bell = offsets.map { exp(-0.5 * $0 * $0 / (width * width)) }
        let total = bell.reduce(0, +)
        let kernel = bell.map { $0 / total }
        var weights = [SIMD4<Double>](repeating: .zero, count: offsets.count)
        var values = [Double](repeating: 1, count: offsets.count)
        var previousValues = [Double](repeating: 0, count: offsets.count)
        // The value and three derivatives of p_k and p_(k−1) at the place.
        var (jet, previousJet) = (SIMD4<Double>(1, 0, 0, 0), SIMD4<Double>.zero)
        var previousNorm = 1.0
        for order in 0...min(degree, offsets.count - 1) {
            var (norm, center) = (0.0, 0.0)
            for index in offsets.indices {
                let share = kernel[index] * values[index] * values[index]
                norm += share
                center += share * offsets[index]
            }
            for index in offsets.indices { weights[index] += jet * (kernel[index] * values[index] / norm) }
            center /= norm
            let ratio = order == 0 ? 0 : norm / previousNorm
            for index in offsets.indices {
                let next = (offsets[index] - center) * values[index] - ratio * previousValues[index]
                (previousValues[index], values[index]) = (values[index], next)
            }
            let rise = SIMD4(0, jet[0], 2 * jet[1], 3 * jet[2])
            (previousJet, jet) = (jet, rise - center * jet - ratio * previousJet)
            previousNorm = norm
        }
        self.kernel = kernel
        self.weights = weights
        variances = weights.reduce(.zero) { $0 + $1 * $1 }
    }

    /// The value and three derivatives of a path.
    func jet(of path: [Double]) -> SIMD4<Double> {
        var sum = SIMD4<Double>.zero
        for (offset, weight) in weights.enumerated() { sum += weight * path[first + offset] }
        return sum
    }
}

import Foundation
public import Tensors

/// A Gaussian process fitted to noisy values of a curve, with the curve and its slope as one joint law.
///
/// f(x) = c + g(x): c a constant with a broad normal prior (ten times the spread of the values), g with the
/// Matérn kernel of smoothness 5/2, k(r) = a²(1 + u + u²/3)e^(−u), u = √5·r/ℓ. A value has variance s² + σ²:
/// its known standard error and a learnt noise. a, ℓ and σ maximise the marginal likelihood and are then taken
/// as known. Rasmussen & Williams 2006, eqs. 2.30, 4.17, 5.8; §9.4 for slopes.
///
/// The squared-exponential kernel is not used: it is so smooth that a sharp rise makes it ring in the flat
/// parts beside it, more than its own error allows, and what rings looks like boundaries.
public struct GaussianProcess: Sendable {
    /// What a posterior is asked for.
    public enum Quantity: Sendable, Equatable {
        /// f(x).
        case value(Double)
        /// f′(x).
        case slope(Double)
    }

    /// More points than this are averaged before the fit, since its time grows with the third power.
    public static let cellLimit = 600

    /// a, in units of the values.
    public var amplitude: Double { kernel.amplitude * scale }
    /// ℓ, in units of x.
    public var length: Double { kernel.length }
    /// σ, the standard deviation of the learnt noise of one value, in units of the values.
    public var noise: Double { kernel.noise * scale }
    /// The standard deviation that a slope has before any value is known: a√(5/3)/ℓ, in units of value per x.
    public var priorSlopeDeviation: Double { amplitude * (5.0 / 3.0).squareRoot() / length }
    /// ln p(values), of the standardised values.
    public let logLikelihood: Double

    private let inputs: [Double]
    private let mean: Double
    private let scale: Double
    private let kernel: Kernel
    private let factor: Cholesky
    private let whitenedValues: [Double]

    /// Fits a process.
    ///
    /// More than `cellLimit` points are first averaged in that many cells of equal width w in x. That leaves the
    /// noise model exact (s²/m and σ²/m for m points) and moves the curve by at most |f″|w²/8: with the usual
    /// length of a tenth of the range, w²/ℓ² is below 3·10⁻⁴.
    ///
    /// - Parameters:
    ///   - inputs: x, ascending; at least two different ones.
    ///   - values: One value per x.
    ///   - standardErrors: The known standard error of each value; 0 where there is none.
    /// - Throws: `LinearAlgebraError` when a number is not finite.
    public init(inputs: [Double], values: [Double], standardErrors: [Double]) throws(LinearAlgebraError) {
        precondition(inputs.count == values.count && inputs.count == standardErrors.count, "one value per input")
        guard (values + standardErrors + inputs).allSatisfy(\.isFinite) else { throw .notFinite }
        let average = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + ($1 - average) * ($1 - average) } / Double(values.count)
        let spread = variance > 0 ? variance.squareRoot() : 1
        let data = Cells(
            inputs: inputs, values: values.map { ($0 - average) / spread },
            squaredErrors: standardErrors.map { ($0 / spread) * ($0 / spread) }, limit: Self.cellLimit)
        try self.init(data: data, kernel: Kernel.mostLikely(for: data), mean: average, scale: spread)
    }

    /// Conditions a process of known kernel on standardised data; values are `mean` + `scale` times theirs.
    init(data: Cells, kernel: Kernel, mean: Double, scale: Double) throws(LinearAlgebraError) {
        let factor = try Cholesky(kernel.covariance(of: data), count: data.inputs.count)
        (self.inputs, self.mean, self.scale, self.kernel, self.factor) = (data.inputs, mean, scale, kernel, factor)
        whitenedValues = factor.solveLower(data.values)
        logLikelihood = factor.logLikelihood(of: data.values)
    }

    /// The joint normal law of values and slopes, given the data.
    public func posterior(of quantities: [Quantity]) -> GaussianPosterior {
        let whitened = quantities.map { quantity in
            factor.solveLower(inputs.map { kernel.covariance(quantity, .value($0)) })
        }
        let explained = gram(rows: whitened)
        let count = quantities.count
        var covariance = [Double](repeating: 0, count: count * count)
        for row in 0..<count {
            for column in row..<count {
                let prior = kernel.covariance(quantities[row], quantities[column])
                let value = scale * scale * (prior - explained[row * count + column])
                covariance[row * count + column] = value
                covariance[column * count + row] = value
            }
        }
        let means = zip(quantities, whitened).map { quantity, row in
            let shifted = scale * zip(row, whitenedValues).reduce(0) { $0 + $1.0 * $1.1 }
            return if case .value = quantity { mean + shifted } else { shifted }
        }
        return GaussianPosterior(mean: means, covariance: covariance)
    }
}

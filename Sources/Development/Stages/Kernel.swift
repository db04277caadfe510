import Foundation

/// The covariance of a Gaussian process on standardised values: Matérn 7/2, a constant, and noise of two kinds.
struct Kernel: Sendable, Equatable {
    /// a, relative to the spread of the values.
    var amplitude: Double
    /// ℓ, in units of x.
    var length: Double
    /// σ, relative to the spread of the values.
    var noise: Double
    /// Noise that neighbouring checkpoints share; nil where the values do not show any.
    var wander: Wander?

    /// An Ornstein–Uhlenbeck process over the number of the checkpoint, b²e^(−|i − j|/τ): autoregressive noise.
    struct Wander: Sendable, Equatable {
        /// b, relative to the spread of the values.
        var amplitude: Double
        /// τ, in checkpoints.
        var length: Double
    }

    /// The prior variance of the constant: (10 × the spread)², broad against any mean the data can have.
    static let constantVariance = 100.0

    /// λ = √7/ℓ, the rate at which the curve forgets.
    var rate: Double { 7.0.squareRoot() / length }
    /// The standard deviation of a slope before any value is known: a√(7/5)/ℓ, in units of value per x.
    var slopeDeviation: Double { amplitude * (7.0 / 5.0).squareRoot() / length }
}

extension Kernel {
    /// The kernel of greatest marginal likelihood within bounds, with shared noise only where it is worth its two
    /// parameters by Schwarz's criterion (a gain of ln n in log-likelihood).
    ///
    /// Bounds: ℓ from the median distance of inputs (or a fiftieth of the range, whichever is larger) to twice the
    /// range, since shorter is noise and longer a constant; a from 10⁻³ to 100 spreads; σ from 10⁻³ to 3 spreads; b
    /// from 10⁻³ to 3 spreads; τ from half a checkpoint to a tenth of their number. The likelihood has several maxima
    /// (a short and a long ℓ above all), so the best places of a coarse grid are where searches start.
    ///
    /// - Parameter sites: The values, in order; at least two inputs differ.
    static func mostLikely(for sites: [Site]) -> Kernel {
        let inputs = sites.map(\.input)
        let range = (inputs.last ?? 0) - (inputs.first ?? 0)
        precondition(range > 0, "a curve needs two different inputs")
        let gaps = zip(inputs.dropFirst(), inputs).map { $0 - $1 }.sorted()
        let count = Double(sites.count)
        let lowest = [1e-3, max(range / 50, gaps[gaps.count / 2]), 1e-3, 1e-3, 0.5].map { log($0) }
        let highest = [100, 2 * range, 3, 3, max(1, count / 10)].map { log($0) }
        func kernel(at point: [Double]) -> Kernel {
            let inside = point.indices.map { exp(min(max(point[$0], lowest[$0]), highest[$0])) }
            return Kernel(
                amplitude: inside[0], length: inside[1], noise: inside[2],
                wander: inside.count > 3 ? Wander(amplitude: inside[3], length: inside[4]) : nil)
        }
        func cost(_ point: [Double]) -> Double {
            let outside = point.indices.map { max(lowest[$0] - point[$0], point[$0] - highest[$0], 0) }
            return 10 * outside.reduce(0) { $0 + $1 * $1 } - KalmanFilter(kernel(at: point)).logLikelihood(of: sites)
        }
        func best(of starts: [[Double]]) -> (point: [Double], value: Double) {
            let ranked = starts.map { (point: $0, value: cost($0)) }.sorted { $0.value < $1.value }
            let ends = ranked.prefix(2).map { NelderMead().minimum(from: $0.point, stride: 0.5, of: cost) }
            return ends.min { $0.value < $1.value } ?? ranked[0]
        }
        let lengths = (0..<6).map { lowest[1] + (highest[1] - lowest[1]) * Double($0) / 5 }
        let alone = best(of: [0.03, 0.3].flatMap { noise in lengths.map { [0, $0, log(noise)] } })
        let shared = best(
            of: [(curve: 1.0, wander: 0.1), (0.1, 1.0)].flatMap { amplitudes in
                [1.0, 5, 20].flatMap { memory in
                    [lengths[1], lengths[3], lengths[5]].map { length in
                        [log(amplitudes.curve), length, log(0.03), log(amplitudes.wander), log(memory)]
                    }
                }
            })
        return kernel(at: alone.value - shared.value > log(count) ? shared.point : alone.point)
    }
}

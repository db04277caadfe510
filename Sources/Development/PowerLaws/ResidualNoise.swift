import Foundation

/// What the residuals of a robust fit with three parameters say about its misfit's noise.
///
/// For Huber's ψ and a smooth model, twice the rise of the misfit from its minimum to the truth is κ·χ², with
/// κ = (long-run variance of ψ(r))/(mean of ψ′(r)) (Koenker & Machado 1999; Huber & Ronchetti 2009, chapter 7). The
/// parameters move slow shapes, so the noise they meet is that of low frequencies. Residuals are taken as a normal
/// autoregression of order one, in order of step. The correlation of ψ is then that of r where r stays within the bend, and
/// (2/π)·asin of it where only the sign is left; the two are mixed by the share of residuals beyond the bend.
struct ResidualNoise {
    /// 1.4826 × the median of |r|, for three parameters taken.
    let deviation: Double
    /// The correlation of neighbours, between 0 and 0.99.
    let autocorrelation: Double
    /// κ.
    let scale: Double
    /// n·(1 − φ)/(1 + φ) − 3: the independent points that are left.
    let freedom: Double

    /// Creates the noise from at least eight residuals.
    init(_ residuals: [Double]) {
        let count = Double(residuals.count)
        let sizes = residuals.map { abs($0) }.sorted()
        let median = (sizes[(sizes.count - 1) / 2] + sizes[sizes.count / 2]) / 2
        let deviation = 1.4826 * median * (count / (count - 3)).squareRoot()
        let bend = PowerLawObjective.bend

        // Outliers would hide the correlation of the rest.
        let bounded = residuals.map { min(max($0, -3 * deviation), 3 * deviation) }
        let mean = bounded.reduce(0, +) / count
        let centered = bounded.map { $0 - mean }
        let square = centered.reduce(0) { $0 + $1 * $1 }
        let product = zip(centered, centered.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 }
        // With three smooth regressors the estimate is too low by (3 + 5φ)/n: Shaman & Stine 1988,
        // J. Am. Stat. Assoc. 83, 842.
        let raw = square > 0 ? product / square : 0
        let correlation = min(max((count * raw + 3) / (count - 5), 0), 0.99)

        let beyond = Double(sizes.count { $0 > bend }) / count
        var inflation = 1.0
        var power = correlation
        while power > 1e-6 {
            inflation += 2 * ((1 - beyond) * power + beyond * 2 / .pi * asin(power))
            power *= correlation
        }
        let variance = residuals.reduce(0) { $0 + pow(min(abs($1), bend), 2) } / (count - 3 * (1 - beyond))
        // ψ′ is 1 within the bend; the share there is read off a wider window when few residuals are.
        let window = max(bend, 1.06 * deviation * pow(count, -0.2))
        let within = Double(max(1, sizes.count { $0 <= window })) / count
        self.deviation = deviation
        autocorrelation = correlation
        scale = variance * inflation / (within * bend / window)
        freedom = count * (1 - correlation) / (1 + correlation) - 3
    }

    /// How far the profiled misfit may rise within a 95 % interval; nil when fewer than two independent points are
    /// left: the residuals are a shape and not a noise, or too few to tell.
    var threshold: Double? {
        freedom >= 2 ? 0.5 * pow(studentQuantile, 2) * scale : nil
    }

    /// What a power law must gain over a constant: the 95 % quantile of χ² with two degrees, 5.991. Nil like
    /// `threshold`.
    var flatThreshold: Double? { threshold.map { $0 * 5.991 / pow(1.959964, 2) } }

    /// The 97.5 % quantile of Student's t for at least two degrees of freedom, to the third order in 1/ν (Abramowitz &
    /// Stegun 26.7.5): 4.17 for the exact 4.30 at two, 2.228 at ten.
    private var studentQuantile: Double {
        let (z, degrees) = (1.959964, max(2, freedom))
        let first = (pow(z, 3) + z) / 4
        let second = (5 * pow(z, 5) + 16 * pow(z, 3) + 3 * z) / 96
        let third = (3 * pow(z, 7) + 19 * pow(z, 5) + 17 * pow(z, 3) - 15 * z) / 384
        return z + first / degrees + second / pow(degrees, 2) + third / pow(degrees, 3)
    }
}

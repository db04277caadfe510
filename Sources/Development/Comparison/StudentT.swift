import Foundation

/// Student's t distribution, for intervals over a few runs.
enum StudentT {
    /// The value that |t| exceeds with probability 1 − `level`: 2.776… for .95 and 4 degrees of freedom.
    ///
    /// - Parameter degrees: Degrees of freedom, above 0; they need not be whole (Welch).
    static func quantile(level: Double, degrees: Double) -> Double {
        precondition(level > 0 && level < 1 && degrees > 0, "a level within (0, 1) and degrees of freedom above 0")
        // P(|t| > q) = I_x(ν/2, ½) with x = ν/(ν + q²), which falls as q grows.
        var (low, high) = (0.0, 1.0)
        while tail(high, degrees) > 1 - level { high *= 2 }
        for _ in 0..<200 where high - low > 1e-14 * high {
            let middle = (low + high) / 2
            if tail(middle, degrees) > 1 - level { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }

    private static func tail(_ value: Double, _ degrees: Double) -> Double {
        regularizedBeta(degrees / (degrees + value * value), degrees / 2, 0.5)
    }

    /// I_x(a, b) by its continued fraction, evaluated after Lentz; DLMF 8.17.22.
    static func regularizedBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
        if x <= 0 { return 0 }
        if x >= 1 { return 1 }
        // The fraction converges fast below the mean.
        if x > (a + 1) / (a + b + 2) { return 1 - regularizedBeta(1 - x, b, a) }
        let scale = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
        let tiny = 1e-300
        var (c, d) = (1.0, 1 / nonZero(1 - (a + b) * x / (a + 1), tiny))
        var fraction = d
        for m in 1...500 {
            let k = Double(m)
            for coefficient in [
                k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k)),
                -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1)),
            ] {
                d = 1 / nonZero(1 + coefficient * d, tiny)
                c = nonZero(1 + coefficient / c, tiny)
                fraction *= c * d
            }
            if abs(c * d - 1) < 1e-16 { break }
        }
        return scale * fraction
    }

    private static func nonZero(_ value: Double, _ tiny: Double) -> Double { abs(value) < tiny ? tiny : value }
}

/// A mean over runs with its 95 % interval.
public struct RunMean: Sendable, Codable, Equatable {
    /// The mean.
    public var value: Double
    /// The 95 % interval by Student's t over the runs; nil with a single run.
    public var interval: ClosedRange<Double>?
    /// The number of runs.
    public var count: Int

    /// The mean of one value per run; nil without any.
    init?(_ values: [Double]) {
        guard !values.isEmpty else { return nil }
        count = values.count
        value = values.reduce(0, +) / Double(count)
        guard count > 1 else { return }
        let half =
            StudentT.quantile(level: 0.95, degrees: Double(count - 1))
            * (Self.variance(values) / Double(count)).squareRoot()
        interval = value - half...value + half
    }

    /// The mean of `second` minus that of `first`, with variances of their own (Welch 1947, the degrees of freedom after
    /// Satterthwaite); nil without values.
    init?(difference second: [Double], minus first: [Double]) {
        guard let a = RunMean(first), let b = RunMean(second) else { return nil }
        count = a.count + b.count
        value = b.value - a.value
        guard a.count > 1, b.count > 1 else { return }
        let (u, v) = (Self.variance(first) / Double(a.count), Self.variance(second) / Double(b.count))
        guard u + v > 0 else {
            interval = value...value
            return
        }
        let degrees = (u + v) * (u + v) / (u * u / Double(a.count - 1) + v * v / Double(b.count - 1))
        let half = StudentT.quantile(level: 0.95, degrees: degrees) * (u + v).squareRoot()
        interval = value - half...value + half
    }

    private static func variance(_ values: [Double]) -> Double {
        let mean = values.reduce(0, +) / Double(values.count)
        return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
    }
}

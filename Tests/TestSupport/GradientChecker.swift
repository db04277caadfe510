/// Compares a gradient with central differences of its function, in Double.
///
/// The error of a central difference is h²·f‴/6 + u·|f|/h with unit roundoff u; at h = ε^⅓ both are near 1e-10 for
/// functions of order 1, so a correct gradient passes at 1e-6 with room, and an error of 0.1 % does not pass. The step is
/// absolute: rounding of x ± h costs u·|x|/h, which is 2e-8 at |x| = 1000.
public struct GradientChecker: Sendable {
    /// The largest accepted ‖Δ‖/‖reference‖.
    public var tolerance: Double
    /// The step h.
    public var step: Double

    /// Creates a checker; the defaults are for smooth functions with values of order 1.
    public init(tolerance: Double = 1e-6, step: Double = 6e-6) {
        self.tolerance = tolerance
        self.step = step
    }

    /// What is wrong with `gradient` as the gradient of `function` at `point`; nil where nothing is.
    ///
    /// All coordinates are compared where there are at most 64; always, so is the derivative along eight random
    /// directions, which sees every coordinate at once.
    public func problem(
        at point: [Double], gradient: [Double], function: ([Double]) throws -> Double
    ) rethrows -> String? {
        precondition(point.count == gradient.count, "a gradient has as many coordinates as its point")
        if gradient.contains(where: { !$0.isFinite }) { return "the gradient is not finite: \(gradient)" }
        // What rounding alone does to a central difference, where the gradient itself is zero or nearly so.
        let rounding = 16 * .ulpOfOne * max(1, abs(try function(point))) / step
        if point.count <= 64 {
            var reference = gradient
            for index in point.indices {
                var direction = [Double](repeating: 0, count: point.count)
                direction[index] = 1
                reference[index] = try derivative(at: point, along: direction, function)
            }
            let error = norm(zip(gradient, reference).map { $0 - $1 })
            if !(error <= tolerance * norm(reference) + rounding * Double(point.count).squareRoot()) {
                return "off by \(error): gradient \(gradient), central differences \(reference)"
            }
        }
        var generator = SplitMix64(state: 0x9E37_79B9_7F4A_7C15)
        for _ in 0..<8 {
            let direction = point.map { _ in
                Double.random(in: 0.5...1, using: &generator) * (Bool.random(using: &generator) ? 1 : -1)
            }
            let expected = try derivative(at: point, along: direction, function)
            let found = zip(gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }
            // Terms may cancel in the sum: the error is measured against their size.
            let scale = norm(zip(gradient, direction).map { $0 * $1 })
            if !(abs(found - expected) <= tolerance * max(scale, abs(expected)) + rounding) {
                return "along a random direction: gradient \(found), central difference \(expected)"
            }
        }
        return nil
    }

    private func norm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }

    private func derivative(
        at point: [Double], along direction: [Double], _ function: ([Double]) throws -> Double
    ) rethrows -> Double {
        let above = try function(zip(point, direction).map { $0 + step * $1 })
        let below = try function(zip(point, direction).map { $0 - step * $1 })
        return (above - below) / (2 * step)
    }
}

/// A small reproducible generator for test data (Steele, Lea and Flood 2014, SplitMix64).
public struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Starts the sequence that belongs to `state`.
    public init(state: UInt64) { self.state = state }

    /// The next number.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

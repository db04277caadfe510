import Foundation

/// What a change from one solution to another costs or gains in free energy: ΔF = n·Δℓ + Δλ·ln n.
///
/// The free energy of n examples near a solution w\* is F = n·Lₙ(w\*) + λ·ln n + lower orders (Watanabe 2009,
/// "Algebraic geometry and statistical learning theory", chapter 6; Watanabe 2018, "Mathematical theory of Bayesian
/// statistics"). A Bayesian posterior prefers the smaller F, so that a solution of larger loss and smaller λ may win
/// at small n and lose at large n.
///
/// This is arithmetic on estimates, not a proof that training followed it: training by gradients is not sampling from
/// the posterior, λ̂ depends on the sampler's settings, and the lower orders are left out. `caution` says so in print.
public struct FreeEnergyTrade: Sendable, Codable, Equatable {
    /// How many examples it takes for the trade to tip, if it does.
    public enum Tipping: Sendable, Codable, Equatable {
        /// Loss and λ̂ change in opposite senses, and n·Δℓ + Δλ·ln n has two roots. Between them λ̂ decides, above the
        /// larger, which is given, the loss. The smaller lies below e, where the expansion means nothing.
        case at(Count)
        /// Both changes favour the same solution, at every n.
        case neverSameSense
        /// |Δλ| ≤ e·|Δℓ|: there is no root, and the loss decides at every n.
        case neverLossDecides
        /// Δℓ = 0: λ̂ decides at every n.
        case neverComplexityDecides
    }

    /// A number of examples with its 95 % interval.
    public struct Count: Sendable, Codable, Equatable {
        /// The number of examples, real-valued, above e.
        public var value: Double
        /// The interval's lower end; nil when within the errors the loss may decide at every n.
        public var lower: Double?
        /// The interval's upper end; nil when within the errors λ̂ may decide at every n.
        public var upper: Double?

        /// Creates a count.
        public init(value: Double, lower: Double?, upper: Double?) {
            self.value = value
            self.lower = lower
            self.upper = upper
        }
    }

    /// What is to be said wherever a trade is shown.
    public static let caution =
        "The trade compares estimated free energies to first order; it does not show why training went this way."

    /// n.
    public var exampleCount: Int
    /// Δℓ, after − before, per example; its error is 0 where the loss is exact.
    public var lossChange: Estimate
    /// Δλ̂, after − before.
    public var llcChange: Estimate
    /// ΔF in the loss's unit times examples (nats for entropies), with the error of both changes taken as independent;
    /// negative where what comes after is preferred.
    public var difference: Estimate
    /// Where the trade tips.
    public var tipping: Tipping

    /// The trade between two solutions; nil when there are no examples or a number is not finite.
    ///
    /// The interval of the tipping count is Fieller's for the ratio −Δλ/Δℓ (Fieller 1954, J. R. Stat. Soc. B 16(2)),
    /// carried over to n, of which n/ln n = −Δλ/Δℓ is a rising function above e.
    public init?(exampleCount: Int, lossChange: Estimate, llcChange: Estimate) {
        let numbers = [lossChange.value, lossChange.standardError, llcChange.value, llcChange.standardError]
        guard exampleCount > 0, numbers.allSatisfy(\.isFinite) else { return nil }
        let count = Double(exampleCount)
        self.exampleCount = exampleCount
        self.lossChange = lossChange
        self.llcChange = llcChange
        difference = Estimate(
            value: count * lossChange.value + llcChange.value * log(count),
            standardError: hypot(count * lossChange.standardError, llcChange.standardError * log(count)))
        tipping = Self.tipping(lossChange, llcChange)
    }

    /// The trade from one measured solution to another.
    public init?(
        exampleCount: Int, from before: (loss: Estimate, llc: Estimate), to after: (loss: Estimate, llc: Estimate)
    ) {
        self.init(exampleCount: exampleCount, lossChange: after.loss - before.loss, llcChange: after.llc - before.llc)
    }

    private static func tipping(_ loss: Estimate, _ llc: Estimate) -> Tipping {
        guard loss.value != 0 else { return .neverComplexityDecides }
        guard loss.value * llc.value <= 0 else { return .neverSameSense }
        guard let value = exampleCount(ofRatio: -llc.value / loss.value) else { return .neverLossDecides }
        let ends = fieller(loss, llc)
        return .at(
            Count(
                value: value, lower: ends.lower.flatMap(exampleCount(ofRatio:)),
                upper: ends.upper.flatMap(exampleCount(ofRatio:))))
    }

    /// The 95 % set of c = −Δλ/Δℓ, (Δλ + c·Δℓ)² ≤ z²·(σ_λ² + c²·σ_ℓ²), around a positive estimate. An end is nil
    /// where the set reaches infinity.
    private static func fieller(_ loss: Estimate, _ llc: Estimate) -> (lower: Double?, upper: Double?) {
        let z = 1.959964
        let (lossBand, llcBand) = (pow(z * loss.standardError, 2), pow(z * llc.standardError, 2))
        let square = loss.value * loss.value - lossBand
        let half = loss.value * llc.value
        let constant = llc.value * llc.value - llcBand
        // half² − square·constant, without the products that cancel.
        let discriminant = lossBand * llc.value * llc.value + llcBand * loss.value * loss.value - lossBand * llcBand
        let root = max(0, discriminant).squareRoot()
        // −half is positive: this way of writing the roots loses no digits and allows for square = 0.
        let far = -half + root
        if square > 0 { return (constant / far, far / square) }
        // The loss's change is within its errors of 0; where λ̂'s is too, nothing is excluded.
        return (constant > 0 ? constant / far : nil, nil)
    }

    /// The larger solution n of n/ln n = c; nil for c ≤ e, where there is none but n = e itself.
    ///
    /// With n = c·v it is v − ln v = ln c, v > 1, convex and rising: Newton's steps from above go down to it.
    private static func exampleCount(ofRatio ratio: Double) -> Double? {
        guard ratio > M_E else { return nil }
        let target = log(ratio)
        // v − ln v ≥ v/2 + 1 − ln 2 by the tangent at 2: this start lies above.
        var v = 2 * (target - 1 + log(2))
        for _ in 0..<100 {
            let next = v - (v - log(v) - target) / (1 - 1 / v)
            guard next < v, next > 1 else { break }
            v = next
        }
        return ratio * v
    }
}

extension Estimate {
    /// The difference of two independent estimates.
    static func - (left: Estimate, right: Estimate) -> Estimate {
        Estimate(
            value: left.value - right.value, standardError: hypot(left.standardError, right.standardError))
    }
}

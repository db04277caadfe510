import Foundation

/// Maps values to the unit interval and knows which values deserve a tick.
struct Scale: Sendable, Equatable {
    /// How values are spread.
    enum Kind: Sendable {
        case linear
        /// log₁₀ v, for v > 0.
        case logarithmic
        /// log(t + 1), for training steps t ≥ 0; step 0 has a place.
        case logStep
    }

    /// A marked value.
    struct Tick: Sendable, Equatable {
        var value: Double
        var label: String
    }

    /// How values are spread.
    let kind: Kind
    /// The values at both ends; the upper one is larger.
    let domain: ClosedRange<Double>

    /// Creates a scale; a domain of no width, or too narrow to be divided, is widened on both sides.
    init(_ kind: Kind, _ domain: ClosedRange<Double>) {
        self.kind = kind
        if domain.upperBound - domain.lowerBound > Scale.leastWidth {
            self.domain = domain
        } else {
            let value = domain.lowerBound
            switch kind {
            case .linear:
                let margin = value == 0 ? 1 : max(abs(value) / 2, Scale.leastWidth)
                self.domain = value - margin...value + margin
            case .logarithmic: self.domain = value / 2...value * 2
            case .logStep: self.domain = max(0, value / 2)...(value * 2 + 1)
            }
        }
    }

    /// Values beyond it are drawn at the edge: the difference of two larger ones may overflow.
    private static let largestMagnitude = 1e300

    /// A part of it that ticks divide is still a normal number.
    private static let leastWidth = 1e-300

    /// A linear scale over all finite values, with a margin of 5 % on both sides; nil without any.
    static func linear(fitting values: [Double], including required: [Double] = []) -> Scale? {
        let finite = (values + required).filter { $0.magnitude < largestMagnitude }
        guard let low = finite.min(), let high = finite.max() else { return nil }
        let margin = (high - low) * 0.05
        return Scale(.linear, low - margin...high + margin)
    }

    /// A scale for a quantity that may fall towards zero, such as a loss: logarithmic when all values are positive
    /// and they span more than two decades, else linear; nil without any.
    static func linearOrLogarithmic(fitting values: [Double]) -> Scale? {
        let finite = values.filter { $0.magnitude < largestMagnitude }
        guard let low = finite.min(), let high = finite.max() else { return nil }
        guard low > leastWidth, high / low > 100 else { return linear(fitting: values) }
        return Scale(.logarithmic, low / 1.3...high * 1.3)
    }

    /// The power of ten that the last of some significant digits of a value stands for.
    static func power(below value: Double, digits: Int) -> Double {
        value == 0 ? 1 : pow(10, floor(log10(abs(value))) + 1 - Double(digits))
    }

    /// Where a value lies: 0 at the lower end of the domain, 1 at the upper; clamped when outside. Not for NaN.
    func fraction(_ value: Double) -> Double {
        let low = transformed(domain.lowerBound)
        let high = transformed(domain.upperBound)
        return min(max((transformed(value) - low) / (high - low), 0), 1)
    }

    /// Whether a value lies in the domain.
    func contains(_ value: Double) -> Bool { domain.contains(value) }

    private func transformed(_ value: Double) -> Double {
        switch kind {
        case .linear: value
        case .logarithmic: log10(max(value, .leastNormalMagnitude))
        case .logStep: log1p(max(value, 0))
        }
    }

    /// The densest of the usual sets of ticks whose labels fit side by side.
    ///
    /// - Parameters:
    ///   - length: The axis's length in pixels.
    ///   - room: The pixels that a label needs along the axis.
    func ticks(length: Double, room: (String) -> Double) -> [Tick] {
        let candidates = tickSets()
        let fitting = candidates.first { set in
            zip(set, set.dropFirst()).allSatisfy { first, second in
                (fraction(second.value) - fraction(first.value)) * length
                    >= (room(first.label) + room(second.label)) / 2
            }
        }
        if let fitting { return fitting }
        var kept: [Tick] = []
        for tick in candidates.last ?? [] {
            guard let last = kept.last else {
                kept.append(tick)
                continue
            }
            let distance = (fraction(tick.value) - fraction(last.value)) * length
            if distance >= (room(tick.label) + room(last.label)) / 2 { kept.append(tick) }
        }
        return kept
    }

    /// Sets of ticks from dense to sparse.
    private func tickSets() -> [[Tick]] {
        switch kind {
        case .linear: return linearTickSets()
        case .logarithmic, .logStep:
            let sets = [[1.0, 2, 5], [1, 3], [1]].map { decadeTicks(mantissas: $0) }
            return (sets.last?.count ?? 0) >= 2 || (sets.first?.count ?? 0) >= 3 ? sets : linearTickSets()
        }
    }

    private func linearTickSets() -> [[Tick]] {
        [10.0, 7, 5, 4, 3, 2].map { wanted in
            let rough = (domain.upperBound - domain.lowerBound) / wanted
            let power = pow(10, floor(log10(rough)))
            let step = ([1.0, 2, 5, 10].first { $0 * power >= rough * 0.999 } ?? 10) * power
            let first = (domain.lowerBound / step).rounded(.up)
            let last = (domain.upperBound / step).rounded(.down)
            guard first <= last else { return [] }
            return stride(from: first, through: last, by: 1).map { index in
                let value = min(max(index == 0 ? 0 : index * step, domain.lowerBound), domain.upperBound)
                return Tick(value: value, label: tickLabel(value, resolution: step))
            }
        }
    }

    private func decadeTicks(mantissas: [Double]) -> [Tick] {
        let lowest = max(domain.lowerBound, kind == .logStep ? 1 : .leastNormalMagnitude)
        guard domain.upperBound >= lowest else { return [] }
        var ticks: [Tick] = []
        if kind == .logStep, domain.lowerBound <= 0 { ticks.append(Tick(value: 0, label: "0")) }
        for exponent in Int(floor(log10(lowest)))...Int(floor(log10(domain.upperBound))) {
            for mantissa in mantissas {
                let value = mantissa * pow(10, Double(exponent))
                if domain.contains(value) {
                    ticks.append(Tick(value: value, label: tickLabel(value, resolution: value)))
                }
            }
        }
        return ticks
    }
}

/// A tick's value with the suffixes k, M and G and as many decimals as ticks `resolution` apart need.
private func tickLabel(_ value: Double, resolution: Double) -> String {
    let magnitude = abs(value)
    let (divisor, suffix): (Double, String) =
        switch magnitude {
        case 1e9...: (1e9, "G")
        case 1e6...: (1e6, "M")
        case 1e3...: (1e3, "k")
        default: (1, "")
        }
    guard magnitude == 0 || (1e-4..<1e12).contains(magnitude) else { return String(format: "%.4g", value) }
    // The small addend keeps a power of ten that was rounded down from asking for one more decimal.
    let decimals = max(0, -Int(floor(log10(resolution / divisor) + 1e-9)))
    var label = String(format: "%.\(decimals)f", magnitude / divisor)
    if label.contains(".") {
        while label.last == "0" { label.removeLast() }
        if label.last == "." { label.removeLast() }
    }
    return (value < 0 ? "−" : "") + label + suffix
}

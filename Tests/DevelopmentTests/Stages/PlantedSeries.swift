import Foundation
import TestSupport

@testable import Development

/// A made-up LLC series whose true boundaries are known: what the error rates are counted on.
///
/// The seed decides everything: the curve, the number of checkpoints and how they are spaced, the noise and how much of
/// it a standard error is known for. The true boundaries are the interior minima of |dλ/dx|, x = log(t + 1), of the
/// curve without noise, on a fine grid.
struct PlantedSeries {
    /// What kind of curve is drawn; all but `staged` have no boundary.
    enum Kind: String, CaseIterable, Sendable {
        case staged, flat, ramp
        case powerLaw = "power law"
        case saturation
        case oneRise = "one rise"
        case correlated = "autocorrelated noise"

        static let nulls = allCases.filter { $0 != .staged }
    }

    static let checkpointCounts = [12, 25, 50, 100, 200, 500]
    static let noiseShares = [0.01, 0.03, 0.1]

    let points: [StageFinding.Point]
    let kind: Kind
    /// The noise's standard deviation as a share of the typical change of the curve.
    let noiseShare: Double
    /// Each true boundary in x, with its basin: from the fastest place before it to the fastest after it.
    let boundaries: [(x: Double, basin: ClosedRange<Double>)]

    init(_ kind: Kind, seed: UInt64) {
        self.kind = kind
        var choices = RepeatableChoices(seed: seed)
        let steps = Self.steps(&choices)
        let ends = log1p(Double(steps[0]))...log1p(Double(steps[steps.count - 1]))
        noiseShare = choices.one(of: Self.noiseShares)
        let height = exp(choices.uniform(log(1), log(100)))
        let curve = Self.curve(kind, height: height, over: ends, &choices)
        boundaries = kind == .staged ? Self.boundaries(of: curve, over: ends) : []

        let noise = noiseShare * height
        let correlation: Double = kind == .correlated ? choices.one(of: [0.5, 0.7, 0.9]) : 0
        let knownVariance: Double = kind == .correlated ? 0 : choices.one(of: [1, 0, 0.5])
        var deviate = choices.normal()
        var points: [StageFinding.Point] = []
        for step in steps {
            let value = curve(log1p(Double(step))) + noise * deviate
            points.append(
                StageFinding.Point(
                    step: step, llc: Estimate(value: value, standardError: noise * knownVariance.squareRoot()),
                    loss: nil))
            deviate = correlation * deviate + (1 - correlation * correlation).squareRoot() * choices.normal()
        }
        self.points = points
    }

    /// Checkpoints evenly spaced in log t (half of the series), in t, or one half of them each.
    private static func steps(_ choices: inout RepeatableChoices) -> [Int] {
        let count = choices.one(of: checkpointCounts)
        let last = exp(choices.uniform(log(Double(20 * count)), log(1e6)))
        let first: Double = choices.one(of: [0, 1, 10])
        let linearShare: Double = choices.one(of: [0, 0, 0.5, 1])
        let linearCount = Int(linearShare * Double(count))
        let logarithmicCount = count - linearCount
        let linear = (0..<linearCount).map { first + (last - first) * Double($0 + 1) / Double(linearCount) }
        let logarithmic = (0..<logarithmicCount).map { index in
            let share = Double(index) / Double(max(1, logarithmicCount - 1))
            return expm1(log1p(first) + (log1p(last) - log1p(first)) * share)
        }
        return Set((linear + logarithmic).map { Int($0.rounded()) }).sorted()
    }

    private static func curve(
        _ kind: Kind, height: Double, over ends: ClosedRange<Double>, _ choices: inout RepeatableChoices
    ) -> (Double) -> Double {
        let (first, last) = (ends.lowerBound, ends.upperBound)
        let range = last - first
        switch kind {
        case .flat: return { _ in height }
        case .ramp: return { height * ($0 - first) / range }
        case .powerLaw:
            let exponent = choices.uniform(-0.7, 0.7)
            return { height * exp(exponent * ($0 - (exponent > 0 ? last : first))) }
        case .saturation:
            let scale = choices.uniform(first + 0.3 * range, last)
            return { height * (1 - exp(-exp($0 - scale))) }
        case .oneRise:
            let center = choices.uniform(first + 0.2 * range, last - 0.2 * range)
            let rate = choices.uniform(0.6, 4)
            return { height / (1 + exp(-rate * ($0 - center))) }
        case .correlated:
            let slope: Double = choices.one(of: [0, height / range])
            return { slope * ($0 - first) }
        case .staged:
            // Two to four changes, each with its own speed and height, a quarter of them falls; the plateaus between
            // them are flat or, in a third of the series, rise slowly.
            let count = 2 + Int(choices.uniform(0, 3))
            let changes = (0..<count).map { index in
                let place = (Double(index) + choices.uniform(0.5, 0.9)) / (Double(count) + 0.4)
                let sign = choices.uniform(0, 1) < 0.25 ? -1.0 : 1
                return PlantedSignal.Change(
                    center: first + range * place, rate: choices.uniform(4, 12) * Double(count) / range,
                    height: sign * height * choices.uniform(0.5, 1.5))
            }
            let signal = PlantedSignal(changes)
            let driftShare: Double = choices.one(of: [0, 0, 0.2])
            let drift = driftShare * height / range
            return { drift * $0 + signal.value(at: expm1($0)) }
        }
    }

    private static func boundaries(
        of curve: (Double) -> Double, over ends: ClosedRange<Double>
    ) -> [(x: Double, basin: ClosedRange<Double>)] {
        let count = 8_000
        let spacing = (ends.upperBound - ends.lowerBound) / Double(count)
        let values = (0...count).map { curve(ends.lowerBound + Double($0) * spacing) }
        let slopes = zip(values.dropFirst(), values).map { ($0 - $1) / spacing }
        func x(_ index: Int) -> Double { ends.lowerBound + (Double(index) + 0.5) * spacing }
        let minima = (1..<slopes.count - 1).filter { index in
            let (before, here, after) = (slopes[index - 1], slopes[index], slopes[index + 1])
            let changesSign = before * here < 0 && abs(here) <= abs(before)
            let willChange = here * after < 0 && abs(here) < abs(after)
            let isLow = before * here >= 0 && here * after >= 0 && abs(here) < abs(before) && abs(here) <= abs(after)
            return changesSign || willChange || isLow
        }
        func fastest(_ range: ClosedRange<Int>) -> Double {
            x(range.max { abs(slopes[$0]) < abs(slopes[$1]) } ?? range.lowerBound)
        }
        let stops = [0] + minima + [slopes.count - 1]
        return minima.indices.map { place in
            let before = fastest(stops[place]...stops[place + 1])
            return (x(minima[place]), before...fastest(stops[place + 1]...stops[place + 2]))
        }
    }
}

/// Repeatable random choices for tests.
struct RepeatableChoices {
    private var normals: RepeatableNormals

    init(seed: UInt64) { normals = RepeatableNormals(seed: seed &* 0x9E37_79B9_7F4A_7C15) }

    mutating func normal() -> Double { normals.next() }

    /// Uniform between two numbers: the normal law's distribution function of a normal number.
    mutating func uniform(_ low: Double, _ high: Double) -> Double {
        low + (high - low) * 0.5 * erfc(-normals.next() / 2.0.squareRoot())
    }

    mutating func one<Value>(of values: [Value]) -> Value {
        values[min(values.count - 1, Int(uniform(0, Double(values.count))))]
    }
}

import Sampling
import TestSupport
import Testing

struct AcceptanceTests {
    struct Case: Sendable {
        let position: [Double], newPosition: [Double], stepSize: Double, published: Double, acceptance: Double
    }

    /// For U = ½|w|²: what devinterp 1.3's own test expects, and its formula evaluated by NumPy 2 in float64. The third
    /// differ by 6e-6: the same formula in float32, where q's exponents are near 700, gives the published 0.1726849.
    static let cases = [
        Case(
            position: [0, 0], newPosition: [1.5, 5.5], stepSize: 0.1, published: 0.6661436,
            acceptance: 0.6661436107035067),
        Case(
            position: [1, 1], newPosition: [1.5, 0.5], stepSize: 0.5, published: 0.9692332,
            acceptance: 0.9692332344763441),
        Case(
            position: [0, 0], newPosition: [10.5, 5.5], stepSize: 0.1, published: 0.17268492,
            acceptance: 0.17269124326638316),
        Case(
            position: [0, 0], newPosition: [10.5, 5.5], stepSize: 0.5, published: 0.00015359,
            acceptance: 0.00015358598268134713),
    ]

    static func place(_ w: [Double], factor: Double) -> Acceptance.Place<Double> {
        (w, w.map { factor * $0 }, factor / 2 * w.reduce(0) { $0 + $1 * $1 })
    }

    /// However U is shared between loss and localization: nβ·L = ((1 − γ)/2)|w|².
    @Test(arguments: cases, [0, 0.25, 1])
    func `the acceptance is devinterp's`(_ test: Case, localization: Double) {
        let posterior = LocalPosterior(
            center: [0.0, 0], nBeta: 3, localization: localization, subset: ParameterSubset(all: 2))
        let factor = (1 - localization) / 3
        let value = Acceptance.probability(
            from: Self.place(test.position, factor: factor), to: Self.place(test.newPosition, factor: factor),
            posterior: posterior, stepSize: test.stepSize)
        // The exponents of q are below 1024: a dozen roundings of such numbers in float64, one in float32.
        #expect(Tolerance.relative(12 * 1024 * 0x1p-53).accepts(value, test.acceptance))
        let published = test.published == 0.17268492 ? Tolerance.relative(1024 * 0x1p-24) : .absolute(1e-6)
        #expect(published.accepts(value, test.published))
        let plain = Self.plainLogRatio(test.position, test.newPosition, stepSize: test.stepSize)
        let logRatio = Acceptance.logRatio(
            from: Self.place(test.position, factor: factor), to: Self.place(test.newPosition, factor: factor),
            posterior: posterior, stepSize: test.stepSize)
        #expect(Tolerance.absolute(12 * 1024 * 0x1p-53).accepts(logRatio, plain))
    }

    /// The definition, for U = ½|w|².
    static func plainLogRatio(_ w: [Double], _ new: [Double], stepSize: Double) -> Double {
        func energy(_ w: [Double]) -> Double { w.reduce(0) { $0 + $1 * $1 } / 2 }
        func logDensity(from w: [Double], to new: [Double]) -> Double {
            zip(w, new).reduce(0) { sum, pair in
                let miss = pair.1 - pair.0 * (1 - stepSize / 2)
                return sum - miss * miss / (2 * stepSize)
            }
        }
        return energy(w) - energy(new) + logDensity(from: new, to: w) - logDensity(from: w, to: new)
    }

    @Test func `coordinates that are not sampled count for nothing`() {
        let posterior = LocalPosterior(
            center: [9.0, 0, 9, 0, 9], nBeta: 1, localization: 0, subset: ParameterSubset(ranges: [1..<2, 3..<4]))
        let test = Self.cases[1]
        func spread(_ w: [Double]) -> [Double] { [.nan, w[0], .nan, w[1], .infinity] }
        func place(_ w: [Double]) -> Acceptance.Place<Double> {
            (spread(w), spread(w), w.reduce(0) { $0 + $1 * $1 } / 2)
        }
        let value = Acceptance.probability(
            from: place(test.position), to: place(test.newPosition), posterior: posterior, stepSize: test.stepSize)
        #expect(Tolerance.relative(16 * 0x1p-53).accepts(value, test.acceptance))
    }

    /// With w = √G·v a proposal with preconditioner G is one without, for v.
    @Test func `a preconditioner is a change of scale`() {
        let test = Self.cases[1]
        let scale = [4.0, 0.25]
        func scaled(_ v: [Double]) -> Acceptance.Place<Double> {
            (
                zip(v, scale).map { $0 * $1 }, zip(v, scale).map { $0 / $1 },
                v.reduce(0) { $0 + $1 * $1 } / 2
            )
        }
        let posterior = LocalPosterior(center: [0.0, 0], nBeta: 1, localization: 0, subset: ParameterSubset(all: 2))
        let value = Acceptance.probability(
            from: scaled(test.position), to: scaled(test.newPosition), posterior: posterior, stepSize: test.stepSize,
            preconditioner: scale.map { $0 * $0 })
        #expect(Tolerance.relative(16 * 0x1p-53).accepts(value, test.acceptance))
    }

    @Test func `a step to where nothing is finite is never accepted`() {
        let posterior = LocalPosterior(center: [0.0], nBeta: 1, localization: 0, subset: ParameterSubset(all: 1))
        for loss in [Double.nan, .infinity] {
            let value = Acceptance.probability(
                from: ([0.0], [0.0], 0.0), to: ([1.0], [loss], loss), posterior: posterior, stepSize: 0.1)
            #expect(value == 0)
        }
    }
}

import Foundation
import Sampling
import TestSupport
import Testing

struct ExampleLossMomentsTests {
    /// Losses of five examples, far from zero beside their spread; axes `[draw, example]`.
    static let draws: [[Double]] = {
        var normals = RepeatableNormals(seed: 1)
        return (0..<40).map { _ in (0..<5).map { 1e6 + Double($0) + Double($0 + 1) * normals.next() } }
    }()

    /// A sum of 40 squares of size 1 from differences of numbers near 1e6, each rounded to 1e6 ulps of 1.
    static let tolerance = Tolerance.relative(40 * 1e6 * Double.ulpOfOne)

    static func moments(_ draws: some Sequence<[Double]>) -> ExampleLossMoments {
        var moments = ExampleLossMoments(exampleCount: 5)
        for losses in draws { moments.add(losses) }
        return moments
    }

    @Test func `the moments are those of two passes`() throws {
        let moments = Self.moments(Self.draws)
        #expect(moments.drawCount == 40)
        var variances = 0.0
        for example in 0..<5 {
            let losses = Self.draws.map { $0[example] }
            let mean = losses.reduce(0, +) / 40
            let squares = losses.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            #expect(Tolerance.ulps(40).accepts(moments.means[example], mean))
            #expect(Self.tolerance.accepts(moments.squaredDeviations[example], squares))
            variances += squares / 39 / 5
        }
        #expect(Self.tolerance.accepts(try #require(moments.meanVariance), variances))
    }

    @Test(arguments: [0, 1, 17, 40])
    func `merged parts are the whole`(first: Int) {
        let whole = Self.moments(Self.draws)
        let merged = Self.moments(Self.draws[..<first]).merging(Self.moments(Self.draws[first...]))
        #expect(merged.drawCount == 40)
        for example in 0..<5 {
            #expect(Tolerance.ulps(40).accepts(merged.means[example], whole.means[example]))
            #expect(Self.tolerance.accepts(merged.squaredDeviations[example], whole.squaredDeviations[example]))
        }
    }

    @Test func `the variance does not depend on what the losses are measured from`() throws {
        let center = (0..<5).map { 1e6 + Double($0) }
        let differences = Self.draws.map { zip($0, center).map { $0 - $1 } }
        let (losses, shifted) = (Self.moments(Self.draws).meanVariance, Self.moments(differences).meanVariance)
        #expect(Self.tolerance.accepts(try #require(losses), try #require(shifted)))
    }

    @Test func `what has no variance has none`() {
        #expect(Self.moments(Self.draws.prefix(1)).meanVariance == nil)
        #expect(ExampleLossMoments(exampleCount: 0).meanVariance == nil)
        #expect(Self.moments([[1, 2, 3, 4, .infinity], [1, 2, 3, 4, 5]]).meanVariance == nil)
    }

    @Test func `moments can be stored as arrays and as JSON`() throws {
        let moments = Self.moments(Self.draws)
        let stored = try ExampleLossMoments(
            drawCount: moments.drawCount, means: moments.means, squaredDeviations: moments.squaredDeviations)
        #expect(stored == moments)
        let coded = try JSONDecoder().decode(ExampleLossMoments.self, from: JSONEncoder().encode(moments))
        #expect(coded == moments)
    }

    @Test func `stored parts that do not fit are refused`() {
        let mismatch = #expect(throws: SamplingError.self) {
            try ExampleLossMoments(drawCount: 2, means: [1, 2], squaredDeviations: [1])
        }
        #expect(mismatch?.kind == .mismatch)
        #expect(mismatch?.reason.hasPrefix("2 means stand beside 1 sums of squared deviations") == true)
        for (drawCount, squares) in [(2, -1.0), (-1, 1)] {
            let malformed = #expect(throws: SamplingError.self) {
                try ExampleLossMoments(drawCount: drawCount, means: [1], squaredDeviations: [squares])
            }
            #expect(malformed?.kind == .malformed && malformed?.reason.contains("is negative; measure again") == true)
        }
    }
}

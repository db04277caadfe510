import Foundation
import Testing

@testable import Development

private func circles(
    _ times: [Double], _ path: (Double) -> (Double, Double)
) -> [OsculatingCircle] {
    osculatingCircles(x: times.map { path($0).0 }, y: times.map { path($0).1 })
}

/// Central differences are wrong by (h²/6)|r‴|/|r′| and (h²/12)|r⁗|/|r″|, relative: with rates of change k a few
/// times (hk)². Their rounding, 10⁻¹⁶/(hk)², is below that here.
@Suite struct `Osculating circles` {
    @Test func `an ellipse has its known curvatures and centres`() throws {
        let h = 2 * Double.pi / 4000
        let found = circles((0...4000).map { Double($0) * h }) { (2 * cos($0), sin($0)) }
        for (index, curvature, center) in [
            (1000, 0.25, [0.0, -3]), (2000, 2, [-1.5, 0]), (3000, 0.25, [0, 3]),
        ] {
            #expect(abs(found[index].curvature / curvature - 1) < 4 * h * h)
            let centers = try #require(found[index].center)
            #expect(abs(centers[0] - center[0]) < 16 * h * h && abs(centers[1] - center[1]) < 16 * h * h)
        }
    }

    @Test func `the evolute of a circle is a point`() throws {
        let h = 0.01
        for circle in circles((0..<500).map { Double($0) * h }, { (3 + 2 * cos($0), 1 + 2 * sin($0)) }) {
            let center = try #require(circle.center)
            #expect(hypot(center[0] - 3, center[1] - 1) < 2 * h * h)
        }
    }

    /// At the cusp of (t², t³) the differences are r′ = (0, h³) and r″ = (2h², 0), so κ = 2/h⁴.
    @Test(arguments: [0.1, 0.01]) func `the curvature of a cusp grows without bound`(h: Double) {
        let found = circles((-5...5).map { Double($0) * h }) { ($0 * $0, $0 * $0 * $0) }
        #expect(abs(found[5].curvature * h * h * h * h / 2 - 1) < 1e-9)
    }

    /// The toy model of forms: vertices, curvatures and centres computed in closed form. The fastest rate is
    /// 40 per unit of time.
    @Test func `the toy model of forms has its vertices`() throws {
        let h = 1e-4
        func time(_ index: Int) -> Double { Double(index) * h }
        func coordinate(_ height: Double, _ rate: Double, _ t: Double) -> Double {
            height.squareRoot() * exp(rate * t) / (1000 + exp(2 * rate * t)).squareRoot()
        }
        let found = circles((0...4500).map(time)) { (coordinate(10, 20, $0), coordinate(6, 12, $0)) }
        let error = 10 * (40 * h) * (40 * h)
        let sharpest = try #require((1800...2600).max { found[$0].curvature < found[$1].curvature })
        #expect(abs(time(sharpest) - 0.221293640) < 2 * h)
        #expect(abs(found[sharpest].curvature / 1.472395634 - 1) < error)
        let center = try #require(found[sharpest].center)
        #expect(abs(center[0] - 2.411305432) < error && abs(center[1] - 1.408717094) < error)
        // The second vertex, a minimum of curvature; its nearest sample is at most half a sample away, where the
        // curvature is stationary.
        let second = try #require(found[3959].center)
        #expect(abs(found[3959].curvature / 0.039891314 - 1) < error)
        #expect(abs(second[0] / -21.905818888 - 1) < error && abs(second[1] - 2.469392715) < 25 * error)
        let straightest = try #require((1000...1800).min { found[$0].curvature < found[$1].curvature })
        #expect(abs(time(straightest) - 0.12857) < 2 * h)
    }

    @Test func `a straight or resting path has no centre`() {
        let straight = circles((0..<9).map(Double.init)) { (3 * $0, 1 - $0) }
        #expect(straight.allSatisfy { $0.center == nil && $0.curvature < 1e-12 })
        let resting = circles((0..<9).map(Double.init)) { _ in (1, 1) }
        #expect(resting.allSatisfy { $0 == OsculatingCircle(curvature: 0, center: nil) })
        #expect(circles([0, 1]) { ($0, $0) }.count == 2)
    }
}

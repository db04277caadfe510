import Foundation
import TestSupport
import Testing

@testable import Development

/// A curve sampled evenly, with the polynomials that interpolate `degree` + 1 samples around a place.
private struct SampledCurve {
    let start: Double
    let interval: Double
    let x: [Double]
    let y: [Double]
    let smoothing: Smoothing

    init(
        from start: Double, interval: Double, count: Int, degree: Int = 8, _ curve: (Double) -> (Double, Double)
    ) {
        (self.start, self.interval) = (start, interval)
        let points = (0..<count).map { curve(start + Double($0) * interval) }
        (x, y) = (points.map(\.0), points.map(\.1))
        var smoothing = Smoothing(count: count)
        smoothing.degree = degree
        // Four widths are half the degree.
        (smoothing.firstWidth, smoothing.lastWidth) = (Double(degree) / 8, Double(degree) / 8)
        self.smoothing = smoothing
    }

    func jet(at index: Int) -> PlaneJet {
        let fit = smoothing.fit(at: Double(index))
        return PlaneJet(x: fit.jet(of: x), y: fit.jet(of: y))
    }

    func circle(at index: Int) -> OsculatingCircle { jet(at: index).circle(extent: extent(x, y)) }

    func vertex(near time: Double) -> (time: Double, jet: PlaneJet) {
        let found = smoothing.vertex(near: Int(((time - start) / interval).rounded()), x: x, y: y)
        return (start + found.place * interval, found.jet)
    }
}

/// Differences of order p over samples h apart are wrong by about (h/ρ)ᵖ, relative, ρ the distance to the curve's
/// nearest singularity (one over the rate for sines and exponentials), and the m-th derivative carries the rounding
/// ε·|r|/(hᵐ|r⁽ᵐ⁾|) of the samples, with weights of a sum of about ten.
@Suite struct `Osculating circles` {
    /// h = 2π/200 and order eight: truncation 10⁻¹², rounding 10⁻¹⁵·200²/40.
    @Test func `an ellipse has its known curvatures and centres`() throws {
        let curve = SampledCurve(from: 0, interval: 2 * .pi / 200, count: 201) { (2 * cos($0), sin($0)) }
        for (index, curvature, center) in [(50, 0.25, [0.0, -3]), (100, 2, [-1.5, 0]), (150, 0.25, [0, 3])] {
            let circle = curve.circle(at: index)
            #expect(abs(circle.curvature / curvature - 1) < 1e-10)
            let found = try #require(circle.center)
            #expect(hypot(found[0] - center[0], found[1] - center[1]) < 1e-9)
            #expect(
                abs(curve.vertex(near: Double(index) * curve.interval).time - Double(index) * curve.interval) < 1e-9)
        }
    }

    @Test func `the evolute of a circle is a point`() throws {
        let curve = SampledCurve(from: 0, interval: 0.05, count: 200) { (3 + 2 * cos($0), 1 + 2 * sin($0)) }
        for index in 4..<196 {
            let center = try #require(curve.circle(at: index).center)
            #expect(hypot(center[0] - 3, center[1] - 1) < 1e-9)
        }
    }

    /// The polynomials reproduce the curve, so that only rounding is left: κ = 6t²/(4t² + 9t⁴)^{3/2}.
    @Test func `the curvature of a cusp grows without bound`() throws {
        let curve = SampledCurve(from: -1, interval: 0.05, count: 41) { ($0 * $0, $0 * $0 * $0) }
        for index in [21, 25, 30] {
            let t = Double(index - 20) * 0.05
            let expected = 6 * t * t / pow(4 * t * t + 9 * t * t * t * t, 1.5)
            #expect(abs(curve.circle(at: index).curvature / expected - 1) < 1e-10)
        }
        let cusp = curve.circle(at: 20)
        // The extent is 2.
        #expect(cusp.curvature == 5e8)
        let center = try #require(cusp.center)
        #expect(hypot(center[0], center[1]) < 1e-8)
    }

    /// Vertices, curvatures and centres of the toy model of forms, a = √10·(1 + 1000e^{−40t})^{−½} and
    /// b = √6·(1 + 1000e^{−24t})^{−½}, are known to 5·10⁻¹⁰ each. At the first vertex the nearest singularity is .092
    /// away: order ten (third derivatives, twelve samples between two of them) over samples .0025 apart leaves 10⁻¹¹
    /// times 4. At the second the curve all but rests, .01 from where it ends, so that samples of a itself would lose four
    /// digits; a − √10 and b − √6 lose none. Our part is then below 10⁻¹⁰.
    @Test func `the toy model of forms has its vertices`() throws {
        func coordinate(_ height: Double, _ rate: Double, _ t: Double) -> Double {
            height.squareRoot() * expm1(-0.5 * log1p(1000 * exp(-2 * rate * t)))
        }
        let end = ([10, 6] as [Double]).map { $0.squareRoot() }
        let curve = SampledCurve(from: 0, interval: 0.0025, count: 201, degree: 12) {
            (coordinate(10, 20, $0), coordinate(6, 12, $0))
        }
        let extent = extent(curve.x, curve.y)
        for (time, point, curvature, center) in [
            (0.221293640, [2.957684684, 1.005312586], 1.472395634, [2.411305432, 1.408717094]),
            (0.395917383, [3.162068183, 2.362826322], 0.039891314, [-21.905818888, 2.469392715]),
        ] {
            let found = curve.vertex(near: time)
            let circle = found.jet.circle(extent: extent)
            let place = try #require(circle.center)
            #expect(abs(found.time - time) < 6e-10)
            #expect(abs(circle.curvature - curvature) < 6e-10)
            for axis in 0..<2 {
                let coordinate = axis == 0 ? found.jet.x[0] : found.jet.y[0]
                // The point moves with the vertex, at 7 and 14 per unit of time at most.
                #expect(abs(coordinate + end[axis] - point[axis]) < 1e-8)
                #expect(abs(place[axis] + end[axis] - center[axis]) < 6e-10)
            }
        }
        // The inflection, known to 5·10⁻⁶: κ changes sign between the samples at .1275 and .13, and is linear there
        // but for (.0025·40)²/8 of its change.
        let (before, after) = (
            curve.jet(at: 51).signedCurvature(extent: extent), curve.jet(at: 52).signedCurvature(extent: extent)
        )
        #expect(abs(0.1275 + 0.0025 * before / (before - after) - 0.12857) < 5e-6 + 0.0025 * 0.00125)
    }

    @Test func `a straight or resting path has no centre`() {
        let straight = SampledCurve(from: 0, interval: 1, count: 9) { (3 * $0, 1 - $0) }
        let resting = SampledCurve(from: 0, interval: 1, count: 9) { _ in (1, 1) }
        for index in 0..<9 {
            #expect(straight.circle(at: index).center == nil && straight.circle(at: index).curvature < 1e-12)
            #expect(resting.circle(at: index) == OsculatingCircle(curvature: 0, center: nil))
        }
    }

    /// The variance of κ over 20,000 paths with noise of a known size, held against the first-order formula: the
    /// sample variance is wrong by √(2/20000) = 1 %, the formula by the square of the relative noise, 1 %.
    @Test func `noise makes the known error of the curvature`() {
        let count = 21
        let fit = LocalPolynomial(at: 10, count: count, width: 3, degree: 3)
        let angle = (0..<count).map { Double($0) * 0.1 }
        var normals = RepeatableNormals(seed: 11)
        let noise = 0.002
        let curvatures = (0..<20_000).map { _ in
            PlaneJet(
                x: fit.jet(of: angle.map { 2 * cos($0) + noise * normals.next() }),
                y: fit.jet(of: angle.map { sin($0) + noise * normals.next() })
            ).signedCurvature(extent: 4)
        }
        let mean = curvatures.reduce(0, +) / 20_000
        let variance = curvatures.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 19_999
        let exact = PlaneJet(x: fit.jet(of: angle.map { 2 * cos($0) }), y: fit.jet(of: angle.map { sin($0) }))
        let expected = exact.curvatureVariance(noise: SIMD2(noise * noise, noise * noise), variances: fit.variances)
        #expect(abs(variance / expected - 1) < 0.06)
    }
}

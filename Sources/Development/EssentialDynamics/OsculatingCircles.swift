/// The circle that touches a plane path best at one of its points.
struct OsculatingCircle: Equatable {
    /// κ, one over the radius; zero where the path rests.
    var curvature: Double
    /// `[x, y]` of its centre; nil where the path is straight or rests.
    var center: [Double]?
}

/// Where a plane path is at one point and its first three derivatives there, over any parameter.
struct PlaneJet {
    /// Value and derivatives across.
    var x: SIMD4<Double>
    /// Value and derivatives up.
    var y: SIMD4<Double>

    /// |r′|.
    var speed: Double { (x[1] * x[1] + y[1] * y[1]).squareRoot() }
    /// r′ × r″.
    private var cross: Double { x[1] * y[2] - y[1] * x[2] }
    /// r′ · r″.
    private var dot: Double { x[1] * x[2] + y[1] * y[2] }

    /// κ = (r′ × r″)/|r′|³, positive where the path bends to the left.
    ///
    /// - Parameter extent: The larger of the path's ranges in x and y. The path rests, and κ is zero, where r′ and
    ///   r″ are below 10⁻¹² of it; at a cusp κ stops at 10⁹/extent.
    func signedCurvature(extent: Double) -> Double {
        let acceleration = (x[2] * x[2] + y[2] * y[2]).squareRoot()
        guard max(speed, acceleration) > 1e-12 * extent else { return 0 }
        let limit = 1e9 / extent
        guard speed > 0 else { return limit }
        return min(max(cross / (speed * speed * speed), -limit), limit)
    }

    /// dκ over the parameter: (r′ × r‴)/|r′|³ − 3(r′ × r″)(r′ · r″)/|r′|⁵.
    var curvatureSlope: Double {
        let square = speed * speed
        return (x[1] * y[3] - y[1] * x[3] - 3 * cross * dot / square) / (square * speed)
    }

    /// The osculating circle: its centre is r + n/κ, n the tangent turned to the left.
    ///
    /// The path is straight, and has no centre, where the radius is above 10⁶ extents.
    func circle(extent: Double) -> OsculatingCircle {
        let curvature = signedCurvature(extent: extent)
        guard abs(curvature) * extent > 1e-6 else { return OsculatingCircle(curvature: abs(curvature), center: nil) }
        guard speed > 0 else { return OsculatingCircle(curvature: abs(curvature), center: [x[0], y[0]]) }
        let radius = 1 / (curvature * speed)
        return OsculatingCircle(curvature: abs(curvature), center: [x[0] - radius * y[1], y[0] + radius * x[1]])
    }

    /// The variance of the curvature when the path's values carry independent noise, to first order.
    ///
    /// - Parameters:
    ///   - noise: The variance of the noise across and up.
    ///   - variances: What it is multiplied by in each derivative (`LocalPolynomial.variances`).
    func curvatureVariance(noise: SIMD2<Double>, variances: SIMD4<Double>) -> Double {
        let square = speed * speed
        guard square > 0 else { return .infinity }
        let across = (noise[0] * y[1] * y[1] + noise[1] * x[1] * x[1]) / square
        let along = (noise[0] * x[1] * x[1] + noise[1] * y[1] * y[1]) / square
        let curvature = cross / (square * speed)
        return across
            * (variances[2] / (square * square) + variances[1] * dot * dot / (square * square * square * square))
            + along * variances[1] * 4 * curvature * curvature / square
    }
}

/// The larger of the ranges of two coordinates; zero without points.
func extent(_ x: [Double], _ y: [Double]) -> Double {
    func range(_ values: [Double]) -> Double { (values.max() ?? 0) - (values.min() ?? 0) }
    return max(range(x), range(y))
}

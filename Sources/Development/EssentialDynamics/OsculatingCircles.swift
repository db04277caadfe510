/// The circle that touches a plane path best at one of its points.
struct OsculatingCircle: Equatable {
    /// κ, one over the radius; zero where the path rests.
    var curvature: Double
    /// `[x, y]` of its centre; nil where the path is straight or rests.
    var center: [Double]?
}

/// The osculating circle at each point of a path, by central differences over the index; the first and last
/// are those of their neighbours. Fewer than three points have none: curvature zero, no centre.
///
/// r′ = (c[t+1] − c[t−1])/2, r″ = c[t+1] − 2c[t] + c[t−1], κ = |r′ × r″|/|r′|³, centre = c[t] + n/κ with n the
/// tangent turned by 90° to the side the path bends to (to the left when r′ × r″ ≥ 0). A path rests where |r′| is
/// below 10⁻¹² of its extent, and is straight where the radius is above 10⁶ extents: both are rounding.
func osculatingCircles(x: [Double], y: [Double]) -> [OsculatingCircle] {
    precondition(x.count == y.count, "a path has as many x as y")
    guard x.count >= 3, let left = x.min(), let right = x.max(), let low = y.min(), let high = y.max() else {
        return x.map { _ in OsculatingCircle(curvature: 0, center: nil) }
    }
    let extent = max(right - left, high - low)
    let inner = (1..<x.count - 1).map { t in
        let velocity = ((x[t + 1] - x[t - 1]) / 2, (y[t + 1] - y[t - 1]) / 2)
        let acceleration = (x[t + 1] - 2 * x[t] + x[t - 1], y[t + 1] - 2 * y[t] + y[t - 1])
        let speed = (velocity.0 * velocity.0 + velocity.1 * velocity.1).squareRoot()
        guard speed > 1e-12 * extent else { return OsculatingCircle(curvature: 0, center: nil) }
        let cross = velocity.0 * acceleration.1 - velocity.1 * acceleration.0
        let curvature = abs(cross) / (speed * speed * speed)
        guard curvature * extent > 1e-6 else { return OsculatingCircle(curvature: curvature, center: nil) }
        let side = (cross >= 0 ? 1 : -1) / (speed * curvature)
        return OsculatingCircle(
            curvature: curvature, center: [x[t] - side * velocity.1, y[t] + side * velocity.0])
    }
    return [inner[0]] + inner + [inner[inner.count - 1]]
}

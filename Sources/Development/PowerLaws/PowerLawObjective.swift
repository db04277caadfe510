import Foundation
import Tensors

/// The robust misfit of a power law to points, and its minimum.
///
/// With y = log L and z = log t − (mean of log t), the model is ŷ = log(exp e + exp(a − α·z)) and the misfit
/// Σ Huber_δ(ŷ − y), δ = 10⁻³ (Hoffmann et al. 2022, arXiv:2203.15556, appendix D.3). Centring log t takes
/// away most of the correlation of a and α. e = −∞ is the plain power law, a = −∞ the constant.
struct PowerLawObjective {
    /// (e, a, α).
    typealias Point = SIMD3<Double>

    /// Where Huber's function goes over from quadratic to linear.
    static let bend = 1e-3

    /// log t, centred.
    let inputs: [Double]
    /// log L.
    let values: [Double]
    /// The mean of log t.
    let center: Double

    /// Creates the misfit for positive steps and losses.
    init(steps: [Double], losses: [Double]) {
        let logs = steps.map { log($0) }
        let center = logs.reduce(0, +) / Double(logs.count)
        self.center = center
        inputs = logs.map { $0 - center }
        values = losses.map { log($0) }
    }

    /// ŷ − y.
    func residuals(at point: Point) -> [Double] {
        zip(inputs, values).map { Self.model($0, point).value - $1 }
    }

    /// Where the misfit is least on point + span(directions), by Levenberg–Marquardt on Huber's loss.
    ///
    /// Every step solves the reweighted normal equations, weights min(1, δ/|r|): they bound the misfit from above and
    /// touch it, so that a small enough step goes down (Huber & Ronchetti 2009, "Robust statistics", chapter 7).
    func minimum(from start: Point, along directions: [Point]) -> (point: Point, value: Double) {
        var (point, here) = (start, expansion(at: start))
        var damping = 1e-4
        var remaining = 300
        while remaining > 0 {
            remaining -= 1
            let candidate = point + step(for: here, along: directions, damping: damping)
            let there = expansion(at: candidate)
            if there.value < here.value {
                let gain = here.value - there.value
                (point, here) = (candidate, there)
                damping = max(1e-12, damping / 10)
                if gain <= 1e-10 * here.value { break }
            } else {
                damping *= 10
                if damping > 1e8 { break }
            }
        }
        return (point, here.value)
    }

    /// The misfit with its gradient and the weighted Gauss–Newton matrix, a row each.
    private struct Expansion {
        var value = 0.0
        var gradient = Point.zero
        var rows: (Point, Point, Point) = (.zero, .zero, .zero)
    }

    private func expansion(at point: Point) -> Expansion {
        var sum = Expansion()
        for index in inputs.indices {
            let (value, share) = Self.model(inputs[index], point)
            let residual = value - values[index]
            let size = abs(residual)
            let weight = min(1, Self.bend / size)
            sum.value += size <= Self.bend ? residual * residual / 2 : Self.bend * (size - Self.bend / 2)
            let slope = Point(share, 1 - share, (share - 1) * inputs[index])
            sum.gradient += weight * residual * slope
            sum.rows.0 += weight * slope.x * slope
            sum.rows.1 += weight * slope.y * slope
            sum.rows.2 += weight * slope.z * slope
        }
        if sum.value.isNaN { sum.value = .infinity }
        return sum
    }

    /// ŷ and the share of exp e in exp ŷ.
    private static func model(_ input: Double, _ point: Point) -> (value: Double, share: Double) {
        let (offset, power) = (point.x, point.y - point.z * input)
        let ratio = exp(-abs(offset - power))
        return (max(offset, power) + log1p(ratio), (offset > power ? 1 : ratio) / (1 + ratio))
    }

    private func step(for here: Expansion, along directions: [Point], damping: Double) -> Point {
        let count = directions.count
        let images = directions.map {
            Point(($0 * here.rows.0).sum(), ($0 * here.rows.1).sum(), ($0 * here.rows.2).sum())
        }
        var matrix = directions.flatMap { left in images.map { (left * $0).sum() } }
        let largest = (0..<count).map { matrix[$0 * (count + 1)] }.max() ?? 0
        for index in 0..<count {
            matrix[index * (count + 1)] += damping * max(matrix[index * (count + 1)], 1e-6 * largest)
        }
        guard let inverse = try? Cholesky(matrix, count: count).inverse() else { return .zero }
        let gradient = directions.map { ($0 * here.gradient).sum() }
        return (0..<count).reduce(Point.zero) { sum, row in
            sum - (0..<count).reduce(0) { $0 + inverse[row * count + $1] * gradient[$1] } * directions[row]
        }
    }
}

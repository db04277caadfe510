import Foundation
import Tensors

/// The covariance of a Gaussian process on standardised values: Matérn 5/2, a constant and noise.
struct Kernel: Sendable {
    /// a, relative to the spread of the values.
    var amplitude: Double
    /// ℓ, in units of x.
    var length: Double
    /// σ, relative to the spread of the values.
    var noise: Double

    /// The prior variance of the constant: (10 × the spread)², broad against any mean the data can have.
    static let constantVariance = 100.0

    /// The prior covariance of two quantities of the noise-free curve.
    func covariance(_ first: GaussianProcess.Quantity, _ second: GaussianProcess.Quantity) -> Double {
        switch (first, second) {
        case (.value(let x), .value(let y)):
            let u = distance(x, y)
            return Self.constantVariance + amplitude * amplitude * (1 + u + u * u / 3) * exp(-u)
        case (.slope(let x), .value(let y)):
            return firstDerivative(x, y)
        case (.value(let x), .slope(let y)):
            return firstDerivative(y, x)
        case (.slope(let x), .slope(let y)):
            // −k″ = (5a²/3ℓ²)(1 + u − u²)e^(−u)
            let u = distance(x, y)
            return 5 * amplitude * amplitude / (3 * length * length) * (1 + u - u * u) * exp(-u)
        }
    }

    /// The covariance of noisy values, row-major; the lower triangle only.
    func covariance(of data: Cells) -> [Double] {
        let count = data.inputs.count
        var matrix = [Double](repeating: 0, count: count * count)
        for row in 0..<count {
            for column in 0...row {
                matrix[row * count + column] = covariance(.value(data.inputs[row]), .value(data.inputs[column]))
            }
            matrix[row * count + row] += data.squaredErrors[row] + noise * noise / data.counts[row]
        }
        return matrix
    }

    /// u = √5·|x − y|/ℓ.
    private func distance(_ x: Double, _ y: Double) -> Double { 5.0.squareRoot() * abs(x - y) / length }

    /// ∂k/∂x = −(5a²/3ℓ²)(x − y)(1 + u)e^(−u).
    private func firstDerivative(_ x: Double, _ y: Double) -> Double {
        let u = distance(x, y)
        return -5 * amplitude * amplitude / (3 * length * length) * (x - y) * (1 + u) * exp(-u)
    }
}

extension Kernel {
    /// The kernel of greatest marginal likelihood within bounds.
    ///
    /// Bounds: ℓ from the median distance of inputs (or a fiftieth of the range, whichever is larger) to twice the
    /// range, since shorter is noise and longer a constant; a from 10⁻³ to 100 spreads; σ from 10⁻³ to 3 spreads.
    /// The likelihood has several maxima (a short and a long ℓ above all), so a coarse grid comes first.
    static func mostLikely(for data: Cells) -> Kernel {
        let range = (data.inputs.last ?? 0) - (data.inputs.first ?? 0)
        precondition(range > 0, "a curve needs two different inputs")
        let gaps = zip(data.inputs.dropFirst(), data.inputs).map { $0 - $1 }.sorted()
        let lowest = [log(1e-3), log(max(range / 50, gaps[gaps.count / 2])), log(1e-3)]
        let highest = [log(100), log(2 * range), log(3)]
        func kernel(at point: [Double]) -> Kernel {
            let inside = point.indices.map { min(max(point[$0], lowest[$0]), highest[$0]) }
            return Kernel(amplitude: exp(inside[0]), length: exp(inside[1]), noise: exp(inside[2]))
        }
        func cost(_ point: [Double]) -> Double {
            let outside = point.indices.map { max(lowest[$0] - point[$0], point[$0] - highest[$0], 0) }
            guard let factor = try? Cholesky(kernel(at: point).covariance(of: data), count: data.inputs.count) else {
                return .infinity
            }
            return 10 * outside.reduce(0) { $0 + $1 * $1 } - factor.logLikelihood(of: data.values)
        }
        let lengths = (0..<6).map { lowest[1] + (highest[1] - lowest[1]) * Double($0) / 5 }
        let grid: [[Double]] = [0.03, 0.3].flatMap { noise in lengths.map { [0, $0, log(noise)] } }
        let starts = grid.map { (point: $0, value: cost($0)) }.sorted { $0.value < $1.value }.prefix(2)
        let search = NelderMead()
        let ends = starts.map { search.minimum(from: $0.point, stride: 0.5, of: cost) }
        return kernel(at: (ends.min { $0.value < $1.value } ?? starts[0]).point)
    }
}

extension Cholesky {
    /// ln N(values; 0, L·Lᵀ).
    func logLikelihood(of values: [Double]) -> Double {
        let whitened = solveLower(values)
        return -0.5 * (whitened.reduce(0) { $0 + $1 * $1 } + logDeterminant + Double(count) * log(2 * .pi))
    }
}

/// Points of a curve averaged in cells of equal width, when there are more of them than cells.
struct Cells: Sendable {
    /// The mean x of each cell, ascending.
    private(set) var inputs: [Double] = []
    /// The mean value of each.
    private(set) var values: [Double] = []
    /// The squared standard error of that mean.
    private(set) var squaredErrors: [Double] = []
    /// The number of points in each.
    private(set) var counts: [Double] = []

    /// Averages points; each is a cell of its own when there are at most `limit`.
    init(inputs: [Double], values: [Double], squaredErrors: [Double], limit: Int) {
        let (first, last) = (inputs.first ?? 0, inputs.last ?? 0)
        let groups = Dictionary(grouping: inputs.indices) { index in
            inputs.count <= limit
                ? index : min(limit - 1, Int((inputs[index] - first) / (last - first) * Double(limit)))
        }
        for (_, members) in groups.sorted(by: { $0.key < $1.key }) {
            let count = Double(members.count)
            self.inputs.append(members.reduce(0) { $0 + inputs[$1] } / count)
            self.values.append(members.reduce(0) { $0 + values[$1] } / count)
            self.squaredErrors.append(members.reduce(0) { $0 + squaredErrors[$1] } / (count * count))
            counts.append(count)
        }
    }
}

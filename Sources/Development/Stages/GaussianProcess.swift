import Foundation
import Sampling
public import Tensors

/// A Gaussian process fitted to noisy values of a curve, with the curve and its slope.
///
/// f(x) = c + g(x): c a constant with a broad normal prior (ten times the spread of the values), g with the
/// Matérn kernel of smoothness 7/2, k(r) = a²(1 + u + 2u²/5 + u³/15)e^(−u), u = √7·r/ℓ. A value has variance s² + σ²:
/// its known standard error and a learnt noise. Where the values show it, neighbours in the series share a further
/// noise that wanders (autoregressive over checkpoints), so that wandering is not taken for the curve. The parameters
/// maximise the marginal likelihood and are then taken as known. Rasmussen & Williams 2006, eqs. 2.30, 4.17, 5.8;
/// §9.4 for slopes. Exact for any number of values, in time proportional to it (`KalmanFilter`).
///
/// The squared-exponential kernel is not used: it is so smooth that a sharp rise makes it ring in the flat
/// parts beside it, more than its own error allows, and what rings looks like boundaries. Of the Matérn kernels, 5/2
/// is so rough that 95 % intervals of a boundary's place cover 98 to 99 % of those planted in smooth curves.
public struct GaussianProcess: Sendable {
    /// The curve at some places, with its slope.
    public struct Curve: Sendable, Equatable {
        /// The mean of f at each place.
        public var mean: [Double]
        /// The standard deviation of f at each.
        public var deviation: [Double]
        /// The mean of f′ at each.
        public var slope: [Double]
        /// The standard deviation of f′ at each.
        public var slopeDeviation: [Double]
    }

    /// a, in units of the values.
    public var amplitude: Double { kernel.amplitude * scale }
    /// ℓ, in units of x.
    public var length: Double { kernel.length }
    /// σ, the standard deviation of the learnt noise of one value, in units of the values; the shared noise not
    /// counted.
    public var noise: Double { kernel.noise * scale }
    /// b, the standard deviation of the noise that neighbours share, in units of the values; zero where there is none.
    public var wander: Double { (kernel.wander?.amplitude ?? 0) * scale }
    /// The standard deviation that a slope has before any value is known: a√(7/5)/ℓ, in units of value per x.
    public var priorSlopeDeviation: Double { kernel.slopeDeviation * scale }
    /// ln p(values), of the standardised values.
    public let logLikelihood: Double

    /// x of the values, ascending.
    var inputs: [Double] { data.map(\.input) }

    private let data: [Site]
    private let mean: Double
    private let scale: Double
    private let kernel: Kernel

    /// Fits a process.
    ///
    /// - Parameters:
    ///   - inputs: x, ascending; at least two different ones.
    ///   - values: One value per x.
    ///   - standardErrors: The known standard error of each value; 0 where there is none. A value whose error, squared in
    ///     units of the values' spread, overflows says nothing and is left out.
    /// - Throws: `LinearAlgebraError` when a number is not finite, and where so fewer values are left than a search takes.
    public init(inputs: [Double], values: [Double], standardErrors: [Double]) throws(LinearAlgebraError) {
        precondition(inputs.count == values.count && inputs.count == standardErrors.count, "one value per input")
        guard (values + standardErrors + inputs).allSatisfy(\.isFinite) else { throw .notFinite }
        let average = values.reduce(0, +) / Double(values.count)
        // In units of the largest deviation, so that squares neither overflow nor vanish.
        let largest = values.reduce(0) { max($0, abs($1 - average)) }
        guard largest.isFinite else { throw .notFinite }
        let squares = values.reduce(0) { $0 + (($1 - average) / largest) * (($1 - average) / largest) }
        let spread = largest > 0 ? largest * (squares / Double(values.count)).squareRoot() : 1
        let data = inputs.indices.compactMap { index -> Site? in
            let error = standardErrors[index] / spread
            guard (error * error).isFinite else { return nil }
            return Site(
                input: inputs[index], order: Double(index), value: (values[index] - average) / spread,
                squaredError: error * error)
        }
        guard data.count == inputs.count || data.count >= BoundarySearch.minimumPointCount else { throw .notFinite }
        self.init(data: data, kernel: Kernel.mostLikely(for: data), mean: average, scale: spread)
    }

    /// Conditions a process of known kernel on standardised data; values are `mean` + `scale` times theirs.
    init(data: [Site], kernel: Kernel, mean: Double, scale: Double) {
        (self.data, self.mean, self.scale, self.kernel) = (data, mean, scale, kernel)
        logLikelihood = KalmanFilter(kernel).logLikelihood(of: data)
    }

    /// The curve and its slope at some places, ascending.
    public func curve(at places: [Double]) -> Curve {
        let (sites, positions) = sites(with: places)
        let smoother = KalmanSmoother(kernel, sites: sites)
        let slopeScale = scale * kernel.rate
        let covariances = positions.map { smoother.covariance(at: $0) }
        return Curve(
            mean: positions.map { mean + scale * (KalmanFilter.curve * smoother.means[$0]).sum() },
            deviation: covariances.map { covariance in
                scale * max(0, (KalmanFilter.curve * (covariance * KalmanFilter.curve)).sum()).squareRoot()
            },
            slope: positions.map { slopeScale * smoother.means[$0][1] },
            slopeDeviation: covariances.map { slopeScale * max(0, $0[1][1]).squareRoot() })
    }

    /// Independent draws of the slope at some places, ascending: `[draw][place]`; always the same for the same fit.
    public func slopeDraws(_ drawCount: Int, at places: [Double]) -> [[Double]] {
        let (sites, positions) = sites(with: places)
        let smoother = KalmanSmoother(kernel, sites: sites)
        // A seed of its own: these draws have nothing to do with any chain's numbers.
        let stream = RandomStream(seed: 0, trainingStep: 0, chain: 0, purpose: .noise)
        var normals = [Double](repeating: 0, count: 7 * sites.count)
        return (0..<drawCount).map { draw in
            stream.fillNormals(&normals, row: draw)
            let path = smoother.draw(normals)
            return positions.map { scale * kernel.rate * path[$0][1] }
        }
    }

    /// f(next place) − f(place) for each two neighbours of some places, ascending.
    ///
    /// Where the curve's change is known better than that of a straight line through the same values, it is so only
    /// because its amplitude is taken as known, and it is drawn towards no change at all: the line's is given. A line that
    /// changes by more than the values span, as one through a jump may where most of them lie late, gives its error alone.
    public func changes(between places: [Double]) -> [Estimate] {
        let (sites, positions) = sites(with: places)
        let smoother = KalmanSmoother(kernel, sites: sites)
        let line = lineSlope
        let values = data.compactMap(\.value)
        let span = (values.max() ?? 0) - (values.min() ?? 0)
        return zip(positions, positions.dropFirst()).map { first, second in
            let ends = [first, second].map { (KalmanFilter.curve * smoother.means[$0]).sum() }
            let variance =
                smoother.curveCovariance(first, first) + smoother.curveCovariance(second, second)
                - 2 * smoother.curveCovariance(first, second)
            let curve = Estimate(value: ends[1] - ends[0], standardError: max(0, variance).squareRoot())
            let distance = sites[second].input - sites[first].input
            var change = curve
            if line.standardError * distance > curve.standardError {
                change.standardError = line.standardError * distance
                if abs(line.value * distance) <= span { change.value = line.value * distance }
            }
            return Estimate(value: scale * change.value, standardError: scale * change.standardError)
        }
    }

    /// The slope of a straight line fitted to the standardised values by weighted least squares,
    /// Σw(x − x̄)y ∕ Σw(x − x̄)²; the noise that neighbours share counts with its long-run variance,
    /// b²(1 + ρ)/(1 − ρ), ρ = e^(−1/τ).
    private var lineSlope: Estimate {
        let shared = kernel.wander.map { $0.amplitude * $0.amplitude / tanh(0.5 / $0.length) } ?? 0
        let weights = data.map { 1 / ($0.squaredError + kernel.noise * kernel.noise + shared) }
        let center = zip(weights, data).reduce(0) { $0 + $1.0 * $1.1.input } / weights.reduce(0, +)
        let (products, squares) = zip(weights, data).reduce((0.0, 0.0)) { sums, next in
            let (weight, site) = next
            let distance = site.input - center
            return (sums.0 + weight * distance * (site.value ?? 0), sums.1 + weight * distance * distance)
        }
        return Estimate(value: products / squares, standardError: 1 / squares.squareRoot())
    }

    /// The data with places put between them, and where in the result the places are.
    private func sites(with places: [Double]) -> (sites: [Site], positions: [Int]) {
        precondition(zip(places, places.dropFirst()).allSatisfy { $0 <= $1 }, "places ascend")
        var sites: [Site] = []
        var positions: [Int] = []
        var next = 0
        for place in places {
            while next < data.count, data[next].input < place {
                sites.append(data[next])
                next += 1
            }
            positions.append(sites.count)
            sites.append(Site(input: place, order: order(of: place, before: next), value: nil, squaredError: 0))
        }
        return (sites + data[next...], positions)
    }

    /// The number that a checkpoint at a place would have, between those beside it.
    private func order(of place: Double, before next: Int) -> Double {
        guard next > 0, next < data.count else { return data[min(next, data.count - 1)].order }
        let (left, right) = (data[next - 1], data[next])
        return left.order + (right.order - left.order) * (place - left.input) / (right.input - left.input)
    }
}

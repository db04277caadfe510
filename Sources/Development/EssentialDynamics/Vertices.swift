import Foundation

/// A plane path over checkpoints with its curvature and what noise makes of it.
struct PlanePath {
    /// One jet per checkpoint.
    let jets: [PlaneJet]
    /// The larger of the ranges of the two coordinates.
    let extent: Double
    /// log(1 + |κ|·extent), slow to grow at a cusp; zero where the path bends to one side before and to the other after.
    let bend: [Double]
    /// The standard error of the bend.
    let bendError: [Double]

    /// An extremum of the bend.
    struct Extremum {
        /// The checkpoint.
        var index: Int
        /// What the path does there.
        var kind: EssentialDynamics.Vertex.Kind
        /// Topological prominence.
        var prominence: Double
        /// The prominence over its standard error.
        var signalToNoise: Double
    }

    /// Combines two coordinates.
    init(_ first: SmoothPath, _ second: SmoothPath, variances: [SIMD4<Double>]) {
        let jets = zip(first.jets, second.jets).map { PlaneJet(x: $0, y: $1) }
        self.jets = jets
        let extent = Development.extent(first.values, second.values)
        self.extent = extent
        let curvatures = jets.map { $0.signedCurvature(extent: extent) }
        let sizes = curvatures.map(abs)
        let isInflection = jets.indices.map { index in
            guard index > 0, index + 1 < jets.count else { return false }
            let neighbors = [index - 1, index + 1]
            return neighbors.allSatisfy { sizes[index] <= sizes[$0] }
                && neighbors.contains { curvatures[index] * curvatures[$0] < 0 }
        }
        bend = jets.indices.map { isInflection[$0] ? 0 : log1p(sizes[$0] * extent) }
        bendError = jets.indices.map { index in
            // Between two checkpoints the path is straight for certain.
            if isInflection[index] { return 0 }
            let noise = SIMD2(first.noise[index], second.noise[index])
            let error = jets[index].curvatureVariance(noise: noise, variances: variances[index]).squareRoot()
            // To first order the error is without bound at a cusp. However slow the path, a curvature that large is
            // not wrong by more than a factor of e.
            return error.isFinite ? min(1, error * extent / (1 + sizes[index] * extent)) : 1
        }
    }

    /// The extrema of the bend that are more prominent and clearer than thresholds, in order; the ends are none, and
    /// extrema closer to them than `margins` are left out.
    func extrema(
        minimumProminence: Double, minimumSignalToNoise: Double, margins: (Double, Double)
    ) -> [Extremum] {
        let found = [1.0, -1].flatMap { sign in
            prominentPeaks(bend.map { $0 * sign }).compactMap { peak -> Extremum? in
                guard peak.prominence > minimumProminence, Double(peak.index) >= margins.0,
                    Double(jets.count - 1 - peak.index) >= margins.1,
                    let kind = kind(of: peak.index, isTurn: sign > 0)
                else { return nil }
                // An error of a hundredth is assumed where there is no scatter, so that the ratio is finite.
                let error = hypot(hypot(bendError[peak.index], bendError[peak.saddle]), 0.01)
                let signalToNoise = peak.prominence / error
                guard signalToNoise > minimumSignalToNoise else { return nil }
                return Extremum(
                    index: peak.index, kind: kind, prominence: peak.prominence, signalToNoise: signalToNoise)
            }
        }
        return found.sorted { $0.index < $1.index }
    }

    /// Nil where the path bends to the other side: |κ| is least there, but κ is not stationary.
    private func kind(of index: Int, isTurn: Bool) -> EssentialDynamics.Vertex.Kind? {
        guard isTurn else { return bend[index] > 0 ? .straightest : nil }
        let (before, after) = (jets[index - 1], jets[index + 1])
        return before.x[1] * after.x[1] + before.y[1] * after.y[1] < 0 ? .cusp : .turn
    }
}

/// One coordinate of a path, smoothed.
struct SmoothPath {
    /// Value and three derivatives over the index at each checkpoint.
    var jets: [SIMD4<Double>]
    /// The variance of the scatter of the values about the smoothed path, near each checkpoint.
    var noise: [Double]
    /// The smoothed values.
    var values: [Double]

    /// Smooths a path; `fits` holds one local polynomial per checkpoint.
    init(_ path: [Double], fits: some Collection<LocalPolynomial>) {
        let jets = fits.map { $0.jet(of: path) }
        let values = jets.map { $0[0] }
        (self.jets, self.values) = (jets, values)
        // A residual's variance is that of the noise times one less the point's weight in its own fit.
        let squares = zip(fits, path.indices).map { fit, index in
            let residual = path[index] - values[index]
            return residual * residual / max(0.01, 1 - fit.weights[index - fit.first][0])
        }
        let sums = squares.reduce(into: [0.0]) { $0.append($0[$0.count - 1] + $1) }
        noise = fits.enumerated().map { index, fit in
            // Twice as wide as the fit, so that the variance rests on more points than the fit has coefficients.
            let low = max(0, 2 * fit.first - index)
            let high = min(path.count, 2 * (fit.first + fit.weights.count) - index)
            return max(0, sums[high] - sums[low]) / Double(high - low)
        }
    }
}

/// The local maxima of a series with their topological prominence: the height above the higher of the two lowest
/// points between the maximum and, on either side, a higher value or the end. A flat top counts once, at its middle.
func prominentPeaks(_ values: [Double]) -> [(index: Int, saddle: Int, prominence: Double)] {
    var result: [(index: Int, saddle: Int, prominence: Double)] = []
    var index = 1
    while index < values.count - 1 {
        var end = index
        while end + 1 < values.count, values[end + 1] == values[index] { end += 1 }
        if values[index - 1] < values[index], end + 1 < values.count, values[end + 1] < values[index] {
            let left = lowest(values, from: index, by: -1)
            let right = lowest(values, from: end, by: 1)
            let saddle = values[left] >= values[right] ? left : right
            result.append(((index + end) / 2, saddle, values[index] - values[saddle]))
        }
        index = end + 1
    }
    return result
}

private func lowest(_ values: [Double], from start: Int, by direction: Int) -> Int {
    var (lowest, index) = (start, start)
    while values.indices.contains(index), values[index] <= values[start] {
        if values[index] < values[lowest] { lowest = index }
        index += direction
    }
    return lowest
}

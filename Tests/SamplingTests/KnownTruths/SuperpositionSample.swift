import Foundation
import Sampling

/// A sample of n examples for the toy model of superposition, and its loss.
///
/// An example is x = μ·eᵢ with a feature i of c, uniform, and μ uniform on [0, 1]; the model is
/// f(x) = ReLU(WᵀWx + b) with W of 2 × c, and its loss |x − f(x)|². The flat vector is W_1, …, W_c (two coordinates
/// each), then b. Source: Chen, Lau, Mendel, Wei, Murfet 2023, arXiv:2310.06301.
struct SuperpositionSample: Sendable {
    let featureCount: Int
    let exampleCount: Int
    /// The μ of each feature, ascending.
    private let features: [Feature]

    /// The examples of one feature: an output a·μ + b is positive for all μ on one side of −b/a, so its sum of squares
    /// needs one search and the sums of 1, μ and μ² before that place.
    private struct Feature: Sendable {
        let values: [Double]
        /// Σ μ and Σ μ² over the values before a place.
        let sums: [SIMD2<Double>]
        /// The first place with μ ≥ bin/(number of bins).
        let bins: [Int]

        init(values: [Double]) {
            self.values = values
            sums = values.reduce(into: [SIMD2(0, 0)]) { $0.append($0[$0.count - 1] + SIMD2($1, $1 * $1)) }
            var bins: [Int] = []
            for (place, value) in values.enumerated() {
                while Double(bins.count) <= value * Double(values.count) { bins.append(place) }
            }
            self.bins = bins
        }

        /// The number of values up to a threshold.
        func count(upTo threshold: Double) -> Int {
            if threshold < 0 { return 0 }
            let bin = threshold * Double(values.count)
            guard bin < Double(bins.count) else { return values.count }
            var place = bins[Int(bin)]
            while place < values.count && values[place] <= threshold { place += 1 }
            return place
        }
    }

    init(featureCount: Int, exampleCount: Int) {
        self.featureCount = featureCount
        self.exampleCount = exampleCount
        var generator = RandomStream(seed: 20, trainingStep: 0, chain: 0, purpose: .projection).generator(row: 0)
        var values = [[Double]](repeating: [], count: featureCount)
        for _ in 0..<exampleCount {
            let feature = generator.uniform(below: featureCount)
            values[feature].append(Double(generator.next() >> 11) * 0x1p-53)
        }
        features = values.map { Feature(values: $0.sorted()) }
    }

    /// Lₙ as the plain sum over the examples, and the standard error that it has as an estimate of its expectation.
    func plainLoss(_ w: [Double]) -> (mean: Double, error: Double) {
        var (sum, squares) = (0.0, 0.0)
        for (feature, examples) in features.enumerated() {
            for value in examples.values {
                var loss = 0.0
                for output in 0..<featureCount {
                    let overlap = w[2 * output] * w[2 * feature] + w[2 * output + 1] * w[2 * feature + 1]
                    let activation = max(0, overlap * value + w[2 * featureCount + output])
                    let difference = (output == feature ? value : 0) - activation
                    loss += difference * difference
                }
                sum += loss
                squares += loss * loss
            }
        }
        let count = Double(exampleCount)
        let mean = sum / count
        return (mean, ((squares / count - mean * mean) / count).squareRoot())
    }

    /// Lₙ, exactly.
    var loss: SampleLoss {
        let (features, featureCount, count) = (self.features, self.featureCount, Double(self.exampleCount))
        return SampleLoss(parameterCount: 3 * featureCount) { w, gradient in
            var loss = 0.0
            for feature in 0..<featureCount {
                let examples = features[feature]
                let total = examples.values.count
                for output in 0..<featureCount {
                    let overlap = w[2 * output] * w[2 * feature] + w[2 * output + 1] * w[2 * feature + 1]
                    let bias = w[2 * featureCount + output]
                    let own = output == feature
                    if own { loss += examples.sums[total].y }
                    if overlap <= 0 && bias <= 0 { continue }
                    let active =
                        overlap == 0
                        ? 0..<total
                        : overlap > 0
                            ? examples.count(upTo: -bias / overlap)..<total
                            : 0..<examples.count(upTo: -bias / overlap)
                    let sums = examples.sums[active.upperBound] - examples.sums[active.lowerBound]
                    let (first, second, number) = (sums.x, sums.y, Double(active.count))
                    // Σ over the active of (slope·μ + b)², with the own feature's μ subtracted.
                    let slope = own ? overlap - 1 : overlap
                    loss += slope * slope * second + 2 * slope * bias * first + bias * bias * number
                    if own { loss -= second }
                    let overlapSlope = 2 * (slope * second + bias * first) / count
                    gradient[2 * featureCount + output] += 2 * (slope * first + bias * number) / count
                    for axis in 0..<2 {
                        gradient[2 * output + axis] += overlapSlope * w[2 * feature + axis]
                        gradient[2 * feature + axis] += overlapSlope * w[2 * output + axis]
                    }
                }
            }
            return loss / count
        }
    }
}

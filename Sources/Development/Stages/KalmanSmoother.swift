import Foundation
import Sampling

/// The states at all sites given all values, and draws of them.
///
/// Durbin & Koopman 2012: §4.4 the means and covariances, §4.7 covariances between sites, §4.9 draws by mean
/// corrections: a path is drawn from the prior, with values; what the values miss of it is smoothed and added.
struct KalmanSmoother {
    private let filter: KalmanFilter
    private let sites: [Site]
    private let steps: [KalmanFilter.Step]
    /// What later values say of the precision of the state at each site: N.
    private let precisions: [StateMatrix]
    /// The mean of the state at each site.
    let means: [StateVector]

    init(_ kernel: Kernel, sites: [Site]) {
        filter = KalmanFilter(kernel)
        self.sites = sites
        steps = filter.steps(over: sites)
        precisions = Self.precisions(steps)
        means = Self.smoothed(steps, priorMeans: steps.map(\.mean), innovations: steps.map(\.innovation))
    }

    /// The covariance of the state at a site.
    func covariance(at index: Int) -> StateMatrix {
        var covariance = steps[index].covariance
        covariance -= covariance * precisions[index] * covariance
        return covariance
    }

    /// The covariance of the curve at two sites, the second not before the first.
    func curveCovariance(_ first: Int, _ second: Int) -> Double {
        let curve = KalmanFilter.curve
        var weight = curve - precisions[second] * (steps[second].covariance * curve)
        for index in (first..<second).reversed() {
            weight = Self.back(weight, through: steps[index])
        }
        return (curve * (steps[first].covariance * weight)).sum()
    }

    /// States at the sites, one path, drawn from the posterior; `normals` holds seven per site.
    func draw(_ normals: [Double]) -> [StateVector] {
        precondition(normals.count == 7 * sites.count, "seven numbers per site")
        var path: [StateVector] = []
        var priorMeans: [StateVector] = []
        var innovations: [Double] = []
        var (state, mean) = (StateVector.zero, StateVector.zero)
        var spread = filter.priorCovariance
        for (index, site) in sites.enumerated() {
            let first = 7 * index
            let normal = StateVector(
                normals[first], normals[first + 1], normals[first + 2], normals[first + 3], normals[first + 4],
                normals[first + 5], 0, 0)
            state += spread.root * normal
            path.append(state)
            priorMeans.append(mean)
            let step = steps[index]
            var innovation = 0.0
            if let value = site.value {
                let noise = filter.variance(of: site).squareRoot() * normals[first + 6]
                let simulated = (KalmanFilter.observation * state).sum() + noise
                innovation = value - simulated - (KalmanFilter.observation * mean).sum()
            }
            innovations.append(innovation)
            mean = step.transition * (mean + innovation * step.gain)
            state = step.transition * state
            if index + 1 < sites.count { spread = filter.diffusion(from: site, to: sites[index + 1]) }
        }
        let corrections = Self.smoothed(steps, priorMeans: priorMeans, innovations: innovations)
        return zip(path, corrections).map { $0 + $1 }
    }

    /// The means of the states when the filter met these innovations.
    private static func smoothed(
        _ steps: [KalmanFilter.Step], priorMeans: [StateVector], innovations: [Double]
    ) -> [StateVector] {
        var result = priorMeans
        var later = StateVector.zero
        for index in steps.indices.reversed() {
            let step = steps[index]
            later = back(later, through: step)
            later += innovations[index] / step.variance * KalmanFilter.observation
            result[index] += step.covariance * later
        }
        return result
    }

    private static func precisions(_ steps: [KalmanFilter.Step]) -> [StateMatrix] {
        var result = [StateMatrix](repeating: StateMatrix(), count: steps.count)
        var later = StateMatrix()
        for index in steps.indices.reversed() {
            let step = steps[index]
            // Lᵀ·N·L, a column at a time.
            var half = StateMatrix()
            for row in 0..<6 { half[row] = back(later[row], through: step) }
            half = half.transpose
            for row in 0..<6 { later[row] = back(half[row], through: step) }
            later.subtract(KalmanFilter.observation, times: -1 / step.variance * KalmanFilter.observation)
            result[index] = later
        }
        return result
    }

    /// Lᵀ·v with L = A·(1 − K·h): a vector of a site's successor brought back to the site.
    private static func back(_ vector: StateVector, through step: KalmanFilter.Step) -> StateVector {
        let moved = step.transition.transposed(times: vector)
        return moved - (step.gain * moved).sum() * KalmanFilter.observation
    }
}

extension StateMatrix {
    /// Cholesky's lower factor; a pivot that rounding leaves without variance gives a column of zeros.
    var root: StateMatrix {
        var factor = StateMatrix()
        for column in 0..<6 {
            let pivot = self[column][column] - (factor[column] * factor[column]).sum()
            guard pivot > 0 else { continue }
            let diagonal = pivot.squareRoot()
            for row in column..<6 {
                let rest = self[row][column] - (factor[row] * factor[column]).sum()
                factor[row][column] = rest / diagonal
            }
        }
        return factor
    }
}

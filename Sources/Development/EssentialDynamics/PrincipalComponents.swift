import Foundation
public import Tensors

extension EssentialDynamics {
    /// The most components that are kept.
    static let componentLimit = 5

    /// Principal components of one trajectory; nil with fewer than three checkpoints or without variance.
    ///
    /// - Parameters:
    ///   - products: Inner products of the T vectors; centred here.
    ///   - steps: The T training steps.
    /// - Throws: `LinearAlgebraError` when a product is not finite.
    public init?(products: InnerProducts, steps: [Int]) throws(LinearAlgebraError) {
        let joint = try EssentialDynamics.joint(products: products, steps: [steps])
        guard let only = joint?.first else { return nil }
        self = only
    }

    /// Principal components of several trajectories in one space, so that their scores share axes.
    ///
    /// The rows of all runs are centred together, at the mean of all checkpoints. Shares are of the variance of all
    /// runs together; they are held against one Brownian path with as many points in all.
    ///
    /// - Parameters:
    ///   - products: Inner products of the vectors of all runs, run after run.
    ///   - steps: The training steps of each run, in the same order.
    /// - Returns: One value per run; nil when a run has fewer than three checkpoints or nothing varies.
    /// - Throws: `LinearAlgebraError` when a product is not finite.
    public static func joint(
        products: InnerProducts, steps: [[Int]]
    ) throws(LinearAlgebraError) -> [EssentialDynamics]? {
        precondition(steps.reduce(0) { $0 + $1.count } == products.count, "one step per vector")
        guard steps.allSatisfy({ $0.count >= 3 }) else { return nil }
        let components = try principalComponents(of: products)
        guard !components.isEmpty else { return nil }
        let null = brownianShares(count: products.count)
        var start = 0
        return steps.map { steps in
            let range = start..<start + steps.count
            start = range.upperBound
            return EssentialDynamics(
                steps: steps,
                components: components.enumerated().map { index, component in
                    let scores = Array(component.scores[range])
                    return Component(
                        scores: scores, smoothed: smoothed(scores), share: component.share, brownianShare: null[index])
                })
        }
    }

    private init(steps: [Int], components: [Component]) {
        let count = min(3, components.count)
        let pairs = (0..<count).flatMap { first in (first + 1..<max(count, first + 1)).map { (first, $0) } }
        self.init(
            steps: steps, components: components,
            planes: pairs.map { first, second in
                let circles = osculatingCircles(x: components[first].smoothed, y: components[second].smoothed)
                return Plane(
                    first: first, second: second, curvature: circles.map(\.curvature), centers: circles.map(\.center))
            })
    }

    /// Scores and shares of the leading components: the eigenvectors of the doubly centred products times the
    /// roots of their eigenvalues. The score furthest from zero is positive; of several, the first.
    private static func principalComponents(
        of products: InnerProducts
    ) throws(LinearAlgebraError) -> [(scores: [Double], share: Double)] {
        let count = products.count
        let rowMeans = (0..<count).map { row in
            products.values[row * count..<(row + 1) * count].reduce(0, +) / Double(count)
        }
        let mean = rowMeans.reduce(0, +) / Double(count)
        var centered = products.values
        for row in 0..<count {
            for column in 0..<count { centered[row * count + column] += mean - rowMeans[row] - rowMeans[column] }
        }
        let eigen = try SymmetricEigen(centered, count: count)
        let total = (0..<count).reduce(0) { $0 + centered[$1 * count + $1] }
        // Centring loses what the rounding of the largest product holds, in each of T directions at most.
        let largest = (0..<count).map { abs(products.values[$0 * count + $0]) }.max() ?? 0
        let rounding = Double(count) * largest * Double.ulpOfOne
        return (0..<min(componentLimit, count)).compactMap { order in
            let index = count - 1 - order
            let value = eigen.values[index]
            guard value > rounding else { return nil }
            let vector = eigen.vector(index)
            let furthest = vector.map(abs).max() ?? 0
            // Scores equal but for rounding tie, so that a mirrored path keeps its sign.
            let leading = vector.first { abs($0) >= furthest * (1 - 1e-9) } ?? 0
            let scale = (leading < 0 ? -1 : 1) * value.squareRoot()
            return (vector.map { $0 * scale }, value / total)
        }
    }

    /// The shares that the components of a Brownian path of T points in many dimensions have:
    /// λ_k ∝ 1/(2 − 2cos(πk/T)), k = 1…T−1; 6/(π²k²) for large T. Antognini & Sohl-Dickstein 2018, arXiv:1806.08805.
    static func brownianShares(count: Int) -> [Double] {
        let values = (1..<max(2, count)).map { 1 / (2 - 2 * cos(.pi * Double($0) / Double(count))) }
        let total = values.reduce(0, +)
        return values.map { $0 / total } + [0]
    }
}

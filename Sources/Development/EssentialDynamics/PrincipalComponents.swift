import Foundation
public import Tensors

extension EssentialDynamics {
    /// The most components that are kept.
    static let componentLimit = 5
    /// The most components whose planes are looked at.
    static let leadingCount = 3

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
        try joint(products: products, steps: steps, surrogateCount: SurrogateWalks.count)
    }

    /// The same with another number of surrogates.
    static func joint(
        products: InnerProducts, steps: [[Int]], surrogateCount: Int
    ) throws(LinearAlgebraError) -> [EssentialDynamics]? {
        precondition(steps.reduce(0) { $0 + $1.count } == products.count, "one step per vector")
        guard steps.allSatisfy({ $0.count >= 3 }) else { return nil }
        let centered = CenteredProducts(products)
        let components = try principalComponents(of: centered, products: products)
        guard !components.isEmpty else { return nil }
        let null = try SurrogateStatistics(
            centered: centered, counts: steps.map(\.count), componentCount: components.count,
            surrogateCount: surrogateCount)
        let brownian = brownianShares(count: products.count)
        var start = 0
        return steps.enumerated().map { run, steps in
            let range = start..<start + steps.count
            start = range.upperBound
            let scores = components.map { Array($0.scores[range]) }
            let smoothing = Smoothing(count: steps.count)
            let jets = smoothing.fits.map { fit in scores.map { fit.jet(of: $0) } }
            let motion = Motion(products: products, range: range, scores: scores)
            let leading = Array(scores.prefix(leadingCount))
            let kept = null.kept[run]
            let (vertices, forms) = FormFinder(count: kept.count).find(
                scores: leading.map { scores in kept.map { scores[$0] } }, steps: kept.map { steps[$0] },
                surrogates: null.strengths.map { $0[run] })
            let smallest = forms.compactMap(\.pValue).reduce(null.shares.first?.pValue ?? 1, min)
            return EssentialDynamics(
                steps: steps,
                components: components.indices.map { index in
                    Component(
                        scores: scores[index], smoothed: jets.map { $0[index][0] }, share: components[index].share,
                        brownianShare: brownian[index],
                        surrogate: null.shares.indices.contains(index) ? null.shares[index] : nil)
                },
                planes: zip(FormFinder.pairs(count: leading.count), vertices).map { pair, vertices in
                    plane(pair.first, pair.second, jets: jets, vertices: vertices)
                },
                forms: forms, motion: motion,
                nullTest: null.strengths.isEmpty
                    ? nil
                    : NullTest(
                        surrogateCount: null.strengths.count, checkpointCount: kept.count,
                        pValue: min(1, 2 * smallest)))
        }
    }

    /// Osculating circles along the smoothed path in one plane; `jets` is `[checkpoint][component]`.
    private static func plane(
        _ first: Int, _ second: Int, jets: [[SIMD4<Double>]], vertices: [Vertex]
    ) -> Plane {
        let extent = extent(jets.map { $0[first][0] }, jets.map { $0[second][0] })
        let circles = jets.map { PlaneJet(x: $0[first], y: $0[second]).circle(extent: extent) }
        return Plane(
            first: first, second: second, curvature: circles.map(\.curvature), centers: circles.map(\.center),
            vertices: vertices)
    }

    /// Scores and shares of the leading components: the eigenvectors of the doubly centred products times the
    /// roots of their eigenvalues. The score furthest from zero is positive; of several, the first.
    private static func principalComponents(
        of centered: CenteredProducts, products: InnerProducts
    ) throws(LinearAlgebraError) -> [(scores: [Double], share: Double)] {
        let count = products.count
        let pairs = try leadingEigenpairs(of: centered)
        let total = (0..<count).reduce(0) { $0 + centered[$1, $1] }
        // Centring loses what the rounding of the largest product holds, in each of T directions at most.
        let largest = (0..<count).map { abs(products.values[$0 * count + $0]) }.max() ?? 0
        let rounding = Double(count) * largest * Double.ulpOfOne
        return zip(pairs.values, pairs.vectors).compactMap { value, vector in
            guard value > rounding else { return nil }
            let furthest = vector.map(abs).max() ?? 0
            // Scores equal but for rounding tie, so that a mirrored path keeps its sign.
            let leading = vector.first { abs($0) >= furthest * (1 - 1e-9) } ?? 0
            let scale = (leading < 0 ? -1 : 1) * value.squareRoot()
            return (vector.map { $0 * scale }, value / total)
        }
    }

    /// By the full decomposition up to a thousand checkpoints, where it takes a second, and where the iteration does
    /// not converge; its cost grows as T³, that of the iteration as T².
    private static func leadingEigenpairs(
        of centered: CenteredProducts
    ) throws(LinearAlgebraError) -> (values: [Double], vectors: [[Double]]) {
        let count = centered.count
        if count > 1000, centered.isFinite {
            let pairs = try LeadingEigenpairs(
                order: count, count: componentLimit, tolerance: 1e-12, iterationLimit: 100, apply: centered.times)
            if let pairs { return (pairs.values, pairs.vectors) }
        }
        let eigen = try SymmetricEigen(Array(centered.rows(0..<count)), count: count)
        let orders = (0..<min(componentLimit, count)).map { count - 1 - $0 }
        return (orders.map { eigen.values[$0] }, orders.map { Array(eigen.vector($0)) })
    }

    /// The shares that the components of a Brownian path of T points in many dimensions have:
    /// λ_k ∝ 1/(2 − 2cos(πk/T)), k = 1…T−1; 6/(π²k²) for large T. Antognini & Sohl-Dickstein 2018, arXiv:1806.08805.
    static func brownianShares(count: Int) -> [Double] {
        let values = (1..<max(2, count)).map { 1 / (2 - 2 * cos(.pi * Double($0) / Double(count))) }
        let total = values.reduce(0, +)
        return values.map { $0 / total } + [0]
    }
}

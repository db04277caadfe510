import Sampling
public import Tensors

/// A joint normal law of some quantities.
public struct GaussianPosterior: Sendable {
    /// One mean per quantity.
    public let mean: [Double]
    /// Row-major `[quantity, quantity]`.
    public let covariance: [Double]

    /// The standard deviation of each quantity.
    public var deviation: [Double] {
        mean.indices.map { max(0, covariance[$0 * mean.count + $0]).squareRoot() }
    }

    /// The difference of two quantities, `second` − `first`, with its standard error.
    public func change(from first: Int, to second: Int) -> Estimate {
        let count = mean.count
        let variance =
            covariance[first * count + first] + covariance[second * count + second]
            - 2 * covariance[first * count + second]
        return Estimate(value: mean[second] - mean[first], standardError: max(0, variance).squareRoot())
    }

    /// Independent draws, `[draw][quantity]`; always the same for the same law.
    ///
    /// The covariance of nearby quantities is singular to rounding, so the draws are made in its eigenvectors,
    /// with eigenvalues below zero taken as zero.
    ///
    /// - Throws: `LinearAlgebraError` when the covariance is not finite.
    public func draws(_ drawCount: Int) throws(LinearAlgebraError) -> [[Double]] {
        let eigen = try SymmetricEigen(covariance, count: mean.count)
        let directions = eigen.values.indices.reversed().compactMap { index -> [Double]? in
            let value = eigen.values[index]
            guard value > 0 else { return nil }
            return eigen.vector(index).map { $0 * value.squareRoot() }
        }
        // A seed of its own: these draws have nothing to do with any chain's numbers.
        let stream = RandomStream(seed: 0, trainingStep: 0, chain: 0, purpose: .noise)
        var normals = [Double](repeating: 0, count: directions.count)
        return (0..<drawCount).map { draw in
            stream.fillNormals(&normals, row: draw)
            var result = mean
            for (normal, direction) in zip(normals, directions) {
                for index in result.indices { result[index] += normal * direction[index] }
            }
            return result
        }
    }
}

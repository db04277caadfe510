public import Tensors

/// The leading eigenvalues and eigenvectors of the sample covariance of a chain's positions about their mean.
///
/// At a quadratic loss with Hessian eigenvalues hᵢ the posterior's covariance has 1/(nβ·hᵢ + γ): the leading
/// directions are the flattest, and where many are flat their eigenvalues crowd at 1/γ.
public struct CovarianceSpectrum<Scalar: Real>: Sendable, Codable, Equatable {
    /// The eigenvalues, descending, in the weights' squared unit; none is above the sample covariance's own.
    public let values: [Double]
    /// Unit eigenvectors over the packed sampled coordinates, axes `[eigenvector, coordinate]`: entry i belongs to
    /// `values[i]`. Signs are arbitrary.
    public let vectors: [[Scalar]]
    /// What the sample covariance's i-th eigenvalue exceeds `values[i]` by at most, and its variance along any
    /// direction that of the sketch; rounding aside.
    ///
    /// It bounds the sketch alone. Sampling adds a standard error of about √(2/ESS) of the value, ESS being that of
    /// the squared displacement along the eigenvector.
    public let errorBound: Double
    /// The trace of the sample covariance: the sum of all d eigenvalues, exact up to rounding.
    public let totalVariance: Double
}

extension CovarianceSketch {
    /// The leading eigenvalues and eigenvectors of the covariance (divisor draws − 1).
    ///
    /// Nil below two draws. Fewer than `count` come back where the rest is rounding, and never more than `keptCount`,
    /// beyond which little is known. The eigenvalues of Float rows have rounding errors near 10⁻⁷ of the largest.
    ///
    /// - Parameter count: k, the number wanted.
    /// - Throws: `notFinite` or `didNotConverge`.
    public func spectrum(count: Int) throws(LinearAlgebraError) -> CovarianceSpectrum<Scalar>? {
        guard drawCount >= 2 else { return nil }
        let eigen = try SymmetricEigen(gram(rows: rows), count: rows.count)
        // Below this an eigenvalue of the Gram matrix, and with it the eigenvector, is rounding.
        let rounding = Double(rows.count) * Double.ulpOfOne * (eigen.values.last ?? 0)
        let leading = eigen.values.indices.suffix(min(count, keptCount)).reversed().filter {
            eigen.values[$0] > rounding
        }
        var vectors = rows
        combineRows(
            &vectors,
            factors: leading.map { index in
                let length = eigen.values[index].squareRoot()
                return eigen.vector(index).map { $0 / length }
            })
        let divisor = Double(drawCount - 1)
        return CovarianceSpectrum(
            values: leading.map { eigen.values[$0] / divisor }, vectors: vectors, errorBound: shrinkage / divisor,
            totalVariance: totalScatter / divisor)
    }
}

/// Replaces rows by linear combinations of them, in place and in Double, block by block of columns.
///
/// - Parameters:
///   - rows: Vectors of one length; as many as there are factors remain.
///   - factors: Each combination's coefficients, one per row; at most as many as there are rows.
func combineRows<Scalar: Real>(_ rows: inout [[Scalar]], factors: [[Double]]) {
    let (rowCount, length, combinedCount) = (rows.count, rows.first?.count ?? 0, factors.count)
    let coefficients = factors.flatMap { $0 }
    let blockLength = min(max(1, length), 4096)
    var block = [Double](repeating: 0, count: rowCount * blockLength)
    var combined = [Double](repeating: 0, count: combinedCount * blockLength)
    for start in stride(from: 0, to: length, by: blockLength) {
        let columns = min(blockLength, length - start)
        for row in 0..<rowCount { copy(rows[row], from: start, count: columns, into: &block, at: row * columns) }
        coefficients.withUnsafeBufferPointer { left in
            block.withUnsafeBufferPointer { right in
                combined.withUnsafeMutableBufferPointer { result in
                    guard let left = left.baseAddress, let right = right.baseAddress, let result = result.baseAddress
                    else { return }
                    Double.multiply(
                        MatrixOperand(left, stride: rowCount), MatrixOperand(right, stride: columns),
                        rows: combinedCount, columns: columns, inner: rowCount, into: result, stride: columns)
                }
            }
        }
        for row in 0..<combinedCount {
            copy(combined, from: row * columns, count: columns, into: &rows[row], at: start)
        }
    }
    rows.removeLast(rowCount - combinedCount)
}

@_specialize(where Source == Float, Target == Double)
@_specialize(where Source == Double, Target == Float)
@_specialize(where Source == Double, Target == Double)
private func copy<Source: Real, Target: Real>(
    _ source: [Source], from first: Int, count: Int, into target: inout [Target], at offset: Int
) {
    for index in 0..<count { target[offset + index] = Target(source[first + index]) }
}

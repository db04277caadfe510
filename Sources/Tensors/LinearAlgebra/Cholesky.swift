import COpenBLAS
import Foundation

/// The factorisation A = L·Lᵀ of a symmetric positive definite matrix, with what is computed from it (LAPACK `dpotrf`).
public struct Cholesky: Sendable {
    /// L, row-major, zero above the diagonal.
    public let factor: [Double]
    /// The number of rows and columns.
    public let count: Int

    /// Factorises a symmetric positive definite matrix.
    ///
    /// - Parameters:
    ///   - matrix: Row-major, `count` × `count`; only the lower triangle, diagonal included, is read.
    ///   - count: The number of rows and columns; at least 1.
    /// - Throws: `notFinite` or `notPositiveDefinite`.
    public init(_ matrix: [Double], count: Int) throws(LinearAlgebraError) {
        precondition(
            count > 0 && matrix.count == count * count, "\(matrix.count) numbers are no \(count) × \(count) matrix")
        guard matrix.allSatisfy(\.isFinite) else { throw .notFinite }
        blasUsesOneThread()
        var factor = matrix
        var (order, info) = (blasint(count), blasint(0))
        // The lower triangle of rows is the upper triangle of LAPACK's columns.
        dpotrf_("U", &order, &factor, &order, &info)
        guard info == 0 else { throw .notPositiveDefinite(order: Int(info)) }
        for row in 0..<count {
            for column in (row + 1)..<max(row + 1, count) { factor[row * count + column] = 0 }
        }
        self.factor = factor
        self.count = count
    }

    /// ln det A.
    public var logDeterminant: Double {
        2 * (0..<count).reduce(0.0) { $0 + log(factor[$1 * count + $1]) }
    }

    /// x with L·x = b.
    public func solveLower(_ b: [Double]) -> [Double] {
        precondition(b.count == count, "\(b.count) numbers against \(count) rows")
        var result = b
        cblas_dtrsv(
            CblasRowMajor, CblasLower, CblasNoTrans, CblasNonUnit, blasint(count), factor, blasint(count), &result, 1)
        return result
    }

    /// A⁻¹, row-major and exactly symmetric.
    public func inverse() -> [Double] {
        var result = factor
        var (order, info) = (blasint(count), blasint(0))
        dpotri_("U", &order, &result, &order, &info)
        for row in 0..<count {
            for column in 0..<row { result[column * count + row] = result[row * count + column] }
        }
        return result
    }
}

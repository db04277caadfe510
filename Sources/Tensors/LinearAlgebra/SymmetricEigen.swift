import COpenBLAS

/// Eigenvalues and eigenvectors of a real symmetric matrix, by divide and conquer (LAPACK `dsyevd`).
public struct SymmetricEigen: Sendable {
    /// The eigenvalues, ascending.
    public let values: [Double]
    /// Orthonormal eigenvectors, row-major `[eigenvector, component]`; row k belongs to `values[k]`. Signs are arbitrary.
    public let vectors: [Double]
    /// The number of rows and columns.
    public let count: Int

    /// Decomposes a symmetric matrix.
    ///
    /// - Parameters:
    ///   - matrix: Row-major, `count` × `count`; only the upper triangle, diagonal included, is read.
    ///   - count: The number of rows and columns; 0 gives an empty decomposition.
    /// - Throws: `notFinite` or `didNotConverge`.
    public init(_ matrix: [Double], count: Int) throws(LinearAlgebraError) {
        precondition(matrix.count == count * count, "\(matrix.count) numbers are no \(count) × \(count) matrix")
        guard matrix.allSatisfy(\.isFinite) else { throw .notFinite }
        self.count = count
        guard count > 0 else {
            (values, vectors) = ([], [])
            return
        }
        blasUsesOneThread()
        var vectors = matrix
        var values = [Double](repeating: 0, count: count)
        var (order, info) = (blasint(count), blasint(0))
        var workCount = blasint(1 + 6 * count + 2 * count * count)
        var integerWorkCount = blasint(3 + 5 * count)
        var work = [Double](repeating: 0, count: Int(workCount))
        var integerWork = [blasint](repeating: 0, count: Int(integerWorkCount))
        // LAPACK is column-major: the upper triangle of rows is its lower triangle, its columns are our rows.
        dsyevd_("V", "L", &order, &vectors, &order, &values, &work, &workCount, &integerWork, &integerWorkCount, &info)
        guard info == 0 else { throw .didNotConverge }
        self.values = values
        self.vectors = vectors
    }

    /// Eigenvector `index`, by ascending eigenvalue.
    public func vector(_ index: Int) -> ArraySlice<Double> { vectors[index * count..<(index + 1) * count] }
}

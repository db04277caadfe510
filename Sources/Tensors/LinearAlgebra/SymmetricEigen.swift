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
        var vectors = matrix
        values = try Self.decompose(&vectors, count: count, job: "V")
        self.vectors = vectors
        self.count = count
    }

    /// The eigenvalues alone, ascending, in a fraction of the time.
    ///
    /// - Parameters:
    ///   - matrix: Row-major, `count` × `count`; only the upper triangle, diagonal included, is read.
    ///   - count: The number of rows and columns; 0 gives none.
    /// - Throws: `notFinite` or `didNotConverge`.
    public static func values(of matrix: [Double], count: Int) throws(LinearAlgebraError) -> [Double] {
        var matrix = matrix
        return try decompose(&matrix, count: count, job: "N")
    }

    /// The eigenvalues of a matrix, which is overwritten: by eigenvectors for job "V", destroyed for job "N".
    private static func decompose(
        _ matrix: inout [Double], count: Int, job: String
    ) throws(LinearAlgebraError) -> [Double] {
        precondition(matrix.count == count * count, "\(matrix.count) numbers are no \(count) × \(count) matrix")
        guard matrix.allSatisfy(\.isFinite) else { throw .notFinite }
        guard count > 0 else { return [] }
        blasUsesOneThread()
        var values = [Double](repeating: 0, count: count)
        var (order, info) = (blasint(count), blasint(0))
        var workCount = blasint(1 + 6 * count + (job == "V" ? 2 * count * count : 0))
        var integerWorkCount = blasint(3 + 5 * count)
        var work = [Double](repeating: 0, count: Int(workCount))
        var integerWork = [blasint](repeating: 0, count: Int(integerWorkCount))
        // LAPACK is column-major: the upper triangle of rows is its lower triangle, its columns are our rows.
        dsyevd_(job, "L", &order, &matrix, &order, &values, &work, &workCount, &integerWork, &integerWorkCount, &info)
        guard info == 0 else { throw .didNotConverge }
        return values
    }

    /// Eigenvector `index`, by ascending eigenvalue.
    public func vector(_ index: Int) -> ArraySlice<Double> { vectors[index * count..<(index + 1) * count] }
}

import COpenBLAS

/// The inner products of rows, accumulated in Double.
///
/// - Parameters:
///   - rows: Vectors of one length.
/// - Returns: The symmetric matrix of ⟨row i, row j⟩, row-major `[row, row]`.
///
/// Float rows are widened block by block, so that memory stays near that of the rows.
public func gram<Scalar: Real>(rows: [[Scalar]]) -> [Double] {
    let (count, length) = (rows.count, rows.first?.count ?? 0)
    precondition(rows.allSatisfy { $0.count == length }, "rows have one length")
    var result = [Double](repeating: 0, count: count * count)
    guard count > 0 else { return result }
    blasUsesOneThread()
    let blockLength = min(max(1, length), longestBlock)
    var block = [Double](repeating: 0, count: count * blockLength)
    for start in stride(from: 0, to: length, by: blockLength) {
        let columns = min(blockLength, length - start)
        for (index, row) in rows.enumerated() { widen(row[start..<start + columns], into: &block, at: index * columns) }
        cblas_dsyrk(
            CblasRowMajor, CblasUpper, CblasNoTrans, blasint(count), blasint(columns), 1, block, blasint(columns), 1,
            &result, blasint(count))
    }
    mirrorUpper(&result, count: count)
    return result
}

/// The inner products of rows with other rows, accumulated in Double.
///
/// - Parameters:
///   - left: Vectors of one length.
///   - right: Vectors of the same length.
/// - Returns: ⟨left i, right j⟩, row-major `[left, right]`.
public func innerProducts<Scalar: Real>(of left: [[Scalar]], with right: [[Scalar]]) -> [Double] {
    let length = (left.first ?? right.first)?.count ?? 0
    precondition((left + right).allSatisfy { $0.count == length }, "rows have one length")
    var result = [Double](repeating: 0, count: left.count * right.count)
    guard !result.isEmpty else { return result }
    blasUsesOneThread()
    let blockLength = min(max(1, length), longestBlock)
    var (a, b) = (
        [Double](repeating: 0, count: left.count * blockLength),
        [Double](repeating: 0, count: right.count * blockLength)
    )
    for start in stride(from: 0, to: length, by: blockLength) {
        let columns = min(blockLength, length - start)
        for (index, row) in left.enumerated() { widen(row[start..<start + columns], into: &a, at: index * columns) }
        for (index, row) in right.enumerated() { widen(row[start..<start + columns], into: &b, at: index * columns) }
        cblas_dgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, blasint(left.count), blasint(right.count), blasint(columns), 1, a,
            blasint(columns), b, blasint(columns), 1, &result, blasint(right.count))
    }
    return result
}

/// The inner products of a matrix's rows, or of its columns where those are fewer: the smaller of W·Wᵀ and WᵀW.
///
/// The matrix is widened to Double some thousand rows or columns at a time.
///
/// - Parameters:
///   - matrix: Row-major, `rows` × `columns`.
/// - Returns: A symmetric matrix of min(rows, columns) rows, row-major.
public func gram<Scalar: Real>(matrix: [Scalar], rows: Int, columns: Int) -> [Double] {
    precondition(matrix.count == rows * columns, "\(matrix.count) numbers are no \(rows) × \(columns) matrix")
    let (count, length) = (min(rows, columns), max(rows, columns))
    var result = [Double](repeating: 0, count: count * count)
    guard count > 0 else { return result }
    blasUsesOneThread()
    let blockLength = min(length, longestBlock)
    var block = [Double](repeating: 0, count: count * blockLength)
    for start in stride(from: 0, to: length, by: blockLength) {
        let part = min(blockLength, length - start)
        if rows <= columns {
            for row in 0..<rows {
                let first = row * columns + start
                widen(matrix[first..<first + part], into: &block, at: row * part)
            }
        } else {
            widen(matrix[start * columns..<(start + part) * columns], into: &block, at: 0)
        }
        cblas_dsyrk(
            CblasRowMajor, CblasUpper, rows <= columns ? CblasNoTrans : CblasTrans, blasint(count), blasint(part), 1,
            block, blasint(rows <= columns ? part : columns), 1, &result, blasint(count))
    }
    mirrorUpper(&result, count: count)
    return result
}

/// The most numbers of a row that are widened at once. Fixed: sums are added up in this order.
private let longestBlock = 4096

/// Makes the lower triangle of a square matrix equal to the upper one.
private func mirrorUpper(_ matrix: inout [Double], count: Int) {
    for row in 0..<count {
        for column in 0..<row { matrix[row * count + column] = matrix[column * count + row] }
    }
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func widen<Scalar: Real>(_ values: ArraySlice<Scalar>, into block: inout [Double], at offset: Int) {
    for (index, value) in values.enumerated() { block[offset + index] = Double(value) }
}

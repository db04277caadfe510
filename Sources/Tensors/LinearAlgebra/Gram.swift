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
    let blockLength = min(max(1, length), 4096)
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

/// The inner products of a matrix's rows, or of its columns where those are fewer: the smaller of W·Wᵀ and WᵀW.
///
/// - Parameters:
///   - matrix: Row-major, `rows` × `columns`.
/// - Returns: A symmetric matrix of min(rows, columns) rows, row-major.
public func gram(matrix: [Double], rows: Int, columns: Int) -> [Double] {
    precondition(matrix.count == rows * columns, "\(matrix.count) numbers are no \(rows) × \(columns) matrix")
    let (count, length) = (min(rows, columns), max(rows, columns))
    var result = [Double](repeating: 0, count: count * count)
    guard count > 0 else { return result }
    blasUsesOneThread()
    cblas_dsyrk(
        CblasRowMajor, CblasUpper, rows <= columns ? CblasNoTrans : CblasTrans, blasint(count), blasint(length), 1,
        matrix, blasint(columns), 0, &result, blasint(count))
    mirrorUpper(&result, count: count)
    return result
}

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

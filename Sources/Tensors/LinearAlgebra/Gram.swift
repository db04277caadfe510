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
    for row in 0..<count {
        for column in 0..<row { result[row * count + column] = result[column * count + row] }
    }
    return result
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func widen<Scalar: Real>(_ values: ArraySlice<Scalar>, into block: inout [Double], at offset: Int) {
    for (index, value) in values.enumerated() { block[offset + index] = Double(value) }
}

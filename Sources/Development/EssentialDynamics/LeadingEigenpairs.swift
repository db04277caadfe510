import Sampling
import Tensors

/// The largest eigenvalues of a symmetric positive semi-definite operator, with their eigenvectors.
struct LeadingEigenpairs {
    /// The eigenvalues, falling.
    var values: [Double]
    /// Orthonormal eigenvectors, `[eigenvector][component]`; zero beyond the operator's rank.
    var vectors: [[Double]]

    /// Iterates a subspace with Rayleigh–Ritz projection (Saad 2011, "Numerical Methods for Large Eigenvalue
    /// Problems", algorithm 5.3), from a fixed random start.
    ///
    /// - Parameters:
    ///   - order: The number of rows and columns.
    ///   - count: How many eigenpairs.
    ///   - tolerance: The residual |Av − θv| of each pair over the largest eigenvalue.
    ///   - iterationLimit: The most products with the operator.
    ///   - apply: The operator's products with the rows of a block, `[row, component]`.
    /// - Returns: The pairs; nil when the iteration has not converged.
    init?(
        order: Int, count: Int, tolerance: Double, iterationLimit: Int, apply: (Block) -> Block
    ) throws(LinearAlgebraError) {
        let count = min(count, order)
        // The k-th value of a walk's spectrum is about 1/k² of the first: with eight more rows than are asked for, an
        // error of the fifth falls to a seventh in each product.
        var block = Block(rowCount: min(order, count + 8), length: order)
        RandomStream(seed: 0, trainingStep: 0, chain: 0, purpose: .projection).fillNormals(&block.values, row: 0)
        block.orthonormalize()
        for _ in 0..<iterationLimit {
            var image = apply(block)
            let eigen = try SymmetricEigen(block.products(with: image), count: block.rowCount)
            block.combine(eigen)
            image.combine(eigen)
            let values = eigen.values.reversed().prefix(count).map { max(0, $0) }
            let largest = values.first ?? 0
            let residual = values.indices.map { row in
                zip(image.row(row), block.row(row)).reduce(0.0) { sum, pair in
                    let difference = pair.0 - values[row] * pair.1
                    return sum + difference * difference
                }.squareRoot()
            }
            if residual.allSatisfy({ $0 <= tolerance * largest }) {
                let basis = block
                self.values = values
                vectors = values.indices.map { Array(basis.row($0)) }
                return
            }
            block = image
            block.orthonormalize()
        }
        return nil
    }
}

/// Some vectors of one length, stored one after another.
struct Block {
    /// Row-major `[row, component]`.
    var values: [Double]
    let rowCount: Int
    let length: Int

    /// Rows of zeros.
    init(rowCount: Int, length: Int) {
        values = [Double](repeating: 0, count: rowCount * length)
        self.rowCount = rowCount
        self.length = length
    }

    /// One of the vectors.
    func row(_ index: Int) -> ArraySlice<Double> { values[index * length..<(index + 1) * length] }

    /// The rows times a symmetric matrix.
    func times(_ matrix: [Double]) -> Block {
        var result = Block(rowCount: rowCount, length: length)
        multiply(values, matrix, rows: rowCount, columns: length, inner: length, into: &result.values)
        return result
    }

    /// Adds some columns of another block times as many rows of a matrix.
    mutating func add(_ block: Block, columns: Range<Int>, times rows: [Double]) {
        precondition(rows.count == columns.count * length, "one row of the matrix for each column")
        let (rowCount, length) = (rowCount, length)
        block.values.withUnsafeBufferPointer { left in
            rows.withUnsafeBufferPointer { right in
                values.withUnsafeMutableBufferPointer { result in
                    guard let left = left.baseAddress, let right = right.baseAddress, let result = result.baseAddress
                    else { return }
                    Double.multiply(
                        MatrixOperand(left + columns.lowerBound, stride: block.length),
                        MatrixOperand(right, stride: length), rows: rowCount, columns: length, inner: columns.count,
                        beta: 1, into: result, stride: length)
                }
            }
        }
    }

    /// The inner products of these rows with those of another block, `[row here, row there]`.
    func products(with other: Block) -> [Double] {
        var result = [Double](repeating: 0, count: rowCount * other.rowCount)
        multiply(
            values, other.values, rows: rowCount, columns: other.rowCount, inner: length, isTransposed: true,
            into: &result)
        return result
    }

    /// Replaces the rows by their combinations with the eigenvectors, by falling eigenvalue.
    mutating func combine(_ eigen: SymmetricEigen) {
        let coefficients = (0..<rowCount).reversed().flatMap { eigen.vector($0) }
        let rows = values
        multiply(coefficients, rows, rows: rowCount, columns: length, inner: rowCount, into: &values)
    }

    /// Gram–Schmidt, twice; rows that depend on those before them become zero.
    mutating func orthonormalize() {
        for index in 0..<rowCount {
            let range = index * length..<(index + 1) * length
            let original = norm(range)
            for _ in 0..<2 {
                for earlier in 0..<index {
                    let start = earlier * length
                    var product = 0.0
                    for offset in 0..<length { product += values[start + offset] * values[range.lowerBound + offset] }
                    for offset in 0..<length { values[range.lowerBound + offset] -= product * values[start + offset] }
                }
            }
            let remaining = norm(range)
            let factor = remaining > 1e-12 * original ? 1 / remaining : 0
            for offset in range { values[offset] *= factor }
        }
    }

    private func norm(_ range: Range<Int>) -> Double {
        values[range].reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
}

/// C ← A·B, or A·Bᵀ; row-major.
private func multiply(
    _ a: [Double], _ b: [Double], rows: Int, columns: Int, inner: Int, isTransposed: Bool = false,
    into c: inout [Double]
) {
    a.withUnsafeBufferPointer { left in
        b.withUnsafeBufferPointer { right in
            c.withUnsafeMutableBufferPointer { result in
                guard let left = left.baseAddress, let right = right.baseAddress, let result = result.baseAddress
                else { return }
                Double.multiply(
                    MatrixOperand(left, stride: inner),
                    MatrixOperand(right, stride: isTransposed ? inner : columns, isTransposed: isTransposed),
                    rows: rows, columns: columns, inner: inner, into: result, stride: columns)
            }
        }
    }
}

import Foundation
import TestSupport
import Testing

@testable import Tensors

/// A reproducible matrix with entries from −1 to 1.
private func randomMatrix(_ count: Int, seed: UInt64) -> [Double] {
    var generator = SplitMix64(state: seed)
    return (0..<count).map { _ in Double.random(in: -1...1, using: &generator) }
}

/// A·Bᵀ of row-major matrices, in plain Swift: the reference.
private func productWithTranspose(_ a: [Double], _ b: [Double], rows: Int, columns: Int, inner: Int) -> [Double] {
    (0..<rows * columns).map { index in
        (0..<inner).reduce(0) { $0 + a[index / columns * inner + $1] * b[index % columns * inner + $1] }
    }
}

private func transposed(_ a: [Double], rows: Int, columns: Int) -> [Double] {
    (0..<rows * columns).map { a[$0 % rows * columns + $0 / rows] }
}

@Suite struct MatrixProductTests {
    // Rounding of an inner product of k terms is at most k·ε relative to the sum of magnitudes; k = 7 here, and ten times
    // that leaves room for cancellation in the norm.
    @Test(arguments: [false, true], [false, true])
    func `products agree with plain Swift for every transposition`(transposeA: Bool, transposeB: Bool) {
        let (rows, columns, inner) = (5, 4, 7)
        let a = randomMatrix(rows * inner, seed: 1)
        let b = randomMatrix(columns * inner, seed: 2)
        let start = randomMatrix(rows * columns, seed: 3)
        let reference = zip(productWithTranspose(a, b, rows: rows, columns: columns, inner: inner), start)
            .map { 2 * $0 - 0.5 * $1 }
        let storedA = transposeA ? transposed(a, rows: rows, columns: inner) : a
        let storedB = transposeB ? b : transposed(b, rows: columns, columns: inner)

        func product<Scalar: Real>(_ type: Scalar.Type) -> [Double] {
            var c = start.map { Scalar($0) }
            let (x, y) = (storedA.map { Scalar($0) }, storedB.map { Scalar($0) })
            x.withUnsafeBufferPointer { x in
                y.withUnsafeBufferPointer { y in
                    c.withUnsafeMutableBufferPointer { c in
                        guard let x = x.baseAddress, let y = y.baseAddress, let c = c.baseAddress else { return }
                        Scalar.multiply(
                            MatrixOperand(x, stride: transposeA ? rows : inner, isTransposed: transposeA),
                            MatrixOperand(y, stride: transposeB ? inner : columns, isTransposed: transposeB),
                            rows: rows, columns: columns, inner: inner, alpha: 2, beta: -0.5, into: c, stride: columns)
                    }
                }
            }
            return c.map { Double($0) }
        }
        #expect(relativeError(product(Double.self), reference) < 70 * Double.ulpOfOne)
        #expect(relativeError(product(Float.self), reference) < 70 * Double(Float.ulpOfOne))
    }
}

@Suite struct SymmetricEigenTests {
    @Test func `eigenvalues of a two by two matrix are known`() throws {
        let eigen = try SymmetricEigen([2, 1, 1, 2], count: 2)
        #expect(Tolerance.ulps(8).accepts(eigen.values[0], 1) && Tolerance.ulps(8).accepts(eigen.values[1], 3))
        // (1, 1)/√2 up to sign.
        #expect(Tolerance.ulps(8).accepts(abs(eigen.vectors[2] + eigen.vectors[3]), 2.0.squareRoot()))
    }

    // LAPACK's backward error is a modest multiple of n·ε; n = 30, and a factor of 100 is far below any wrong result.
    @Test func `the second difference has the eigenvalues of the sine transform`() throws {
        let count = 30
        var matrix = [Double](repeating: 0, count: count * count)
        for row in 0..<count {
            matrix[row * count + row] = 2
            if row + 1 < count {
                matrix[row * count + row + 1] = -1
                matrix[(row + 1) * count + row] = -1
            }
        }
        let eigen = try SymmetricEigen(matrix, count: count)
        let expected = (1...count).map { 2 - 2 * cos(Double($0) * .pi / Double(count + 1)) }
        #expect(relativeError(eigen.values, expected) < 100 * Double(count) * .ulpOfOne)
        for index in [0, 7, 29] {
            let vector = Array(eigen.vector(index))
            let image = (0..<count).map { row in
                (0..<count).reduce(0) { $0 + matrix[row * count + $1] * vector[$1] }
            }
            let scaled = vector.map { $0 * eigen.values[index] }
            // Relative to the norm of the matrix, 4, not to a small eigenvalue.
            #expect(relativeError(image, scaled) * eigen.values[index] / 4 < 100 * Double(count) * .ulpOfOne)
        }
    }

    @Test func `eigenvalues alone are those of the full decomposition`() throws {
        let count = 30
        let matrix = productWithTranspose(
            randomMatrix(count * count, seed: 5), randomMatrix(count * count, seed: 5), rows: count, columns: count,
            inner: count)
        let alone = try SymmetricEigen.values(of: matrix, count: count)
        // The two algorithms differ by their backward errors, n·ε relative to the largest.
        #expect(relativeError(alone, try SymmetricEigen(matrix, count: count).values) < 100 * 30 * .ulpOfOne)
        #expect(try SymmetricEigen.values(of: [], count: 0).isEmpty)
    }

    @Test func `a matrix with NaN is refused`() {
        #expect(throws: LinearAlgebraError.notFinite) { try SymmetricEigen([.nan], count: 1) }
        #expect(throws: LinearAlgebraError.notFinite) { try SymmetricEigen.values(of: [.nan], count: 1) }
    }
}

@Suite struct CholeskyTests {
    private let count = 12
    /// R·Rᵀ + I: well conditioned, so errors stay within a few hundred roundings.
    private var matrix: [Double] {
        let root = randomMatrix(count * count, seed: 4)
        var matrix = productWithTranspose(root, root, rows: count, columns: count, inner: count)
        for index in 0..<count { matrix[index * count + index] += 1 }
        return matrix
    }

    @Test func `the factor multiplies to the matrix and is lower triangular`() throws {
        let cholesky = try Cholesky(matrix, count: count)
        let product = productWithTranspose(
            cholesky.factor, cholesky.factor, rows: count, columns: count, inner: count)
        #expect(relativeError(product, matrix) < 100 * .ulpOfOne)
        #expect(
            (0..<count).allSatisfy { row in (row + 1..<count).allSatisfy { cholesky.factor[row * count + $0] == 0 } })
    }

    @Test func `the triangular solution and the inverse undo their matrices`() throws {
        let cholesky = try Cholesky(matrix, count: count)
        let b = randomMatrix(count, seed: 5)
        func product(_ matrix: [Double], _ x: [Double]) -> [Double] {
            (0..<count).map { row in (0..<count).reduce(0) { $0 + matrix[row * count + $1] * x[$1] } }
        }
        #expect(relativeError(product(cholesky.factor, cholesky.solveLower(b)), b) < 1000 * .ulpOfOne)
        #expect(relativeError(product(matrix, product(cholesky.inverse(), b)), b) < 1000 * .ulpOfOne)
    }

    @Test func `the log-determinant of a diagonal matrix is the sum of logarithms`() throws {
        let cholesky = try Cholesky([4, 0, 0, 9], count: 2)
        // ln 36.
        #expect(Tolerance.ulps(4).accepts(cholesky.logDeterminant, 3.58351893845611))
    }

    @Test func `an indefinite matrix is refused with the order of its minor`() {
        let error = #expect(throws: LinearAlgebraError.notPositiveDefinite(order: 2)) {
            try Cholesky([1, 2, 2, 1], count: 2)
        }
        #expect(
            error?.description == "the matrix is not positive definite (its leading minor of order 2 is not above 0)")
    }

    @Test(arguments: [Double.nan, .infinity]) func `a matrix with a number that is none is refused`(number: Double) {
        let error = #expect(throws: LinearAlgebraError.notFinite) { try Cholesky([1, 0, number, 1], count: 2) }
        #expect(error?.description == "the matrix holds a number that is not finite")
    }
}

@Suite struct GramTests {
    // Longer than a block of 4096, so that blocks are joined; rounding as for an inner product of that length in Double.
    @Test func `inner products of Float rows are summed in Double`() {
        var generator = SplitMix64(state: 6)
        let rows = (0..<3).map { _ in (0..<5000).map { _ in Float.random(in: -1...1, using: &generator) } }
        let reference = (0..<9).map { index in
            zip(rows[index / 3], rows[index % 3]).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        }
        #expect(relativeError(gram(rows: rows), reference) < 5000 * .ulpOfOne)
    }

    @Test(arguments: [(6, 9), (9, 6), (1, 5)])
    func `the products of a matrix are those of its shorter side`(rows: Int, columns: Int) {
        let matrix = randomMatrix(rows * columns, seed: 11)
        let shorter = rows <= columns ? matrix : transposed(matrix, rows: rows, columns: columns)
        let (count, length) = (min(rows, columns), max(rows, columns))
        let reference = productWithTranspose(shorter, shorter, rows: count, columns: count, inner: length)
        // Inner products of nine terms.
        #expect(relativeError(gram(matrix: matrix, rows: rows, columns: columns), reference) < 90 * .ulpOfOne)
    }

    @Test func `no rows give an empty matrix`() { #expect(gram(rows: [[Double]]()).isEmpty) }
}

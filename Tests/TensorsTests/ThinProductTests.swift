import TestSupport
import Tensors
import Testing

/// Products of every shape that takes a way of its own, against the sums of the definition.
@Suite struct ThinProductTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var rows: Int
        var columns: Int
        var inner: Int
        /// Elements between the rows of each stored matrix, beyond its own.
        var gap = 0
        var testDescription: String { "\(rows) × \(columns), inner \(inner), gap \(gap)" }
    }

    // Few columns with many rows or a long inner axis take the kernel for thin products; the others are BLAS's.
    static let cases = [1, 2, 3, 4, 7, 8, 9].flatMap { columns in
        [
            Case(rows: 64, columns: columns, inner: 1), Case(rows: 67, columns: columns, inner: 2),
            Case(rows: 65, columns: columns, inner: 16), Case(rows: 66, columns: columns, inner: 17),
            Case(rows: 70, columns: columns, inner: 5, gap: 3), Case(rows: 1, columns: columns, inner: 64),
            Case(rows: 2, columns: columns, inner: 65), Case(rows: 7, columns: columns, inner: 131),
            Case(rows: 8, columns: columns, inner: 90, gap: 2), Case(rows: 9, columns: columns, inner: 64),
            Case(rows: 3, columns: columns, inner: 4), Case(rows: 5, columns: columns, inner: 0),
        ]
    }

    @Test(arguments: cases) func `a product is its sums`(test: Case) {
        check(test, as: Double.self, unit: .ulpOfOne)
        check(test, as: Float.self, unit: Double(Float.ulpOfOne))
    }

    private func check<Scalar: Real>(_ test: Case, as type: Scalar.Type, unit: Double) {
        for (transposesA, transposesB) in [(false, false), (false, true), (true, false), (true, true)] {
            for beta in [0, 1, -0.5] {
                let a = Matrix<Scalar>(
                    transposesA ? test.inner : test.rows, transposesA ? test.rows : test.inner, test.gap)
                let b = Matrix<Scalar>(
                    transposesB ? test.columns : test.inner, transposesB ? test.inner : test.columns, test.gap)
                let before = Matrix<Scalar>(test.rows, test.columns, test.gap)
                var after = before
                // What beta 0 must not read.
                if beta == 0 {
                    for row in 0..<test.rows {
                        for column in 0..<test.columns { after.values[row * after.stride + column] = .nan }
                    }
                }
                a.values.withUnsafeBufferPointer { first in
                    b.values.withUnsafeBufferPointer { second in
                        after.values.withUnsafeMutableBufferPointer { c in
                            guard let first = first.baseAddress, let second = second.baseAddress, let c = c.baseAddress
                            else {
                                return
                            }
                            Scalar.multiply(
                                MatrixOperand(first, stride: a.stride, isTransposed: transposesA),
                                MatrixOperand(second, stride: b.stride, isTransposed: transposesB), rows: test.rows,
                                columns: test.columns, inner: test.inner, alpha: 1.5, beta: Scalar(beta), into: c,
                                stride: before.stride)
                        }
                    }
                }
                var (found, expected): ([Double], [Double]) = ([], [])
                for row in 0..<test.rows {
                    for column in 0..<test.columns {
                        var sum = 0.0
                        for k in 0..<test.inner {
                            sum += (transposesA ? a[k, row] : a[row, k]) * (transposesB ? b[column, k] : b[k, column])
                        }
                        expected.append(1.5 * sum + beta * before[row, column])
                        found.append(after[row, column])
                    }
                }
                #expect(relativeError(found, expected) <= Double(test.inner + 4) * unit)
                // Nothing else is touched.
                let isKept = after.values.indices.allSatisfy {
                    $0 % after.stride < test.columns || after.values[$0] == before.values[$0]
                }
                #expect(isKept)
            }
        }
    }
}

/// A row-major matrix with room between its rows, and none after the last.
private struct Matrix<Scalar: Real> {
    let stride: Int
    var values: [Scalar]

    init(_ rows: Int, _ columns: Int, _ gap: Int) {
        stride = columns + gap
        values = (0..<max(1, (rows - 1) * stride + columns)).map {
            Scalar(Double(($0 * 37 + rows * 11) % 64 - 31) / 32)
        }
    }

    subscript(row: Int, column: Int) -> Double { Double(values[row * stride + column]) }
}

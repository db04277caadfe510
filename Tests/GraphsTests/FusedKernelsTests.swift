import CKernels
import Foundation
import TestSupport
import Tensors
import Testing

/// The kernels of rewritten plans against plain loops.
@Suite struct FusedKernelsTests {
    struct Rows: CustomTestStringConvertible, Sendable {
        let count: Int
        let columns: Int
        let gap: Int
        var testDescription: String { "\(count) rows of \(columns), \(gap) apart" }
    }

    static let rows = [1, 3, 5, 8, 9, 63, 64, 65, 72, 130].flatMap { columns in
        [
            Rows(count: 1, columns: columns, gap: 0), Rows(count: 7, columns: columns, gap: 0),
            Rows(count: 300, columns: columns, gap: 0), Rows(count: 6, columns: columns, gap: 5),
        ]
    }

    @Test(arguments: rows) func `a row is repeated, and rows are summed`(rows: Rows) {
        check(rows, as: Double.self, unit: .ulpOfOne)
        check(rows, as: Float.self, unit: Double(Float.ulpOfOne))
    }

    private func check<Scalar: Real>(_ rows: Rows, as type: Scalar.Type, unit: Double) {
        let stride = rows.columns + rows.gap
        let row = TestGraphs.numbers(rows.columns, seed: 1).map { Scalar($0) }
        // No element after the last row's: what is read beyond it would be outside the array.
        var y = [Scalar](repeating: 7, count: (rows.count - 1) * stride + rows.columns)
        instar_repeat_row(Scalar.kernelType, rows.count, rows.columns, row, &y, stride)
        let isRepeated = y.indices.allSatisfy { y[$0] == ($0 % stride < rows.columns ? row[$0 % stride] : 7) }
        #expect(isRepeated)

        let dy = TestGraphs.numbers(y.count, seed: 2).map { Scalar($0) }
        var sums = row
        instar_sum_rows(Scalar.kernelType, rows.count, rows.columns, dy, stride, &sums)
        let expected = (0..<rows.columns).map { column in
            (0..<rows.count).reduce(Double(row[column])) { $0 + Double(dy[$1 * stride + column]) }
        }
        #expect(relativeError(sums.map { Double($0) }, expected) < Double(rows.count + 1) * unit)
    }

    @Test(arguments: [1, 2, 15, 16, 17, 33, 100], [0, 1, 3])
    func `a masked softmax and its gradient follow the definition`(extent: Int, maskRows: Int) {
        for replaces in [false, true] {
            let (rows, scale) = (6, 0.7)
            let x = TestGraphs.numbers(rows * extent, seed: 3).map { 5 * $0 }
            let dy = TestGraphs.numbers(rows * extent, seed: 4)
            // Every third place is masked, the first never.
            let mask = (0..<maskRows * extent).map { index -> Double in
                index % extent % 3 == 2 ? (replaces ? -1e5 : -.infinity) : replaces ? 0 : 0.25
            }
            func masked(_ index: Int) -> Double {
                guard maskRows > 0 else { return scale * x[index] }
                let m = mask[index % (maskRows * extent)]
                return replaces ? (m != 0 ? m : scale * x[index]) : scale * x[index] + m
            }
            var (y, dx): ([Double], [Double]) = ([], [])
            for row in 0..<rows {
                let places = row * extent..<(row + 1) * extent
                let total = places.reduce(0) { $0 + exp(masked($1)) }
                let probabilities = places.map { exp(masked($0)) / total }
                let mean = zip(probabilities, places).reduce(0) { $0 + $1.0 * dy[$1.1] }
                y += probabilities
                dx += zip(probabilities, places).map { p, place in
                    let isReplaced = replaces && maskRows > 0 && mask[place % (maskRows * extent)] != 0
                    return isReplaced ? 0 : scale * p * (dy[place] - mean)
                }
            }
            var (foundY, added, assigned) = (x, dy, [Double](repeating: .nan, count: x.count))
            let code: Int32 = replaces ? 1 : 0
            instar_masked_softmax(
                INSTAR_DOUBLE, rows, extent, scale, x, maskRows > 0 ? mask : nil, mask.count, code, &foundY)
            instar_masked_softmax_backward(
                INSTAR_DOUBLE, rows, extent, scale, y, maskRows > 0 ? mask : nil, mask.count, code, dy, &added, 0)
            instar_masked_softmax_backward(
                INSTAR_DOUBLE, rows, extent, scale, y, maskRows > 0 ? mask : nil, mask.count, code, dy, &assigned, 1)
            // A sum of up to a hundred terms, and the exponential's own error.
            #expect(relativeError(foundY, y) < 256 * .ulpOfOne)
            if extent > 1 { #expect(relativeError(assigned, dx) < 256 * .ulpOfOne) }
            #expect(relativeError(added, zip(dy, dx).map { $0 + $1 }) < 256 * .ulpOfOne)
        }
    }
}

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Development

@Suite struct MatrixRankTests {
    // Sums of n positive terms: n·ε, and the square root of an eigenvalue has its relative error; 1e-12 is far above.
    private func rank(_ values: [Double], _ rows: Int, _ columns: Int) throws -> MatrixRank {
        try #require(MatrixRank(values, rows: rows, columns: columns))
    }

    private func diagonal(_ entries: [Double], rows: Int, columns: Int) -> [Double] {
        (0..<rows * columns).map { $0 / columns == $0 % columns ? entries[$0 / columns] : 0 }
    }

    @Test(arguments: [1, 2, 17, 200]) func `the identity has full rank, whatever its scale`(count: Int) throws {
        for scale in [1, 1e-30, 1e30] {
            let identity = diagonal([Double](repeating: scale, count: count), rows: count, columns: count)
            let rank = try rank(identity, count, count)
            #expect(abs(rank.effective - Double(count)) < 1e-12 * Double(count))
            #expect(abs(rank.stable - Double(count)) < 1e-12 * Double(count))
        }
    }

    @Test(arguments: [(40, 7), (7, 40), (300, 300), (1, 9), (9, 1)])
    func `an outer product has rank one`(rows: Int, columns: Int) throws {
        let outer = (0..<rows * columns).map { (1 + Double($0 / columns)) * sin(1 + Double($0 % columns)) }
        let rank = try rank(outer, rows, columns)
        // What is left of the other eigenvalues is at most n·ε each: p ≤ 2.6e-7 for n = 300, p·log(1/p) ≤ 4e-6 each.
        #expect(abs(rank.effective - 1) < 4e-6 * Double(min(rows, columns)))
        #expect(abs(rank.stable - 1) < 1e-9)
    }

    @Test(arguments: [(3, 3), (3, 8), (8, 3)])
    func `singular values of a half, a quarter and a quarter give 2 to the power 1.5`(
        rows: Int, columns: Int
    ) throws {
        // Entropy 3/2·log 2; Σσ²/σ₁² = (4 + 1 + 1)/4.
        let rank = try rank(diagonal([1, 2, 1], rows: rows, columns: columns), rows, columns)
        #expect(abs(rank.effective - pow(2, 1.5)) < 1e-12)
        #expect(abs(rank.stable - 1.5) < 1e-12)
    }

    /// numpy 2: `s = numpy.linalg.svd(A, compute_uv=False); p = s / s.sum(); exp(-(p * log(p)).sum())` and
    /// `(s**2).sum() / s[0]**2`, A from `NamedNumbers.reals("rank ROWSxCOLUMNS")`.
    @Test(arguments: [
        (5, 5, 3.8699243748095515, 1.9911951729877215),
        (30, 12, 11.245474718572597, 4.526177007017995),
        (12, 30, 11.317959860956723, 5.160457499385241),
        (64, 200, 61.28495216059158, 28.365048870866836),
    ])
    func `ranks are those of numpy's singular values`(
        _ rows: Int, _ columns: Int, _ effective: Double, _ stable: Double
    ) throws {
        let values = NamedNumbers.reals("rank \(rows)x\(columns)", count: rows * columns).map(Double.init)
        let rank = try rank(values, rows, columns)
        #expect(abs(rank.effective - effective) < 1e-10 * effective)
        #expect(abs(rank.stable - stable) < 1e-10 * stable)
    }

    @Test func `zero and what is not finite have no rank`() {
        #expect(MatrixRank([0, 0, 0, 0], rows: 2, columns: 2) == nil)
        #expect(MatrixRank([1, .nan, 0, 0], rows: 2, columns: 2) == nil)
        #expect(MatrixRank([1, .infinity, 0, 0], rows: 2, columns: 2) == nil)
    }

    @Test func `tensors are read as matrices by their first axis`() throws {
        let sides = try #require(MatrixRank.sides(of: [8, 3, 5, 5]))
        #expect(sides == (8, 75) && MatrixRank.largest(of: [8, 3, 5, 5]) == 8)
        for shape: Shape in [[], [7], [0, 4], [4, 0]] { #expect(!MatrixRank.isMeasured(shape)) }
        #expect(MatrixRank.isMeasured([1_024, 50_000]) && !MatrixRank.isMeasured([1_025, 1_025]))
    }

    @Test func `matrices above the limit are named`() {
        func tensors(_ names: [String], _ shape: Shape) -> [TensorSummary] {
            names.map { TensorSummary(name: $0, shape: shape, isSampled: true) }
        }
        #expect(tensors(["a", "b"], [1_024, 9_000]).rankLimitation == nil)
        #expect(
            (tensors(["a", "b"], [2_048, 2_048]) + tensors(["bias"], [4_096])).rankLimitation
                == "the effective rank is not measured of a and b: the smaller side is longer than 1,024")
        let many = tensors((0..<10).map { "w\($0)" }, [2_048, 2_048]).rankLimitation
        #expect(many?.contains("w7 and 2 more:") == true)
    }
}

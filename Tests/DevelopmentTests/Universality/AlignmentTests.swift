import Foundation
import TestSupport
import Testing

@testable import Development

@Suite struct Alignments {
    /// The best score over all order-preserving matchings, one after the other.
    private func bestScore(_ first: [Double?], _ second: [Double?], tolerance: Double) -> Double {
        func best(_ row: Int, _ column: Int) -> Double {
            guard row < first.count else { return 0 }
            var result = best(row + 1, column)
            for partner in column..<max(column, second.count) {
                guard let here = first[row], let there = second[partner] else { continue }
                result = max(result, 1 - abs(here - there) / tolerance + best(row + 1, partner + 1))
            }
            return result
        }
        return first.isEmpty || second.isEmpty ? 0 : 2 * best(0, 0) / Double(first.count + second.count)
    }

    @Test func `it is the best of all order-preserving matchings`() {
        var normals = RepeatableNormals(seed: 11)
        for trial in 0..<2000 {
            func places(_ count: Int) -> [Double?] {
                (0..<count).map { _ in
                    let place = 3 * normals.next()
                    return place > 5 ? nil : place
                }
            }
            let (first, second) = (places(trial % 6), places(trial / 6 % 6))
            let tolerance = 0.5 + abs(normals.next())
            let alignment = Alignment(first, second, tolerance: tolerance)
            // Sums of at most five numbers below one.
            #expect(
                Tolerance.absolute(1e-12).accepts(
                    alignment.score, bestScore(first, second, tolerance: tolerance)))
            let pairs = alignment.pairs
            #expect(zip(pairs, pairs.dropFirst()).allSatisfy { $0.first < $1.first && $0.second < $1.second })
            let closeness = pairs.reduce(0.0) { sum, pair in
                sum + 1 - abs((first[pair.first] ?? .nan) - (second[pair.second] ?? .nan)) / tolerance
            }
            let count = max(1, first.count + second.count)
            #expect(Tolerance.absolute(1e-12).accepts(2 * closeness / Double(count), alignment.score))
        }
    }

    @Test func `equal places match one to one`() {
        let alignment = Alignment([1, 2, 3], [1, 2, 3], tolerance: 0.5)
        #expect(alignment.score == 1)
        #expect(alignment.pairs.map(\.first) == [0, 1, 2] && alignment.pairs.map(\.second) == [0, 1, 2])
    }

    @Test func `an extra boundary stays alone and costs a half`() {
        let alignment = Alignment([1, 2, 3], [1, 3], tolerance: 0.5)
        #expect(alignment.pairs == [.init(first: 0, second: 0), .init(first: 2, second: 1)])
        #expect(alignment.score == 0.8)
    }

    @Test func `what is as far apart as the tolerance, or unknown, is not matched`() {
        #expect(Alignment([1], [2], tolerance: 1).pairs.isEmpty)
        #expect(Alignment([nil], [2], tolerance: 1).pairs.isEmpty)
        #expect(Alignment([], [2], tolerance: 1) == Alignment([], [], tolerance: 1))
    }
}

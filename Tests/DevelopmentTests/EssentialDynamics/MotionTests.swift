import Foundation
import Tensors
import Testing

@testable import Development

@Suite struct `Motion along a trajectory` {
    private func motion(_ rows: [[Double]], steps: [Int]) throws -> EssentialDynamics.Motion {
        let products = InnerProducts(
            values: gram(rows: rows), count: rows.count, dimension: rows[0].count, probeDigest: nil)
        let dynamics = try #require(try EssentialDynamics(products: products, steps: steps))
        return try #require(dynamics.motion)
    }

    @Test func `distances, lengths, speeds and turns are those of the vectors`() throws {
        let steps = [0, 10, 10, 30, 40]
        let motion = try motion([[0, 0, 5], [3, 4, 5], [3, 4, 5], [3, 8, 5], [3, 5, 5]], steps: steps)
        // Inner products of numbers this small are exact.
        #expect(motion.distances == [5, 0, 4, 3])
        #expect(motion.lengths == [0, 5, 5, 9, 12])
        #expect(motion.speeds(steps: steps) == [0.5, nil, 0.2, 0.3])
        #expect(motion.cosines == [nil, nil, -1])
        // Two components span the plane of the path.
        #expect(zip(motion.leadingDistances, motion.distances).allSatisfy { abs($0 - $1) < 1e-12 })
    }

    /// Distances of 10⁻³ between vectors of length 10³: their squares lose 6 + 6 of 16 digits. A checkpoint stored
    /// twice is at distance zero, not at the root of a rounding.
    @Test func `repeated checkpoints do not move`() throws {
        let far = (0..<40).map { sin(Double($0)) * 250 }
        let rows = [0.0, 0, 1e-3, 1e-3, 0.5].map { offset in far.map { $0 + offset / 40.squareRoot() } }
        let motion = try motion(rows, steps: [0, 1, 2, 3, 4])
        #expect(motion.distances[0] == 0 && motion.distances[2] == 0)
        #expect(abs(motion.distances[3] / 0.499 - 1) < 1e-7)
        #expect(motion.cosines.prefix(2) == [nil, nil])
    }
}

import Foundation
import Tensors
import TestSupport
import Testing

@testable import Development

private func products(of rows: [[Double]]) -> InnerProducts {
    InnerProducts(values: gram(rows: rows), count: rows.count, dimension: rows[0].count, probeDigest: nil)
}

@Suite struct `Principal components` {
    private static let rows: [[Double]] = [
        [0, 0, 0, 0],
        [0.5, -0.2, -0.9, 1.4],
        [3, 1.6, 3.2, 4.8],
        [2.5, 3.4, 4.3, 5.2],
        [-1, -0.8, -0.6, 2.6],
        [-2.5, -3, -0.5, 2],
        [-2, -0.2, 1.6, 3.4],
    ]

    /// Reference: scikit-learn 1.9.1, PCA(3), the score furthest from zero made positive. An eigenvector's error is
    /// a few roundings over the relative gap of its eigenvalue.
    @Test func `scores and shares agree with scikit-learn`() throws {
        let dynamics = try #require(
            try EssentialDynamics(products: products(of: Self.rows), steps: Array(0..<7)))
        let shares = [0.808779971423, 0.139000689099, 0.036969422037]
        let scores = [
            [
                -1.8098609264259597, -1.5531549173619585, 4.302673814492077, 5.744974452437308, -1.9653999404563107,
                -4.076651610559895, -0.6425808721252593,
            ],
            [
                2.067977753524913, 1.735676884647377, 0.1495799002035345, -0.30651880521002584, -0.23923315547742874,
                -1.4257436213111379, -1.981738956377232,
            ],
            [
                0.9889257894158769, -0.46627606046986725, -0.959418596127843, 0.5058386898380199,
                -0.46514264576623443, -0.47406466714272044, 0.87013749025277,
            ],
        ]
        for (component, (share, scores)) in zip(dynamics.components, zip(shares, scores)) {
            #expect(abs(component.share - share) < 1e-11)
            #expect(zip(component.scores, scores).allSatisfy { abs($0 - $1) < 1e-10 })
        }
        #expect(dynamics.planes.map { [$0.first, $0.second] } == [[0, 1], [0, 2], [1, 2]])
        #expect(dynamics.planes.allSatisfy { $0.curvature.count == 7 && $0.centers.count == 7 })
    }

    @Test func `only directions with variance are components`() throws {
        let plane = (0..<9).map { t in [Double(t), Double(t * t), 1000, -3] }
        #expect(try EssentialDynamics(products: products(of: plane), steps: Array(0..<9))?.components.count == 2)
        let still = (0..<9).map { _ in [1.0, 2, 3] }
        #expect(try EssentialDynamics(products: products(of: still), steps: Array(0..<9)) == nil)
        #expect(try EssentialDynamics(products: products(of: [[1], [2]]), steps: [0, 1]) == nil)
    }

    @Test func `runs stacked share their axes`() throws {
        let shifted = Self.rows.map { row in row.map { $0 + 1 } }
        let joint = try #require(
            try EssentialDynamics.joint(
                products: products(of: Self.rows + shifted + Self.rows), steps: Array(repeating: Array(0..<7), count: 3)
            ))
        #expect(joint.count == 3)
        for (first, third) in zip(joint[0].components, joint[2].components) {
            #expect(zip(first.scores, third.scores).allSatisfy { abs($0 - $1) < 1e-10 })
        }
        // Distances between checkpoints of different runs survive: four components span the four dimensions.
        let distance = joint[0].components.indices.reduce(0.0) { sum, index in
            sum + pow(joint[0].components[index].scores[2] - joint[1].components[index].scores[2], 2)
        }
        #expect(abs(distance - 4) < 1e-10)
    }

    /// Known limits and the numbers for 501 points, to the digits they are known.
    @Test func `a Brownian path has known shares`() {
        let finite = EssentialDynamics.brownianShares(count: 501)
        for (share, expected) in zip(finite, [0.60793, 0.15198, 0.06755, 0.03800, 0.02432]) {
            #expect(abs(share - expected) < 5.1e-6)
        }
        let long = EssentialDynamics.brownianShares(count: 100_000)
        for k in 1...5 { #expect(abs(long[k - 1] - 6 / (.pi * .pi * Double(k * k))) < 1e-5) }
    }

    /// In D dimensions the variance of a component is a mean of D squares, so its relative error is √(2/D); the
    /// components' mixing adds what is of the same order.
    @Test func `a random walk has the shares of a Brownian path`() throws {
        let dimension = 2000
        var normals = RepeatableNormals(seed: 5)
        var position = [Double](repeating: 0, count: dimension)
        let rows = (0..<120).map { _ in
            for index in position.indices { position[index] += normals.next() }
            return position
        }
        let dynamics = try #require(try EssentialDynamics(products: products(of: rows), steps: Array(0..<120)))
        for component in dynamics.components {
            #expect(abs(component.share / component.brownianShare - 1) < 5 * (2 / Double(dimension)).squareRoot())
        }
    }
}

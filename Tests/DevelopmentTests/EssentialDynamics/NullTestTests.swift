import Foundation
import Tensors
import TestSupport
import Testing

@testable import Development

private func products(of rows: [[Double]]) -> InnerProducts {
    InnerProducts(values: gram(rows: rows), count: rows.count, dimension: rows[0].count, probeDigest: nil)
}

/// A random walk whose steps shrink to a fifth and are wider in some directions than in others.
func randomWalk(count: Int, dimension: Int, seed: UInt64) -> [[Double]] {
    var normals = RepeatableNormals(seed: seed)
    var position = (0..<dimension).map { _ in normals.next() }
    return (0..<count).map { index in
        let size = 1 - 0.8 * Double(index) / Double(count)
        for axis in position.indices { position[axis] += size * normals.next() / Double(1 + axis % 4) }
        return position
    }
}

/// Straight on in one direction after another, turning sharply at the checkpoints `turns`, with noise of the steps.
func stagedPath(count: Int, dimension: Int, turns: [Int], noise: Double, seed: UInt64) -> [[Double]] {
    var normals = RepeatableNormals(seed: seed)
    var direction = (0..<dimension).map { _ in normals.next() }
    var position = [Double](repeating: 0, count: dimension)
    return (0..<count).map { index in
        if turns.contains(index) { direction = direction.map { _ in normals.next() } }
        for axis in position.indices { position[axis] += direction[axis] + noise * normals.next() }
        return position
    }
}

@Suite struct `Surrogate walks` {
    @Test(arguments: [4, 300]) func `random walks beat the null as often as the level says`(dimension: Int) throws {
        var (shares, forms, whole) = (0, 0, 0)
        for seed in 0..<200 {
            let rows = randomWalk(count: 60, dimension: dimension, seed: UInt64(1000 * dimension + seed))
            let joint = try EssentialDynamics.joint(
                products: products(of: rows), steps: [Array(0..<60)], surrogateCount: 39)
            let dynamics = try #require(joint?.first)
            shares += try #require(dynamics.components[0].surrogate).beatsNull ? 1 : 0
            forms += dynamics.forms.contains(where: \.beatsNull) ? 1 : 0
            whole += try #require(dynamics.nullTest).beatsNull ? 1 : 0
        }
        print(
            "dimension \(dimension): of 200 walks, p ≤ .05 for the first share \(shares), best form \(forms), run \(whole)"
        )
        // Ten are expected, with a binomial standard deviation of 3.08.
        for count in [shares, forms, whole] { #expect(count <= 10 + 9) }
    }

    /// Sharp turns between straight stretches stand out of noise as large as the steps. A form's step is known to the
    /// width of the smoothing there, 3.7 and 6.4 checkpoints.
    @Test(arguments: [4, 20, 300]) func `planted turns are forms`(dimension: Int) throws {
        let rows = stagedPath(count: 200, dimension: dimension, turns: [60, 120], noise: 0.5, seed: 7)
        let dynamics = try #require(try EssentialDynamics(products: products(of: rows), steps: Array(0..<200)))
        for (turn, width) in [(60.0, 3.7), (120, 6.4)] {
            let form = try #require(dynamics.forms.first { abs($0.step - turn) < width && $0.beatsNull })
            #expect(form.interval.contains(turn) && form.pairs.count >= 2 && form.residual <= 1)
            // One of 199 surrogates at most is as strong.
            #expect(form.pValue == 0.005 || form.pValue == 0.01)
        }
        let test = try #require(dynamics.nullTest)
        #expect(test.beatsNull && test.surrogateCount == 199 && test.checkpointCount == 200)
    }

    /// Straight on with noise: the first share is more than chance gives where the steps have other directions too.
    @Test func `drift beats the null by its first share`() throws {
        let rows = stagedPath(count: 100, dimension: 200, turns: [], noise: 2, seed: 3)
        let dynamics = try #require(try EssentialDynamics(products: products(of: rows), steps: Array(0..<100)))
        let share = try #require(dynamics.components[0].surrogate)
        #expect(share.beatsNull && share.upper < dynamics.components[0].share && share.mean < share.upper)
    }

    /// In one dimension every path has all its variance in one component, and no plane.
    @Test func `a share that any signs give is no evidence`() throws {
        let rows = (0..<30).map { [Double($0 * $0), 0] }
        let dynamics = try #require(try EssentialDynamics(products: products(of: rows), steps: Array(0..<30)))
        #expect(dynamics.components.count == 1 && dynamics.planes.isEmpty && dynamics.forms.isEmpty)
        #expect(dynamics.components[0].surrogate?.pValue == 1)
        #expect(dynamics.nullTest?.beatsNull == false)
    }

    /// The walk of the observed signs is the observed one, checked against the full decomposition; the residual of
    /// 10⁻⁴ leaves its square in the eigenvalues.
    @Test func `the observed signs give the observed shares`() throws {
        let rows = randomWalk(count: 80, dimension: 6, seed: 2)
        let walks = SurrogateWalks(centered: CenteredProducts(products(of: rows)), counts: [30, 50])
        let walk = try #require(try walks.observed(componentCount: 5))
        let dynamics = try #require(try EssentialDynamics(products: products(of: rows), steps: Array(0..<80)))
        for (share, component) in zip(walk.shares, dynamics.components) {
            #expect(abs(share - component.share) < 1e-7)
        }
        #expect(walk.scores.map { $0[0].count } == [30, 50])
        // Signs change the shares, the same signs do not.
        let shares = try [0, 0, 1].map { try walks.surrogate($0, componentCount: 5)?.shares }
        #expect(shares[0] == shares[1] && shares[0] != shares[2])
    }

    @Test func `runs taken together have nulls of their own`() throws {
        let staged = stagedPath(count: 120, dimension: 10, turns: [50], noise: 0.3, seed: 4)
        let walk = randomWalk(count: 90, dimension: 10, seed: 5).map { row in row.map { 5 * $0 } }
        let joint = try #require(
            try EssentialDynamics.joint(
                products: products(of: staged + walk), steps: [Array(0..<120), Array(0..<90)]))
        #expect(joint.map { $0.nullTest?.checkpointCount } == [120, 90])
        #expect(joint[0].components[0].surrogate == joint[1].components[0].surrogate)
        #expect(joint[0].forms.contains { abs($0.step - 50) < 4 && $0.beatsNull })
        #expect(!joint[1].forms.contains { $0.beatsNull })
    }

    /// 1,600 checkpoints: the components by iteration, the surrogates on every fourth checkpoint. The residual of
    /// 10⁻¹² over the relative gap of the eigenvalues, above .01, is the error of a vector.
    @Test func `very many checkpoints are picked from`() throws {
        let rows = randomWalk(count: 1600, dimension: 8, seed: 6)
        let all = products(of: rows)
        let dynamics = try #require(
            try EssentialDynamics.joint(products: all, steps: [Array(0..<1600)], surrogateCount: 9)?.first)
        #expect(dynamics.nullTest?.checkpointCount == 400 && dynamics.nullTest?.surrogateCount == 9)
        for component in dynamics.components {
            let squares = component.scores.reduce(0) { $0 + $1 * $1 }
            let other = dynamics.components[0].scores
            let product = zip(component.scores, other).reduce(0) { $0 + $1.0 * $1.1 }
            if component != dynamics.components[0] { #expect(abs(product) < 1e-8 * squares) }
        }
        #expect(dynamics.planes[0].curvature.count == 1600)
        #expect(dynamics.planes.flatMap(\.vertices).allSatisfy { (0...1599).contains($0.step) })
    }

    @Test(arguments: [3, 4, 5, 8]) func `few checkpoints have no evidence`(count: Int) throws {
        let rows = randomWalk(count: count, dimension: 5, seed: 9)
        let dynamics = try #require(
            try EssentialDynamics(products: products(of: rows), steps: (0..<count).map { $0 * 100 }))
        // With 2 or 4 choices of signs but for all turned round, a quarter of the surrogates is the run itself.
        if count <= 4 { #expect(dynamics.nullTest?.beatsNull == false) }
        #expect(
            dynamics.components.allSatisfy { $0.scores.allSatisfy(\.isFinite) && $0.smoothed.allSatisfy(\.isFinite) })
        #expect(dynamics.planes.allSatisfy { $0.curvature.allSatisfy(\.isFinite) })
        let decoded = try JSONDecoder().decode(EssentialDynamics.self, from: JSONEncoder().encode(dynamics))
        #expect(decoded == dynamics)
    }

    @Test func `repeated checkpoints are no forms`() throws {
        let rows = randomWalk(count: 40, dimension: 5, seed: 12).flatMap { [$0, $0, $0] }
        let dynamics = try #require(try EssentialDynamics(products: products(of: rows), steps: Array(0..<120)))
        #expect(dynamics.motion?.distances.count { $0 == 0 } == 80)
        #expect(dynamics.planes.allSatisfy { $0.curvature.allSatisfy(\.isFinite) })
        #expect(!dynamics.forms.contains { $0.beatsNull })
    }
}

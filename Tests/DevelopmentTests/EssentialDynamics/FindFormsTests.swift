import Foundation
import Tensors
import TestSupport
import Testing

@testable import Development

@Suite struct `Vertices and forms` {
    /// Reference: scipy's `find_peaks` and `peak_prominences` on the same numbers.
    @Test func `prominences agree with scipy`() {
        let peaks = prominentPeaks([0, 3, 1, 5, 5, 2, 4, 0, 1, -1, 6, 7])
        #expect(peaks.map(\.index) == [1, 3, 6, 8])
        #expect(peaks.map(\.prominence) == [2, 5, 2, 1])
        #expect(prominentPeaks([]).isEmpty && prominentPeaks([1, 2]).isEmpty && prominentPeaks([1, 1, 1]).isEmpty)
    }

    /// (t², t³, t²/2 + t³) has a cusp at the origin in every plane, and local cubics reproduce it. κ′ loses
    /// its sign where r′ × r″, 6δ² at a distance δ, is a rounding of 10⁻¹⁵: within 10⁻⁶ checkpoints.
    @Test func `a cusp in every plane is a form`() throws {
        let times = (0..<101).map { (Double($0) - 40) / 40 }
        let scores = [times.map { $0 * $0 }, times.map { $0 * $0 * $0 }, times.map { $0 * $0 / 2 + $0 * $0 * $0 }]
        let found = FormFinder(count: 101).find(scores: scores, steps: Array(0..<101), surrogates: [])
        let form = try #require(found.forms.first)
        #expect(found.forms.count == 1)
        #expect(abs(form.step - 40) < 1e-6 && form.interval.contains(40))
        #expect(form.pairs == [[0, 1], [0, 2], [1, 2]] && form.residual < 1e-6)
        #expect(form.point.allSatisfy { abs($0) < 1e-6 })
        #expect(form.pValue == nil && !form.beatsNull)
        for vertices in found.vertices {
            let cusp = try #require(vertices.first { abs($0.position - 40) < 1e-6 })
            #expect(cusp.kind == .cusp)
        }
    }

    /// The path turns once, at the first vertex of the toy model; the smoothing there is 12 of 500 checkpoints wide.
    @Test func `the toy model of forms has one form`() throws {
        func coordinate(_ height: Double, _ rate: Double, _ t: Double) -> Double {
            height.squareRoot() / (1 + 1000 * exp(-2 * rate * t)).squareRoot()
        }
        let times = (0..<500).map { Double($0) * 0.001 }
        let scores = [times.map { coordinate(10, 20, $0) }, times.map { coordinate(6, 12, $0) }]
        let found = FormFinder(count: 500).find(scores: scores, steps: Array(0..<500), surrogates: [])
        let form = try #require(found.forms.max { $0.strength < $1.strength })
        #expect(abs(form.step - 221.29) < 12 && form.interval.contains(221.29))
        #expect(found.vertices[0].first { abs($0.position - 221.29) < 12 }?.kind == .turn)
    }

    @Test func `noise about a straight line has no form that beats the null`() throws {
        var normals = RepeatableNormals(seed: 21)
        let rows = (0..<200).map { index in
            (0..<6).map { axis in Double(index * (axis + 1)) / 10 + 0.5 * normals.next() }
        }
        let products = InnerProducts(values: gram(rows: rows), count: 200, dimension: 6, probeDigest: nil)
        let dynamics = try #require(try EssentialDynamics(products: products, steps: Array(0..<200)))
        #expect(!dynamics.forms.contains { $0.beatsNull })
    }
}

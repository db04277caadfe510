import Foundation
import TestSupport
import Testing

@testable import Development

struct `The cost of a segment` {
    /// Noise on a broken line, far from 0 if asked.
    static func series(_ count: Int, seed: UInt64, offset: Double = 0) -> [Double] {
        var normals = RepeatableNormals(seed: seed)
        return (0..<count).map { offset + (2 * $0 < count ? 0.1 : -0.2) * Double($0) + normals.next() }
    }

    /// The definition, by plain loops over the segment.
    static func reference(
        _ kind: ChangePointCost.Kind, _ series: [[Double]], _ abscissa: [Double], _ range: Range<Int>
    ) -> Double {
        let count = Double(range.count)
        return series.reduce(0.0) { total, values in
            let mean = range.reduce(0) { $0 + values[$1] } / count
            let center = range.reduce(0) { $0 + abscissa[$1] } / count
            let spread = range.reduce(0) { $0 + (abscissa[$1] - center) * (abscissa[$1] - center) }
            let product = range.reduce(0) { $0 + (abscissa[$1] - center) * (values[$1] - mean) }
            let slope = kind == .slope && spread > 0 ? product / spread : 0
            let squares = range.reduce(0.0) { sum, point in
                let residual = values[point] - mean - slope * (abscissa[point] - center)
                return sum + residual * residual
            }
            return total + (kind == .gaussian ? count * log(squares / count) : squares)
        }
    }

    @Test(arguments: ChangePointCost.Kind.allCases, [0, 1e6])
    func `from prefix sums it is that of plain loops`(kind: ChangePointCost.Kind, offset: Double) {
        let series = (0..<3).map { Self.series(200, seed: UInt64(11 + $0), offset: offset) }
        let abscissa = (0..<200).map { log1p(Double($0 * $0)) }
        let cost = ChangePointCost(kind, series: series, abscissa: abscissa)
        for start in stride(from: 0, to: 190, by: 7) {
            for end in stride(from: start + kind.minimumLength, through: 200, by: 5) {
                let expected = Self.reference(kind, series, abscissa, start..<end)
                // Sums of 200 squares of size up to 20² are off by at most 200·200·400 half units of 1; a line divides
                // by a spread that is down to 1e-4 of the sums it is taken from, a level at 1e6 has 1e-10 left.
                #expect(abs(cost(start..<end) - expected) <= 1e-6 * (1 + abs(expected)))
            }
        }
    }

    @Test(arguments: ChangePointCost.Kind.allCases)
    func `a whole never costs less than its parts`(kind: ChangePointCost.Kind) {
        // Ties and constant stretches included: the floor of the variance must not break it.
        let series = [(0..<60).map { Double($0 / 9 % 3) }, Self.series(60, seed: 3)]
        let cost = ChangePointCost(kind, series: series)
        for start in 0..<50 {
            for end in start + 2...60 {
                for middle in start + 1..<end {
                    let parts = cost(start..<middle) + cost(middle..<end)
                    #expect(parts <= cost(start..<end) + 1e-9 * (1 + abs(parts)))
                }
            }
        }
    }

    @Test(arguments: ChangePointCost.Kind.allCases)
    func `nothing costs nothing, and points at one place have a level`(kind: ChangePointCost.Kind) {
        let cost = ChangePointCost(kind, series: [[1, 2, 4, 8]], abscissa: [5, 5, 5, 5])
        #expect(cost(2..<2) == 0)
        #expect(ChangePointCost(kind, series: [[]])(0..<0) == 0)
        if kind == .slope { #expect(abs(cost(0..<3) - 14.0 / 3) < 1e-12) }
    }
}

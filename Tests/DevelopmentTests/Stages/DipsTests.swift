import Testing

@testable import Development

@Suite struct Dips {
    private let rule = DipRule(largestRatio: 0.5, significance: 3, smallestShare: 0.1)

    private func positions(_ slopes: [Double], deviation: Double = 0.1, resolved: [Bool]? = nil) -> [Double] {
        rule.dips(
            of: slopes, deviations: slopes.map { _ in deviation },
            isResolved: resolved ?? slopes.map { _ in true }
        ).map(\.position)
    }

    @Test func `a change of sign is a dip, placed by interpolation`() {
        #expect(positions([5, 4, 1, -3, -5]) == [2.25])
    }

    @Test func `a minimum without change of sign is one, placed by a parabola`() {
        // |s| = 1 + (i − 2)², sampled where the minimum is a grid point.
        #expect(positions([5, 2, 1, 2, 5]) == [2])
        #expect(positions([-5, -2, -1, -2, -5]) == [2])
    }

    @Test(
        arguments: [
            [1, 2, 3, 4, 5], [5, 4, 3, 2, 1], [0, 0, 0, 0, 0], [3, 3, 3, 3, 3], [0, 1, 5, 1, 0], [1], [],
        ] as [[Double]])
    func `monotone and constant slopes and the ends have none`(slopes: [Double]) {
        #expect(positions(slopes).isEmpty)
    }

    @Test func `a dip to more than half of one side is none`() {
        #expect(positions([5, 3, 2.6, 3, 5]).isEmpty)
        #expect(positions([5, 2, 2, 3, 3.5, 3]).isEmpty)
    }

    @Test func `what is under way must stand out from its error`() {
        #expect(positions([5, 2, 0.5, 2, 5], deviation: 1) == [2])
        #expect(positions([5, 2, 0.5, 2, 5], deviation: 2).isEmpty)
    }

    @Test func `ripples at rest are one dip or none`() {
        let plateau = [5, 5, 0.1, -0.1, 0.1, -0.1, 0.1]
        #expect(positions(plateau + [5, 5]).count == 1)
        #expect(positions(plateau).isEmpty)
    }

    @Test func `slower than a tenth of the fastest is rest`() {
        #expect(positions([50, 20, 0, 4, 4], deviation: 0.01).isEmpty)
        #expect(positions([50, 20, 0, 6, 6], deviation: 0.01).count == 1)
    }

    @Test func `a dip does not reach over what is not resolved`() {
        let slopes: [Double] = [5, 4, 0.5, 1, 1, 4, 5]
        #expect(positions(slopes).count == 1)
        #expect(positions(slopes, resolved: [true, true, true, false, true, true, true]).isEmpty)
        #expect(positions(slopes + slopes, resolved: slopes.map { _ in true } + slopes.map { _ in false }).count == 1)
    }

    @Test func `each of several dips knows where the curve is under way beside it`() {
        let dips = rule.dips(
            of: [4, 0.1, 6, 0.2, 5], deviations: [0.1, 0.1, 0.1, 0.1, 0.1],
            isResolved: [true, true, true, true, true])
        #expect(dips.map(\.left) == [0, 2])
        #expect(dips.map(\.right) == [2, 4])
    }
}

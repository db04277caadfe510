import Foundation
import Testing

@testable import Development

@Suite struct TurnTests {
    // Angles from a vertex at (1, 1), reached from (0, 0); acos loses half the digits near 0 and π: √(4ε) = 3e-8.
    static let turns: [(third: [Double], angle: Double)] = [
        ([2, 2], 0), ([1, 2], .pi / 4), ([0, 2], .pi / 2), ([1, 0], 3 * .pi / 4), ([0, 0], .pi),
    ]

    @Test(arguments: turns)
    func `a turn is the angle between successive displacements`(third: [Double], expected: Double) throws {
        #expect(abs(try #require(turn([0, 0], [1, 1], third)) - expected) < 3e-8)
        #expect(abs(try #require(turn([0, 0], [1e-30, 1e-30], third.map { $0 * 1e-30 })) - expected) < 3e-8)
    }

    @Test func `what does not move has no direction`() {
        #expect(turn([1, 2], [1, 2], [3, 4]) == nil)
        #expect(turn([1, 2], [3, 4], [3, 4]) == nil)
        #expect(turn([1, .nan], [3, 4], [3, 5]) == nil)
        #expect(turn([Double](), [], []) == nil)
    }
}

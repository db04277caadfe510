import TestSupport
import Testing

@Suite struct GradientCheckerTests {
    private let point = [0.3, -0.8, 1.2, 0.5]
    private func function(_ x: [Double]) -> Double { x[0] * x[1] * x[1] + x[2] * x[3] - x[3] * x[3] * x[3] }
    private var gradient: [Double] {
        [point[1] * point[1], 2 * point[0] * point[1], point[3], point[2] - 3 * point[3] * point[3]]
    }

    @Test func `a right gradient passes`() {
        #expect(GradientChecker().problem(at: point, gradient: gradient, function: function) == nil)
    }

    @Test(arguments: 0..<4) func `an error of a thousandth in one coordinate is found`(coordinate: Int) {
        var wrong = gradient
        wrong[coordinate] *= 1.001
        #expect(GradientChecker().problem(at: point, gradient: wrong, function: function) != nil)
    }

    @Test func `random directions alone find an error of a thousandth among many coordinates`() {
        let point = (0..<100).map { Double($0) / 100 }
        var gradient = point.map { 2 * $0 }
        let function = { (x: [Double]) in x.reduce(0) { $0 + $1 * $1 } }
        #expect(GradientChecker().problem(at: point, gradient: gradient, function: function) == nil)
        gradient[60] *= 1.001
        #expect(GradientChecker().problem(at: point, gradient: gradient, function: function) != nil)
    }

    @Test func `NaN is found`() {
        #expect(GradientChecker().problem(at: point, gradient: [.nan, 0, 0, 0], function: function) != nil)
    }
}

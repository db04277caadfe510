import Testing

@testable import Development

@Suite struct `Smoothing a path` {
    /// Reference: numpy 2's polyfit of degree 3 with the root of the normal weights, points beyond four widths left
    /// out; the derivatives are the coefficients times 0!, 1!, 2!, 3!.
    @Test(
        arguments: [
            (0, 1, [1.0063631883307362, 8.508884454817427, -14.357836373447176, 9.730236286643983]),
            (3, 1, [6.1544276047998645, 1.6102332807401731, -1.3316532698218118, -1.1190610308636628]),
            (4.25, 1.5, [6.105454491182708, -0.7167612579413408, -1.0022389186188743, 0.16532772234394205]),
        ] as [(Double, Double, [Double])])
    func `a short path agrees with numpy`(place: Double, width: Double, expected: [Double]) {
        let fit = LocalPolynomial(at: place, count: 8, width: width, degree: 3)
        let jet = fit.jet(of: [1, 4, 2, 8, 5, 7, 1, 3])
        for order in 0..<4 { #expect(abs(jet[order] - expected[order]) < 1e-11) }
    }

    @Test(arguments: [1, 2, 3, 4, 60, 501]) func `a cubic path stays, at its ends too`(count: Int) {
        // Fewer than four points determine a polynomial of lower degree only.
        let degree = min(3, count - 1)
        let path = (0..<count).map { index in
            let t = Double(index) / Double(count)
            return [3, 3 - t, 3 - t + 2 * t * t, 3 - t + 2 * t * t - t * t * t][degree]
        }
        for (index, fit) in Smoothing(count: count).fits.enumerated() {
            #expect(abs(fit.jet(of: path)[0] - path[index]) < 1e-12)
            #expect(abs(fit.kernel.reduce(0, +) - 1) < 1e-14)
        }
    }

    @Test func `late checkpoints are smoothed more`() {
        let path = (0..<400).map { $0.isMultiple(of: 2) ? 1.0 : -1 }
        let smoothed = Smoothing(count: 400).fits.map { $0.jet(of: path)[0] }
        #expect(abs(smoothed[1]) > 0.1)
        #expect(abs(smoothed[300]) < 1e-3)
    }
}

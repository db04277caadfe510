import TestSupport
import Testing

@testable import Sampling

struct NormalQuantileTests {
    // mpmath 60 digits, of the doubles nearest to the probabilities.
    static let references: [(Double, Double)] = [
        (1e-300, -37.04709629936119923654704), (1e-20, -9.262340089798407579572095),
        (1e-10, -6.361340902404056199100397), (0.001, -3.090232306167813535358005),
        (0.02, -2.053748910631823044338639), (0.07, -1.475791028179170685608678),
        (0.075, -1.439531470938455934949801), (0.3, -0.5244005127080408159694544),
        (0.4999, -0.0002506628300880074923888501), (0.9, 1.281551565544600593487448),
        (0.975, 1.959963984540053855604431), (0.999999, 4.753424308817087765688097),
    ]

    @Test(arguments: references)
    func `the quantile has fifteen digits`(_ probability: Double, _ expected: Double) {
        // The routine's own error is 1e-16; evaluating its polynomials adds a few roundings.
        #expect(Tolerance.relative(1e-15).accepts(normalQuantile(probability), expected))
    }

    @Test func `the ends are infinite and the outside is no number`() {
        #expect(normalQuantile(0.5) == 0)
        #expect(normalQuantile(0) == -.infinity)
        #expect(normalQuantile(1) == .infinity)
        #expect(normalQuantile(-0.1).isNaN && normalQuantile(1.1).isNaN && normalQuantile(.nan).isNaN)
    }
}

import Foundation
import Testing

@testable import Sampling

@Suite struct AutocovarianceTests {
    @Test(arguments: [(1, 2), (2, 3), (3, 64), (4, 65), (5, 1000)])
    func `the sums are those of the definition`(_ chainCount: Int, _ drawCount: Int) {
        let chains = (0..<chainCount).map { chain in
            (0..<drawCount).map { draw in sin(Double((chain + 3) * draw * draw)) }
        }
        let sums = autocovarianceSums(chains)
        #expect(sums.count == drawCount)
        let first = chains.reduce(0) { $0 + $1.reduce(0) { $0 + $1 * $1 } }
        // A transform errs by at most about ε·log₂N of the root of the sum of squares (Higham 2002, theorem 24.2, with
        // exact enough sines); three follow each other, and the definition's own sum errs by less than √n·ε.
        let bound = 3 * (log2(4 * Double(drawCount)) + Double(drawCount).squareRoot()) * .ulpOfOne * first
        for (lag, value) in sums.enumerated() {
            let expected = chains.reduce(0) { sum, chain in
                sum + (0..<drawCount - lag).reduce(0) { $0 + chain[$1] * chain[$1 + lag] }
            }
            #expect(abs(value - expected) <= bound, "lag \(lag)")
        }
    }

    @Test func `the transform is the sum that defines it`() {
        let length = 16
        let numbers = (0..<length).map { (cos(Double($0 * $0)), sin(Double(3 * $0))) }
        var (real, imaginary) = (numbers.map(\.0), numbers.map(\.1))
        FourierTransform(length: length).apply(&real, &imaginary)
        for index in 0..<length {
            var expected = (0.0, 0.0)
            for (place, number) in numbers.enumerated() {
                let angle = -2 * Double.pi * Double(index * place) / Double(length)
                expected.0 += number.0 * cos(angle) - number.1 * sin(angle)
                expected.1 += number.0 * sin(angle) + number.1 * cos(angle)
            }
            // Sixteen terms of size one, with angles of up to 30 periods.
            #expect(abs(real[index] - expected.0) < 1e-13 && abs(imaginary[index] - expected.1) < 1e-13)
        }
    }
}

import Foundation
import TestSupport
import Testing

@testable import Sampling

struct RandomStreamTests {
    static func stream(
        seed: UInt64 = 7, trainingStep: Int = 100, chain: Int = 0, purpose: RandomStream.Purpose = .noise
    ) -> RandomStream {
        RandomStream(seed: seed, trainingStep: trainingStep, chain: chain, purpose: purpose)
    }

    /// The vectors "philox4x32 10" of Random123's kat_vectors.
    @Test func `Philox gives the known answers`() {
        let ones = UInt32.max
        #expect(
            RandomStream.philox(counter: SIMD4(0, 0, 0, 0), key: SIMD2(0, 0))
                == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
        #expect(
            RandomStream.philox(counter: SIMD4(ones, ones, ones, ones), key: SIMD2(ones, ones))
                == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
        #expect(
            RandomStream.philox(
                counter: SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
                key: SIMD2(0xa409_3822, 0x299f_31d0))
                == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
    }

    /// The plain reference of the kernels: Box and Muller's transform of the same words with the C library's functions.
    static func reference(_ stream: RandomStream, row: UInt32, column: Int, isFloat: Bool) -> Double {
        let chunk = isFloat ? 64 : 32
        let (lane, slot) = (column % chunk % 16, column % chunk / 16)
        let words = stream.block(UInt32(column / chunk * 16 + lane), row: row)
        let radius: Double
        let turn: Double
        if isFloat {
            let (a, b) = slot < 2 ? (words[0], words[1]) : (words[2], words[3])
            // The kernel rounds the uniform number to Float first.
            radius = (-2 * log(Double((Float(a >> 1) + 0.5) * 0x1p-31))).squareRoot()
            turn = Double(Int32(bitPattern: b)) * 0x1p-32
        } else {
            let a = UInt64(words[1]) << 32 | UInt64(words[0])
            let b = UInt64(words[3]) << 32 | UInt64(words[2])
            radius = (-2 * log(1 - Double(a >> 12) * 0x1p-52)).squareRoot()
            turn = Double(b >> 12) * 0x1p-52 - 0.5
        }
        return radius * (slot % 2 == 0 ? cos(2 * .pi * turn) : sin(2 * .pi * turn))
    }

    @Test func `the kernels agree with the plain transform`() {
        let stream = Self.stream()
        var floats = [Float](repeating: 0, count: 5000)
        var doubles = [Double](repeating: 0, count: 5000)
        stream.fillNormals(&floats, row: 3)
        stream.fillNormals(&doubles, row: 3)
        for column in 0..<5000 {
            // Polynomials of 2 units in the last place for logarithm, sine and cosine, and the angle's rounding, which
            // near a zero of sine or cosine is absolute: some ten units of numbers of the size of the radius.
            let float = Self.reference(stream, row: 3, column: column, isFloat: true)
            #expect(Tolerance.absolute(10 * 0x1p-23).accepts(Double(floats[column]), float))
            let double = Self.reference(stream, row: 3, column: column, isFloat: false)
            #expect(Tolerance.absolute(20 * 0x1p-52).accepts(doubles[column], double))
        }
    }

    @Test func `a fill does not depend on how it is split`() {
        let stream = Self.stream()
        var whole = [Float](repeating: 0, count: 1000)
        stream.fillNormals(&whole, row: 5)
        for size in [1, 7, 63, 64, 65, 400] {
            var parts: [Float] = []
            while parts.count < 1000 {
                var part = [Float](repeating: 0, count: min(size, 1000 - parts.count))
                stream.fillNormals(&part, row: 5, firstColumn: parts.count)
                parts += part
            }
            #expect(parts == whole)
        }
    }

    /// Moments of a million normals within four standard errors, and Kolmogorov and Smirnov's distance below the value
    /// that chance exceeds once in a thousand, 1.95/√n.
    @Test(arguments: [true, false]) func `normals are normal`(_ isFloat: Bool) {
        let count = 1_000_000
        var values = [Double](repeating: 0, count: count)
        if isFloat {
            var floats = [Float](repeating: 0, count: count)
            Self.stream().fillNormals(&floats, row: 0)
            values = floats.map(Double.init)
        } else {
            Self.stream().fillNormals(&values, row: 0)
        }
        let root = Double(count).squareRoot()
        func moment(_ power: Int) -> Double { values.reduce(0) { $0 + pow($1, Double(power)) } / Double(count) }
        // Var x^k = E x^2k − (E x^k)²: 1, 2, 15, 96.
        #expect(abs(moment(1)) < 4 / root)
        #expect(abs(moment(2) - 1) < 4 * 2.0.squareRoot() / root)
        #expect(abs(moment(3)) < 4 * 15.0.squareRoot() / root)
        #expect(abs(moment(4) - 3) < 4 * 96.0.squareRoot() / root)
        var distance = 0.0
        for (index, value) in values.sorted().enumerated() {
            let probability = 0.5 * erfc(-value / 2.0.squareRoot())
            distance = max(
                distance, abs(probability - Double(index) / Double(count)),
                abs(probability - Double(index + 1) / Double(count)))
        }
        print("normals, float \(isFloat): KS·√n \(distance * root), fourth moment \(moment(4))")
        #expect(distance * root < 1.95)
    }

    @Test func `streams and rows of different keys are unrelated`() {
        let streams = [
            Self.stream(), Self.stream(seed: 8), Self.stream(trainingStep: 101), Self.stream(chain: 1),
            Self.stream(purpose: .projection), Self.stream(seed: 7 << 32), Self.stream(trainingStep: -100),
        ]
        let count = 100_000
        var fills = streams.map { stream in
            var values = [Double](repeating: 0, count: count)
            stream.fillNormals(&values, row: 0)
            return values
        }
        fills.append([Double](repeating: 0, count: count))
        Self.stream().fillNormals(&fills[streams.count], row: 1)
        for first in fills.indices {
            for second in fills.indices where second > first {
                let product = zip(fills[first], fills[second]).reduce(0) { $0 + $1.0 * $1.1 } / Double(count)
                // A correlation of independent normals has the standard error 1/√n; 28 pairs are compared.
                #expect(abs(product) < 4 / Double(count).squareRoot())
            }
        }
    }

    @Test func `uniform integers have no bias`() {
        var generator = Self.stream(purpose: .minibatches).generator(row: 0)
        let bound = 7
        let count = 700_000
        var counts = [Int](repeating: 0, count: bound)
        for _ in 0..<count { counts[generator.uniform(below: bound)] += 1 }
        let expected = Double(count / bound)
        let chiSquared = counts.reduce(0) { $0 + pow(Double($1) - expected, 2) / expected }
        // The 0.999 quantile of χ² with six degrees of freedom.
        #expect(chiSquared < 22.46)
    }

    @Test func `a bound that rejects half of all words stays in range and uniform`() {
        var generator = Self.stream(purpose: .minibatches).generator(row: 1)
        let bound = Int.max / 2 + 2
        let values = (0..<20_000).map { _ in generator.uniform(below: bound) }
        #expect(values.allSatisfy { (0..<bound).contains($0) })
        // The mean of uniform numbers on [0, 1) has the standard error √(1/12/n).
        let mean = values.reduce(0) { $0 + Double($1) / Double(bound) } / 20_000
        #expect(abs(mean - 0.5) < 4 * (1.0 / 12 / 20_000).squareRoot())
    }
}

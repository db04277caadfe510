import Foundation
import Testing

@testable import Reports

struct ScaleTests {
    @Test func `step 0 has a place and a tick on the logarithmic step axis`() {
        let scale = Scale(.logStep, 0...50_000)
        #expect(scale.fraction(0) == 0)
        #expect(scale.fraction(50_000) == 1)
        // log(t + 1) halves at √50001 − 1; the fraction is a quotient of two logarithms.
        #expect(abs(scale.fraction(50_001.0.squareRoot() - 1) - 0.5) < 1e-12)
        let labels = scale.ticks(length: 1000) { estimatedWidth(of: $0) + 12 }.map(\.label)
        #expect(labels.first == "0")
        #expect(labels.contains("1k"))
        #expect(labels.last == "50k")
    }

    @Test(
        arguments: [
            Scale(.logStep, 0...50_000), Scale(.logStep, 900...1100), Scale(.logStep, 0...3), Scale(.logStep, 5...5),
            Scale(.linear, -3.2...17), Scale(.linear, 0...0), Scale(.linear, 1e-9...3e-9),
            Scale(.linear, 999_000...1_001_000),
            Scale(.logarithmic, 1e-6...3), Scale(.logarithmic, 1.1...1.9), Scale(.linear, -1e12...1e12),
        ], [90.0, 320, 1040])
    func `ticks lie inside, ascend, differ and never overlap`(_ scale: Scale, _ length: Double) {
        let ticks = scale.ticks(length: length) { estimatedWidth(of: $0) + 12 }
        #expect(!ticks.isEmpty)
        #expect(ticks.allSatisfy { scale.contains($0.value) })
        #expect(Set(ticks.map(\.label)).count == ticks.count)
        for (left, right) in zip(ticks, ticks.dropFirst()) {
            let distance = (scale.fraction(right.value) - scale.fraction(left.value)) * length
            #expect(distance >= (estimatedWidth(of: left.label) + estimatedWidth(of: right.label)) / 2 + 12)
        }
    }

    @Test func `a quantity over more than two decades is drawn on a logarithmic axis`() {
        #expect(Scale.linearOrLogarithmic(fitting: [2.3, 0.001])?.kind == .logarithmic)
        #expect(Scale.linearOrLogarithmic(fitting: [11, 3])?.kind == .linear)
        #expect(Scale.linearOrLogarithmic(fitting: [1, 0])?.kind == .linear)
        #expect(Scale.linearOrLogarithmic(fitting: [.nan, .infinity]) == nil)
    }

    @Test func `zero is never written with a sign`() {
        let labels = Scale(.linear, -0.5...10).ticks(length: 200) { _ in 26 }.map(\.label)
        #expect(labels.contains("0"))
    }

    /// The smallest numbers there are: differences of them cannot be divided.
    @Test(arguments: [[1.0], [0, 1], [20, 60], [1, 1e14], [-1, 2e14], [1e23, 1.5e23]])
    func `numbers near nothing have a place and ticks`(_ multiples: [Double]) throws {
        let values = multiples.map { $0 * Double.leastNonzeroMagnitude }
        let scales = [
            try #require(Scale.linear(fitting: values)), try #require(Scale.linearOrLogarithmic(fitting: values)),
        ]
        for scale in scales {
            #expect(values.allSatisfy { (0...1).contains(scale.fraction($0)) })
            let ticks = scale.ticks(length: 300) { _ in 26 }
            #expect(!ticks.isEmpty && ticks.count < 30)
            #expect(ticks.allSatisfy { $0.value.isFinite && (0...1).contains(scale.fraction($0.value)) })
        }
    }
}

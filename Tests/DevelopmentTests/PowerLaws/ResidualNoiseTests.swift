import Foundation
import TestSupport
import Testing

@testable import Development

@Suite struct ResidualNoises {
    private func mean(_ deviation: Double, _ quantity: (ResidualNoise) -> Double) -> Double {
        var normals = RepeatableNormals(seed: 6)
        return (0..<200).reduce(0) { sum, _ in
            sum + quantity(ResidualNoise((0..<500).map { _ in deviation * normals.next() }))
        } / 200
    }

    /// The bias correction for three regressors, which these numbers lack, raises the correlation by 3/500, and what is
    /// below zero is taken for zero: that adds up to about 1 + 2·(0.02 + 0.006); the error of the mean is below 1 %.
    @Test func `within the bend the scale is the variance`() {
        let deviation = 1e-5
        #expect(1...1.1 ~= mean(deviation) { $0.scale } / (deviation * deviation))
        #expect(Tolerance.relative(0.02).accepts(mean(deviation) { $0.deviation }, deviation))
    }

    /// δ²/(2δ·f(0)), f(0) = 1/(σ√(2π)); beside the correlation the window flattens f by 2 % for 500 points.
    @Test func `far beyond the bend it is that of the median`() {
        let deviation = 0.1
        let expected = PowerLawObjective.bend * deviation * (2 * Double.pi).squareRoot() / 2
        #expect(1...1.12 ~= mean(deviation) { $0.scale } / expected)
    }

    @Test func `correlated residuals leave fewer independent points, and a shape leaves none`() {
        var normals = RepeatableNormals(seed: 9)
        var value = 0.0
        let residuals = (0..<2000).map { _ in
            value = 0.6 * value + normals.next()
            return value
        }
        let noise = ResidualNoise(residuals)
        // The standard error of the correlation is √((1 − 0.36)/2000) = 0.018.
        #expect(Tolerance.absolute(0.054).accepts(noise.autocorrelation, 0.6))
        #expect(Tolerance.relative(0.2).accepts(noise.freedom, 500 - 3))
        #expect(noise.threshold != nil)
        let shape = ResidualNoise((0..<60).map { sin(Double($0) / 10) })
        #expect(shape.threshold == nil && shape.flatThreshold == nil)
    }

    @Test func `without residuals there is no noise`() {
        let noise = ResidualNoise([Double](repeating: 0, count: 20))
        #expect(noise.scale == 0 && noise.deviation == 0 && noise.threshold == 0)
    }
}

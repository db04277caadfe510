import Foundation
import Sampling
import TestSupport
import Testing

struct SamplingDefaultsTests {
    @Test func `defaults follow their formulas`() throws {
        #expect(SamplingSettings.defaultNBeta(exampleCount: 1000) == 1000 / log(1000))
        #expect(SamplingSettings.defaultNBeta(exampleCount: 1) == 1)
        #expect(try SamplingSettings.defaultStepSize(nBeta: 100, curvature: 2, localization: 50) == 0.2 / 250)
        let subset = ParameterSubset(ranges: [0..<2])
        func localization(_ centers: [[Double]], curvature: Double) -> Double {
            SamplingSettings.defaultLocalization(centers: centers, subset: subset, nBeta: 100, curvature: curvature)
        }
        // |w|² over the subset is 5 and 25, their mean 15.
        #expect(Tolerance.ulps(4).accepts(localization([[1.0, 2, 9], [3, 4, 9]], curvature: 0), 2.0 / 15))
        #expect(localization([[0.0, 0, 1]], curvature: 0) == 1)
        // A direction that only γ holds relaxes in 2/(εγ) = 500 draws.
        let settling = localization([[3.0, 4, 9]], curvature: 50)
        let stepSize = try SamplingSettings.defaultStepSize(nBeta: 100, curvature: 50, localization: settling)
        #expect(Tolerance.ulps(8).accepts(2 / (stepSize * settling), 500))
    }

    @Test func `a flat loss without localization has no default step size`() {
        #expect(throws: SamplingError.self) {
            try SamplingSettings.defaultStepSize(nBeta: 100, curvature: 0, localization: 0)
        }
    }

    @Test func `settings out of range are named`() throws {
        let good = testSettings(draws: 10, batch: 5, minibatches: .epochs, stepSize: 1, nBeta: 1, localization: 0)
        try good.validate(exampleCount: 5)
        let cases: [(WritableKeyPath<SamplingSettings, Int>, Int, String)] = [
            (\.chainCount, 0, "chains"), (\.drawCount, 0, "draws"), (\.burnInCount, -1, "burn-in"),
            (\.batchSize, 0, "batch"), (\.batchSize, 6, "batch"),
        ]
        for (field, value, location) in cases {
            var settings = good
            settings[keyPath: field] = value
            let error = #expect(throws: SamplingError.self) { try settings.validate(exampleCount: 5) }
            #expect(error?.location == location)
        }
        let numbers: [(WritableKeyPath<SamplingSettings, Double>, Double)] = [
            (\.stepSize, 0), (\.stepSize, .nan), (\.nBeta, -1), (\.localization, -1), (\.localization, .infinity),
        ]
        for (field, value) in numbers {
            var settings = good
            settings[keyPath: field] = value
            #expect(throws: SamplingError.self) { try settings.validate(exampleCount: 5) }
        }
    }
}

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
            SamplingSettings.defaultLocalization(
                squaredSizes: centers.map { subset.norm(of: $0) * subset.norm(of: $0) }, dimension: subset.count,
                nBeta: 100,
                curvature: curvature)
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
        let error = #expect(throws: SamplingError.self) {
            try SamplingSettings.defaultStepSize(nBeta: 100, curvature: 0, localization: 0)
        }
        #expect(error?.kind == .malformed && error?.reason.contains("give --step-size or --localization") == true)
    }

    /// A change to settings that are good for five examples, and what is said of it.
    struct Fault: Sendable, CustomTestStringConvertible {
        let words: String
        let kind: SamplingError.Kind
        let change: @Sendable (inout SamplingSettings) -> Void

        init(
            _ words: String, _ kind: SamplingError.Kind = .malformed,
            _ change: @escaping @Sendable (inout SamplingSettings) -> Void
        ) { (self.words, self.kind, self.change) = (words, kind, change) }

        var testDescription: String { words }
    }

    @Test(arguments: [
        Fault("draws: expected fewer than 2³² steps of a chain") {
            ($0.drawCount, $0.stepsPerDraw) = (1_000, 5_000_000)
        },
        Fault("chains: expected 1 to 1000, found 0") { $0.chainCount = 0 },
        Fault("draws: expected at least 1, found 0") { $0.drawCount = 0 },
        Fault("burn-in: expected at least 0, found -1") { $0.burnInCount = -1 },
        Fault("batch: expected 1 to 10⁹, found 0") { $0.batchSize = 0 },
        Fault("step size: expected a positive number, found 0.0") { $0.stepSize = 0 },
        Fault("step size: expected a positive number, found nan") { $0.stepSize = .nan },
        Fault("nβ: expected a positive number, found -1.0") { $0.nBeta = -1 },
        Fault("localization: expected a number of at least 0, found -1.0") { $0.localization = -1 },
        Fault("localization: expected a number of at least 0, found inf") { $0.localization = .infinity },
        Fault("steps per draw: expected at least 1, found 0") { $0.stepsPerDraw = 0 },
        Fault("target error: expected a positive number, found 0.0") { $0.targetError = 0 },
        Fault("extrapolate: expected sgld or another sampler with an error of the step to remove, found mala") {
            ($0.extrapolates, $0.method) = (true, .mala)
        },
        Fault("chains: expected an even number from 4 on with --extrapolate, found 2") { $0.extrapolates = true },
        Fault("chains: expected an even number from 4 on with --extrapolate, found 5") {
            ($0.extrapolates, $0.chainCount) = (true, 5)
        },
        Fault("batch: expected all 5 examples for hmc, found 4") { ($0.method, $0.batchSize) = (.hmc, 4) },
        Fault("minibatches: expected epochs for hmc, found iid") { ($0.method, $0.minibatches) = (.hmc, .iid) },
        Fault("batch: an epoch of 5 examples holds no minibatch of 6; lower --batch", .mismatch) { $0.batchSize = 6 },
    ]) func `settings out of range are named`(_ fault: Fault) throws {
        var settings = testSettings(draws: 10, batch: 5, minibatches: .epochs, stepSize: 1, nBeta: 1, localization: 0)
        try settings.validate(exampleCount: 5)
        fault.change(&settings)
        let error = #expect(throws: SamplingError.self) { try settings.validate(exampleCount: 5) }
        #expect(error?.kind == fault.kind)
        #expect(error?.description.hasPrefix(fault.words) == true, "\(error?.description ?? "")")
    }
}

import Foundation
import Sampling
import TestSupport
import Testing

/// Calibration of real chains where λ is known: d/2 at the minimum of a quadratic.
struct CalibrationTests {
    static let curvatures = [[Double]](repeating: [1, 2, 5, 10], count: 12).flatMap { $0 }

    @Test func `a quadratic is calibrated to its dimension over two, exactly as the formula of finite steps says`()
        throws
    {
        let loss = ClosureLoss.quadratic(Self.curvatures)
        let calibration = try calibrate(
            loss, centers: [Self.curvatures.map { _ in 0 }], curvature: 10, exampleCount: 10_000)
        printSummary(calibration)
        let cell = calibration.cells[try #require(calibration.chosen)]
        let result = try #require(cell.results[0])
        let value = try #require(result.value)
        let error = try #require(result.standardError)
        let exact = quadraticLLC(
            Self.curvatures, stepSize: cell.stepSize, nBeta: cell.nBeta, localization: cell.localization)
        print("λ̂ \(value) ± \(error), exact \(exact) at these settings; λ \(Self.curvatures.count / 2)")
        #expect(Tolerance.statistical(standardErrors: 3, error: error).accepts(value, exact))
        // A step bias of at most 5 % is accepted, and |slope| ≤ 0.1 leaves at most 0.1 to γ: 1 − λ̂/λ is the slope here.
        #expect(abs(exact / 24 - 1) < 0.1)
        #expect(cell.isStable && result.isClean)
        #expect(calibration.settings.stepSize == cell.stepSize && calibration.settings.nBeta == cell.nBeta)
        // In a quadratic no trace relaxes more slowly than the flattest direction, in 1/(εp) draws; an integrated
        // autocorrelation time from ESS draws is unsure by about 2/√ESS, 20 % at 100.
        let slowest = 1 / (cell.stepSize * (cell.nBeta + cell.localization))
        #expect(try #require(result.relaxation) < 1.6 * slowest)
    }

    @Test func `a checkpoint on a slope has no veto and is said to have none`() throws {
        // At w = 1 in every direction the chains run downhill.
        let loss = ClosureLoss.quadratic(Self.curvatures)
        let calibration = try calibrate(
            loss, centers: [Self.curvatures.map { _ in 1 }, Self.curvatures.map { _ in 0 }], curvature: 10,
            exampleCount: 10_000)
        printSummary(calibration)
        let cell = calibration.cells[try #require(calibration.chosen)]
        #expect(cell.isClean(at: 1) && !cell.isClean(at: 0))
        #expect(calibration.confidence == .moderate)
        #expect(calibration.reservations.contains { $0.contains("step 0 had no vote") })
        #expect(calibration.cells.contains { $0.results[0]?.rejections.contains { $0.reason.isOfCheckpoint } ?? false })
    }

    @Test func `nothing acceptable falls back to the defaults and says so`() throws {
        // −½w² in all directions: no chain stays.
        let loss = ClosureLoss.quadratic(Self.curvatures.map { -$0 })
        let calibration = try calibrate(
            loss, centers: [Self.curvatures.map { _ in 0.5 }], curvature: 10, exampleCount: 10_000,
            shortEffort: CalibrationEffort(firstLength: 128, lengthLimit: 256))
        #expect(calibration.chosen == nil)
        #expect(calibration.confidence == .low)
        #expect(calibration.settings.nBeta == SamplingSettings.defaultNBeta(exampleCount: 10_000))
        #expect(calibration.settings.drawCount == 1_000)
        #expect(calibration.reasons[0].contains("no cell was acceptable"))
        print(calibration.reasons)
    }

    @Test func `a calibration is the same when made again, and survives JSON`() throws {
        let loss = ClosureLoss.quadratic(Self.curvatures)
        func made() throws -> Calibration {
            try calibrate(
                loss, centers: [Self.curvatures.map { _ in 0 }], curvature: 10, exampleCount: 10_000,
                shortEffort: CalibrationEffort(firstLength: 256, lengthLimit: 512))
        }
        let calibration = try made()
        #expect(try made() == calibration)
        #expect(calibration.isShort)
        let data = try JSONEncoder().encode(calibration)
        #expect(try JSONDecoder().decode(Calibration.self, from: data) == calibration)
    }

    private func printSummary(_ calibration: Calibration) {
        print("cells \(calibration.cells.count), draws \(calibration.drawCount), \(calibration.confidence)")
        for line in calibration.reasons + calibration.reservations { print("  - \(line)") }
        for sensitivity in calibration.sensitivities {
            print(
                "  d ln λ̂/d ln \(sensitivity.setting.symbol) = \(sensitivity.slope.value) ± \(sensitivity.slope.error)")
        }
        for alternative in calibration.alternatives {
            print("  \(alternative.setting.symbol) \(alternative.value): \(alternative.verdict)")
        }
    }
}

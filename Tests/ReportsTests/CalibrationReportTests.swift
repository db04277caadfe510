import Development
import Foundation
import Sampling
import Testing

@testable import Reports

struct CalibrationReportTests {
    /// A calibration of two checkpoints: nothing but cells near the default is clean.
    static func synthetic(isAcceptable: Bool = true, isShort: Bool = false) -> Calibration {
        let scales = CalibrationScales(exampleCount: 10_000, dimension: 20, curvature: 1, squaredSize: 20)
        let effort = CalibrationEffort(firstLength: 128, lengthLimit: 256)
        var search = CalibrationSearch(scales: scales, shortEffort: isShort ? effort : nil)
        while let round = search.next {
            search.record(
                round.places.map { place in
                    var cell = CalibrationCell(place: place, scales: scales)
                    let isClean = isAcceptable && abs(place.stepSize + place.nBeta) < 2
                    let rejections = isClean ? [] : [Rejection(.stepBias, found: 0.2, bound: 0.05)]
                    cell.results = (0..<2).map { checkpoint in
                        CellResult(
                            value: 10 * cell.nBeta / (cell.nBeta + cell.localization), standardError: 0.2,
                            acceptance: 0.93, rHat: 1.01, effectiveDraws: 80, relaxation: 30, countedDraws: 256,
                            drawCount: 1_024,
                            rejections: checkpoint == 0
                                ? rejections + [Rejection(.negative, found: -3, bound: 0)] : rejections)
                    }
                    return cell
                })
        }
        let settings = SamplingSettings(
            chainCount: 4, drawCount: 1_000, burnInCount: 1_000, batchSize: 512, minibatches: .iid, stepSize: 1,
            nBeta: 1, localization: 1, seed: 0, precision: .float)
        return Calibration(
            search, checkpoints: [.init(step: 100, curvature: 1), .init(step: 10_000, curvature: 0.5)],
            settings: settings)
    }

    @Test func `the page is well-formed, asks for nothing and names the choice`() throws {
        let calibration = Self.synthetic()
        let page = try CalibrationReport(calibration: calibration, runName: "<run>", version: "1").html()
        let parsed = WellFormed(page)
        #expect(parsed.complaint == nil)
        #expect(parsed.texts["h2"] == ["Calibration"])
        #expect(parsed.texts["h1"] == ["<run>"])
        #expect(!page.contains("src="))
        // The choice is framed once in each of the two families of maps.
        #expect(page.matches(of: /class="chosen"/).count == 2)
        #expect(page.contains("class=\"hatch\"") && page.contains(">B<"))
        #expect(page.contains("finite steps add 20 % to λ̂"))
        #expect(page.contains("step 100 had no vote") || page.contains("Step 100 had no vote"))
    }

    @Test func `every cell of the sweep is a tile with its numbers as a tooltip`() throws {
        let calibration = Self.synthetic()
        let page = try CalibrationReport(calibration: calibration, runName: "run", version: "1").html()
        let tooltips = page.ranges(of: "<g><title>ε = ").count
        #expect(tooltips == 2 * calibration.cells.count)
    }

    @Test func `a sweep without an acceptable cell warns`() throws {
        let calibration = Self.synthetic(isAcceptable: false)
        let page = try CalibrationReport(calibration: calibration, runName: "run", version: "1").html()
        #expect(WellFormed(page).complaint == nil)
        #expect(page.contains("notice warning") && page.contains("No cell was acceptable"))
        #expect(!page.contains("class=\"chosen\""))
    }

    @Test func `a run's report has the section where its settings are of the calibration`() throws {
        var analysis = SyntheticAnalysis.full()
        let calibration = Self.synthetic(isShort: true)
        #expect(try !RunReport(analysis: analysis, calibration: calibration).html().contains("id=\"calibration\""))
        analysis.measurements.settings = calibration.settings
        let page = try RunReport(analysis: analysis, calibration: calibration).html()
        #expect(WellFormed(page).complaint == nil)
        #expect(page.contains("id=\"calibration\"") && page.contains("those of a short calibration"))
    }

    @Test func `the summary says what was chosen, why and what would change it`() {
        let text = CalibrationSummary(Self.synthetic()).text
        #expect(text.contains("Chosen: ε = ") && text.contains("Why") && text.contains("What would change it"))
    }
}

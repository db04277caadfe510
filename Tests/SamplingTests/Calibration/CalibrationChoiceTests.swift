import Foundation
import TestSupport
import Testing

@testable import Sampling

/// The rule on made-up cells, whose λ̂ is that of directions of curvature h: λ̂ = (d/2)·nβ·h/(nβ·h + γ).
struct CalibrationChoiceTests {
    /// n/ln n is 1,086, the default γ 22.2 and the default ε 1.81e-4.
    static let scales = CalibrationScales(exampleCount: 10_000, dimension: 20, curvature: 1, squaredSize: 20)

    /// A grid of three values of each setting, with `change` applied to each clean cell.
    static func grid(
        checkpointCount: Int = 1, _ change: (CalibrationPlace, Int, inout CellResult) -> Void = { _, _, _ in }
    ) -> [CalibrationCell] {
        var cells: [CalibrationCell] = []
        for localization in [-2, 0, 2] {
            for nBeta in [-2, 0, 2] {
                for share in [-2, 0, 2] {
                    let place = CalibrationPlace(stepSize: share - nBeta, nBeta: nBeta, localization: localization)
                    var cell = CalibrationCell(place: place, scales: scales)
                    cell.results = (0..<checkpointCount).map { checkpoint in
                        var result = CellResult(
                            value: 10 * cell.nBeta / (cell.nBeta + cell.localization), standardError: 0.1,
                            acceptance: share == 2 ? 0.85 : 0.95, rHat: 1, effectiveDraws: 100, relaxation: 40,
                            countedDraws: 500, drawCount: 2_000)
                        change(place, checkpoint, &result)
                        return result
                    }
                    cells.append(cell)
                }
            }
        }
        return cells
    }

    static func chosen(_ cells: [CalibrationCell]) throws -> CalibrationPlace {
        let choice = CalibrationChoice(cells: cells, scales: scales)
        return choice.cells[try #require(choice.chosen)].place
    }

    @Test
    func `where all is clean, n over ln n, the weakest pull and the largest step of wanted acceptance are chosen`()
        throws
    {
        #expect(try Self.chosen(Self.grid()) == CalibrationPlace(stepSize: 0, nBeta: 0, localization: -2))
    }

    @Test func `the slope is the derivative of the curve`() throws {
        let choice = CalibrationChoice(cells: Self.grid(), scales: Self.scales)
        let cell = choice.cells[try #require(choice.chosen)]
        let slope = try #require(cell.slope)
        // Central difference over a decade to either side of ln(nβ/(nβ + γ)).
        func logarithm(_ nBeta: Double) -> Double { log(nBeta / (nBeta + cell.localization)) }
        let expected = (logarithm(10 * cell.nBeta) - logarithm(cell.nBeta / 10)) / log(100)
        #expect(Tolerance.relative(1e-12).accepts(slope.value, expected))
    }

    @Test func `nβ off the plateau is left for the nearest on it`() throws {
        // λ̂ grows like √nβ up to n/ln n and is flat from there on: the slope there is that of half the way.
        let cells = Self.grid { place, _, result in
            result.value = 10 * pow(10, 0.5 * Double(min(place.nBeta, 0)) / 2)
            result.standardError = 0.01
        }
        #expect(try Self.chosen(cells).nBeta == 2)
    }

    @Test func `a pull too weak to settle is left for the next`() throws {
        let cells = Self.grid { place, _, result in
            if place.localization == -2 { result.rejections = [Rejection(.notSettled, found: 0.8, bound: 1)] }
        }
        #expect(try Self.chosen(cells).localization == 0)
    }

    @Test func `a step that is rejected at any checkpoint for divergence or acceptance is never taken`() throws {
        let cells = Self.grid(checkpointCount: 3) { place, checkpoint, result in
            if place.stepSize + place.nBeta == 0, checkpoint == 0 {
                result.rejections = [Rejection(.lowAcceptance, found: 0.7, bound: 0.8)]
            }
        }
        let place = try Self.chosen(cells)
        #expect(place.stepSize + place.nBeta != 0)
    }

    @Test func `an early checkpoint is counted and has no veto`() throws {
        // Nowhere clean at the first checkpoint: as if it were not there.
        let hopeless = Self.grid(checkpointCount: 2) { _, checkpoint, result in
            if checkpoint == 0 { result.rejections = [Rejection(.negative, found: -9, bound: 0)] }
        }
        #expect(try Self.chosen(hopeless) == Self.chosen(Self.grid()))
        // Clean there where the pull is strong: that is worth a stronger pull on the plateau.
        let mendable = Self.grid(checkpointCount: 2) { place, checkpoint, result in
            if checkpoint == 0, place.localization < 0 {
                result.rejections = [Rejection(.escaping, found: 1.3, bound: 1)]
            }
        }
        #expect(try Self.chosen(mendable).localization == 0)
    }

    @Test func `nothing is chosen where nothing is clean`() {
        let cells = Self.grid { _, _, result in result.rejections = [Rejection(.fewDraws, found: 9, bound: 25)] }
        #expect(CalibrationChoice(cells: cells, scales: Self.scales).chosen == nil)
    }

    @Test(arguments: Rejection.Reason.allCases)
    func `a finding names its number and every reason has a letter of its own`(_ reason: Rejection.Reason) {
        let rejection = Rejection(reason, found: 0.37, bound: 0.5)
        #expect(rejection.finding.contains("0.37") || rejection.finding.contains("37"))
        #expect(Rejection.Reason.allCases.filter { $0.letter == reason.letter }.count == 1)
    }

    @Test func `what is stated is not swept`() {
        var scales = Self.scales
        scales.statedNBeta = 144.8
        scales.statedLocalization = 3
        let places = scales.coarsePlaces + scales.shortPlaces
        #expect(!places.isEmpty)
        for place in places {
            let settings = scales.settings(at: place)
            #expect(settings.nBeta == 144.8 && settings.localization == 3)
        }
    }

    @Test func `the grid keeps to the stability limit and to the weights' own size`() {
        for place in Self.scales.coarsePlaces {
            #expect((0.003..<0.8).contains(Self.scales.share(at: place)))
            #expect(Self.scales.settings(at: place).localization >= Self.scales.weakLocalization / 10)
        }
        let counts = Dictionary(grouping: Self.scales.coarsePlaces, by: \.nBeta).mapValues(\.count)
        #expect(Set(counts.keys) == [-4, -2, 0, 2] && counts.values.allSatisfy { $0 >= 4 })
    }
}

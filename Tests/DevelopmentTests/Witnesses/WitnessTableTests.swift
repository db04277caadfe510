import Foundation
import Testing

@testable import Development

/// How many series confirm a boundary, beside what chance would give.
@Suite struct WitnessTableTests {
    private static let span = 1.0...20_000
    private static let witnesses = [
        Witness(name: "loss", kind: .rest, places: [.init(step: 1_000, interval: 800...1_300)]),
        Witness(
            name: "loss", kind: .changePoints,
            places: [.init(step: 1_200, interval: 1_100...1_500), .init(step: 9_000, interval: 8_000...19_000)]),
        Witness(
            name: "outputs", kind: .changePoints,
            places: [.init(step: 900, interval: 700...1_000), .init(step: 4, interval: 2...6)]),
        Witness(name: "weights", kind: .changePoints, places: []),
        Witness(name: "λ̂", kind: .changePoints, sharesData: true, places: [.init(step: 1_000, interval: 500...2_000)]),
    ]

    private static func boundary(_ step: Double, _ interval: ClosedRange<Double>) -> Boundary {
        Boundary(step: step, interval: interval, innerInterval: interval)
    }

    /// The boundary put at evenly spaced places of log(t + 1), with the arms of its interval.
    @Test(arguments: [boundary(1_050, 900...1_250), boundary(12_000, 7_000...15_000), boundary(60, 40...65)])
    func `chance is that of boundaries put anywhere`(boundary: Boundary) {
        let table = WitnessTable(Self.witnesses, boundaries: [boundary], span: Self.span)
        let confirmation = table.confirmations[0]
        let series = Dictionary(grouping: Self.witnesses.filter { !$0.sharesData }, by: \.name)
        #expect(table.independentCount == series.count)

        let (first, last) = (log1p(Self.span.lowerBound), log1p(Self.span.upperBound))
        let count = 100_000
        var (sum, reached) = (0, 0)
        for index in 0..<count {
            let shift = first + (Double(index) + 0.5) * (last - first) / Double(count) - log1p(boundary.step)
            let moved =
                expm1(log1p(boundary.interval.lowerBound) + shift)...expm1(log1p(boundary.interval.upperBound) + shift)
            let met = series.values.filter { $0.contains { $0.places.contains { $0.interval.overlaps(moved) } } }.count
            sum += met
            if met >= confirmation.names.count { reached += 1 }
        }
        // A range is counted in whole cells, so that each of its two ends is off by one at most; there are at most five.
        let tolerance = 10 / Double(count)
        #expect(abs(confirmation.expectedByChance - Double(sum) / Double(count)) <= tolerance)
        #expect(abs(confirmation.pValue - Double(reached) / Double(count)) <= tolerance)
    }

    @Test func `a series counts once, and those that share the data do not`() {
        let boundaries = [
            Self.boundary(1_050, 900...1_250), Self.boundary(12_000, 10_000...15_000), Self.boundary(60, 40...65),
        ]
        let table = WitnessTable(Self.witnesses, boundaries: boundaries, span: Self.span)
        #expect(table.confirmations.map(\.names) == [["loss", "outputs"], ["loss"], []])
        #expect(table.confirmations[2].pValue == 1 && !table.confirmations[2].isEvidence)
        #expect(table.confirmations[0].pValue < table.confirmations[1].pValue)
    }

    @Test func `what touches in an end alone confirms nothing`() {
        let places = [100.0...200, 300.0...450].map { [Witness.Place(step: $0.lowerBound, interval: $0)] }
        let table = WitnessTable(
            places.enumerated().map { Witness(name: "\($0)", kind: .changePoints, places: $1) },
            boundaries: [Self.boundary(250, 200...300)], span: Self.span)
        #expect(table.confirmations[0].names.isEmpty && table.confirmations[0].pValue == 1)
        #expect(table.testimonies[0].allSatisfy { !$0.confirms })
        #expect(table.unclaimed(byWitness: 0, boundaries: [Self.boundary(250, 200...300)]).count == 1)
    }

    @Test func `in a run of one place everything is met by chance`() {
        let table = WitnessTable(Self.witnesses, boundaries: [Self.boundary(1_050, 900...1_250)], span: 5...5)
        #expect(table.confirmations[0].pValue == 1)
        #expect(table.confirmations[0].expectedByChance == 3)
    }
}

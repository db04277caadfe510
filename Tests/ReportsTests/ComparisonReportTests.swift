import Development
import Foundation
import Sampling
import Testing

@testable import Reports

struct ComparisonReportTests {
    static let runs = [SyntheticAnalysis.full(name: "A"), SyntheticAnalysis.full(name: "B", delay: 1.4)]

    @Test func `two runs are shown on shared axes, verdict first`() throws {
        let page = try ComparisonReport(comparison: Comparison(Self.runs)).html()
        let parsed = WellFormed(page)
        #expect(parsed.complaint == nil)
        #expect(parsed.texts["h2"] == ["Loss and complexity", "Stages", "Essential dynamics", "What differs"])
        #expect(page.contains("1.40"), "the ratio of the boundaries")
    }

    @Test func `common components are drawn in one plane, own ones apart`() throws {
        let joint = Self.runs.compactMap(\.essentialDynamics)
        let common = ComparisonReport(comparison: Comparison(Self.runs, jointDynamics: joint)).page
        let own = ComparisonReport(comparison: Comparison(Self.runs)).page
        let figures = [common, own].map { page in
            page.sections.first { $0.anchor == "dynamics" }?.blocks.first?.figures.count
        }
        #expect(figures == [3, 6])
    }

    @Test func `what cannot be compared has no column`() throws {
        var other = Self.runs[1]
        other.measurements.settings?.localization *= 2
        let incomparable = try ComparisonReport(comparison: Comparison([Self.runs[0], other])).html()
        let comparable = try ComparisonReport(comparison: Comparison(Self.runs)).html()
        #expect(comparable.contains("Δλ̂ from the first run"))
        #expect(!incomparable.contains("Δλ̂ from the first run"))
        other.stages = nil
        let unmatched = try ComparisonReport(comparison: Comparison([Self.runs[0], other])).html()
        #expect(comparable.contains("Second ÷ first"))
        #expect(!unmatched.contains("Second ÷ first"))
    }

    @Test func `runs of which one has nothing are still compared`() throws {
        var bare = SyntheticAnalysis.full(name: RunReportTests.hostileName)
        bare.stages = nil
        bare.essentialDynamics = nil
        for index in bare.measurements.checkpoints.indices {
            bare.measurements.checkpoints[index].llc = nil
            bare.measurements.checkpoints[index].loss = nil
        }
        for order in [[Self.runs[0], bare], [bare, Self.runs[0]], [bare, bare, bare]] {
            let page = try ComparisonReport(comparison: Comparison(order)).html()
            let parsed = WellFormed(page)
            #expect(parsed.complaint == nil)
            #expect(parsed.elementCounts["img"] == nil)
        }
    }
}

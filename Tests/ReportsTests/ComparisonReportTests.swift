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
        #expect(
            parsed.texts["h2"]
                == ["Loss and complexity", "Stages", "Complexity against loss", "Essential dynamics", "Advisories"]
                .reduce(into: ["What differs"]) { $0.append($1) })
        #expect(page.contains("1.4×"), "the ratio of the boundaries")
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

    @Test func `few runs have a column each in the table of boundaries, many a row each`() throws {
        let many = (1...8).map { SyntheticAnalysis.full(name: "run \($0)", delay: 1 + Double($0) / 20) }
        let few = try #require(ComparisonReport(comparison: Comparison(Self.runs)).page.summary.first)
        #expect(few.headings == ["Boundary", "A", "B"])
        let report = ComparisonReport(comparison: Comparison(many))
        let upright = try #require(report.page.summary.first)
        #expect(upright.headings.first == "Run" && upright.headings.contains("End of stage 1"))
        #expect(upright.texts.map { $0[0] } == many.map(\.measurements.runName))
        let table = try #require(report.stageTable)
        #expect(upright.texts[3][1] == table.texts[0][4], "run 4, end of stage 1")
    }

    @Test func `what cannot be compared has no column`() throws {
        var other = Self.runs[1]
        other.measurements.settings?.localization *= 2
        let incomparable = try ComparisonReport(comparison: Comparison([Self.runs[0], other])).html()
        let comparable = try ComparisonReport(comparison: Comparison(Self.runs)).html()
        #expect(comparable.contains("Δλ̂ from the baseline"))
        #expect(!incomparable.contains("Δλ̂ from the baseline"))
        other.stages = nil
        let unmatched = try ComparisonReport(comparison: Comparison([Self.runs[0], other])).html()
        #expect(comparable.contains("End of stage 1"))
        #expect(!unmatched.contains("End of stage 1"))
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

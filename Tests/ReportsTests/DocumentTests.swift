import Development
import Foundation
import Sampling
import Testing

@testable import Reports

struct DocumentTests {
    @Test func `the document reads back as itself`() throws {
        let document = AnalysisDocument(SyntheticAnalysis.full())
        let text = try document.json()
        #expect(try JSONDecoder().decode(AnalysisDocument.self, from: Data(text.utf8)) == document)
        #expect(text.contains("\"schema\" : \"instar-analysis/1\""))
    }

    @Test func `equal analyses give equal bytes`() throws {
        let first = try AnalysisDocument(SyntheticAnalysis.full()).json()
        #expect(try AnalysisDocument(SyntheticAnalysis.full()).json() == first)
    }

    @Test func `numbers that are missing or not finite are null`() throws {
        var analysis = SyntheticAnalysis.full()
        analysis.measurements.checkpoints[0].loss = .nan
        analysis.measurements.checkpoints[0].gradientNorm = nil
        analysis.measurements.checkpoints[1].llc?.value = .infinity
        analysis.essentialDynamics?.components[0].scores[0] = -.infinity
        analysis.stages?.search?.noise = .nan
        let text = try AnalysisDocument(analysis).json()
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let checkpoints = try #require(object["checkpoints"] as? [[String: Any]])
        #expect(checkpoints[0]["loss"] is NSNull)
        #expect(checkpoints[0]["gradientNorm"] is NSNull)
        let estimate = try #require(checkpoints[1]["llc"] as? [String: Any])
        #expect(estimate["value"] is NSNull)
        #expect(estimate["standardError"] is Double)
    }

    @Test func `a checkpoint whose chains all diverged says so`() throws {
        let document = AnalysisDocument(SyntheticAnalysis.full())
        let estimate = try #require(document.checkpoints[45 / 3].llc)
        #expect(estimate.quality == "unusable")
        #expect(estimate.value.value == nil)
        #expect(estimate.divergedAtDraw == [312, 290, 405, 333])
    }

    @Test func `a comparison reads back as itself`() throws {
        let document = ComparisonDocument(Comparison(ComparisonReportTests.runs))
        let text = try document.json()
        #expect(try JSONDecoder().decode(ComparisonDocument.self, from: Data(text.utf8)) == document)
        #expect(document.runs.map(\.name) == ["A", "B"])
    }
}

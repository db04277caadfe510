import Development
import Foundation
import TestSupport
import Testing

@testable import Reports

struct StoredAnalysisTests {
    /// Everything that a document says of a series must survive being read, or comparing files would compare less than
    /// they hold. Evidence and chains are the parts that it does not keep.
    @Test(arguments: SchemaTests.analyses.indices.filter { SchemaTests.analyses[$0].name != "not finite" })
    func `what a document holds is there when it is read`(_ index: Int) {
        let document = AnalysisDocument(SchemaTests.analyses[index].analysis)
        let read = AnalysisDocument(Analysis(document))
        #expect(read.run == document.run && read.axis == document.axis && read.loss == document.loss)
        #expect(read.settings == document.settings && read.imported == document.imported)
        #expect(read.hyperparameters == document.hyperparameters && read.provenance == document.provenance)
        #expect(read.checkpoints.map(\.step) == document.checkpoints.map(\.step))
        #expect(read.checkpoints.map(\.loss) == document.checkpoints.map(\.loss))
        #expect(read.checkpoints.map { $0.llc?.value } == document.checkpoints.map { $0.llc?.value })
        #expect(read.checkpoints.map { $0.llc?.standardError } == document.checkpoints.map { $0.llc?.standardError })
        #expect(read.checkpoints.map { $0.llc?.concerns } == document.checkpoints.map { $0.llc?.concerns })
        #expect(read.stages == document.stages)
        #expect(read.essentialDynamics?.steps == document.essentialDynamics?.steps)
        #expect(
            read.essentialDynamics?.components.map(\.scores) == document.essentialDynamics?.components.map(\.scores))
        #expect(read.advisories == document.advisories)
    }

    @Test func `a comparison of documents says what it cannot show`() throws {
        let runs = ["A", "B"].map { Analysis(AnalysisDocument(SyntheticAnalysis.full(name: $0))) }
        let comparison = Comparison(runs)
        #expect(comparison.advisories.contains { $0.finding.contains("A and B were read from analysis.json alone") })
        #expect(try ComparisonReport(comparison: comparison).html().contains("read from analysis.json alone"))
    }

    /// A reader of JSON meets null for what is no number, never a token that JSON does not have.
    @Test func `numbers that are not finite are null in a comparison`() throws {
        let place = try #require(SchemaTests.analyses.firstIndex { $0.name == "not finite" })
        let text = try ComparisonDocument(Comparison([SyntheticAnalysis.full(), SchemaTests.analyses[place].analysis]))
            .json()
        #expect(try SchemaValidator(PublishedSchema.comparison.text).complaints(about: text).isEmpty)
        _ = try JSONSerialization.jsonObject(with: Data(text.utf8))
    }
}

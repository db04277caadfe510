import Development
import Foundation
import Tensors
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

    @Test func `a document that was changed is told from one that was written`() throws {
        let document = AnalysisDocument(SyntheticAnalysis.full())
        #expect(document.contradiction == nil)
        var shorter = document
        shorter.essentialDynamics?.components[0].smoothed.removeLast()
        #expect(shorter.contradiction?.hasPrefix("the components under essentialDynamics") == true)
        var backwards = document
        backwards.checkpoints.reverse()
        #expect(backwards.contradiction?.hasPrefix("the steps of its checkpoints") == true)
        var gapped = document
        gapped.stages?.curve[3].mean = Nullable(nil)
        #expect(gapped.contradiction?.hasPrefix("the curve that its stages were found on has places") == true)
        var huge = document
        let one = try #require(document.tensors.first)
        huge.tensors = [1, 2, 3].map { TensorSummary(name: "\(one.name)\($0)", shape: [1 << 60], isSampled: true) }
        #expect(huge.contradiction?.hasPrefix("its tensors have more elements") == true)
    }

    /// A document that was changed may keep stages of a series that it has no longer.
    @Test func `stages without checkpoints take no part in a comparison`() throws {
        var empty = SyntheticAnalysis.full(name: "C")
        empty.measurements.checkpoints = []
        for runs in [
            [SyntheticAnalysis.full(), SyntheticAnalysis.full(name: "B"), empty], [empty, SyntheticAnalysis.full()],
        ] {
            let comparison = Comparison(runs)
            #expect(comparison.matchedBoundarySteps.count == runs.count)
            _ = try ComparisonReport(comparison: comparison).html()
        }
    }
}

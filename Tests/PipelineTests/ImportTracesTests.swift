import Development
import Foundation
import Sampling
import TestSupport
import Testing

@testable import Pipeline

@Suite struct ImportTracesTests {
    /// What devinterp's formula gives in double precision with burn-in left out.
    private struct Checkpoint: Decodable {
        let step: Int
        let initLoss: Double
        let chains: [Double?]
        let divergedAtDraw: [Int?]
        let devinterpLlcMean: Double
    }

    /// A row of `az.summary`.
    private struct Summary: Decodable {
        let step: Int
        let mean: Double
        let mcseMean: Double
        let essBulk: Double
        let essTail: Double
        let rHat: Double
    }

    private func decode<Value: Decodable>(_ name: String) throws -> [Value] {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode([Value].self, from: Fixture.data("traces/\(name)"))
    }

    /// Sums of some hundred numbers, added in another order: far more than their roundings, 1e-14 each.
    private func expectEqual(_ found: Double?, _ expected: Double?, sourceLocation: SourceLocation = #_sourceLocation) {
        guard let found, let expected else {
            #expect(found == nil && expected == nil, sourceLocation: sourceLocation)
            return
        }
        #expect(
            Tolerance.relative(1e-9).accepts(found, expected), "\(found) against \(expected)",
            sourceLocation: sourceLocation)
    }

    @Test func `devinterp's chains give devinterp's numbers, burn-in left out and the diverged chain apart`() throws {
        let measurements = try importTraces(at: Fixture.url("traces/devinterp.h5").path())
        let expected: [Checkpoint] = try decode("devinterp.json")
        #expect(measurements.checkpoints.map(\.step) == expected.map(\.step))
        for (measured, expected) in zip(measurements.checkpoints, expected) {
            let llc = try #require(measured.llc)
            expectEqual(measured.loss, expected.initLoss)
            #expect(llc.chainValues.count == expected.chains.count)
            for (found, chain) in zip(llc.chainValues, expected.chains) { expectEqual(found, chain) }
            #expect(llc.divergedAtDraw == expected.divergedAtDraw)
            let completed = expected.chains.compactMap(\.self)
            expectEqual(llc.value, completed.reduce(0, +) / Double(completed.count))
            #expect(llc.identity == nil)
            // The burn-in starts at the checkpoint's own loss, so that devinterp's mean over all steps differs.
            #expect(abs(expected.devinterpLlcMean - (llc.value ?? 0)) > 0.01)
        }
        #expect(measurements.checkpoints[0].llc?.concerns.contains { $0.kind == .diverged } == true)
        #expect(measurements.checkpoints[0].chains[2].drawCount == 33)
    }

    @Test(arguments: ["arviz-0.23", "arviz-1"])
    func `ArviZ files give the numbers of az.summary`(name: String) throws {
        let measurements = try importTraces(at: Fixture.url("traces/\(name).nc").path())
        let expected: [Summary] = try decode("\(name).json")
        #expect(measurements.checkpoints.map(\.step) == expected.map(\.step))
        for (measured, expected) in zip(measurements.checkpoints, expected) {
            let llc = try #require(measured.llc)
            expectEqual(llc.value, expected.mean)
            expectEqual(llc.standardError, expected.mcseMean)
            expectEqual(llc.bulkESS, expected.essBulk)
            expectEqual(llc.tailESS, expected.essTail)
            expectEqual(llc.rHat, expected.rHat)
        }
    }

    @Test func `what is known of the sampling goes along, and nothing else is made up`() throws {
        let measurements = try importTraces(at: Fixture.url("traces/devinterp.h5").path())
        let imported = try #require(measurements.imported)
        #expect(imported.source == "devinterp 2.0.1" && imported.nBeta == 80)
        #expect(imported.chainCount == 3 && imported.drawCount == 60 && imported.burnInCount == 20)
        #expect(imported.stepSize == 0.002 && imported.localization == 10)
        #expect(imported.stated.contains(Entry(name: "batch_size", value: "32")))
        #expect(measurements.runName == "devinterp" && measurements.axis == .step)
        #expect(measurements.settings == nil && measurements.exampleCount == nil && measurements.tensors.isEmpty)
        #expect(measurements.weightProducts == nil && measurements.outputProducts == nil)
        let again = try importTraces(at: Fixture.url("traces/devinterp.h5").path())
        #expect(again.provenance == measurements.provenance && measurements.provenance.digests.count == 1)
    }

    @Test func `a whole analysis follows from imported chains`() throws {
        let analysis = Analysis(measurements: try importTraces(at: Fixture.url("traces/devinterp.h5").path()))
        #expect(analysis.measurements.checkpoints.count == 4)
    }

    @Test func `an error is a failure of its kind`() throws {
        let failure = #expect(throws: Failure.self) { try importTraces(at: "/no/such/traces.h5") }
        #expect(failure?.kind == .notFound)
    }
}

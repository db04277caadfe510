import Sampling
import Testing

@testable import Development

@Suite struct `An analysis` {
    @Test func `finds the boundary of its run and says so first`() throws {
        let analysis = Analysis(measurements: madeUpRun())
        let stages = try #require(analysis.stages)
        #expect(stages.boundaries.count == 1)
        #expect(stages.stages.map(\.kind.rawValue) == ["A", "A"])
        #expect(analysis.essentialDynamics?.components.count == 3)
        #expect(analysis.weightDynamics == nil)
        #expect(analysis.verdict[0].hasPrefix("Two stages. Boundary at step "))
        #expect(analysis.verdict[0].contains("support 1.00"))
        #expect(analysis.verdict.count == 3)
        #expect(analysis.verdict[1].contains("type A"))
    }

    @Test func `unusable checkpoints take no part, are listed and explained`() throws {
        let diverged = Concern(
            kind: .diverged, severity: .unusable, finding: "All chains diverged.", remedy: "Halve ε.")
        let analysis = Analysis(
            measurements: madeUpRun { checkpoints in
                checkpoints[5].llc = madeUpEstimate(nil, concerns: [diverged])
                checkpoints[9].llc = madeUpEstimate(1e9, concerns: [diverged])
            })
        let steps = [analysis.measurements.checkpoints[5].step, analysis.measurements.checkpoints[9].step]
        #expect(analysis.stages?.excludedSteps == steps)
        #expect(analysis.stages?.boundaries.count == 1)
        let advisory = try #require(analysis.advisories.first)
        #expect(advisory.severity == .warning && advisory.steps == steps && advisory.remedy == "Halve ε.")
        #expect(advisory.finding.contains("2 of \(analysis.measurements.checkpoints.count) checkpoints"))
        #expect(analysis.verdict.last?.contains("warning") == true)
    }

    @Test func `a doubt is a note unless it concerns half of the series`() {
        let doubt = Concern(kind: .drifting, severity: .doubtful, finding: "It drifts.", remedy: "Burn in longer.")
        for (count, severity) in [(3, Advisory.Severity.note), (30, .warning)] {
            let analysis = Analysis(
                measurements: madeUpRun { checkpoints in
                    for index in 0..<count { checkpoints[index].llc?.concerns = [doubt] }
                })
            #expect(analysis.advisories.first { $0.remedy == "Burn in longer." }?.severity == severity)
            #expect(analysis.stages?.excludedSteps.isEmpty == true)
        }
    }

    @Test func `too few points are a warning with what to do`() throws {
        let analysis = Analysis(measurements: madeUpRun { $0 = Array($0.prefix(7)) })
        #expect(analysis.stages == nil)
        #expect(
            analysis.advisories.contains { $0.severity == .warning && $0.finding.hasPrefix("7 usable checkpoints") })
        #expect(analysis.verdict[0].hasPrefix("Stages cannot be told"))
    }

    @Test func `a run without any measurement is analysed without failing`() {
        var measurements = madeUpRun { $0 = [] }
        measurements.outputProducts = nil
        measurements.limitations = ["no model.onnx: λ̂ is not measured"]
        let analysis = Analysis(measurements: measurements)
        #expect(analysis.stages == nil && analysis.essentialDynamics == nil)
        #expect(analysis.advisories.map(\.severity) == [.note])
        #expect(analysis.verdict == ["The LLC was not measured, so no stages were looked for."])
    }

    @Test func `a loss that rises and a mixture of processors are said, the graver first`() {
        var measurements = madeUpRun { $0[$0.count - 1].loss = 9 }
        measurements.provenance.processors = ["kind A", "kind B"]
        let advisories = Analysis(measurements: measurements).advisories
        #expect(advisories.contains { $0.severity == .warning && $0.finding.contains("does not fall") })
        #expect(advisories.last.map { $0.severity == .note && $0.finding.contains("kind A; kind B") } == true)
    }

    @Test func `scatter beyond the errors and gaps are said`() {
        let noisy = Analysis(
            measurements: madeUpRun { checkpoints in
                for index in checkpoints.indices { checkpoints[index].llc?.standardError = 0.01 }
            })
        #expect(noisy.advisories.contains { $0.finding.contains("scatters") })
        let gapped = Analysis(measurements: madeUpRun { $0.removeAll { 40 < $0.step && $0.step < 20_000 } })
        #expect(gapped.advisories.contains { $0.finding.contains("too far apart") })
    }

    @Test func `a number that is not finite is reported, not thrown`() {
        let analysis = Analysis(measurements: madeUpRun { $0[4].llc?.value = .infinity })
        #expect(analysis.stages == nil)
        #expect(analysis.advisories.contains { $0.finding.hasPrefix("The stages could not be computed") })
    }

    @Test func `shares that a Brownian path has too are said`() {
        func dynamics(share: Double) -> EssentialDynamics {
            EssentialDynamics(
                steps: [0, 1, 2],
                components: [.init(scores: [], smoothed: [], share: share, brownianShare: 0.6079)], planes: [])
        }
        #expect(Advisory.concerning(dynamics: dynamics(share: 0.56)).count == 1)
        #expect(Advisory.concerning(dynamics: dynamics(share: 0.8)).isEmpty)
    }
}

import Sampling
import TestSupport
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
        #expect(analysis.verdict[0].contains("support 100.0 %"))
        #expect(analysis.verdict.count == 2 && analysis.stageSentences.count == 2)
        #expect(analysis.verdict[1].hasPrefix("Of ") && analysis.verdict[1].contains("by chance ("))
        #expect(analysis.stageSentences[0].contains("type A"))
    }

    @Test func `unusable checkpoints take no part, are listed and explained`() throws {
        let diverged = Concern(
            kind: .diverged, severity: .unusable, finding: "All chains diverged.", remedy: "Halve ε.")
        let drifting = Concern(kind: .drifting, severity: .doubtful, finding: "It drifts.", remedy: "Burn in longer.")
        let analysis = Analysis(
            measurements: madeUpRun { checkpoints in
                checkpoints[5].llc = madeUpEstimate(nil, concerns: [diverged, drifting])
                checkpoints[9].llc = madeUpEstimate(1e9, concerns: [diverged])
            })
        let steps = [analysis.measurements.checkpoints[5].step, analysis.measurements.checkpoints[9].step]
        #expect(analysis.stages?.excludedSteps == steps)
        #expect(analysis.stages?.boundaries.count == 1)
        let advisory = try #require(analysis.advisories.first)
        #expect(advisory.severity == .warning && advisory.steps == steps && advisory.remedy == "Halve ε.")
        #expect(advisory.finding.contains("2 of \(analysis.measurements.checkpoints.count) checkpoints"))
        #expect(!analysis.advisories.contains { $0.finding.contains("doubtful") })
        #expect(analysis.verdict[1] == "The estimate of complexity, λ̂, is unusable at 2 of 43 checkpoints.")
        #expect(analysis.verdict.last?.contains("warning") == true)
        #expect(analysis.verdict[0].hasPrefix("Two stages. "))
    }

    @Test func `stages that begin after the first checkpoint say so`() throws {
        let diverged = Concern(
            kind: .diverged, severity: .unusable, finding: "All chains diverged.", remedy: "Halve ε.")
        let analysis = Analysis(
            measurements: madeUpRun { checkpoints in
                for index in 0..<3 { checkpoints[index].llc = madeUpEstimate(nil, concerns: [diverged]) }
            })
        let first = analysis.measurements.checkpoints[3].step
        #expect(analysis.verdict[0].hasPrefix("Two stages from step \(first) on. "), "\(analysis.verdict[0])")
        #expect(analysis.measurements.searchedSpan(by: .llc)?.lowerBound == Double(first))
        #expect(analysis.measurements.searchedSpan(by: .loss)?.lowerBound == 1)
    }

    @Test func `confirmations are told with what chance gives`() {
        var analysis = Analysis(measurements: madeUpRun())
        let boundary = Boundary(step: 1_000, interval: 990...1_010, innerInterval: 995...1_005)
        func told(_ places: [[Witness.Place]], twice: Bool = false) -> String {
            let witnesses = places.enumerated().map { Witness(name: "series \($0)", kind: .rest, places: $1) }
            analysis.evidence.table = WitnessTable(
                witnesses, boundaries: twice ? [boundary, boundary] : [boundary], span: 1...50_000)
            return analysis.verdict[1]
        }
        let here = Witness.Place(step: 1_000, interval: 999...1_001)
        #expect(told([[], []]) == "Of 2 other series, none confirms the boundary (0 expected by chance).")
        #expect(
            told([[here], [here]]).hasPrefix(
                "Of 2 other series, 2 confirm the boundary (series 0 and series 1), more than"))
        let anywhere = Witness.Place(step: 500, interval: 1...50_000)
        #expect(
            told([[anywhere], []]).hasPrefix(
                "Of 2 other series, 1 confirms the boundary (series 0), no more than by chance (1.0 expected, p = 1.0)")
        )
        #expect(
            told([[here], [here]], twice: true).hasPrefix(
                "Of 2 other series, 2 and 2 confirm the boundaries, in order, more than by chance ("))
    }

    @Test func `doubts of all kinds together decide whether they are a warning`() {
        func doubt(_ kind: Concern.Kind) -> Concern {
            Concern(kind: kind, severity: .doubtful, finding: "it drifts", remedy: "burn in longer")
        }
        // 43 checkpoints; the boundary near step 240 leaves about half of them on either side.
        let cases: [(drifting: Range<Int>, disagreeing: Range<Int>, severity: Advisory.Severity)] = [
            (0..<3, 30..<34, .note), (0..<12, 12..<25, .warning), (0..<8, 8..<16, .warning),
        ]
        for (drifting, disagreeing, severity) in cases {
            let analysis = Analysis(
                measurements: madeUpRun { checkpoints in
                    for index in drifting { checkpoints[index].llc?.concerns = [doubt(.drifting)] }
                    for index in disagreeing { checkpoints[index].llc?.concerns = [doubt(.chainsDisagree)] }
                })
            let advisories = analysis.advisories.filter { $0.remedy == "Burn in longer." }
            #expect(advisories.map(\.severity) == [severity, severity], "\(drifting), \(disagreeing)")
            #expect(advisories.allSatisfy { $0.finding.hasSuffix(": It drifts.") })
            #expect(advisories.map(\.steps.count).sorted() == [drifting.count, disagreeing.count].sorted())
            #expect(analysis.stages?.excludedSteps.isEmpty == true)
            #expect(analysis.verdict[0].hasPrefix("Provisional: two stages.") == (drifting.count == 12))
            #expect(
                analysis.verdict[1]
                    == "The estimate of complexity, λ̂, is doubtful at \(drifting.count + disagreeing.count) of 43 checkpoints."
            )
        }
    }

    @Test func `the verdict counts what is doubtful or unusable and names the boundaries that rest on it`() throws {
        let doubt = Concern(kind: .drifting, severity: .doubtful, finding: "it drifts", remedy: "burn in longer")
        let none = Concern(kind: .diverged, severity: .unusable, finding: "all diverged", remedy: "lower it")
        let sound = madeUpRun { $0[$0.count - 1].llc = madeUpEstimate(nil, concerns: [none]) }
        let interval = try #require(Analysis(measurements: sound).stages).boundaries[0].interval
        func verdict(sparing spared: Int) -> [String] {
            var measurements = sound
            let within = measurements.checkpoints.indices.filter {
                interval.contains(Double(measurements.checkpoints[$0].step))
            }
            for index in within.dropFirst(spared) { measurements.checkpoints[index].llc?.concerns = [doubt] }
            return Analysis(measurements: measurements).verdict
        }
        let weak = verdict(sparing: 0)
        #expect(
            weak[1].hasPrefix("The estimate of complexity, λ̂, is doubtful at ")
                && weak[1].hasSuffix(" of 43 checkpoints and unusable at 1."))
        #expect(weak[2].hasPrefix("The boundary at step ") && weak[2].hasSuffix(" rests on doubtful estimates only."))
        #expect(!verdict(sparing: 1).contains { $0.contains("rests on") })
    }

    @Test func `an LLC above half the number of parameters is noted`() throws {
        func notes(_ value: Double, stepBias: Double = 0) -> [Advisory] {
            let measurements = madeUpRun { checkpoints in
                checkpoints[7].llc?.value = value
                checkpoints[7].llc?.stepBias = stepBias
            }
            return measurements.advisories(stages: []).filter { $0.finding.contains("d/2 = 100,") }
        }
        // d = 200 and a standard error of 0.5.
        #expect(notes(100.9).isEmpty && notes(102, stepBias: 1.5).isEmpty)
        let note = try #require(notes(101.1).first)
        #expect(
            note.severity == .note && note.finding.hasPrefix("1 of 43 checkpoints has a λ̂ above")
                && note.steps.count == 1)
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
        #expect(
            analysis.verdict == [
                "No stages were looked for: the LLC was not measured, and nothing else is known at enough checkpoints."
            ])
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

    @Test func `jumps that the curve does not follow are said, and only those`() throws {
        func analysis(ofLevels levels: [Double], method: Method? = nil) -> Analysis {
            let made = madeUpRun { checkpoints in
                let template = checkpoints[0]
                var normals = RepeatableNormals(seed: 4)
                checkpoints = (0..<60).map { index in
                    var checkpoint = template
                    checkpoint.step = 100 * index
                    checkpoint.llc = madeUpEstimate(levels[index * levels.count / 60] + 0.05 * normals.next())
                    checkpoint.llc?.standardError = 0.05
                    return checkpoint
                }
            }
            return Analysis(measurements: made, method: method)
        }
        func warnings(_ analysis: Analysis) -> [String] {
            analysis.advisories.map(\.finding).filter { $0.contains("of how λ̂ varies to noise") }
        }
        let jumping = warnings(analysis(ofLevels: [1, 5, 9, 3]))
        #expect(jumping.count == 1)
        // The points between which the levels change are known to the row.
        for gap in ["[1,400, 1,500]", "[2,900, 3,000]", "[4,400, 4,500]"] {
            #expect(jumping.first?.contains(gap) == true)
        }
        #expect(warnings(analysis(ofLevels: [1, 5, 9, 3], method: .changePoints)).isEmpty)
        #expect(warnings(analysis(ofLevels: [4])).isEmpty)
        #expect(warnings(Analysis(measurements: madeUpRun())).isEmpty)
    }

    @Test func `a number that is not finite is reported, not thrown`() {
        let analysis = Analysis(measurements: madeUpRun { $0[4].llc?.value = .infinity })
        #expect(analysis.stages == nil)
        #expect(analysis.advisories.contains { $0.finding.hasPrefix("The stages could not be computed") })
    }

    @Test func `a path that a random walk could have is said to be one`() {
        func dynamics(pValue: Double) -> EssentialDynamics {
            EssentialDynamics(
                steps: [0, 1, 2], components: [], planes: [],
                nullTest: .init(surrogateCount: 199, checkpointCount: 3, pValue: pValue))
        }
        #expect(Advisory.concerning(dynamics: dynamics(pValue: 0.3)).count == 1)
        #expect(Advisory.concerning(dynamics: dynamics(pValue: 0.01)).isEmpty)
    }
}

import Foundation
import Testing

@testable import Development

@Suite struct `A comparison` {
    @Test func `equal settings differ in nothing that bears on the LLC`() throws {
        let comparison = Comparison([Analysis(measurements: madeUpRun()), Analysis(measurements: madeUpRun(seed: 2))])
        #expect(comparison.differences.map(\.subject) == [.effort])
        #expect(comparison.differences[0].name == "seed" && comparison.differences[0].values == ["1", "2"])
        #expect(!comparison.advisories.contains { $0.severity == .warning })
        #expect(comparison.levelsAreComparable)
        #expect(comparison.runNames == ["made up (1)", "made up (2)"])
        let universality = try #require(comparison.universality)
        #expect(universality.comparisons.map(\.coordinate) == [.logStep, .loss, .llc])
        let match = try #require(universality.comparisons[0].pairs[0].matches.first)
        // Both lie within 0.75 in log t of the boundary of one signal, as in the tests of finding stages.
        #expect(abs(log(match.stepRatio)) < 1.5)
        #expect(match.interval.contains(match.stepRatio))
        #expect(comparison.verdict.contains { $0.hasPrefix("Matched by log step, the boundaries agree to ") })
        let pValue = try #require(universality.comparisons[0].joint?.pValue)
        #expect(
            comparison.verdict[0].hasPrefix(
                pValue > 0.05
                    ? "Two stages in both runs. Whether they are the same is not told: "
                    : "The same two stages in both runs."),
            "\(comparison.verdict[0]) p = \(pValue)")
        #expect(comparison.llcs.map(\.steps) == comparison.losses.map(\.steps))
    }

    @Test func `settings that differ forbid comparing heights`() throws {
        var second = madeUpRun(name: "other", stepSize: 2e-4)
        second.hyperparameters = [Entry(name: "learning rate", value: "0.002"), Entry(name: "decay", value: "0.1")]
        let comparison = Comparison([Analysis(measurements: madeUpRun()), Analysis(measurements: second)])
        #expect(comparison.differences.map(\.name) == ["step size ε", "learning rate", "decay"])
        #expect(comparison.differences[0].values == ["0.0001", "0.0002"])
        #expect(comparison.differences[2].values == [nil, "0.1"])
        let warning = try #require(comparison.advisories.first)
        #expect(warning.severity == .warning && warning.finding.contains("step size ε (0.0001, 0.0002)"))
        #expect(!comparison.levelsAreComparable)
        // 1000/ln 1000 to all its digits.
        #expect(
            warning.remedy == "Measure other again with --n-beta 144.76482730108395 --step-size 0.0001 "
                + "--localization 1 --sampler sgld --batch 64 --minibatches iid --precision double and another --output."
        )
        #expect(comparison.verdict.last?.hasPrefix("Heights of the LLC cannot be compared") == true)
        #expect(comparison.verdict.contains { $0.hasPrefix("other: Two stages.") })
    }

    @Test func `what no setting can make comparable is said`() throws {
        var second = madeUpRun(name: "other")
        second.exampleCount = 500
        let comparison = Comparison([Analysis(measurements: madeUpRun()), Analysis(measurements: second)])
        #expect(comparison.advisories.first?.remedy.hasPrefix("No setting makes up for another loss") == true)
        #expect(!comparison.levelsAreComparable)
    }

    @Test func `components are common only when given jointly`() throws {
        let analyses = [Analysis(measurements: madeUpRun()), Analysis(measurements: madeUpRun())]
        let own = Comparison(analyses)
        #expect(!own.hasCommonComponents)
        #expect(own.advisories.contains { $0.finding.contains("components of its own") })
        var larger = madeUpRun()
        larger.outputProducts?.probeDigest = "another"
        #expect(
            Comparison([analyses[0], Analysis(measurements: larger)]).advisories.contains {
                $0.finding.contains("same probe set, or have different sizes")
            })
        let dynamics = try #require(analyses[0].essentialDynamics)
        let joint = Comparison(analyses, jointDynamics: [dynamics, dynamics])
        #expect(joint.hasCommonComponents)
        #expect(joint.essentialDynamics == [dynamics, dynamics])
        #expect(!joint.advisories.contains { $0.finding.contains("components of its own") })
    }

    @Test func `runs without stages are compared all the same`() {
        let short = Analysis(measurements: madeUpRun(name: "short") { $0 = Array($0.prefix(5)) })
        let comparison = Comparison([Analysis(measurements: madeUpRun()), short])
        #expect(comparison.universality == nil)
        #expect(
            comparison.verdict[0]
                == "Whether the stages are the same cannot be told: made up has two stages and short has "
                + "none that were looked for.")
        #expect(comparison.advisories.contains { $0.finding.hasPrefix("short has no series in which") })
    }
}

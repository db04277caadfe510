import Development
import Foundation
import Sampling
import Tensors

/// An analysis of a run that never was: λ̂ rises, rests and falls in three stages; one estimate is doubtful and one
/// checkpoint's chains all diverged. Everything is a formula of the index, so the bytes never change.
enum SyntheticAnalysis {
    /// The whole of it.
    static func full(
        name: String = "Two-layer transformer", checkpointCount: Int = 45, tensorNames: [String] = tensorNames,
        delay: Double = 1
    ) -> Analysis {
        let steps = logSpacedSteps(count: checkpointCount, last: 50_000)
        let tensors = tensorNames.enumerated().map {
            TensorSummary(name: $1, shape: [16 << ($0 % 4), 64], isSampled: $0 % 7 != 6)
        }
        let checkpoints = steps.enumerated().map { index, step in
            checkpoint(index: index, step: step, count: checkpointCount, tensorCount: tensors.count, delay: delay)
        }
        let measurements = Measurements(
            runName: name, axis: .step, loss: LossDescription(name: "cross-entropy", unit: "nats"),
            exampleCount: 100_000,
            settings: SamplingSettings(
                chainCount: 4, drawCount: 800, burnInCount: 200, batchSize: 256, minibatches: .iid, stepSize: 1.2e-6,
                nBeta: 8685.9, localization: 100, seed: 7, precision: .float),
            provenance: Provenance(
                version: "1.0", processors: ["x86-64-v4, SkylakeX"],
                digests: [Entry(name: "graph", value: String(repeating: "5d41402abc4b2a76", count: 4))]),
            hyperparameters: [
                Entry(name: "learning rate", value: "0.001"), Entry(name: "batch", value: "\(64 * delay)"),
            ],
            tensors: tensors, checkpoints: checkpoints, outputProducts: nil, weightProducts: nil,
            recordedSeries: [
                RecordedSeries(
                    name: "learning_rate", steps: Array(stride(from: 0, to: 50_000, by: 50)),
                    values: stride(from: 0, to: 50_000, by: 50).map { 1e-3 * min(1, Double($0) / 2000) }),
                RecordedSeries(
                    name: "validation/accuracy", steps: steps,
                    values: steps.map { 0.9 / (1 + exp(-(log1p(Double($0)) - 7))) }),
            ],
            limitations: [])
        return Analysis(
            measurements: measurements, stages: stages(delay: delay), essentialDynamics: dynamics(steps),
            weightDynamics: dynamics(steps),
            advisories: [
                Advisory(
                    severity: .warning, finding: "All chains diverged at 1 of \(checkpointCount) checkpoints.",
                    remedy: "Halve the step size with --step-size and measure again.", steps: [steps[steps.count / 3]]),
                Advisory(
                    severity: .note, finding: "The first component's share is not above a Brownian path's.",
                    remedy: "Read the components by their shape, not their share."),
            ])
    }

    static let tensorNames =
        ["embedding.weight", "position.weight"]
        + (0..<4).flatMap { layer in
            ["attention.query", "attention.value", "mlp.0", "mlp.2"].map { "blocks.\(layer).\($0).weight" }
        }
        + ["unembedding.weight"]

    /// 0 and steps evenly spaced in log(t + 1), without repetition.
    static func logSpacedSteps(count: Int, last: Int) -> [Int] {
        var steps: [Int] = []
        for index in 0..<count {
            let even = expm1(log1p(Double(last)) * Double(index) / Double(max(count - 1, 1)))
            steps.append(max(Int(even.rounded()), (steps.last ?? -1) + 1))
        }
        return steps
    }

    private static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

    /// λ at a step: rises to 34 before 1,000 (times `delay`), rests, falls to 27 at the end.
    static func llc(_ step: Double, delay: Double) -> Double {
        let x = log1p(step / delay)
        return 30 * sigmoid(2.2 * (x - 5)) + 12 * sigmoid(4 * (x - 8.2)) - 8 * sigmoid(4 * (x - 10))
    }

    /// A number in −1…1 that looks like noise.
    static func noise(_ index: Int, _ salt: Int) -> Double {
        let value = sin(Double(index) * 12.9898 + Double(salt) * 78.233) * 43758.5453
        return 2 * (value - value.rounded(.down)) - 1
    }

    private static func checkpoint(
        index: Int, step: Int, count: Int, tensorCount: Int, delay: Double
    ) -> CheckpointMeasurement {
        let x = log1p(Double(step) / delay)
        let loss = 7.6 - 3.2 * sigmoid(1.6 * (x - 4.6)) - 1.1 * sigmoid(3 * (x - 8)) - 0.2 * sigmoid(4 * (x - 10))
        let isDiverged = index == count / 3
        let isDoubtful = index == count / 2
        let value = llc(Double(step), delay: delay) + 0.6 * noise(index, 1) + (isDoubtful ? 3 : 0)
        let estimate = isDiverged ? diverged : estimate(value, index: index, isDoubtful: isDoubtful)
        return CheckpointMeasurement(
            step: step, loss: loss,
            subsetLosses: [("train", loss), ("test", loss + 0.05 + 0.02 * x)],
            gradientNorm: 0.02 + 1.5 * exp(-x / 3) * (1 + 0.2 * noise(index, 3)), llc: estimate,
            chains: (0..<4).map { chain(index: $0, salt: index, level: value, isDiverged: isDiverged) },
            tensorNorms: (0..<tensorCount).map { 8 + Double($0) + x },
            tensorMovements: (0..<tensorCount).map { tensor in
                index == 0 ? 0 : 6 * exp(-pow(x - 3 - Double(tensor) / 3, 2) / 6) + 0.004
            },
            tensorTurns: (0..<tensorCount).map { index < 2 ? nil : 1.2 + 0.3 * noise(index, 50 + $0) },
            tensorEffectiveRanks: (0..<tensorCount).map { 14 - sigmoid(x - 5) * Double(3 + $0 % 7) },
            tensorStableRanks: (0..<tensorCount).map { 5 - sigmoid(x - 5) * Double($0 % 4) })
    }

    private static func estimate(_ value: Double, index: Int, isDoubtful: Bool) -> LLCEstimate {
        LLCEstimate(
            value: value, standardError: isDoubtful ? 2.1 : 0.35 + 0.1 * noise(index, 2),
            rHat: isDoubtful ? 1.083 : 1.002 + 0.003 * abs(noise(index, 4)),
            bulkESS: isDoubtful ? 61 : 900 + 250 * noise(index, 5),
            tailESS: isDoubtful ? 40 : 700 + 200 * noise(index, 6),
            identity: StationaryIdentity(left: 1024 + 3 * noise(index, 7), right: 1026, standardError: 4),
            stepBias: 0.02 * value, drawCount: 1000,
            chains: (0..<4).map {
                ChainEvidence(
                    value: value + 0.3 * noise(index, 10 + $0), acceptance: 0.93, geweke: noise(index, 20 + $0),
                    shareBelowStart: 0.01, distance: 0.4)
            },
            concerns: isDoubtful
                ? [
                    Concern(
                        kind: .chainsDisagree, severity: .doubtful, finding: "R-hat is 1.083.",
                        remedy: "Lengthen the chains with --draws.")
                ] : [])
    }

    static let diverged = LLCEstimate(
        value: nil, standardError: nil, rHat: nil, bulkESS: nil, tailESS: nil, identity: nil, stepBias: nil,
        drawCount: 0, chains: [312, 290, 405, 333].map { ChainEvidence(value: nil, divergedAtDraw: $0) },
        concerns: [
            Concern(
                kind: .diverged, severity: .unusable, finding: "All 4 chains diverged, the first at draw 290.",
                remedy: "Halve the step size.")
        ])

    private static func chain(index: Int, salt: Int, level: Double, isDiverged: Bool) -> ChainTrace {
        var trace = ChainTrace(chain: index)
        for draw in 0..<(isDiverged ? 300 + 20 * index : 1000) {
            let approach = 1 - exp(-Double(draw) / 60)
            let growth = isDiverged ? exp(Double(draw) / 40) : 0
            let difference = (level * approach + 6 * noise(draw, 100 * salt + index) + growth) / 8685.9
            trace.lossDifferences.append(difference)
            trace.losses.append(3 + difference)
        }
        if isDiverged { trace.outcome = .diverged(atDraw: 300 + 20 * index) }
        return trace
    }

    private static func stages(delay: Double) -> StageFinding {
        let grid = (0...120).map { expm1(log1p(50_000) * Double($0) / 120) }
        let mean = grid.map { llc($0, delay: delay) }
        func boundary(_ step: Double, support: Double) -> Boundary {
            Boundary(
                step: step * delay, interval: step * delay * 0.82...step * delay * 1.2,
                innerInterval: step * delay * 0.94...step * delay * 1.05, support: support, relativeSlope: 0.07,
                sharpness: 0.8)
        }
        let first = boundary(1050, support: 0.99)
        let second = boundary(8900, support: 0.93)
        func stage(_ start: Double, _ end: Double, _ loss: Double, _ kind: Stage.Kind) -> Stage {
            Stage(
                start: start, end: end, lossChange: Estimate(value: loss, standardError: 0.01),
                llcChange: Estimate(value: llc(end, delay: delay) - llc(start, delay: delay), standardError: 0.41),
                kind: kind)
        }
        return StageFinding(
            boundaries: [first, second],
            search: BoundarySearch(
                boundaries: [first, second], rejected: [boundary(90, support: 0.21)],
                curve: BoundarySearch.Curve(
                    steps: grid, mean: mean, deviation: grid.map { _ in 0.4 }, slope: grid.map { _ in 0 }),
                supportThreshold: 0.5, noise: 0.2, unresolved: []),
            stages: [
                stage(0, first.step, -3.19, .lossFallsComplexityRises),
                stage(first.step, second.step, -1.05, .lossFallsComplexityRises),
                stage(second.step, 50_000, -0.21, .lossFallsComplexityFalls),
            ],
            excludedSteps: [20])
    }

    private static func dynamics(_ steps: [Int]) -> EssentialDynamics {
        let angle = steps.map { 3 * log1p(Double($0)) / 10.82 }
        let shares = [0.71, 0.17, 0.06]
        let components = shares.indices.map { index in
            let exact = angle.map { sqrt(shares[index]) * 12 * cos(Double(index + 1) * $0) }
            return EssentialDynamics.Component(
                scores: exact.enumerated().map { $1 + 0.25 * noise($0, 20 + index) }, smoothed: exact,
                share: shares[index], brownianShare: [0.608, 0.152, 0.068][index])
        }
        let pairs = [(0, 1), (0, 2), (1, 2)]
        let planes = pairs.map { first, second in
            EssentialDynamics.Plane(
                first: first, second: second, curvature: steps.map { _ in 0.3 },
                centers: steps.indices.map { index in
                    index % 11 == 0
                        ? nil
                        : [components[first].smoothed[index] * 0.4, components[second].smoothed[index] * 0.4 + 1]
                })
        }
        return EssentialDynamics(steps: steps, components: components, planes: planes)
    }
}

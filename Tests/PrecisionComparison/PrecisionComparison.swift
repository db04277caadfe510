import Foundation
package import Graphs
import Pipeline
package import Sampling

/// λ̂ of the same chains in Float and in Double.
package struct PrecisionComparison: CustomStringConvertible {
    private let single: LLCEstimate
    private let double: LLCEstimate
    private let settings: SamplingSettings
    private let dimension: Int
    private struct Pair {
        let single: ChainTrace
        let double: ChainTrace
    }

    /// The root mean square over draws of the difference of nβ(L_B(w) − L_B(w\*)).
    private let drawDifference: Double

    /// Samples both; with the same training step, chain and draw they use the same minibatches and noise.
    package init(
        single: ModelLoss<Float>, double: ModelLoss<Double>, posterior: LocalPosterior<Float>,
        settings: SamplingSettings, threadCount: Int
    ) async throws {
        let traces = try await withThrowingTaskGroup(of: [Pair].self) { group in
            for thread in 0..<threadCount {
                group.addTask {
                    let chains = Array(stride(from: thread, to: settings.chainCount, by: threadCount))
                    let inFloat = try sample(single, posterior: posterior, settings: settings, chains: chains)
                    let inDouble = try sampleInDouble(
                        double, posterior: posterior, settings: settings, chains: chains)
                    return zip(inFloat, inDouble).map { Pair(single: $0, double: $1) }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }.sorted { $0.single.chain < $1.single.chain }
        }
        dimension = posterior.subset.count
        func estimate(_ traces: [ChainTrace]) -> LLCEstimate {
            LLCEstimate(
                traces: traces, conditions: ChainConditions(settings, dimension: posterior.subset.count))
        }
        self.single = estimate(traces.map(\.single))
        self.double = estimate(traces.map(\.double))
        self.settings = settings
        let squares = traces.flatMap { zip($0.single.lossDifferences, $0.double.lossDifferences) }
            .map { ($0 - $1) * ($0 - $1) }
        drawDifference = settings.nBeta * (squares.reduce(0, +) / Double(squares.count)).squareRoot()
    }

    /// |λ̂ in Float − λ̂ in Double| over the standard error of the latter; nil where either does not exist.
    package var shareOfError: Double? {
        guard let single = single.value, let double = double.value, let error = self.double.standardError else {
            return nil
        }
        return abs(single - double) / error
    }

    package var isWithinTenthOfError: Bool { shareOfError.map { $0 < 0.1 } ?? false }

    package var description: String {
        func text(_ value: Double?) -> String { value.map { String(format: "%.6f", $0) } ?? "none" }
        return "\(dimension) parameters, \(settings.chainCount) chains of \(settings.drawCount) draws after "
            + "\(settings.burnInCount): λ̂ \(text(single.value)) in Float, \(text(double.value)) in Double, standard error "
            + "\(text(double.standardError)); the difference is "
            + (shareOfError.map { String(format: "%.1e", $0) } ?? "no number of") + " standard errors, and "
            + String(format: "%.1e", drawDifference) + " in the root mean square over draws"
    }
}

/// Samples chains in Float, as a measurement does.
private func sample(
    _ loss: ModelLoss<Float>, posterior: LocalPosterior<Float>, settings: SamplingSettings, chains: [Int]
) throws -> [ChainTrace] {
    let evaluator = try loss.makeEvaluator(capacity: settings.batchSize)
    let center = evaluator.fullLoss(
        at: posterior.center, examples: 0..<loss.exampleCount, chunkSize: settings.batchSize)
    return try chains.map { index in
        var chain = Chain(chain: index, posterior: posterior, settings: settings, trainingStep: 0)
        try chain.advance(
            to: settings.burnInCount + settings.drawCount, evaluator: evaluator, centerLosses: center.exampleLosses,
            posterior: posterior, settings: settings, trainingStep: 0)
        return chain.trace
    }
}

/// Samples the same chains with everything but the random numbers in Double.
///
/// The streams of Float and Double normals hold different numbers, so the noise of the Float chain is widened.
private func sampleInDouble(
    _ loss: ModelLoss<Double>, posterior: LocalPosterior<Float>, settings: SamplingSettings, chains: [Int]
) throws -> [ChainTrace] {
    let evaluator = try loss.makeEvaluator(capacity: settings.batchSize)
    let center = posterior.center.map { Double($0) }
    let centerLosses = evaluator.fullLoss(
        at: center, examples: 0..<loss.exampleCount, chunkSize: settings.batchSize
    ).exampleLosses
    return chains.map { index in
        func stream(_ purpose: RandomStream.Purpose) -> RandomStream {
            RandomStream(seed: settings.seed, trainingStep: 0, chain: index, purpose: purpose)
        }
        var minibatches = Minibatches(
            exampleCount: loss.exampleCount, batchSize: settings.batchSize, scheme: settings.minibatches,
            stream: stream(.minibatches))
        let noiseStream = stream(.noise)
        var trace = ChainTrace(chain: index)
        var position = center
        var examples: [Int] = []
        var losses: [Double] = []
        var gradient: [Double] = []
        var noise = [Float](repeating: 0, count: center.count)
        let noiseScale = settings.stepSize.squareRoot()
        for draw in 0..<settings.burnInCount + settings.drawCount {
            minibatches.indices(ofDraw: draw, into: &examples)
            evaluator.lossesAndGradient(at: position, examples: examples, losses: &losses, gradient: &gradient)
            let mean = losses.reduce(0, +) / Double(losses.count)
            trace.losses.append(mean)
            trace.lossDifferences.append(
                mean - examples.reduce(0) { $0 + centerLosses[$1] } / Double(examples.count))
            noiseStream.fillNormals(&noise, row: draw)
            for range in posterior.subset.ranges {
                for i in range {
                    let drift = settings.nBeta * gradient[i] + settings.localization * (position[i] - center[i])
                    position[i] += -0.5 * settings.stepSize * drift + noiseScale * Double(noise[i])
                }
            }
        }
        return trace
    }
}

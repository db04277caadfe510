import Sampling
import Tensors

/// A loss written as a closure, with one example's loss and gradient added at a time.
struct ClosureLoss<Scalar: Real>: LossFunction {
    /// Returns the loss of one example and adds `weight` times its gradient.
    typealias Example =
        @Sendable (_ w: [Scalar], _ example: Int, _ weight: Scalar, _ gradient: inout [Scalar]) -> Double

    let parameterCount: Int
    let exampleCount: Int
    let example: Example

    init(parameterCount: Int, exampleCount: Int = 1, example: @escaping Example) {
        self.parameterCount = parameterCount
        self.exampleCount = exampleCount
        self.example = example
    }

    func makeEvaluator(capacity: Int) -> Evaluator { Evaluator(loss: self) }

    final class Evaluator: LossEvaluator {
        private let loss: ClosureLoss
        private var discarded: [Scalar]

        init(loss: ClosureLoss) {
            self.loss = loss
            discarded = [Scalar](repeating: 0, count: loss.parameterCount)
        }

        func losses(at parameters: [Scalar], examples: [Int], into losses: inout [Double]) {
            for (place, example) in examples.enumerated() {
                losses[place] = loss.example(parameters, example, 0, &discarded)
            }
        }

        func lossesAndGradient(
            at parameters: [Scalar], examples: [Int], losses: inout [Double], gradient: inout [Scalar]
        ) {
            for index in gradient.indices { gradient[index] = 0 }
            for (place, example) in examples.enumerated() {
                losses[place] = loss.example(parameters, example, 1 / Scalar(examples.count), &gradient)
            }
        }
    }
}

extension ClosureLoss {
    /// ½·Σ h_i·w_i² for every example, plus −h_i·w_i·shift(example): the mean over examples has its minimum at 0
    /// where the shifts have mean zero.
    static func quadratic(_ curvatures: [Scalar], shifts: [Scalar] = [0]) -> ClosureLoss {
        ClosureLoss(parameterCount: curvatures.count, exampleCount: shifts.count) { w, example, weight, gradient in
            var loss = 0.0
            let shift = shifts[example]
            for index in curvatures.indices {
                let slope = curvatures[index] * (w[index] - shift)
                gradient[index] += weight * slope
                loss += Double(curvatures[index] * w[index] * (w[index] / 2 - shift))
            }
            return loss
        }
    }
}

/// Settings for tests: full batch by default.
func testSettings(
    chains: Int = 2, draws: Int, burnIn: Int = 0, batch: Int = 1, minibatches: SamplingSettings.Minibatches = .iid,
    stepSize: Double, nBeta: Double, localization: Double, seed: UInt64 = 1
) -> SamplingSettings {
    SamplingSettings(
        chainCount: chains, drawCount: draws, burnInCount: burnIn, batchSize: batch, minibatches: minibatches,
        stepSize: stepSize, nBeta: nBeta, localization: localization, seed: seed, precision: .double)
}

/// Runs the chains of one checkpoint from a center and estimates λ̂.
func sample<Scalar: Real>(
    _ loss: ClosureLoss<Scalar>, center: [Scalar], settings: SamplingSettings
) throws -> (estimate: LLCEstimate, traces: [ChainTrace]) {
    let posterior = LocalPosterior(
        center: center, nBeta: settings.nBeta, localization: settings.localization,
        subset: ParameterSubset(all: center.count))
    let evaluator = loss.makeEvaluator(capacity: settings.batchSize)
    let atCenter = evaluator.fullLoss(at: center, examples: 0..<loss.exampleCount, chunkSize: settings.batchSize)
    let traces = try (0..<settings.chainCount).map { index in
        var chain = Chain(chain: index, posterior: posterior, settings: settings, trainingStep: 0)
        try chain.advance(
            to: settings.burnInCount + settings.drawCount, evaluator: evaluator, centerLosses: atCenter.exampleLosses,
            posterior: posterior, settings: settings, trainingStep: 0)
        return chain.trace
    }
    let estimate = LLCEstimate(
        traces: traces, conditions: ChainConditions(settings, dimension: posterior.subset.count))
    return (estimate, traces)
}

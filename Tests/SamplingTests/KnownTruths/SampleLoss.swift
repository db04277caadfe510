import Sampling

/// The mean loss of a whole sample as one function of the parameters, for losses that sufficient statistics give at
/// once; every step then takes all examples. To the chain it is a single example.
struct SampleLoss: LossFunction {
    /// Returns Lₙ(w) and adds ∇Lₙ(w) to a gradient that is zero.
    typealias Mean = @Sendable (_ w: [Double], _ gradient: inout [Double]) -> Double

    let parameterCount: Int
    let mean: Mean
    let exampleCount = 1

    init(parameterCount: Int, mean: @escaping Mean) {
        self.parameterCount = parameterCount
        self.mean = mean
    }

    /// Lₙ(w).
    func value(at w: [Double]) -> Double {
        var gradient = [Double](repeating: 0, count: parameterCount)
        return mean(w, &gradient)
    }

    /// ∇Lₙ(w).
    func gradient(at w: [Double]) -> [Double] {
        var gradient = [Double](repeating: 0, count: parameterCount)
        _ = mean(w, &gradient)
        return gradient
    }

    func makeEvaluator(capacity: Int) -> Evaluator { Evaluator(loss: self) }

    final class Evaluator: LossEvaluator {
        private let loss: SampleLoss

        init(loss: SampleLoss) { self.loss = loss }

        func losses(at parameters: [Double], examples: [Int], into losses: inout [Double]) {
            losses[0] = loss.value(at: parameters)
        }

        func lossesAndGradient(
            at parameters: [Double], examples: [Int], losses: inout [Double], gradient: inout [Double]
        ) {
            for index in gradient.indices { gradient[index] = 0 }
            losses[0] = loss.mean(parameters, &gradient)
        }
    }
}

import Foundation
import Graphs
import Sampling
import Tensors

/// How far losses, gradients and noise-free sampler steps are from a workload's reference values.
struct Agreement: Sendable, CustomStringConvertible {
    /// |L − L_ref|/|L_ref| of the minibatch.
    let lossError: Double
    /// The largest ‖g − g_ref‖/‖g_ref‖ over the parameters' tensors; over the norm of all where g_ref is zero.
    let gradientError: Double
    /// The largest ‖g − g_ref‖ relative to the mean norm of the examples' gradients.
    ///
    /// Near a minimum these cancel and the sum's rounding is large against what they leave, but not against them.
    let uncancelledGradientError: Double
    /// The largest relative error of the losses along the noise-free trajectory.
    let trajectoryError: Double

    /// Computes losses, gradients and trajectory in the precision of `Scalar`.
    init<Scalar: Real>(of workload: Workload, as type: Scalar.Type) throws {
        let reference = workload.reference
        let evaluator = try workload.loss(as: Scalar.self).makeEvaluator(capacity: workload.batchSize)
        let center = try workload.posterior(as: Scalar.self).center
        var losses: [Double] = []
        var gradient: [Scalar] = []
        func meanLoss(at position: [Scalar], _ batch: [Int]) -> Double {
            evaluator.lossesAndGradient(at: position, examples: batch, losses: &losses, gradient: &gradient)
            return losses.reduce(0, +) / Double(losses.count)
        }

        lossError = abs(meanLoss(at: center, reference.batch) / reference.loss - 1)
        let batchGradient = gradient
        let slots = workload.plan.binding.slots
        var exampleNorms = [Double](repeating: 0, count: slots.count)
        for example in reference.batch {
            _ = meanLoss(at: center, [example])
            for (index, slot) in slots.enumerated() {
                exampleNorms[index] += norm(gradient[slot.range].map { Double($0) }) / Double(reference.batch.count)
            }
        }
        let expected: [[Double]] = try slots.map { slot in
            guard let expected = reference.gradients[slot.name] else {
                throw BenchmarkError("\(workload.name): there is no reference gradient of \(slot.name)")
            }
            return expected.values()
        }
        let wholeNorm = norm(expected.map(norm))
        var errors: [(relative: Double, uncancelled: Double)] = []
        for (index, slot) in slots.enumerated() {
            let distance = norm(zip(batchGradient[slot.range], expected[index]).map { Double($0) - $1 })
            // The bias of attention's keys moves nothing: its gradient is zero, and computed as rounding alone.
            let isZero = norm(expected[index]) < 1e-12 * wholeNorm
            errors.append(
                isZero
                    ? (distance / wholeNorm, distance / norm(exampleNorms))
                    : (distance / norm(expected[index]), distance / exampleNorms[index]))
        }
        gradientError = errors.map(\.relative).max() ?? 0
        uncancelledGradientError = errors.map(\.uncancelled).max() ?? 0

        // Δw = −(ε/2)[nβ·∇L_B(w) + γ(w − w*)].
        let halfStep = Scalar(0.5 * workload.stepSize)
        let (nBeta, localization) = (Scalar(workload.nBeta), Scalar(workload.localization))
        var position = center
        var worst = 0.0
        for (batch, expected) in zip(reference.trajectoryBatches, reference.trajectoryLosses) {
            worst = max(worst, abs(meanLoss(at: position, batch) / expected - 1))
            for index in position.indices {
                let pull = localization * (position[index] - center[index])
                position[index] -= halfStep * (nBeta * gradient[index] + pull)
            }
        }
        trajectoryError = worst
    }

    /// Whether losses, and gradients relative to those of examples, are that close.
    func isWithin(_ tolerance: Double) -> Bool {
        [lossError, uncancelledGradientError, trajectoryError].allSatisfy { $0 <= tolerance }
    }

    var description: String {
        String(
            format: "relative error of the loss %.1e, of gradients %.1e (to those of examples %.1e), of losses along "
                + "noise-free steps %.1e", lossError, gradientError, uncancelledGradientError, trajectoryError)
    }
}

private func norm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }

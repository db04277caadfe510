import Tensors

/// h, the largest absolute eigenvalue of the Hessian of Lₙ over the sampled coordinates; it limits the step size.
public struct Curvature: Sendable, Equatable, Codable {
    /// h, in the loss's unit per squared unit of the weights; never negative.
    public let value: Double
    /// The number of products with the Hessian that were made.
    public let iterationCount: Int
    /// Whether the last iteration changed the value by less than the tolerance.
    public let isConverged: Bool

    /// Finds h by power iteration.
    ///
    /// A product with the Hessian is a central difference of the gradient, Hv ≈ [∇L(w + ηv) − ∇L(w − ηv)]/(2η) with
    /// |v| = 1 and η = ∛(machine epsilon)·|w|, which balances rounding against the third derivative. The value is
    /// |Hv|, which grows towards h from below whatever the sign of the eigenvalue, also where two share the size.
    ///
    /// - Parameters:
    ///   - evaluator: Evaluates the loss, with room for `chunkSize` examples.
    ///   - center: w\*, the whole flat vector.
    ///   - subset: The sampled coordinates; the Hessian is restricted to them.
    ///   - examples: The examples whose mean loss is meant.
    ///   - chunkSize: Examples per evaluation.
    ///   - random: A stream for the starting vector; purpose `curvature`.
    ///   - relativeTolerance: The iteration ends when the value changes by less than this part of itself.
    ///   - iterationLimit: It ends here at the latest.
    /// - Throws: `SamplingError` of kind `malformed` where a gradient near the center is not finite, and
    ///   `CancellationError`, checked before every product.
    public static func largest<Evaluator: LossEvaluator>(
        evaluator: Evaluator, center: [Evaluator.Scalar], subset: ParameterSubset, examples: some Collection<Int>,
        chunkSize: Int, random: RandomStream, relativeTolerance: Double = 0.01, iterationLimit: Int = 100
    ) throws -> Curvature {
        typealias Scalar = Evaluator.Scalar
        precondition(!examples.isEmpty && iterationLimit > 0, "a curvature needs examples and an iteration")
        guard subset.count > 0 else { return Curvature(value: 0, iterationCount: 0, isConverged: true) }
        let size = subset.norm(of: center)
        let difference = Double(Scalar.ulpOfOne).cubeRoot * (size > 0 ? size : 1)

        var direction = [Double](repeating: 0, count: center.count)
        random.fillNormals(&direction, row: 0)
        var value = 0.0
        for iteration in 1...iterationLimit {
            try Task.checkCancellation()
            let scale = difference / subset.norm(of: direction)
            var forward = center
            var backward = center
            for range in subset.ranges {
                for index in range {
                    forward[index] = Scalar(Double(center[index]) + scale * direction[index])
                    backward[index] = Scalar(Double(center[index]) - scale * direction[index])
                }
            }
            let ahead = evaluator.fullLossAndGradient(at: forward, examples: examples, chunkSize: chunkSize).gradient
            let behind = evaluator.fullLossAndGradient(at: backward, examples: examples, chunkSize: chunkSize).gradient
            for index in direction.indices { direction[index] = (ahead[index] - behind[index]) / (2 * difference) }
            let previous = value
            value = subset.norm(of: direction)
            guard value.isFinite else {
                throw SamplingError(
                    .malformed,
                    "the gradient is not finite near the weights; leave the checkpoint out, or state both --step-size and "
                        + "--localization", location: "curvature")
            }
            if abs(value - previous) <= relativeTolerance * value {
                return Curvature(value: value, iterationCount: iteration, isConverged: true)
            }
        }
        return Curvature(value: value, iterationCount: iterationLimit, isConverged: false)
    }
}

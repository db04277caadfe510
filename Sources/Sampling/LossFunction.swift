public import Tensors

/// A loss over a data set as a function of one flat parameter vector.
///
/// Sampling knows nothing of networks: this is all it sees of one. The value is shared by all
/// chains; each chain asks for an evaluator of its own, which holds the mutable workspace.
public protocol LossFunction<Scalar>: Sendable {
    /// The precision that losses and gradients are computed in.
    associatedtype Scalar: Real
    /// The mutable part: one per task.
    associatedtype Evaluator: LossEvaluator<Scalar>

    /// The length of the flat parameter vector, frozen coordinates and buffers included.
    var parameterCount: Int { get }
    /// n, the number of examples.
    var exampleCount: Int { get }

    /// Makes an evaluator with room for `capacity` examples at a time.
    func makeEvaluator(capacity: Int) throws -> Evaluator
}

/// Evaluates a loss for one task; not to be shared between tasks.
public protocol LossEvaluator<Scalar>: AnyObject {
    /// The precision of parameters and gradients.
    associatedtype Scalar: Real

    /// Writes the loss of each example at `parameters`.
    ///
    /// - Parameters:
    ///   - parameters: The flat parameter vector.
    ///   - examples: Indices into the data set, at most the evaluator's capacity.
    ///   - losses: Receives one loss per index, in nats or the output's squared unit; not finite where
    ///     the computation overflowed.
    func losses(at parameters: [Scalar], examples: [Int], into losses: inout [Double])

    /// Writes the loss of each example and the gradient of their mean.
    ///
    /// - Parameters:
    ///   - parameters: The flat parameter vector.
    ///   - examples: Indices into the data set, at most the evaluator's capacity.
    ///   - losses: Receives one loss per index.
    ///   - gradient: Receives the gradient of the mean loss; `parameterCount` long. Coordinates outside
    ///     the trainable subset are unspecified.
    func lossesAndGradient(
        at parameters: [Scalar], examples: [Int], losses: inout [Double], gradient: inout [Scalar])
}

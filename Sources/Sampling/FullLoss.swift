public import Tensors

/// Lₙ at one parameter vector: the loss of each example and their mean.
public struct FullLoss: Sendable, Equatable {
    /// One loss per example asked for, in that order.
    public let exampleLosses: [Double]

    /// Creates it from the losses of the examples.
    public init(exampleLosses: [Double]) { self.exampleLosses = exampleLosses }

    /// The mean loss, summed with compensation in Double; nil without examples.
    public var mean: Double? { exampleLosses.isEmpty ? nil : exampleLosses.mean }
}

extension LossEvaluator {
    /// Evaluates the loss over any number of examples in chunks, always cut alike.
    ///
    /// - Parameters:
    ///   - parameters: The flat parameter vector.
    ///   - examples: Indices into the data set.
    ///   - chunkSize: Examples per evaluation, at most the evaluator's capacity.
    public func fullLoss(at parameters: [Scalar], examples: some Collection<Int>, chunkSize: Int) -> FullLoss {
        var all: [Double] = []
        all.reserveCapacity(examples.count)
        forEachChunk(of: examples, size: chunkSize) { chunk in
            var losses = [Double](repeating: 0, count: chunk.count)
            self.losses(at: parameters, examples: chunk, into: &losses)
            all.append(contentsOf: losses.prefix(chunk.count))
        }
        return FullLoss(exampleLosses: all)
    }

    /// Evaluates the loss and the gradient of its mean over any number of examples in chunks, always cut alike.
    ///
    /// - Parameters:
    ///   - parameters: The flat parameter vector.
    ///   - examples: Indices into the data set.
    ///   - chunkSize: Examples per evaluation, at most the evaluator's capacity.
    /// - Returns: The losses, and the gradient of their mean summed over chunks in Double; its coordinates outside
    ///   the trainable subset are unspecified.
    public func fullLossAndGradient(
        at parameters: [Scalar], examples: some Collection<Int>, chunkSize: Int
    ) -> (loss: FullLoss, gradient: [Double]) {
        var all: [Double] = []
        all.reserveCapacity(examples.count)
        var sum = [Double](repeating: 0, count: parameters.count)
        var gradient = [Scalar](repeating: 0, count: parameters.count)
        forEachChunk(of: examples, size: chunkSize) { chunk in
            var losses = [Double](repeating: 0, count: chunk.count)
            lossesAndGradient(at: parameters, examples: chunk, losses: &losses, gradient: &gradient)
            all.append(contentsOf: losses.prefix(chunk.count))
            let weight = Double(chunk.count) / Double(examples.count)
            for index in sum.indices { sum[index] += weight * Double(gradient[index]) }
        }
        return (FullLoss(exampleLosses: all), sum)
    }

    private func forEachChunk(of examples: some Collection<Int>, size: Int, _ body: ([Int]) -> Void) {
        precondition(size > 0, "a chunk holds examples")
        var rest = examples[...]
        while !rest.isEmpty {
            body(Array(rest.prefix(size)))
            rest = rest.dropFirst(size)
        }
    }
}

extension ParameterSubset {
    /// The Euclidean norm of a whole flat vector's sampled coordinates, e.g. |∇Lₙ(w\*)|.
    public func norm<Scalar: Real>(of vector: [Scalar]) -> Double {
        var sum = 0.0
        for range in ranges {
            for index in range { sum += Double(vector[index]) * Double(vector[index]) }
        }
        return sum.squareRoot()
    }
}

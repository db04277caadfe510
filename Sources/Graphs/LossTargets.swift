import Tensors

/// What the outputs are compared with, checked against head, output shape and number of examples.
struct LossTargets<Scalar: Real>: Sendable {
    /// All examples' targets.
    let table: ExampleTable<Scalar>?

    /// The targets of the examples of one evaluation.
    enum Rows {
        case classes(UnsafePointer<Int64>)
        case numbers(UnsafePointer<Scalar>)
        case none
    }

    /// Takes the targets of `exampleCount` examples.
    ///
    /// - Parameters:
    ///   - outputShape: The shape of one example's output.
    ///   - tokens: The token input that next-token shifts.
    init(
        _ head: LossHead, targets: Tensor?, tokens: Tensor?, outputShape: Shape, exampleCount: Int
    ) throws(GraphError) {
        switch head {
        case .output:
            guard outputShape.elementCount == 1 else {
                throw GraphError(
                    .mismatch, "loss \(head.name) needs one number per example; the output has shape \(outputShape)")
            }
            table = nil
        case .crossEntropy, .nextToken:
            guard let classCount = outputShape.dimensions.last else {
                throw GraphError(.mismatch, "loss \(head.name) needs classes on the output's last axis; it has none")
            }
            let expected = Shape([exampleCount] + outputShape.dimensions.dropLast())
            let source = head == .nextToken ? try LossTargets.shifted(tokens, expected: expected) : targets
            let classes = try LossTargets.integers(source, head: head, expected: expected)
            let perExample = classes.count / max(1, exampleCount)
            try LossTargets.checkRange(classes, classCount: classCount, perExample: perExample)
            try LossTargets.requireTargets(classes, head: head, perExample: perExample)
            table = ExampleTable(.integers(classes), rowLength: perExample, exampleCount: exampleCount)
        case .sumSquaredError, .meanSquaredError, .binaryCrossEntropy:
            let numbers = try LossTargets.numbers(
                targets, head: head, outputShape: outputShape, exampleCount: exampleCount)
            table = ExampleTable(
                .floats(numbers), rowLength: outputShape.elementCount, exampleCount: exampleCount)
        }
    }

    /// The targets of next-token: each token's successor, and none for the last.
    private static func shifted(_ tokens: Tensor?, expected: Shape) throws(GraphError) -> Tensor {
        guard let tokens, let values = tokens.integers, tokens.shape.rank == 2 else {
            throw GraphError(
                .mismatch,
                "loss next-token needs one integer graph input of shape [examples, positions]; found "
                    + (tokens.map { "\($0.elementType) \($0.shape)" } ?? "none, or several"))
        }
        guard tokens.shape == expected else {
            throw GraphError(
                .mismatch,
                "loss next-token needs one output position per token: tokens \(tokens.shape), outputs "
                    + "\(expected) and classes")
        }
        let length = tokens.shape.dimensions[1]
        let successors = values.indices.map { index in
            index % length == length - 1 ? Int64(LossHead.ignoredTarget) : values[index + 1]
        }
        return Tensor(successors, shape: tokens.shape)
    }

    private static func integers(_ targets: Tensor?, head: LossHead, expected: Shape) throws(GraphError) -> [Int64] {
        guard let targets else { throw missing(head) }
        guard let values = targets.integers else {
            throw GraphError(
                .mismatch,
                "loss \(head.name) needs integer targets, the classes' indices; they are "
                    + "\(targets.elementType)")
        }
        guard squeezed(targets.shape) == squeezed(expected) else {
            throw GraphError(
                .mismatch,
                "targets have shape \(targets.shape); loss \(head.name) needs \(expected), the output's "
                    + "without its classes")
        }
        return values
    }

    private static func numbers(
        _ targets: Tensor?, head: LossHead, outputShape: Shape, exampleCount: Int
    ) throws(GraphError) -> [Scalar] {
        guard let targets else { throw missing(head) }
        let expected = Shape([exampleCount] + outputShape.dimensions)
        guard squeezed(targets.shape) == squeezed(expected) else {
            throw GraphError(
                .mismatch, "targets have shape \(targets.shape); loss \(head.name) needs \(expected), the output's")
        }
        let values: [Double] = targets.values()
        for (index, value) in values.enumerated() {
            let isValid = head == .binaryCrossEntropy ? (0...1).contains(value) : Scalar(value).isFinite
            guard isValid else {
                throw GraphError(
                    .mismatch,
                    "example \(index / outputShape.elementCount) has target \(value); loss \(head.name) needs "
                        + (head == .binaryCrossEntropy ? "0 to 1" : "finite numbers within the range of \(Scalar.self)")
                )
            }
        }
        return targets.values()
    }

    private static func checkRange(
        _ classes: [Int64], classCount: Int, perExample: Int
    ) throws(GraphError) {
        let valid = 0..<Int64(classCount)
        guard
            let index = classes.firstIndex(where: { !valid.contains($0) && $0 != Int64(LossHead.ignoredTarget) })
        else { return }
        throw GraphError(
            .mismatch,
            "example \(index / perExample) has target \(classes[index]); the output has \(classCount) classes, "
                + "so 0 to \(classCount - 1) are valid, and \(LossHead.ignoredTarget) to leave a position out")
    }

    /// An example without a target would count in the mean with loss 0, and in n.
    private static func requireTargets(_ classes: [Int64], head: LossHead, perExample: Int) throws(GraphError) {
        guard perExample > 0 else { return }
        let starts = stride(from: 0, to: classes.count, by: perExample)
        let empty = starts.filter { start in
            classes[start..<start + perExample].allSatisfy { $0 == Int64(LossHead.ignoredTarget) }
        }
        guard let first = empty.first else { return }
        let reason =
            head == .nextToken
            ? "loss \(head.name) needs sequences of two tokens or more"
            : "\(empty.count.counted("example")) without any target, the first example \(first / perExample): all of its "
                + "targets are \(LossHead.ignoredTarget). Leave such examples out of data.h5"
        throw GraphError(.mismatch, reason)
    }

    /// Axes of one element do not count: `[n]` and `[n, 1]` hold the same targets.
    private static func squeezed(_ shape: Shape) -> [Int] {
        shape.dimensions.prefix(1) + shape.dimensions.dropFirst().filter { $0 != 1 }
    }

    private static func missing(_ head: LossHead) -> GraphError {
        GraphError(.notFound, "loss \(head.name) needs targets, and the examples have none: add `targets` to data.h5")
    }
}

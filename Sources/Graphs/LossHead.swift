import CKernels
import Tensors

/// How the loss of an example follows from the graph's output.
///
/// Logits have the classes on the last axis; the loss of an example is the mean over its remaining positions. A target of
/// −100 leaves its position out; an example without any other is refused with the targets (`LossTargets`).
public enum LossHead: Sendable, Equatable {
    /// −log softmax of the target class, in nats.
    case crossEntropy
    /// Cross-entropy of the next token: position t is compared with the input's token t + 1, in nats.
    case nextToken
    /// Σ (output − target)² over an example's outputs, in squared output units.
    case sumSquaredError
    /// The mean of (output − target)² over an example's outputs, in squared output units.
    case meanSquaredError
    /// The mean over an example's outputs of −t·log σ(z) − (1 − t)·log(1 − σ(z)) with logits z, in nats.
    case binaryCrossEntropy
    /// The graph itself emits one loss per example under this name; targets are graph inputs.
    case output(String)

    /// The target that leaves its position out; PyTorch's default.
    public static let ignoredTarget = -100

    /// The head of that name.
    ///
    /// - Parameter name: `cross-entropy`, `next-token`, `sum-squared-error`, `mean-squared-error`,
    ///   `binary-cross-entropy`, or `output:NAME`.
    /// - Throws: `notFound` with the names there are.
    public init(name: String) throws(GraphError) {
        if name.hasPrefix("output:"), name.count > "output:".count {
            self = .output(String(name.dropFirst("output:".count)))
            return
        }
        guard let head = LossHead.named.first(where: { $0.name == name }) else {
            throw GraphError(
                .notFound,
                "there is no loss \(name); there are " + LossHead.named.map(\.name).joined(separator: ", ")
                    + ", and output:NAME for a graph that emits per-example losses")
        }
        self = head
    }

    /// The heads that are chosen by name.
    public static let named: [LossHead] = [
        .crossEntropy, .nextToken, .sumSquaredError, .meanSquaredError, .binaryCrossEntropy,
    ]

    /// The name by which run descriptions choose the head.
    public var name: String {
        switch self {
        case .crossEntropy: "cross-entropy"
        case .nextToken: "next-token"
        case .sumSquaredError: "sum-squared-error"
        case .meanSquaredError: "mean-squared-error"
        case .binaryCrossEntropy: "binary-cross-entropy"
        case .output(let output): "output:\(output)"
        }
    }

    /// The unit of the loss, in words.
    public var unit: String {
        switch self {
        case .crossEntropy, .nextToken, .binaryCrossEntropy: "nats"
        case .sumSquaredError, .meanSquaredError: "squared output units"
        case .output: "as the graph emits it"
        }
    }

    /// The name of the graph output that the head reads; nil where it is the graph's only one.
    public var outputName: String? { if case .output(let name) = self { name } else { nil } }

    /// Writes the losses of `count` examples, and with a gradient `scale` times their derivatives by the outputs.
    func evaluate<Scalar: Real>(
        _ outputs: UnsafePointer<Scalar>, shape: Shape, count: Int, targets: LossTargets<Scalar>.Rows,
        losses: UnsafeMutablePointer<Double>, gradient: UnsafeMutablePointer<Scalar>?, scale: Double
    ) {
        let (type, size) = (Scalar.kernelType, shape.elementCount)
        switch (self, targets) {
        case (.crossEntropy, .classes(let classes)), (.nextToken, .classes(let classes)):
            let classCount = shape.dimensions.last ?? 1
            instar_cross_entropy(
                type, count, size / classCount, classCount, outputs, classes, Int64(LossHead.ignoredTarget), scale,
                losses,
                gradient)
        case (.sumSquaredError, .numbers(let numbers)):
            instar_squared_error(type, count, size, outputs, numbers, 1, scale, losses, gradient)
        case (.meanSquaredError, .numbers(let numbers)):
            instar_squared_error(type, count, size, outputs, numbers, 1 / Double(size), scale, losses, gradient)
        case (.binaryCrossEntropy, .numbers(let numbers)):
            instar_binary_cross_entropy(type, count, size, outputs, numbers, scale, losses, gradient)
        case (.output, _):
            for index in 0..<count { losses[index] = Double(outputs[index]) }
            if let gradient { for index in 0..<count { gradient[index] = Scalar(scale) } }
        default: preconditionFailure("targets were checked against the head")
        }
    }
}

import CKernels
import Tensors

/// `BatchNormalization` (opset 15) at inference: y = (x − mean)/√(variance + epsilon)·scale + bias, one of each per channel
/// (axis 1), with the mean and variance that training has stored.
///
/// Ioffe & Szegedy 2015, "Batch Normalization", arXiv:1502.03167, algorithm 2.
struct BatchNormalization: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .inputs
    private let epsilon: Double

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("epsilon", "momentum", "training_mode")
        guard try context.integer("training_mode") ?? 0 == 0 else {
            throw context.error(
                .unsupported,
                "training mode makes an example's loss depend on its minibatch; export the model in evaluation mode")
        }
        let x = try context.floatInput(0)
        // The standard's attributes are single precision.
        epsilon = try context.float("epsilon") ?? Double(Float(1e-5))
        guard x.shape.count >= 2 else {
            throw context.error(.malformed, "the input has shape \(x.shape); [batch, channels, …] is expected")
        }
        for index in 1...4 {
            let shape = try context.floatInput(index).shape
            guard shape == [x.shape[1]] else {
                throw context.error(.mismatch, "input \(index) has shape \(shape); [\(x.shape[1])] is expected")
            }
        }
        guard context.node.outputs.dropFirst().allSatisfy(\.isEmpty) else {
            throw context.error(.unsupported, "running statistics are asked for; only the first output is implemented")
        }
        outputs = [ValueDescription(x.elementType, x.shape)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        let x = frame.inputShape(0)
        instar_batch_norm(
            Scalar.kernelType, x[0], x[1], x.stride(of: 1), epsilon, frame.input(0), frame.input(1), frame.input(2),
            frame.input(3), frame.input(4), frame.output(0))
    }

    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0) else { return }
        let x = frame.inputShape(0)
        instar_batch_norm_backward(
            Scalar.kernelType, x[0], x[1], x.stride(of: 1), epsilon, frame.input(0), frame.input(1), frame.input(3),
            frame.input(4), dy, frame.inputGradient(0), frame.inputGradient(1), frame.inputGradient(2),
            frame.inputGradient(3), frame.inputGradient(4))
    }
}

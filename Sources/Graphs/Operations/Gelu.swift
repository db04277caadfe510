import CKernels
import Tensors

/// `Gelu` (opset 20): x·Φ(x), or with `approximate: tanh` ½x·(1 + tanh(√(2/π)·(x + 0.044715·x³))).
struct Gelu: Operation {
    static let opsets = 20...25

    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .inputs
    private let code: Int32

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("approximate")
        switch try context.string("approximate") ?? "none" {
        case "none": code = INSTAR_GELU
        case "tanh": code = INSTAR_GELU_TANH
        case let other: throw context.error(.malformed, "approximate must be none or tanh; it is \(other)")
        }
        let x = try context.floatInput(0)
        outputs = [ValueDescription(x.elementType, x.shape)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        instar_unary(Scalar.kernelType, code, frame.input(0), frame.output(0), frame.outputShape(0).elementCount)
    }

    /// dx += f′(x)·dy.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0), let dx = frame.inputGradient(0) else { return }
        instar_unary_backward(
            Scalar.kernelType, code, frame.input(0), frame.output(0), dy, dx, frame.outputShape(0).elementCount)
    }
}

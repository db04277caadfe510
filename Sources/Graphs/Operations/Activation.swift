import CKernels
import Tensors

/// `Clip` (opset 13), `Softplus` (opset 1), `LeakyRelu` and `Elu` (opset 6): element-wise functions with constants.
///
/// min(max(x, min), max), of integers too, whose slope is 1 at the bounds; log(1 + eˣ), computed without overflow; x, or below 0
/// alpha·x (and slope alpha at 0) or alpha·(eˣ − 1). All as in PyTorch.
struct Activation: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .inputs
    private let code: Int32
    private let p: Double
    private let q: Double

    init(_ context: NodeContext) throws(GraphError) {
        switch context.node.operatorName {
        case "Clip":
            try context.allow()
            code = INSTAR_CLIP
            let x = try context.input(0)
            for case let bound? in [context.optionalInput(1), context.optionalInput(2)] where bound.isFloat != x.isFloat
            {
                throw context.typesDiffer(x, bound)
            }
            p = context.optionalInput(1) == nil ? -Double.infinity : try context.knownNumber(1)
            q = context.optionalInput(2) == nil ? Double.infinity : try context.knownNumber(2)
        case "Softplus":
            try context.allow()
            (code, p, q) = (INSTAR_SOFTPLUS, 0, 0)
        case "LeakyRelu":
            try context.allow("alpha")
            // The standard's attributes are single precision, the default too.
            (code, p, q) = (INSTAR_LEAKY_RELU, try context.float("alpha") ?? Double(Float(0.01)), 0)
        case "Elu":
            try context.allow("alpha")
            (code, p, q) = (INSTAR_ELU, try context.float("alpha") ?? 1, 0)
        default: preconditionFailure("\(context.node.operatorName) is registered and has no kernel")
        }
        let x = try code == INSTAR_CLIP ? context.input(0) : context.floatInput(0)
        outputs = [ValueDescription(x.elementType, x.shape)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        let count = frame.outputShape(0).elementCount
        if frame.isFloatInput(0) {
            instar_activation(Scalar.kernelType, code, p, q, frame.input(0), frame.output(0), count)
        } else {
            let (x, y) = (frame.integerInput(0), frame.integerOutput(0))
            let (least, largest) = (Int64(clamping: p), Int64(clamping: q))
            for index in 0..<count { y[index] = min(max(x[index], least), largest) }
        }
    }

    /// dx += f'(x)·dy.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0), let dx = frame.inputGradient(0) else { return }
        let count = frame.outputShape(0).elementCount
        instar_activation_backward(Scalar.kernelType, code, p, q, frame.input(0), dy, dx, count)
    }
}

extension Int64 {
    /// A whole number, or the nearest there is to an infinite bound.
    fileprivate init(clamping bound: Double) {
        self = bound <= -0x1p63 ? .min : bound >= 0x1p63 ? .max : Int64(bound)
    }
}

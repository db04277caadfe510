import CKernels
import Tensors

/// Functions of one number with up to two constants, y = f(x), element by element: the activations `HardSigmoid`, `Selu`
/// (opset 6), `Softsign` (opset 1), `ThresholdedRelu` (opset 10), `Celu` (opset 12), `HardSwish` (opset 14), `Mish`
/// (opset 18), `Swish` (opset 24); and `Sinh`, `Cosh`, `Tan`, `Atan`, `Sign`, `Floor`, `Ceil`, `Round` (half to even).
///
/// The functions are defined in the kernels' header, `functions.h`; those that are constant in pieces have slope 0.
struct ElementwiseFunction: Operation {
    let outputs: [ValueDescription]
    let needs: BackwardNeeds = .inputs
    private let function: instar_function

    /// A kernel, the first opset, and the attributes that are its constants, with their defaults.
    private struct Definition {
        let code: Int32
        var since = 13
        var p: (name: String, value: Double)?
        var q: (name: String, value: Double)?
    }

    // The standard's attributes are single precision, the defaults too.
    private static let definitions = [
        "Atan": Definition(code: INSTAR_FUNCTION_ARCTANGENT),
        "Ceil": Definition(code: INSTAR_FUNCTION_CEILING),
        "Celu": Definition(code: INSTAR_FUNCTION_CELU, p: ("alpha", 1)),
        "Cosh": Definition(code: INSTAR_FUNCTION_COSH),
        "Floor": Definition(code: INSTAR_FUNCTION_FLOOR),
        "HardSigmoid": Definition(
            code: INSTAR_FUNCTION_HARD_SIGMOID, p: ("alpha", Double(Float(0.2))), q: ("beta", 0.5)),
        "HardSwish": Definition(code: INSTAR_FUNCTION_HARD_SWISH, since: 14),
        "Mish": Definition(code: INSTAR_FUNCTION_MISH, since: 18),
        "Round": Definition(code: INSTAR_FUNCTION_ROUND),
        "Selu": Definition(
            code: INSTAR_FUNCTION_SELU, p: ("alpha", Double(Float(1.67326319217681884765625))),
            q: ("gamma", Double(Float(1.05070102214813232421875)))),
        "Sign": Definition(code: INSTAR_FUNCTION_SIGN),
        "Sinh": Definition(code: INSTAR_FUNCTION_SINH),
        "Softsign": Definition(code: INSTAR_FUNCTION_SOFTSIGN),
        "Swish": Definition(code: INSTAR_FUNCTION_SWISH, since: 24, p: ("alpha", 1)),
        "Tan": Definition(code: INSTAR_FUNCTION_TANGENT),
        "ThresholdedRelu": Definition(code: INSTAR_FUNCTION_THRESHOLDED_RELU, p: ("alpha", 1)),
    ]

    init(_ context: NodeContext) throws(GraphError) {
        guard let definition = Self.definitions[context.node.operatorName] else {
            preconditionFailure("\(context.node.operatorName) is registered and has no kernel")
        }
        guard context.opset >= definition.since else {
            throw context.error(.unsupported, "the operator exists since opset \(definition.since)")
        }
        try context.allow(definition.p?.name ?? "", definition.q?.name ?? "")
        var constants = (0.0, 0.0)
        if let p = definition.p { constants.0 = try context.float(p.name) ?? p.value }
        if let q = definition.q { constants.1 = try context.float(q.name) ?? q.value }
        guard definition.code != INSTAR_FUNCTION_CELU || constants.0 != 0 else {
            throw context.error(.malformed, "alpha is 0, by which x is divided")
        }
        function = instar_function(code: definition.code, p: constants.0, q: constants.1)
        let x = try context.floatInput(0)
        outputs = [ValueDescription(x.elementType, x.shape)]
    }

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        let count = frame.outputShape(0).elementCount
        instar_apply(Scalar.kernelType, function, frame.input(0), frame.output(0), count)
    }

    /// dx += f′(x)·dy.
    func backward<Scalar: Real>(_ frame: Frame<Scalar>) {
        guard let dy = frame.outputGradient(0), let dx = frame.inputGradient(0) else { return }
        instar_apply_backward(Scalar.kernelType, function, frame.input(0), dy, dx, frame.outputShape(0).elementCount)
    }
}

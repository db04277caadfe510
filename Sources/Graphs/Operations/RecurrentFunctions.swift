import CKernels
import Tensors

/// The activation functions of a recurrent operator, from the attributes `activations`, `activation_alpha` and
/// `activation_beta`; ONNX, `LSTM`.
enum RecurrentFunctions {
    /// The code of a function, and the constants it takes with their defaults; nil where there is none.
    private static let known: [String: (code: Int32, alpha: Double?, beta: Double?)] = [
        "Elu": (INSTAR_FUNCTION_ELU, 1, nil),
        "HardSigmoid": (INSTAR_FUNCTION_HARD_SIGMOID, Double(Float(0.2)), 0.5),
        "LeakyRelu": (INSTAR_FUNCTION_LEAKY_RELU, Double(Float(0.01)), nil),
        "Relu": (INSTAR_FUNCTION_RELU, nil, nil),
        "Sigmoid": (INSTAR_FUNCTION_SIGMOID, nil, nil),
        "Softplus": (INSTAR_FUNCTION_SOFTPLUS, nil, nil),
        "Softsign": (INSTAR_FUNCTION_SOFTSIGN, nil, nil),
        "Tanh": (INSTAR_FUNCTION_TANH, nil, nil),
        "ThresholdedRelu": (INSTAR_FUNCTION_THRESHOLDED_RELU, 1, nil),
    ]
    /// Functions for whose constants the standard states no default.
    private static let withoutDefaults = [
        "Affine": INSTAR_FUNCTION_AFFINE, "ScaledTanh": INSTAR_FUNCTION_SCALED_TANH,
    ]

    /// The functions, in the order of `defaults`, which stand for them where the attribute is absent. Constants are
    /// consumed in that order by the functions that take them.
    static func read(_ context: NodeContext, defaults: [String]) throws(GraphError) -> [instar_function] {
        let names = try strings(context, "activations") ?? defaults
        guard names.count == defaults.count else {
            throw context.error(.malformed, "activations are \(names); \(defaults.count) are expected")
        }
        var alphas = try floats(context, "activation_alpha")[...]
        var betas = try floats(context, "activation_beta")[...]
        var functions: [instar_function] = []
        for name in names {
            if let code = withoutDefaults[name] {
                guard let alpha = alphas.popFirst(), let beta = betas.popFirst() else {
                    throw context.error(
                        .malformed, "\(name) needs activation_alpha and activation_beta, for which there is no default")
                }
                functions.append(instar_function(code: code, p: alpha, q: beta))
            } else if let function = known[name] {
                let alpha = function.alpha.map { alphas.popFirst() ?? $0 }
                let beta = function.beta.map { betas.popFirst() ?? $0 }
                functions.append(instar_function(code: function.code, p: alpha ?? 0, q: beta ?? 0))
            } else {
                throw context.error(
                    .unsupported,
                    "activation \(name); "
                        + (Array(known.keys) + Array(withoutDefaults.keys)).sorted().joined(separator: ", ")
                        + " are implemented")
            }
        }
        return functions
    }

    private static func strings(_ context: NodeContext, _ name: String) throws(GraphError) -> [String]? {
        switch context.node.attributes[name] {
        case nil: nil
        case .strings(let values): values
        default: throw context.error(.malformed, "attribute \(name) is no list of strings")
        }
    }

    private static func floats(_ context: NodeContext, _ name: String) throws(GraphError) -> [Double] {
        switch context.node.attributes[name] {
        case nil: []
        case .floats(let values): values.map { Double($0) }
        default: throw context.error(.malformed, "attribute \(name) is no list of floats")
        }
    }
}

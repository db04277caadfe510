import Testing

@testable import Graphs

/// What attention and recurrent layers refuse.
@Suite struct BlockRefusalsTests {
    private static let heads = ValueDescription.floats(2, 2, 3, 4)
    private static let packed = ValueDescription.floats(2, 3, 8)
    private static let attention = [
        Refusal("Attention", [heads, heads, heads], .unsupported, "of opset 22; 23 to 25", opset: 22),
        Refusal(
            "Attention", [heads, heads, heads], .unsupported, "softmax_precision is the type 10; float (1)",
            attributes: ["softmax_precision": .integer(10)]),
        Refusal(
            "Attention", [heads, heads, heads], .malformed, "softcap is -1.0", attributes: ["softcap": .float(-1)]),
        Refusal(
            "Attention", [heads, heads, heads], .malformed, "qk_matmul_output_mode 4; from 0 on and 0 to 3",
            attributes: ["qk_matmul_output_mode": .integer(4)]),
        Refusal("Attention", [heads, heads, heads], .malformed, "output 0 is required", outputs: ["", "keys"]),
        Refusal(
            "Attention", [.floats(1, 3, 0), .floats(1, 3, 0), .floats(1, 3, 0)], .mismatch, "do not fit together",
            attributes: ["q_num_heads": .integer(.max), "kv_num_heads": .integer(.max)]),
        // A matrix, no numbers of heads, keys of another size, once in each layout, and values of another number.
        Refusal("Attention", [.floats(2, 3), .floats(2, 3), .floats(2, 3)], .mismatch, "do not fit together"),
        Refusal("Attention", [packed, packed, packed], .mismatch, "with q_num_heads and kv_num_heads"),
        Refusal(
            "Attention", [.floats(2, 3, 0), .floats(2, 3, 0), packed], .mismatch, "do not fit together",
            attributes: ["q_num_heads": .integer(1 << 62), "kv_num_heads": .integer(1)]),
        Refusal(
            "Attention", [packed, .floats(2, 3, 6), packed], .mismatch, "[2, 3, 8], [2, 3, 6], [2, 3, 8] do not fit",
            attributes: ["q_num_heads": .integer(2), "kv_num_heads": .integer(2)]),
        Refusal(
            "Attention", [heads, .floats(2, 2, 3, 5), heads], .mismatch, "[2, 2, 3, 5], [2, 2, 3, 4] do not fit"),
        Refusal(
            "Attention", [heads, heads, .floats(2, 2, 5, 4)], .mismatch, "[2, 2, 3, 4], [2, 2, 5, 4] do not fit"),
        Refusal(
            "Attention", [heads, heads, heads, nil, .floats(2, 2, 5, 3), .floats(2, 2, 5, 4)], .mismatch,
            "[2, 2, 5, 3] and [2, 2, 5, 4]; [2, 2, past, 4] and"),
        Refusal("Attention", [heads, heads, heads, .floats(4, 3)], .mismatch, "do not broadcast"),
        Refusal(
            "Attention", [heads, heads, heads, .integers(3, 3)], .mismatch,
            "a mask int64 [3, 3] does not broadcast to [2, 2, 3, 3]"),
        Refusal("Attention", [heads, heads, heads, .floats(3, 1)], .unsupported, "repeat its column"),
        Refusal(
            "Attention", [heads, heads, heads, nil, nil, nil, .integers(2)], .unsupported, "aligns the first query",
            attributes: ["is_causal": .integer(1)]),
        Refusal(
            "Attention", [heads, heads, heads, nil, nil, nil, .integers(2)], .mismatch, "needs opset 24", opset: 23),
    ]

    private static let steps = ValueDescription.floats(3, 2, 2)
    private static let gates = ValueDescription.floats(1, 8, 2)
    private static let recurrence = [
        Refusal(
            "LSTM", [steps, gates, gates], .unsupported, "activation Sine; Affine, Elu",
            attributes: ["activations": .strings(["Sigmoid", "Sine", "Tanh"])]),
        Refusal(
            "LSTM", [steps, gates, gates], .malformed, "Affine needs activation_alpha and activation_beta",
            attributes: ["activations": .strings(["Affine", "Tanh", "Tanh"])]),
        Refusal(
            "LSTM", [steps, gates, gates], .malformed, "activations are [\"Tanh\"]; 3 are expected",
            attributes: ["activations": .strings(["Tanh"])]),
        Refusal(
            "LSTM", [steps, gates, gates], .malformed, "activations is no list of strings",
            attributes: ["activations": .string("Tanh")]),
        Refusal(
            "LSTM", [steps, gates, gates], .malformed, "activation_alpha is no list of floats",
            attributes: ["activation_alpha": .float(1)]),
        Refusal(
            "LSTM", [steps, gates, gates], .malformed, "direction is sideways; forward, reverse or bidirectional",
            attributes: ["direction": .string("sideways")]),
        Refusal(
            "LSTM", [steps, gates, gates], .mismatch, "input 1 has shape [1, 8, 2]; [2, 8, 2] is expected",
            attributes: ["direction": .string("bidirectional")]),
        Refusal("LSTM", [.floats(3, 2), gates, gates], .mismatch, "fixed numbers of steps and inputs are expected"),
        Refusal(
            "LSTM", [steps, gates, gates], .mismatch, "R has shape [1, 8, 2]; [directions, gates·hidden_size",
            attributes: ["hidden_size": .integer(3)]),
        Refusal(
            "LSTM", [steps, gates, gates, nil, .floats(2)], .mismatch, "sequence_lens, float32 [2], does not have"),
        Refusal(
            "LSTM", [steps, gates, gates, nil, nil, .floats(1, 2, 3)], .mismatch,
            "input 5 has shape [1, 2, 3]; [1, 2, 2] is expected"),
        Refusal("LSTM", [.floats(1, Dimension(.max), 2), gates, gates], .unsupported, "2] is too large"),
    ]

    @Test(arguments: attention + recurrence)
    func `a node that cannot be is refused with the reason`(refusal: Refusal) { refusal.check() }
}

import Testing

@testable import Graphs

/// What convolutions, poolings, normalisations and reductions refuse.
@Suite struct LayerRefusalsTests {
    private static let (image, kernel) = (ValueDescription.floats(1, 1, 4), ValueDescription.floats(1, 1, 2))
    private static let (three, two) = (ValueDescription.floats(3), ValueDescription.floats(2))
    private static let quadratic = ValueDescription.floats(.batch, .batch)

    private static let windows = [
        Refusal(
            "Conv", [.floats(2, 3), .floats(2, 3)], .mismatch, "[2, 3] and weights of shape [2, 3]; [batch, channels"),
        Refusal("Conv", [.floats(1, 3, 4), .floats(2, 2, 1)], .mismatch, "3 channels in 1 groups do not fit"),
        Refusal("Conv", [image, kernel, two], .mismatch, "the bias has shape [2]; [1] is expected"),
        Refusal(
            "Conv", [image, kernel], .mismatch, "kernel_shape differs", attributes: ["kernel_shape": .integers([3])]),
        Refusal(
            "Conv", [.floats(1, Dimension(.max), 2), .floats(1, Dimension(.max), 1)], .unsupported,
            "a kernel [1] at [2] positions is too large"),
        Refusal("ConvTranspose", [image, .floats(2, 1, 2)], .mismatch, "shape [2, 1, 2] in 1 groups; one to three"),
        Refusal("ConvTranspose", [image, kernel, two], .mismatch, "the bias has shape [2]; [1] is expected"),
        Refusal(
            "ConvTranspose", [image, kernel], .mismatch, "kernel_shape differs",
            attributes: ["kernel_shape": .integers([3])]),
        Refusal(
            "ConvTranspose", [.floats(1, 1, 2), .floats(1, Dimension(.max), 1)], .unsupported,
            "a kernel [1] at [1, 2] positions is too large"),
        Refusal(
            "ConvTranspose", [image, kernel], .malformed, "strides [1, 1], dilations [1]",
            attributes: ["strides": .integers([1, 1])]),
        Refusal(
            "ConvTranspose", [image, kernel], .mismatch, "remove more than an extent of 5",
            attributes: ["pads": .integers([9, 9])]),
        Refusal("MaxPool", [image], .unsupported, "a kernel []; one to three sliding axes are implemented"),
        Refusal(
            "MaxPool", [image], .malformed, "strides [0], dilations [1], pads [0, 0] for shape [1, 1, 4]; for each",
            attributes: ["kernel_shape": .integers([2]), "strides": .integers([0])]),
        Refusal(
            "MaxPool", [image], .malformed, "auto_pad is SAME; NOTSET",
            attributes: ["kernel_shape": .integers([2]), "auto_pad": .string("SAME")]),
        Refusal(
            "AveragePool", [.floats(1, 1, .batch)], .unsupported, "axis 2 of [1, 1, batch] depends on the batch",
            attributes: ["kernel_shape": .integers([2])]),
        Refusal(
            "AveragePool", [image], .mismatch, "spans 5 does not fit an extent of 4",
            attributes: ["kernel_shape": .integers([5])]),
        Refusal("GlobalAveragePool", [.floats(2, 3)], .malformed, "[2, 3]; [batch, channels, …] is expected"),
    ]

    private static let normalizations = [
        Refusal(
            "BatchNormalization", [.floats(2, 3), three, three, three, three], .unsupported,
            "export the model in evaluation mode", attributes: ["training_mode": .integer(1)]),
        Refusal("BatchNormalization", [three, three, three, three, three], .malformed, "[3]; [batch, channels, …]"),
        Refusal(
            "BatchNormalization", [.floats(2, 3), three, two, three, three], .mismatch,
            "input 2 has shape [2]; [3] is expected"),
        Refusal(
            "BatchNormalization", [.floats(2, 3), three, three, three, three], .unsupported,
            "running statistics are asked for", outputs: ["y", "mean"]),
        Refusal(
            "GroupNormalization", [.floats(2, 2), two, two], .unsupported, "since opset 18",
            attributes: ["num_groups": .integer(1)], opset: 17),
        Refusal("GroupNormalization", [two, two, two], .mismatch, "[2]; [batch, channels, …] is expected"),
        Refusal("GroupNormalization", [.floats(2, 2), two, two], .malformed, "num_groups is absent for 2 channels"),
        Refusal(
            "GroupNormalization", [.floats(2, 3), three, three], .malformed, "num_groups is 2 for 3 channels",
            attributes: ["num_groups": .integer(2)]),
        Refusal(
            "GroupNormalization", [.floats(2, 0), .floats(0), .floats(0)], .malformed,
            "num_groups is 9223372036854775807 for 0 channels", attributes: ["num_groups": .integer(.max)]),
        Refusal(
            "GroupNormalization", [.floats(Dimension(.max), 2), two, two], .unsupported, "2] is too large",
            attributes: ["num_groups": .integer(2)]),
        Refusal(
            "GroupNormalization", [.floats(2, 4), three, .floats(4)], .mismatch,
            "input 1 has shape [3]; [4] is expected",
            attributes: ["num_groups": .integer(2)]),
        Refusal(
            "LayerNormalization", [.floats(.batch, 3), three], .unsupported,
            "from 0 on of [batch, 3] depend on the batch",
            attributes: ["axis": .integer(0)]),
        Refusal(
            "LayerNormalization", [.floats(2, 0), .floats(0)], .malformed,
            "from 1 on of [2, 0] are empty, and have no mean"),
        Refusal(
            "LayerNormalization", [.floats(2, 3), .floats(4, 2, 3)], .mismatch, "shape [4, 2, 3] does not broadcast"),
        Refusal(
            "RMSNormalization", [.floats(.batch, 3), three], .unsupported,
            "from 0 on of [batch, 3] depend on the batch",
            attributes: ["axis": .integer(0)]),
        Refusal("RMSNormalization", [.floats(2, 3), two], .mismatch, "the scale has shape [2]; [3] is expected"),
    ]

    private static let reductions = [
        Refusal("ArgMax", [.floats(0, 3)], .malformed, "axis 0 of [0, 3] has no element"),
        Refusal("ReduceMax", [.floats(.batch, .batch, 2), .known(2)], .unsupported, "is quadratic in the batch"),
        Refusal("ReduceMin", [quadratic], .unsupported, "[batch, batch] is quadratic in the batch"),
        Refusal("ReduceL2", [quadratic], .unsupported, "[batch, batch] is quadratic in the batch"),
        Refusal("ReduceLogSumExp", [quadratic], .unsupported, "[batch, batch] is quadratic in the batch"),
    ]

    @Test(arguments: windows + normalizations + reductions)
    func `a node that cannot be is refused with the reason`(refusal: Refusal) { refusal.check() }
}

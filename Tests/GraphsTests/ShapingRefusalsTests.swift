import Tensors
import Testing

@testable import Graphs

/// What operators refuse that move elements, select them or make whole numbers.
@Suite struct ShapingRefusalsTests {
    private static let matrix = ValueDescription.floats(3, 2)
    private static let refusals = [
        Refusal("And", [.integers(2), .bools(2)], .malformed, "types int64 and bool, not bool"),
        Refusal("Concat", [matrix], .malformed, "axis is absent"),
        Refusal("Concat", [matrix], .malformed, "axis 2 is out of range for 2 axes", attributes: ["axis": .integer(2)]),
        Refusal(
            "Concat", [.floats(2, 3), .floats(2, 4)], .mismatch, "[2, 3] and [2, 4] do not fit along axis 0",
            attributes: ["axis": .integer(0)]),
        Refusal(
            "Concat", [.floats(Dimension(.max)), .floats(1)], .unsupported, "axis 0 overflows",
            attributes: ["axis": .integer(0)]),
        Refusal(
            "ConstantOfShape", [.known(2)], .unsupported, "no single number",
            attributes: ["value": .tensor(Tensor([1.0, 2], shape: [2]))]),
        Refusal("ConstantOfShape", [.known(2)], .malformed, "is no tensor", attributes: ["value": .integer(1)]),
        Refusal("CumSum", [matrix, .known(0, 1)], .malformed, "the axis [0, 1] is no single number"),
        Refusal(
            "Dropout", [matrix, .known(number: 0.5), .known(number: 1)], .unsupported,
            "export the model in evaluation mode"),
        Refusal(
            "Flatten", [.floats(.batch, .batch, 2)], .unsupported, "is quadratic in the batch",
            attributes: ["axis": .integer(2)]),
        Refusal("Gather", [matrix, .floats(1)], .malformed, "the indices have type float32"),
        Refusal("Gather", [matrix, .known(3)], .malformed, "index 3 is out of range for an extent of 3"),
        Refusal("GatherND", [matrix, .known(-4)], .malformed, "index -4 is out of range for an extent of 3"),
        Refusal("GatherND", [matrix, .integers(2, 3)], .mismatch, "do not fit data of shape [3, 2] and 0 batch axes"),
        Refusal(
            "GatherElements", [matrix, .integers(3)], .mismatch, "do not fit an input of shape [3, 2] along axis 0"),
        Refusal(
            "Pad", [matrix, .known(1, 1, 1, 1)], .malformed, "mode is mirror; constant, edge, reflect or wrap",
            attributes: ["mode": .string("mirror")]),
        Refusal("Pad", [matrix, .known(1, 1)], .malformed, "2 pads for axes [0, 1]; two for each are expected"),
        Refusal(
            "Pad", [matrix, .known(1, 1, 1, 1), .known(number: 0)], .mismatch, "type float32 is padded with int64"),
        Refusal("Pad", [matrix, .known(0, -3, 0, 0)], .malformed, "remove more than the shape [3, 2] has"),
        Refusal(
            "Pad", [.floats(.batch, 2), .known(1, 0, 0, 0)], .unsupported,
            "axis 0 of [batch, 2], which is empty or the",
            attributes: ["mode": .string("edge")]),
        Refusal(
            "Range", [.known(number: 0.0), .known(number: 1.0), .known(number: 0.0)], .malformed,
            "give inf numbers; delta must not be 0"),
        Refusal(
            "Range", [.known(0, 1), .known(number: 5), .known(number: 1)], .malformed, "input 0 is no single number"),
        Refusal(
            "Range", [.known(number: 0), .known(number: 5), .known(number: 0)], .unsupported,
            "from 0 to 5 in steps of 0: the length is not known"),
        Refusal(
            "Range", [.known(number: 0), .symbolic(.batch), .known(number: 2)], .unsupported,
            "from 0 to batch in steps of 2: the length is not known"),
        Refusal("Reshape", [.floats(4), .known(0, 0)], .malformed, "copies axis 1 of an input of shape [4]"),
        Refusal("Reshape", [.floats(4), .known(-1, -1)], .malformed, "more than one −1"),
        Refusal("Reshape", [matrix, .known(4)], .mismatch, "shape [3, 2] does not fill [4]"),
        Refusal("Reshape", [matrix, .integers(1)], .unsupported, "input 1 (input1) must be known before evaluation"),
        Refusal("Reshape", [matrix, .known(number: 6.0)], .malformed, "must hold integers; it has type float64"),
        Refusal("Size", [.floats(.batch, .batch)], .unsupported, "[batch, batch] is quadratic in the batch"),
        Refusal(
            "Slice", [matrix, .known(0, 0), .known(1)], .malformed,
            "2 starts, 1 ends, 2 steps for axes [0, 1] of [3, 2]"),
        Refusal("Slice", [.floats(.batch, 4), .known(1), .known(3)], .unsupported, "can only be taken whole"),
        Refusal("Split", [.floats(.batch, 4)], .unsupported, "axis 0 of [batch, 4] depends on the batch"),
        Refusal(
            "Split", [matrix], .malformed, "num_outputs is 3; there are 1 outputs",
            attributes: ["num_outputs": .integer(3)]),
        Refusal(
            "Split", [matrix, .known(1, 1)], .mismatch, "sizes [1, 1] do not divide an extent of 3 among 2 outputs",
            outputs: ["y", "z"]),
        Refusal("Squeeze", [matrix, .known(0)], .mismatch, "axes [0] of shape [3, 2] are not all of extent 1"),
        Refusal("Squeeze", [.floats(1), .symbolic(.batch)], .unsupported, "same for every batch; it is [batch]"),
        Refusal("Tile", [matrix, .known(1)], .malformed, "repeats [1] for an input of shape [3, 2]; one from 0 on"),
        Refusal("Tile", [matrix, .known(1, .max)], .unsupported, "of an input of shape [3, 2] overflow"),
        Refusal(
            "Transpose", [matrix], .malformed, "perm [0, 0] is no permutation of 2 axes",
            attributes: ["perm": .integers([0, 0])]),
        Refusal("Trilu", [.floats(3)], .malformed, "the input has shape [3]; a matrix is expected"),
        Refusal("Trilu", [matrix, .known(1, 2)], .malformed, "k is [1, 2]; one number is expected"),
        Refusal("Unsqueeze", [matrix, .known(0, 0)], .malformed, "axes [0, 0] repeat"),
    ]

    @Test(arguments: refusals) func `a node that cannot be is refused with the reason`(refusal: Refusal) {
        refusal.check()
    }
}

import Testing

@testable import Graphs

/// What element-wise operators and products refuse, and what every operator does: inputs and attributes of another kind.
@Suite struct ElementwiseRefusalsTests {
    private static let refusals = [
        Refusal("Neg", [nil], .malformed, "input 0 is required and absent"),
        Refusal("Add", [.floats(2)], .malformed, "input 1 is required and absent"),
        Refusal("Add", [.floats(2), .floats(2), .floats(2)], .malformed, "3 inputs; at most 2"),
        Refusal(
            "Clip", [.integers(2), .known(number: .nan)], .mismatch,
            "both or neither must be floating point"),
        Refusal(
            "Range",
            [
                .known(number: 0.0), .known(number: 5.0),
                .known(number: 1),
            ], .mismatch, "both or neither must be floating point"),
        Refusal(
            "MatMul", [.integers(2, 2), .floats(2, 2)], .unsupported, "input 0 has type int64; only floating point"),
        Refusal(
            "Add", [.floats(2), .floats(2)], .unsupported, "attribute axis, broadcast is not implemented",
            attributes: ["axis": .integer(1), "broadcast": .integer(1)]),
        Refusal("Elu", [.floats(2)], .malformed, "alpha is no float", attributes: ["alpha": .integer(1)]),
        Refusal("Gelu", [.floats(2)], .malformed, "approximate is no string", attributes: ["approximate": .integer(1)]),
        Refusal("ArgMax", [.floats(2)], .malformed, "axis is no integer", attributes: ["axis": .float(1)]),
        Refusal(
            "Transpose", [.floats(2)], .malformed, "perm is no list of integers", attributes: ["perm": .integer(0)]),
        Refusal("Add", [.floats(2), .floats(3)], .mismatch, "shapes [[2], [3]] do not broadcast: 2 against 3"),

        Refusal("Add", [.floats(2), .integers(2)], .mismatch, "types float32 and int64; both or neither"),
        Refusal("Less", [.integers(2), .floats(2)], .mismatch, "types int64 and float32; both or neither"),
        Refusal("Max", [.floats(2), .bools(2)], .mismatch, "types float32 and bool; both or neither"),
        Refusal("Max", [.floats(.batch, .batch)], .unsupported, "[batch, batch] is quadratic in the batch"),
        Refusal("Mod", [.integers(2), .floats(2)], .mismatch, "types int64 and float32; both or neither"),
        Refusal("Mod", [.floats(2), .floats(2)], .malformed, "fmod must be 1 for operands of type float32"),
        Refusal("Pow", [.integers(.batch, .batch), .floats(1)], .unsupported, "[batch, batch] is quadratic"),
        Refusal("Where", [.floats(2), .floats(2), .floats(2)], .malformed, "must be bool; it is float32"),
        Refusal("Where", [.bools(2), .floats(2), .integers(2)], .mismatch, "types float32 and int64; both or neither"),
        Refusal("Cast", [.floats(2)], .malformed, "attribute to is missing"),
        Refusal("Cast", [.floats(2)], .unsupported, "attribute to is 8", attributes: ["to": .integer(8)]),
        Refusal("Constant", [], .malformed, "exactly one attribute"),
        Refusal("Constant", [], .unsupported, "attribute value_string", attributes: ["value_string": .string("a")]),
        Refusal("Celu", [.floats(2)], .malformed, "alpha is 0", attributes: ["alpha": .float(0)]),
        Refusal("Clip", [.floats(2), .floats()], .unsupported, "input 1 (input1) must be one number"),
        Refusal(
            "Gelu", [.floats(2)], .malformed, "none or tanh; it is erf", attributes: ["approximate": .string("erf")]),
        Refusal("Mish", [.floats(2)], .unsupported, "since opset 18", opset: 17),
        Refusal("Swish", [.floats(2)], .unsupported, "since opset 24", opset: 23),
        Refusal("PRelu", [.floats(2, 3), .floats(2)], .mismatch, "do not broadcast"),
        Refusal("PRelu", [.floats(2, 3), .floats(4, 2, 3)], .mismatch, "slope of shape [4, 2, 3] does not broadcast"),
        Refusal("PRelu", [.floats(.batch, .batch), .floats(1)], .unsupported, "[batch, batch] is quadratic"),

        Refusal("Gemm", [.floats(2), .floats(2, 2)], .malformed, "[2] and [2, 2]; two axes are expected"),
        Refusal("Gemm", [.floats(2, 3), .floats(4, 2)], .mismatch, "are 3 and 4; they must be equal"),
        Refusal("Gemm", [.floats(2, 3), .floats(3, 4), .integers(4)], .mismatch, "C, int64 [4], does not broadcast"),
        Refusal("Gemm", [.floats(2, 3), .floats(3, 4), .floats(5, 2, 4)], .mismatch, "C, float32 [5, 2, 4], does not"),
        Refusal("MatMul", [.floats(), .floats(2)], .malformed, "[] and [2]; scalars are not allowed"),
        Refusal("MatMul", [.floats(2, 3), .floats(2, 3)], .mismatch, "inner extents of [2, 3] and [2, 3] differ"),
        Refusal("Einsum", [.floats(2)], .malformed, "equation is absent"),
        Refusal(
            "Einsum", [.floats(2), .floats(2)], .malformed, "ij->ij does not describe 2 operands",
            attributes: ["equation": .string("ij->ij")]),
        Refusal(
            "Einsum", [.floats(2, 3)], .mismatch, "ijk->i does not fit operands with [2] axes",
            attributes: ["equation": .string("ijk->i")]),
        Refusal(
            "Einsum", [.floats(2, 2), .floats(2, 2)], .malformed, "ij,jk->il repeats a letter or has a new one",
            attributes: ["equation": .string("ij,jk->il")]),
        Refusal(
            "Einsum", [.floats(2, 2)], .malformed, "ij->ii repeats a letter",
            attributes: ["equation": .string("ij->ii")]),
        Refusal(
            "Einsum", [.floats(2, 2)], .malformed, "has a term i1; letters and one ... are allowed",
            attributes: ["equation": .string("i1->i")]),
        Refusal(
            "Einsum", [.floats(2, 3), .floats(4, 2)], .mismatch, "3 against 4",
            attributes: ["equation": .string("ij,jk->ik")]),
        Refusal(
            "Einsum", [.floats(.batch, .batch), .floats(.batch, 2)], .unsupported, "is quadratic in the batch",
            attributes: ["equation": .string("bc,cd->bd")]),
    ]

    @Test(arguments: refusals) func `a node that cannot be is refused with the reason`(refusal: Refusal) {
        refusal.check()
    }
}

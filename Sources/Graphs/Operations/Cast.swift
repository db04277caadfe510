import CKernels
import Tensors

/// `Cast` (opset 13) and `CastLike` (opset 15).
///
/// All floating-point types are computed in one, and all others in Int64, so only conversions between the two kinds and to
/// bool change anything. A fraction is cut off; the gradient passes between floating-point types only.
struct Cast: Operation {
    let outputs: [ValueDescription]
    let isView: Bool

    init(_ context: NodeContext) throws(GraphError) {
        try context.allow("to", "saturate", "round_mode")
        let x = try context.input(0)
        let type: ElementType
        if context.node.operatorName == "CastLike" {
            type = try context.input(1).elementType
        } else {
            guard let code = try context.integer("to") else {
                throw context.error(.malformed, "attribute to is missing")
            }
            guard let known = Cast.types[code] else {
                throw context.error(.unsupported, "element type \(code) of ONNX's TensorProto.DataType")
            }
            type = known
        }
        isView = x.isFloat && type.isFloatingPoint
        outputs = [ValueDescription(type, x.shape)]
    }

    /// The values of `TensorProto.DataType` (onnx.proto) that Instar holds.
    private static let types: [Int: ElementType] = [
        1: .float32, 2: .uint8, 3: .int8, 4: .uint16, 5: .int16, 6: .int32, 7: .int64, 9: .bool, 10: .float16,
        11: .float64, 12: .uint32, 13: .uint64, 16: .bfloat16,
    ]

    func forward<Scalar: Real>(_ frame: Frame<Scalar>) {
        let count = frame.outputShape(0).elementCount
        switch (frame.isFloatInput(0), outputs[0].elementType) {
        case (true, .bool):
            instar_convert_to_bool(Scalar.kernelType, frame.input(0), frame.integerOutput(0), count)
        case (false, .bool):
            instar_convert_to_bool(INSTAR_INTEGER, frame.integerInput(0), frame.integerOutput(0), count)
        case (true, let type) where !type.isFloatingPoint:
            instar_convert(Scalar.kernelType, INSTAR_INTEGER, frame.input(0), frame.integerOutput(0), count)
        case (false, let type) where type.isFloatingPoint:
            instar_convert(INSTAR_INTEGER, Scalar.kernelType, frame.integerInput(0), frame.output(0), count)
        default: frame.copyInput()
        }
    }
}

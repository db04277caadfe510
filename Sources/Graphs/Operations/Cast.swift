import CKernels
import Tensors

/// `Cast` (opset 13) and `CastLike` (opset 15).
///
/// All floating-point types are computed in one, so a cast between them changes nothing. A fraction is cut off; an integer
/// type keeps the low bits of a larger number. The gradient passes between floating-point types only.
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
                throw context.error(
                    .unsupported,
                    "attribute to is \(code) of TensorProto.DataType; real numbers, integers and bool are implemented"
                )
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
            frame.narrowOutput(to: type)
        case (false, let type) where type.isFloatingPoint:
            instar_convert(INSTAR_INTEGER, Scalar.kernelType, frame.integerInput(0), frame.output(0), count)
        case (false, _):
            frame.copyInput()
            frame.narrowOutput(to: outputs[0].elementType)
        default: frame.copyInput()
        }
    }
}

extension Frame {
    /// Keeps of each integer of output 0 the bits that its type has: all integers are computed in 64.
    func narrowOutput(to type: ElementType) {
        func narrow<Integer: FixedWidthInteger>(to type: Integer.Type) {
            let y = integerOutput(0)
            for index in 0..<outputShape(0).elementCount {
                y[index] = Int64(truncatingIfNeeded: Integer(truncatingIfNeeded: y[index]))
            }
        }
        switch type {
        case .int8: narrow(to: Int8.self)
        case .int16: narrow(to: Int16.self)
        case .int32: narrow(to: Int32.self)
        case .uint8: narrow(to: UInt8.self)
        case .uint16: narrow(to: UInt16.self)
        case .uint32: narrow(to: UInt32.self)
        default: break
        }
    }
}

import Foundation
import SwiftProtobuf
import Tensors
import Testing

@testable import ONNX

@Suite struct ImportTensorTests {
    // The numbers 1 and −2 (or 254, or true) in every type; floats are exact in all four formats.
    private static let cases: [(number: Int32, type: ElementType, raw: [UInt8], elements: Tensor.Elements)] = [
        (1, .float32, [0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0], .float([1, -2])),
        (11, .float64, [0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0, 0, 0, 0, 0, 0, 0, 0xC0], .double([1, -2])),
        (10, .float16, [0, 0x3C, 0, 0xC0], .float([1, -2])),
        (16, .bfloat16, [0x80, 0x3F, 0, 0xC0], .float([1, -2])),
        (9, .bool, [1, 0], .integer([1, 0])),
        (2, .uint8, [1, 254], .integer([1, 254])),
        (3, .int8, [1, 254], .integer([1, -2])),
        (4, .uint16, [1, 0, 254, 0], .integer([1, 254])),
        (5, .int16, [1, 0, 0xFE, 0xFF], .integer([1, -2])),
        (6, .int32, [1, 0, 0, 0, 0xFE, 0xFF, 0xFF, 0xFF], .integer([1, -2])),
        (7, .int64, [1, 0, 0, 0, 0, 0, 0, 0] + [0xFE] + [UInt8](repeating: 0xFF, count: 7), .integer([1, -2])),
        (12, .uint32, [1, 0, 0, 0, 254, 0, 0, 0], .integer([1, 254])),
        (13, .uint64, [1, 0, 0, 0, 0, 0, 0, 0, 254, 0, 0, 0, 0, 0, 0, 0], .integer([1, 254])),
    ]

    @Test(arguments: cases.indices) func `raw bytes are read in every type`(index: Int) throws {
        let (number, type, raw, elements) = Self.cases[index]
        let tensor = try decode { ($0.dataType, $0.dims, $0.rawData) = (number, [2], Data(raw)) }
        #expect(tensor.elementType == type && tensor.elements == elements && tensor.shape == [2])
    }

    @Test(arguments: cases.indices) func `typed fields are read in every type`(index: Int) throws {
        let (number, type, _, elements) = Self.cases[index]
        let tensor = try decode {
            ($0.dataType, $0.dims) = (number, [2])
            switch (type, elements) {
            case (.float16, _): $0.int32Data = [0x3C00, 0xC000]
            case (.bfloat16, _): $0.int32Data = [0x3F80, 0xC000]
            case (_, .float(let values)): $0.floatData = values
            case (_, .double(let values)): $0.doubleData = values
            case (.int64, .integer(let values)): $0.int64Data = values
            case (.uint32, .integer(let values)), (.uint64, .integer(let values)):
                $0.uint64Data = values.map { UInt64($0) }
            case (_, .integer(let values)): $0.int32Data = values.map { Int32($0) }
            }
        }
        #expect(tensor.elementType == type && tensor.elements == elements)
    }

    @Test func `scalars and empty tensors are read`() throws {
        #expect(try decode { ($0.dataType, $0.floatData) = (1, [3]) }.shape == [])
        #expect(try decode { ($0.dataType, $0.dims) = (7, [0, 4]) }.count == 0)
    }

    @Test(arguments: [[Int64](arrayLiteral: 3), [-1], [.max, .max]]) func `shapes that do not fit are malformed`(
        shape: [Int64]
    ) {
        let error = #expect(throws: ONNXError.self) {
            try decode { ($0.dataType, $0.dims, $0.rawData) = (1, shape, Data(count: 8)) }
        }
        #expect(error?.kind == .malformed)
    }

    @Test func `whole numbers beyond the signed range are refused`() {
        let error = #expect(throws: ONNXError.self) {
            try decode { ($0.dataType, $0.dims, $0.uint64Data) = (13, [1], [.max]) }
        }
        #expect(error?.kind == .unsupported && error?.reason.contains("it holds 18446744073709551615") == true)
    }

    private func decode(_ fill: (inout TensorProto) -> Void) throws -> Tensor {
        var proto = TensorProto()
        fill(&proto)
        return try Tensor(proto, location: "initializer \"w\"")
    }
}

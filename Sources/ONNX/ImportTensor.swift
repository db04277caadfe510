import Foundation
import SwiftProtobuf
import Tensors

extension ElementType {
    /// The type that a number of `TensorProto.DataType` stands for.
    init(onnx number: Int32, location: String) throws(ONNXError) {
        let known: ElementType? =
            switch TensorProto.DataType(rawValue: Int(number)) {
            case .float: .float32
            case .double: .float64
            case .float16: .float16
            case .bfloat16: .bfloat16
            case .bool: .bool
            case .int8: .int8
            case .int16: .int16
            case .int32: .int32
            case .int64: .int64
            case .uint8: .uint8
            case .uint16: .uint16
            case .uint32: .uint32
            case .uint64: .uint64
            case .undefined, .string, .complex64, .complex128, nil: nil
            }
        guard let known else {
            let name = TensorProto.DataType(rawValue: Int(number)).map { "\($0)" } ?? "number \(number)"
            throw ONNXError(
                number == 0 ? .malformed : .unsupported,
                "element type \(name) is not read; real numbers, integers and bool are", location: location)
        }
        self = known
    }

    /// The bytes of an element in `raw_data`.
    fileprivate var byteCount: Int {
        switch self {
        case .bool, .int8, .uint8: 1
        case .int16, .uint16, .float16, .bfloat16: 2
        case .int32, .uint32, .float32: 4
        case .int64, .uint64, .float64: 8
        }
    }
}

extension Tensor {
    /// Decodes a stored tensor: `raw_data` (little-endian, row-major) or the typed field of its element type.
    ///
    /// Source: ONNX `TensorProto`; 8- and 16-bit types and bool use `int32_data`, unsigned 32- and 64-bit ones
    /// `uint64_data`.
    init(_ proto: TensorProto, location: String) throws(ONNXError) {
        guard proto.dataLocation == .default, proto.externalData.isEmpty else {
            throw ONNXError(
                .unsupported,
                "its numbers are in a file of their own; export with external_data=False, or with the parameters as "
                    + "graph inputs",
                location: location)
        }
        let type = try ElementType(onnx: proto.dataType, location: location)
        let shape = try Shape(onnx: proto.dims, location: location)
        let elements =
            proto.hasRawData
            ? try Elements(raw: proto.rawData, type: type, count: shape.elementCount, location: location)
            : try Elements(typed: proto, type: type, location: location)
        let count =
            switch elements {
            case .float(let values): values.count
            case .double(let values): values.count
            case .integer(let values): values.count
            }
        guard count == shape.elementCount else {
            throw ONNXError(
                .malformed, "shape \(shape) asks for \(shape.elementCount) elements; \(count) are stored",
                location: location)
        }
        self.init(shape: shape, elementType: type, elements: elements)
    }
}

extension Shape {
    fileprivate init(onnx extents: [Int64], location: String) throws(ONNXError) {
        var count = 1
        for extent in extents {
            let (product, overflow) = count.multipliedReportingOverflow(by: Int(extent))
            guard extent >= 0, !overflow else {
                throw ONNXError(
                    .malformed, "[\(extents.map(String.init).list)] is no possible shape", location: location)
            }
            count = product
        }
        self.init(extents.map { Int($0) })
    }
}

extension Tensor.Elements {
    fileprivate init(raw: Data, type: ElementType, count: Int, location: String) throws(ONNXError) {
        guard raw.count % type.byteCount == 0, raw.count / type.byteCount == count else {
            throw ONNXError(
                .malformed,
                "\(count) elements of type \(type) take \(type.byteCount) bytes each; \(raw.count) are stored",
                location: location)
        }
        switch type {
        case .float32: self = .float(Self.words(raw) { (word: UInt32) in Float(bitPattern: word) })
        case .float64: self = .double(Self.words(raw) { (word: UInt64) in Double(bitPattern: word) })
        case .float16: self = .float(Self.words(raw) { (word: UInt16) in Float(Float16(bitPattern: word)) })
        case .bfloat16: self = .float(Self.words(raw) { (word: UInt16) in Float(bitPattern: UInt32(word) << 16) })
        case .bool: self = .integer(Self.words(raw) { (word: UInt8) in word == 0 ? 0 : 1 })
        case .int8: self = .integer(Self.words(raw) { (word: Int8) in Int64(word) })
        case .int16: self = .integer(Self.words(raw) { (word: Int16) in Int64(word) })
        case .int32: self = .integer(Self.words(raw) { (word: Int32) in Int64(word) })
        case .int64: self = .integer(Self.words(raw) { (word: Int64) in word })
        case .uint8: self = .integer(Self.words(raw) { (word: UInt8) in Int64(word) })
        case .uint16: self = .integer(Self.words(raw) { (word: UInt16) in Int64(word) })
        case .uint32: self = .integer(Self.words(raw) { (word: UInt32) in Int64(word) })
        case .uint64:
            let words = Self.words(raw) { (word: UInt64) in word }
            self = .integer(try Self.signed(words, location: location))
        }
    }

    fileprivate init(typed proto: TensorProto, type: ElementType, location: String) throws(ONNXError) {
        switch type {
        case .float32: self = .float(proto.floatData)
        case .float64: self = .double(proto.doubleData)
        case .float16:
            self = .float(proto.int32Data.map { Float(Float16(bitPattern: UInt16(truncatingIfNeeded: $0))) })
        case .bfloat16: self = .float(proto.int32Data.map { Float(bitPattern: UInt32(truncatingIfNeeded: $0) << 16) })
        case .bool: self = .integer(proto.int32Data.map { $0 == 0 ? 0 : 1 })
        case .int8, .int16, .int32, .uint8, .uint16: self = .integer(proto.int32Data.map { Int64($0) })
        case .int64: self = .integer(proto.int64Data)
        case .uint32, .uint64: self = .integer(try Self.signed(proto.uint64Data, location: location))
        }
    }

    /// Little-endian words, converted one by one. The caller has checked that the bytes are whole words.
    private static func words<Word: FixedWidthInteger, Value>(_ raw: Data, convert: (Word) -> Value) -> [Value] {
        raw.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: MemoryLayout<Word>.size).map { offset in
                convert(Word(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Word.self)))
            }
        }
    }

    private static func signed(_ values: [UInt64], location: String) throws(ONNXError) -> [Int64] {
        try values.map { value throws(ONNXError) in
            guard let signed = Int64(exactly: value) else {
                throw ONNXError(
                    .unsupported, "it holds \(value); whole numbers up to 2⁶³ − 1 are read", location: location)
            }
            return signed
        }
    }
}

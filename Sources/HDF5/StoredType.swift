import CHDF5
import Foundation
public import Tensors

/// A datatype of a file, recognised field by field so that no other layout passes for a known one.
enum StoredType {
    /// A number of a known format.
    case number(StoredNumber)
    /// Text of fixed or variable length.
    case text
    /// Anything else: what it is, and what to do about it.
    case other(String)
    /// Not a number and not meant as one: references, records and the like. What it is.
    case notNumeric(String)

    /// Recognises a type. The library must be entered.
    ///
    /// - Parameter mark: The `dtype` attribute of the dataset, by which Keras marks bfloat16 stored as opaque bytes.
    init(_ type: Handle, mark: String? = nil) {
        let size = H5Tget_size(type.id)
        let isBigEndian = H5Tget_order(type.id) == H5T_ORDER_BE
        switch H5Tget_class(type.id) {
        case H5T_INTEGER:
            guard H5Tget_precision(type.id) == size * 8, H5Tget_offset(type.id) == 0,
                let integer = ElementType(integerOfSize: size, isSigned: H5Tget_sign(type.id) == H5T_SGN_2)
            else {
                self = .other("is an integer of an unusual size; store it as int64")
                return
            }
            let marked: ElementType = mark == "bfloat16" && size == 2 ? .bfloat16 : integer
            self = .number(StoredNumber(elementType: marked, isBigEndian: isBigEndian))
        case H5T_FLOAT:
            guard let float = ElementType(float: type) else {
                self = .other(
                    "is a float of \(size) bytes in none of the forms float16, bfloat16, float32 and float64; "
                        + "cast it to float64 and save again")
                return
            }
            self = .number(StoredNumber(elementType: float, isBigEndian: isBigEndian))
        case H5T_OPAQUE where mark == "bfloat16" && size == 2:
            self = .number(StoredNumber(elementType: .bfloat16, isBigEndian: false))
        case H5T_OPAQUE:
            let mark = size == 2 ? ", or mark it with the attribute dtype = \"bfloat16\" if it is that" : ""
            self = .other("is \(size) opaque bytes per element; cast it to float32 and save again\(mark)")
        case H5T_ENUM where StoredType.isBool(type):
            self = .number(StoredNumber(elementType: .bool, isBigEndian: false))
        case H5T_ENUM: self = .notNumeric("an enumeration")
        case H5T_STRING: self = .text
        case H5T_COMPOUND where StoredType.isComplex(type):
            self = .other("is complex; save its real and imaginary parts as two float arrays")
        case H5T_COMPOUND: self = .notNumeric("a compound type")
        case H5T_VLEN: self = .notNumeric("a variable-length type")
        case H5T_REFERENCE: self = .notNumeric("references")
        case H5T_ARRAY: self = .notNumeric("an array type")
        case H5T_TIME: self = .notNumeric("a time")
        case H5T_BITFIELD: self = .notNumeric("a bit field")
        default: self = .other("has a type that this version of libhdf5 does not know")
        }
    }

    /// h5py's bool: an enumeration of int8 with FALSE = 0 and TRUE = 1.
    private static func isBool(_ type: Handle) -> Bool {
        guard H5Tget_size(type.id) == 1, H5Tget_nmembers(type.id) == 2 else { return false }
        return (0..<2).allSatisfy { index in
            var value: Int8 = -1
            guard H5Tget_member_value(type.id, UInt32(index), &value) >= 0,
                let name = H5Tget_member_name(type.id, UInt32(index))
            else { return false }
            defer { H5free_memory(name) }
            return String(cString: name) == ["FALSE", "TRUE"][index] && value == index
        }
    }

    /// h5py's complex numbers: a compound of `r` and `i`.
    private static func isComplex(_ type: Handle) -> Bool {
        H5Tget_nmembers(type.id) == 2 && H5Tget_member_index(type.id, "r") >= 0
            && H5Tget_member_index(type.id, "i") >= 0
    }
}

extension ElementType {
    fileprivate init?(integerOfSize size: Int, isSigned: Bool) {
        switch (size, isSigned) {
        case (1, true): self = .int8
        case (2, true): self = .int16
        case (4, true): self = .int32
        case (8, true): self = .int64
        case (1, false): self = .uint8
        case (2, false): self = .uint16
        case (4, false): self = .uint32
        case (8, false): self = .uint64
        default: return nil
        }
    }

    /// The format whose sign, exponent and mantissa lie where the type has them, IEEE 754-2019 §3.4 and bfloat16.
    fileprivate init?(float type: Handle) {
        var (sign, exponent, exponentSize, mantissa, mantissaSize) = (0, 0, 0, 0, 0)
        let size = H5Tget_size(type.id)
        guard H5Tget_fields(type.id, &sign, &exponent, &exponentSize, &mantissa, &mantissaSize) >= 0,
            H5Tget_precision(type.id) == size * 8, H5Tget_offset(type.id) == 0,
            H5Tget_norm(type.id) == H5T_NORM_IMPLIED, mantissa == 0, exponent == mantissaSize,
            sign == size * 8 - 1, exponentSize + mantissaSize == sign,
            H5Tget_order(type.id) == H5T_ORDER_LE || H5Tget_order(type.id) == H5T_ORDER_BE
        else { return nil }
        switch (exponentSize, mantissaSize, H5Tget_ebias(type.id)) {
        case (5, 10, 15): self = .float16
        case (8, 7, 127): self = .bfloat16
        case (8, 23, 127): self = .float32
        case (11, 52, 1023): self = .float64
        default: return nil
        }
    }
}

/// A number format and its byte order. Bytes are read as stored and decoded here: libhdf5 converts nothing.
public struct StoredNumber: Sendable, Equatable {
    /// The format.
    public let elementType: ElementType
    /// Whether the most significant byte comes first.
    public let isBigEndian: Bool

    /// The format in which this machine keeps numbers in memory.
    public init(native elementType: ElementType) {
        #if _endian(big)
            self.init(elementType: elementType, isBigEndian: true)
        #else
            self.init(elementType: elementType, isBigEndian: false)
        #endif
    }

    /// Creates a format.
    public init(elementType: ElementType, isBigEndian: Bool) {
        self.elementType = elementType
        self.isBigEndian = isBigEndian
    }

    /// Bytes of one element.
    public var size: Int {
        switch elementType {
        case .bool, .int8, .uint8: 1
        case .int16, .uint16, .float16, .bfloat16: 2
        case .int32, .uint32, .float32: 4
        case .int64, .uint64, .float64: 8
        }
    }

    /// The elements that `bytes`, a whole number of them, hold; nil for a uint64 beyond the range of Int64.
    public func elements(of bytes: UnsafeRawBufferPointer) -> Tensor.Elements? {
        switch elementType {
        case .float32: return .float(isNative ? copies(bytes) : words(bytes).map { Float(bitPattern: $0) })
        case .float64: return .double(isNative ? copies(bytes) : words(bytes).map { Double(bitPattern: $0) })
        case .float16: return .float(words(bytes).map { Float(Float16(bitPattern: $0)) })
        case .bfloat16: return .float(words(bytes).map { (word: UInt16) in Float(bitPattern: UInt32(word) << 16) })
        case .bool, .int8: return .integer(words(bytes).map { (word: Int8) in Int64(word) })
        case .uint8: return .integer(words(bytes).map { (word: UInt8) in Int64(word) })
        case .int16: return .integer(words(bytes).map { (word: Int16) in Int64(word) })
        case .uint16: return .integer(words(bytes).map { (word: UInt16) in Int64(word) })
        case .int32: return .integer(words(bytes).map { (word: Int32) in Int64(word) })
        case .uint32: return .integer(words(bytes).map { (word: UInt32) in Int64(word) })
        case .int64: return .integer(words(bytes))
        case .uint64:
            let values: [UInt64] = words(bytes)
            return values.allSatisfy { $0 <= UInt64(Int64.max) } ? .integer(values.map { Int64($0) }) : nil
        }
    }

    /// What to say where `elements` gives nil.
    public static let beyondInt64 = "holds a uint64 above 9223372036854775807; store it as int64 or float64"

    private var isNative: Bool { isBigEndian == StoredNumber(native: elementType).isBigEndian }

    /// The bytes as elements of the same size. `Element` is a number without padding: every pattern is a value of it.
    private func copies<Element>(_ bytes: UnsafeRawBufferPointer) -> [Element] {
        let count = bytes.count / MemoryLayout<Element>.stride
        return [Element](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            UnsafeMutableRawBufferPointer(buffer).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: bytes.prefix(buffer.count * MemoryLayout<Element>.stride)))
            initializedCount = count
        }
    }

    private func words<Word: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer) -> [Word] {
        var words: [Word] = copies(bytes)
        if !isNative { for index in words.indices { words[index] = words[index].byteSwapped } }
        return words
    }
}

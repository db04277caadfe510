import CHDF5
import Foundation
import Tensors

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
struct StoredNumber {
    let elementType: ElementType
    let isBigEndian: Bool

    /// Bytes of one element.
    var size: Int {
        switch elementType {
        case .bool, .int8, .uint8: 1
        case .int16, .uint16, .float16, .bfloat16: 2
        case .int32, .uint32, .float32: 4
        case .int64, .uint64, .float64: 8
        }
    }

    /// Reads `count` elements; `transfer` fills a buffer with the stored bytes.
    ///
    /// - Throws: `malformed` if the library fails; `unsupported` for a uint64 beyond the range of Int64.
    func read(
        count: Int, file: HDF5File, object: String, transfer: (UnsafeMutableRawPointer) -> herr_t
    ) throws(HDF5Error) -> Tensor.Elements {
        func stored<Bits: FixedWidthInteger>(_ type: Bits.Type) throws(HDF5Error) -> [Bits] {
            guard count > 0 else { return [] }
            var status: herr_t = -1
            var values = [Bits](unsafeUninitializedCapacity: count) { buffer, initializedCount in
                // Zeroed first: a transfer that fails midway must leave no unset memory behind.
                buffer.initialize(repeating: 0)
                status = buffer.baseAddress.map { transfer(UnsafeMutableRawPointer($0)) } ?? -1
                initializedCount = count
            }
            guard status >= 0 else {
                throw HDF5Error(
                    .malformed, "its values cannot be read: damaged or cut short (\(HDF5Library.lastMessage()))",
                    path: file.path, object: object)
            }
            if isBigEndian, Bits.bitWidth > 8 {
                for index in values.indices { values[index] = Bits(bigEndian: values[index]) }
            } else {
                #if _endian(big)
                    for index in values.indices { values[index] = Bits(littleEndian: values[index]) }
                #endif
            }
            return values
        }
        switch elementType {
        case .float32: return .float(try stored(UInt32.self).map(Float.init(bitPattern:)))
        case .float64: return .double(try stored(UInt64.self).map(Double.init(bitPattern:)))
        case .float16: return .float(try stored(UInt16.self).map { Float(Float16(bitPattern: $0)) })
        case .bfloat16: return .float(try stored(UInt16.self).map { Float(bitPattern: UInt32($0) << 16) })
        case .bool, .int8: return .integer(try stored(Int8.self).map(Int64.init))
        case .uint8: return .integer(try stored(UInt8.self).map(Int64.init))
        case .int16: return .integer(try stored(Int16.self).map(Int64.init))
        case .uint16: return .integer(try stored(UInt16.self).map(Int64.init))
        case .int32: return .integer(try stored(Int32.self).map(Int64.init))
        case .uint32: return .integer(try stored(UInt32.self).map(Int64.init))
        case .int64: return .integer(try stored(Int64.self))
        case .uint64:
            let values = try stored(UInt64.self)
            let integers = values.compactMap { Int64(exactly: $0) }
            guard integers.count == values.count else {
                throw HDF5Error(
                    .unsupported, "holds a uint64 above 9223372036854775807; store it as int64 or float64",
                    path: file.path, object: object)
            }
            return .integer(integers)
        }
    }
}

import Foundation
public import Tensors

/// A safetensors file opened for reading: eight bytes that tell the header's length, the header, the tensors' bytes.
///
/// Tensors are read one at a time, each straight from its place in the file.
public struct SafetensorsFile: Sendable {
    /// Where the file lies.
    public let path: String
    /// What the file says of itself, under `__metadata__`.
    public let metadata: [String: String]
    /// The tensors, in the order in which they lie in the file.
    public let tensors: [TensorDescription]
    private let bytes: FileBytes
    private let places: [String: Range<Int>]

    /// Opens a file and checks its header against its size; no tensor is read.
    ///
    /// - Throws: `notFound` and `io` of the operating system; `malformed` if the file breaks the format; `temporary` if
    ///   it is cut short and was changed a moment ago; `unsupported` for element types that are not read.
    public init(reading path: String) throws(RunError) {
        let bytes = try FileBytes(path)
        guard bytes.count >= 8 else {
            throw bytes.cutShort("\(bytes.count) bytes, and a safetensors file begins with the 8 of a length")
        }
        let lengths: [UInt64] = try bytes.read(at: 0, count: 1)
        guard let length = Int(exactly: lengths[0]), length <= SafetensorsHeader.byteLimit else {
            throw RunError(
                .malformed,
                "its header would have \(lengths[0]) bytes, and \(SafetensorsHeader.byteLimit) is the most: it is no "
                    + "safetensors file", path: path)
        }
        guard length <= bytes.count - 8 else {
            throw bytes.cutShort("its header has \(length) bytes, and \(bytes.count - 8) follow")
        }
        let header = try SafetensorsHeader(try bytes.read(at: 8, count: length), path: path)
        let available = bytes.count - 8 - length
        guard header.dataByteCount <= available else {
            throw bytes.cutShort("its tensors have \(header.dataByteCount) bytes, and \(available) are there")
        }
        guard header.dataByteCount == available else {
            throw RunError(
                .malformed,
                "holds \(available - header.dataByteCount) bytes behind its last tensor that belong to none; "
                    + "copy or save it again",
                path: path)
        }
        self.path = path
        self.bytes = bytes
        metadata = header.metadata
        tensors = header.entries.map {
            TensorDescription(name: $0.name, shape: $0.shape, elementType: $0.elementType)
        }
        places = Dictionary(
            uniqueKeysWithValues: header.entries.map {
                ($0.name, 8 + length + $0.bytes.lowerBound..<8 + length + $0.bytes.upperBound)
            })
    }

    /// The values of a tensor.
    ///
    /// - Throws: `notFound` if there is none of that name; `temporary` if the file became shorter since it was opened;
    ///   `malformed` for a bool other than 0 and 1; `unsupported` for a uint64 beyond the range of Int64; `io`.
    public func read(_ name: String) throws(RunError) -> Tensor {
        guard let place = places[name], let tensor = tensors.first(where: { $0.name == name }) else {
            throw RunError(.notFound, "is not in the file", path: path, object: name)
        }
        return try read(tensor, at: place.lowerBound)
    }

    /// All tensors for which `isWanted` holds, in the order in which they lie in the file.
    ///
    /// - Throws: As `read(_:)`; `unsupported` where they take more memory than may be used.
    func read(where isWanted: (TensorDescription) -> Bool) throws(RunError) -> [NamedTensor] {
        var budget = ValueBudget()
        for tensor in tensors where isWanted(tensor) {
            try budget.take(tensor.shape.elementCount, of: tensor.elementType, path: path, object: tensor.name)
        }
        var read: [NamedTensor] = []
        for tensor in tensors where isWanted(tensor) {
            guard let place = places[tensor.name] else { continue }
            read.append(NamedTensor(name: tensor.name, tensor: try self.read(tensor, at: place.lowerBound)))
        }
        return read
    }

    private func read(_ tensor: TensorDescription, at offset: Int) throws(RunError) -> Tensor {
        let count = tensor.shape.elementCount
        func integers<Stored: FixedWidthInteger & BitwiseCopyable>(_ type: Stored.Type) throws(RunError)
            -> Tensor.Elements
        {
            .integer(try bytes.read(Stored.self, at: offset, count: count) { Int64(truncatingIfNeeded: $0) })
        }
        let elements: Tensor.Elements
        switch tensor.elementType {
        case .float32: elements = .float(try bytes.read(at: offset, count: count))
        case .float64: elements = .double(try bytes.read(at: offset, count: count))
        case .float16:
            elements = .float(
                try bytes.read(UInt16.self, at: offset, count: count) { Float(Float16(bitPattern: $0)) })
        case .bfloat16:
            elements = .float(
                try bytes.read(UInt16.self, at: offset, count: count) { Float(bitPattern: UInt32($0) << 16) })
        case .int64: elements = .integer(try bytes.read(at: offset, count: count))
        case .int32: elements = try integers(Int32.self)
        case .int16: elements = try integers(Int16.self)
        case .int8: elements = try integers(Int8.self)
        case .uint32: elements = try integers(UInt32.self)
        case .uint16: elements = try integers(UInt16.self)
        case .uint8: elements = try integers(UInt8.self)
        case .uint64:
            elements = try integers(UInt64.self)
            if case .integer(let values) = elements, values.contains(where: { $0 < 0 }) {
                throw RunError(
                    .unsupported, "holds a uint64 above 9223372036854775807; store it as int64 or float64",
                    path: path, object: tensor.name)
            }
        case .bool:
            elements = try integers(UInt8.self)
            if case .integer(let values) = elements, let odd = values.first(where: { $0 > 1 }) {
                throw RunError(
                    .malformed, "holds a bool that is \(odd), neither 0 nor 1; save the file again", path: path,
                    object: tensor.name)
            }
        }
        return Tensor(shape: tensor.shape, elementType: tensor.elementType, elements: elements)
    }
}

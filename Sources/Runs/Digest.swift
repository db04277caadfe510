import Crypto
import Foundation
public import Tensors

/// A SHA-256 digest (FIPS 180-4) that grows with what it is fed.
public struct Digest: Sendable {
    private var hash = SHA256()

    /// Creates a digest of nothing.
    public init() {}

    /// Adds bytes.
    public mutating func update(_ bytes: [UInt8]) { hash.update(data: bytes) }

    /// Adds a text as UTF-8, preceded by its length so that two texts never run together.
    public mutating func update(_ text: String) {
        let bytes = [UInt8](text.utf8)
        update(integer: bytes.count)
        hash.update(data: bytes)
    }

    /// Adds a named tensor: name, element type, shape and its values, widened and little-endian.
    public mutating func update(_ name: String, _ tensor: Tensor) {
        update(name)
        update(tensor.elementType.rawValue)
        update(integer: tensor.shape.rank)
        for extent in tensor.shape.dimensions { update(integer: extent) }
        switch tensor.elements {
        case .float(let values): update(words: values) { $0.bitPattern }
        case .double(let values): update(words: values) { $0.bitPattern }
        case .integer(let values): update(words: values) { $0 }
        }
    }

    private mutating func update(integer: Int) {
        withUnsafeBytes(of: Int64(integer).littleEndian) { hash.update(bufferPointer: $0) }
    }

    private mutating func update<Element, Bits: FixedWidthInteger>(
        words values: [Element], _ bits: (Element) -> Bits
    ) {
        #if _endian(little)
            values.withUnsafeBytes { hash.update(bufferPointer: $0) }
        #else
            values.map { bits($0).littleEndian }.withUnsafeBytes { hash.update(bufferPointer: $0) }
        #endif
    }

    /// The digest so far, as 64 lower-case hexadecimal digits.
    public var hex: String {
        hash.finalize().map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0\(digits)" : digits
        }.joined()
    }

    /// The digest of bytes.
    public static func sha256Hex(_ bytes: [UInt8]) -> String {
        var digest = Digest()
        digest.update(bytes)
        return digest.hex
    }

    /// The digest of a file's bytes, read a megabyte at a time.
    ///
    /// - Throws: `notFound` without the file, `io` if it cannot be read.
    public static func sha256Hex(file path: String) throws(RunError) -> String {
        let file = try FileBytes(path)
        var digest = Digest()
        let block = 1 << 20
        for start in stride(from: 0, to: file.count, by: block) {
            digest.update(try file.read(at: start, count: min(block, file.count - start)) as [UInt8])
        }
        return digest.hex
    }
}

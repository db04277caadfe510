import CHDF5
import Foundation

/// Strings as a file stores them: of fixed size, or each of its own length.
struct StoredStrings {
    /// The string type.
    let type: Handle

    /// Reads `count` strings; `transfer` fills a buffer with elements of the memory type it is given.
    ///
    /// - Throws: `malformed` if the library cannot read them or they are not UTF-8.
    func read(
        count: Int, file: HDF5File, object: String, transfer: (hid_t, UnsafeMutableRawPointer) -> herr_t
    ) throws(HDF5Error) -> [String] {
        guard count > 0 else { return [] }
        var texts: [String?] = []
        let status: herr_t
        if H5Tis_variable_str(type.id) > 0 {
            var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
            status = pointers.withUnsafeMutableBytes { buffer in
                buffer.baseAddress.map { transfer(type.id, $0) } ?? -1
            }
            for pointer in pointers {
                texts.append(pointer.map { String(validatingCString: $0) } ?? "")
                H5free_memory(pointer)
            }
        } else {
            let size = max(1, H5Tget_size(type.id))
            let isSpacePadded = H5Tget_strpad(type.id) == H5T_STR_SPACEPAD
            var bytes = [UInt8](repeating: 0, count: count * size)
            status = bytes.withUnsafeMutableBytes { buffer in
                buffer.baseAddress.map { transfer(type.id, $0) } ?? -1
            }
            for start in stride(from: 0, to: bytes.count, by: size) {
                var text = bytes[start..<start + size].prefix { $0 != 0 }
                while isSpacePadded, text.last == UInt8(ascii: " ") { text.removeLast() }
                texts.append(String(validating: text, as: UTF8.self))
            }
        }
        guard status >= 0 else {
            throw HDF5Error(
                HDF5Library.failureKind, "its text cannot be read \(HDF5Library.damage())", path: file.path,
                object: object)
        }
        let valid = texts.compactMap(\.self)
        guard valid.count == count else {
            throw HDF5Error(
                .malformed, "holds a string that is not UTF-8; store it as UTF-8", path: file.path, object: object)
        }
        return valid
    }
}

import CHDF5
import Foundation

extension HDF5Writer {
    /// Writes an attribute: int64, float64, or UTF-8 strings.
    static func setAttribute(
        _ name: String, _ value: HDF5Attribute, of owner: Handle, path: String, filePath: String
    ) throws(HDF5Error) {
        HDF5Library.enter()
        defer { HDF5Library.leave() }
        func failure() -> HDF5Error {
            HDF5Error(
                .io, "cannot be written (\(HDF5Library.lastMessage()))", path: filePath, object: "\(path)@\(name)")
        }
        func create(_ type: hid_t, _ space: Handle?) throws(HDF5Error) -> Handle {
            guard let space,
                let attribute = Handle(
                    H5Acreate2(owner.id, name, type, space.id, instar_h5_default(), instar_h5_default()),
                    { H5Aclose($0) })
            else { throw failure() }
            return attribute
        }
        let scalar = Handle(H5Screate(H5S_SCALAR), { H5Sclose($0) })
        let status: herr_t
        switch value {
        case .integer(let integer):
            var stored = Int64(integer)
            let attribute = try create(instar_h5_stored_int64(), scalar)
            status = H5Awrite(attribute.id, instar_h5_native_int64(), &stored)
        case .number(var number):
            let attribute = try create(instar_h5_stored_double(), scalar)
            status = H5Awrite(attribute.id, instar_h5_native_double(), &number)
        case .text(let text):
            let padded = try paddedText(text, filePath)
            let attribute = try create(padded.type.id, scalar)
            status = H5Awrite(attribute.id, padded.type.id, padded.bytes)
        case .texts(let texts):
            let type = try textType(size: instar_h5_variable_length(), filePath)
            var extent = hsize_t(texts.count)
            let attribute = try create(type.id, Handle(H5Screate_simple(1, &extent, nil), { H5Sclose($0) }))
            status = texts.isEmpty ? 0 : withCStrings(texts) { H5Awrite(attribute.id, type.id, $0) }
        }
        guard status >= 0 else { throw failure() }
    }

    /// A text of a size of its own: it lies in its object, within its checksum. Texts of any size lie in a heap that has none,
    /// and whose damage libhdf5 does not survive; lists are of these, since netCDF does not read padded ones, and nothing of
    /// ours depends on them.
    static func paddedText(_ text: String, _ filePath: String) throws(HDF5Error) -> (type: Handle, bytes: [UInt8]) {
        // netCDF takes a text of one byte for a character.
        let size = max(2, text.utf8.count)
        let type = try textType(size: size, filePath)
        return (type, Array(text.utf8) + [UInt8](repeating: 0, count: size - text.utf8.count))
    }

    /// The type of UTF-8 strings of a size.
    static func textType(size: Int, _ filePath: String) throws(HDF5Error) -> Handle {
        guard let type = Handle(H5Tcopy(instar_h5_c_string()), { H5Tclose($0) }), H5Tset_size(type.id, size) >= 0,
            H5Tset_strpad(type.id, size == instar_h5_variable_length() ? H5T_STR_NULLTERM : H5T_STR_NULLPAD) >= 0,
            H5Tset_cset(type.id, H5T_CSET_UTF8) >= 0
        else { throw HDF5Error(.io, "libhdf5 has no memory left (\(HDF5Library.lastMessage()))", path: filePath) }
        return type
    }
}

/// Calls `body` with an array of pointers to the strings, each ended by a zero byte.
func withCStrings<Result>(_ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result) -> Result {
    var bytes: [CChar] = []
    var starts: [Int] = []
    for text in texts {
        starts.append(bytes.count)
        bytes.append(contentsOf: text.utf8CString)
    }
    return bytes.withUnsafeBufferPointer { buffer in
        body(starts.map { start in buffer.baseAddress.map { $0 + start } })
    }
}

import CHDF5
import Foundation

extension HDF5Writer {
    /// Writes an attribute: int64, float64, or UTF-8 strings of one size.
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
            let padded = try PaddedTexts([text], path: filePath)
            let attribute = try create(padded.type.id, scalar)
            status = H5Awrite(attribute.id, padded.type.id, padded.bytes)
        case .texts(let texts):
            let padded = try PaddedTexts(texts, path: filePath)
            var extent = hsize_t(texts.count)
            let attribute = try create(padded.type.id, Handle(H5Screate_simple(1, &extent, nil), { H5Sclose($0) }))
            status = texts.isEmpty ? 0 : H5Awrite(attribute.id, padded.type.id, padded.bytes)
        }
        guard status >= 0 else { throw failure() }
    }
}

/// UTF-8 strings of one size, padded with zeros: they lie in their object, within its checksum. Those of any size would lie in
/// a heap that has none, and whose damage libhdf5 does not survive.
struct PaddedTexts {
    let type: Handle
    let bytes: [UInt8]
    /// Bytes of each.
    let size: Int

    /// - Throws: `unsupported` where one is so long that all would take more than a gigabyte.
    init(_ texts: [String], path: String) throws(HDF5Error) {
        // netCDF takes texts of one byte for characters.
        let size = max(2, texts.map(\.utf8.count).max() ?? 2)
        let (count, overflows) = size.multipliedReportingOverflow(by: texts.count)
        guard !overflows, count <= 1 << 30 else {
            throw HDF5Error(
                .unsupported, "\(texts.count) names of up to \(size) bytes are too long to be stored; shorten them",
                path: path)
        }
        guard let type = Handle(H5Tcopy(instar_h5_c_string()), { H5Tclose($0) }), H5Tset_size(type.id, size) >= 0,
            H5Tset_strpad(type.id, H5T_STR_NULLPAD) >= 0, H5Tset_cset(type.id, H5T_CSET_UTF8) >= 0
        else { throw HDF5Error(.io, "libhdf5 has no memory left (\(HDF5Library.lastMessage()))", path: path) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        for text in texts {
            bytes += text.utf8
            bytes += repeatElement(0, count: size - text.utf8.count)
        }
        (self.type, self.bytes, self.size) = (type, bytes, size)
    }
}

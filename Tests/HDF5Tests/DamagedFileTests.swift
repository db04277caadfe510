import CHDF5
import Foundation
import Tensors
import TestSupport
import Testing

@testable import HDF5

/// Files in which one thing is wrong, each found by another check.
///
/// Patches know where the HDF5 File Format Specification 3.0 puts things in the oldest form of each object.
@Suite struct DamagedFileTests {
    /// A file, what is done to its bytes, what is asked of it, and what is to be answered.
    struct Damage: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let write: @Sendable (HDF5Writer) throws(HDF5Error) -> Void
        let patch: @Sendable (inout [UInt8]) throws -> Void
        let read: @Sendable (HDF5Group) throws -> Void
        let kind: HDF5Error.Kind
        let object: String?
        let words: String

        init(
            _ description: String, _ kind: HDF5Error.Kind, _ object: String?, _ words: String,
            write: @escaping @Sendable (HDF5Writer) throws(HDF5Error) -> Void,
            patch: @escaping @Sendable (inout [UInt8]) throws -> Void = { _ in },
            read: @escaping @Sendable (HDF5Group) throws -> Void
        ) {
            (testDescription, self.kind, self.object, self.words) = (description, kind, object, words)
            (self.write, self.patch, self.read) = (write, patch, read)
        }
    }

    /// Overwrites what stands some bytes behind the start of each occurrence of a pattern; there must be some.
    private static func overwrite(
        _ bytes: inout [UInt8], at pattern: [UInt8], _ offset: Int = 0, with new: [UInt8]
    ) throws {
        let places = bytes.indices.filter { bytes[$0...].starts(with: pattern) }
        try #require(!places.isEmpty)
        for place in places { bytes.replaceSubrange(place + offset..<place + offset + new.count, with: new) }
    }

    /// Numbers as a file stores them.
    private static func stored<Number: FixedWidthInteger>(_ numbers: Number...) -> [UInt8] {
        numbers.flatMap { withUnsafeBytes(of: $0.littleEndian) { Array($0) } }
    }

    private static let matrix: @Sendable (HDF5Writer) throws(HDF5Error) -> Void = { root throws(HDF5Error) in
        try root.write("w", Tensor((0..<77).map { Double($0) }, shape: [7, 11]), compression: 9)
    }
    private static let vector: @Sendable (HDF5Writer) throws(HDF5Error) -> Void = { root throws(HDF5Error) in
        try root.write("w", Tensor((0..<11).map { Double($0) }, shape: [11]), compression: 9)
    }
    private static let texts: @Sendable (HDF5Writer) throws(HDF5Error) -> Void = { root throws(HDF5Error) in
        try root.write("w", ["a text to be found", "b"])
    }
    /// Texts of any length, as h5py writes them; ours are padded.
    private static let heap: @Sendable (HDF5Writer) throws(HDF5Error) -> Void = { root throws(HDF5Error) in
        let type = try root.open(Handle(H5Tcopy(instar_h5_c_string()), { H5Tclose($0) }), "w")
        H5Tset_size(type.id, instar_h5_variable_length())
        let space = try root.open(Handle(H5Screate(H5S_SCALAR), { H5Sclose($0) }), "w")
        let id = H5Dcreate2(
            root.handle.id, "w", type.id, space.id, instar_h5_default(), instar_h5_default(), instar_h5_default())
        let dataset = try root.open(Handle(id, { H5Dclose($0) }), "w")
        let written = "a text".withCString { text in
            [text].withUnsafeBytes {
                H5Dwrite(
                    dataset.id, type.id, instar_h5_default(), instar_h5_default(), instar_h5_default(), $0.baseAddress)
            }
        }
        guard written >= 0 else { throw root.failure("cannot be written", "w") }
    }
    private static let attribute: @Sendable (HDF5Writer) throws(HDF5Error) -> Void = { root throws(HDF5Error) in
        try root.setAttribute("note", .integer(-1))
    }
    private static let readNumbers: @Sendable (HDF5Group) throws -> Void = { _ = try $0.dataset("w").read() }

    static let damages = [
        Damage(
            "a superblock of a later version", .unsupported, nil, "libver=('earliest', 'v114')", write: vector,
            patch: { $0[8] = 9 }, read: readNumbers),
        Damage(
            "members without their table", .malformed, "/", "its members cannot be listed", write: vector,
            patch: { try overwrite(&$0, at: Array("SNOD".utf8), with: [0]) }, read: { _ = try $0.members() }),
        Damage(
            "a member that lies nowhere", .malformed, "/w", "is damaged", write: vector,
            patch: { try overwrite(&$0, at: Array("SNOD".utf8), 16, with: stored(UInt64(0x7000_0000))) },
            read: readNumbers),
        Damage(
            "attributes that cannot be listed", .malformed, "/", "its attributes cannot be listed", write: attribute,
            patch: { try overwrite(&$0, at: Array("note\0".utf8), -8, with: [9]) },
            read: { _ = try $0.attributeNames() }),
        Damage(
            "a damaged attribute", .malformed, "/@note", "is damaged", write: attribute,
            patch: { try overwrite(&$0, at: Array("note\0".utf8), -8, with: [9]) },
            read: { _ = try $0.attribute("note") }),
        Damage(
            "an attribute beyond Int64", .unsupported, "/@note", "uint64 above 9223372036854775807", write: attribute,
            // The bit for a sign.
            patch: { try overwrite(&$0, at: [0x10, 8, 0, 0, 8, 0, 0, 0], 1, with: [0]) },
            read: { _ = try $0.attribute("note") }),
        Damage(
            "more elements than there are addresses", .malformed, "/w", "more elements than memory can address",
            write: matrix,
            patch: { try overwrite(&$0, at: stored(7, 11), with: stored(1 << 40, 1 << 40)) }, read: readNumbers),
        Damage(
            "more bytes than there are addresses", .malformed, "/w", "more bytes than memory can address",
            write: vector,
            patch: {
                try overwrite(&$0, at: [1, 1, 1, 0, 0, 0, 0, 0] + stored(11), 8, with: stored(1 << 61, 1 << 61))
            },
            read: readNumbers),
        Damage(
            "values that cannot be unpacked", .malformed, "/w", "its values cannot be read: damaged or cut short",
            write: matrix,
            patch: { try overwrite(&$0, at: [0x78, 0xDA], 2, with: stored(-1)) }, read: readNumbers),
        Damage(
            "chunks of another rank", .malformed, "/w", "its chunks have another rank than itself", write: matrix,
            patch: { try overwrite(&$0, at: [1, 2, 1, 0, 0, 0, 0, 0] + stored(7), 1, with: [1]) }, read: readNumbers),
        Damage(
            "chunks larger than what is stored can become", .malformed, "/w", "80000000 bytes are declared",
            write: vector,
            patch: { bytes in
                try overwrite(&bytes, at: stored(11, 11), with: stored(10_000_000, 10_000_000))
                try overwrite(&bytes, at: stored(Int32(11), 8), with: stored(Int32(10_000_000)))
            }, read: readNumbers),
        Damage(
            "a chunk that reaches beyond the file", .malformed, "/w", "chunk 0 of 1 is not whole", write: vector,
            patch: { try overwrite(&$0, at: Array("TREE".utf8) + [1], 24, with: stored(Int32(1 << 24))) },
            read: readNumbers),
        Damage(
            "texts without their heap", .malformed, "/w", "its text cannot be read", write: heap,
            patch: { try overwrite(&$0, at: Array("GCOL".utf8), with: [0]) },
            read: { _ = try $0.dataset("w").readTexts() }),
        Damage(
            "a text that is not UTF-8", .malformed, "/w", "holds a string that is not UTF-8", write: texts,
            patch: { try overwrite(&$0, at: Array("a text to be found".utf8), with: [0xFF]) },
            read: { _ = try $0.dataset("w").readTexts() }),
        Damage(
            "a dimension that cannot be found", .malformed, "/w", "refers to a dimension that cannot be found",
            write: { root throws(HDF5Error) in
                try root.writeDimension("draw", count: 2)
                try root.write("w", Tensor([1.0, 2], shape: [2]), dimensions: ["draw"])
            },
            patch: { try overwrite(&$0, at: Array("GCOL".utf8), with: [0]) },
            read: { _ = try $0.dataset("w").dimensionScales() }),
        Damage(
            "more datasets than are walked through", .malformed, "/", "holds more than 2 datasets",
            write: { root throws(HDF5Error) in for name in ["a", "b", "c"] { try root.write(name, ["x"]) } },
            read: { try $0.forEachDataset(atMost: 2) { _ throws(HDF5Error) in } }),
        Damage(
            "groups without end", .malformed, nil, "groups nest more than 100 deep",
            write: { root throws(HDF5Error) in
                var group = root
                for _ in 0..<100 { group = try group.createGroup("a") }
            }, read: { try $0.forEachDataset { _ throws(HDF5Error) in } }),
    ]

    @Test(arguments: damages)
    func `damage is found where it is`(damage: Damage) throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/a.h5"
            var bytes = try HDF5File.image(path: path, hasChecksums: false, damage.write)
            try damage.patch(&bytes)
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let error = #expect(throws: HDF5Error.self) { try damage.read(try HDF5File(reading: path).root()) }
            #expect(error?.kind == damage.kind && error?.path == path)
            if let object = damage.object { #expect(error?.object == object) }
            #expect(error?.reason.contains(damage.words) == true, "\(error?.reason ?? "")")
        }
    }

    private func owned(_ id: hid_t, _ close: @escaping @Sendable (hid_t) -> herr_t) throws -> Handle {
        let handle = Handle(id, close)
        return try #require(handle)
    }

    @Test func `an attribute larger than a megabyte is not read`() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/a.h5"
            do {
                HDF5Library.enter()
                defer { HDF5Library.leave() }
                // Only the form of HDF5 1.8 has room for it.
                let access = try owned(H5Pcreate(instar_h5_file_access())) { H5Pclose($0) }
                #expect(H5Pset_libver_bounds(access.id, H5F_LIBVER_V18, H5F_LIBVER_V110) >= 0)
                let file = try owned(H5Fcreate(path, instar_h5_truncate(), instar_h5_default(), access.id)) {
                    H5Fclose($0)
                }
                let values = [Int64](repeating: 0, count: 1 << 18)
                var extent = hsize_t(values.count)
                let space = try owned(H5Screate_simple(1, &extent, nil)) { H5Sclose($0) }
                let id = H5Acreate2(
                    file.id, "large", instar_h5_stored_int64(), space.id, instar_h5_default(), instar_h5_default())
                let attribute = try owned(id) { H5Aclose($0) }
                #expect(H5Awrite(attribute.id, instar_h5_native_int64(), values) >= 0)
            }
            let root = try HDF5File(reading: path).root()
            let error = #expect(throws: HDF5Error.self) { try root.attribute("large") }
            #expect(error?.kind == .unsupported && error?.object == "/@large")
            #expect(error?.reason.contains("is larger than a megabyte") == true, "\(error?.reason ?? "")")
        }
    }
}

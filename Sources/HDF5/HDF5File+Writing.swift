import CHDF5
import Foundation

extension HDF5File {
    /// Writes a file in one piece: under a temporary name in the same folder, to the disk, then renamed.
    ///
    /// - Parameters:
    ///   - path: The file to be created or replaced.
    ///   - body: Fills the root group.
    /// - Throws: `io` naming the file for a full disk or a folder that cannot be written to, `body`'s error as well;
    ///   a file that was there before is then untouched.
    public static func writeAtomically(
        to path: String, _ body: (HDF5Writer) throws(HDF5Error) -> Void
    ) throws(HDF5Error) {
        try AtomicFile.write(try image(path: path, body), to: path)
    }

    /// The bytes of a file that `body` fills; `path` only names it in errors.
    ///
    /// - Parameter hasChecksums: False gives objects their oldest form, as files of others have them; for tests.
    static func image(
        path: String, hasChecksums: Bool = true, _ body: (HDF5Writer) throws(HDF5Error) -> Void
    ) throws(HDF5Error) -> [UInt8] {
        HDF5Library.enter()
        defer { HDF5Library.leave() }
        func failure() -> HDF5Error {
            HDF5Error(.io, "cannot be built in memory (\(HDF5Library.lastMessage()))", path: path)
        }
        // In memory because libhdf5 cannot let go of a file whose last bytes found no room on the disk.
        guard let access = Handle(H5Pcreate(instar_h5_file_access()), { H5Pclose($0) }),
            H5Pset_fapl_core(access.id, 1 << 20, false) >= 0, H5Pset_fclose_degree(access.id, H5F_CLOSE_STRONG) >= 0,
            let creation = Handle(H5Pcreate(instar_h5_file_create()), { H5Pclose($0) }),
            H5Pset_obj_track_times(creation.id, false) >= 0,
            !hasChecksums || HDF5Writer.setChecksums(creation, isGroup: true),
            let file = Handle(
                H5Fcreate("\(path).in-memory", instar_h5_truncate(), creation.id, access.id), { H5Fclose($0) }),
            let root = Handle(H5Gopen2(file.id, "/", instar_h5_default()), { H5Gclose($0) })
        else { throw failure() }
        try body(HDF5Writer(filePath: path, path: "/", handle: root, hasChecksums: hasChecksums))
        guard H5Fflush(file.id, H5F_SCOPE_GLOBAL) >= 0 else { throw failure() }
        let size = H5Fget_file_image(file.id, nil, 0)
        guard size > 0 else { throw failure() }
        var bytes = [UInt8](repeating: 0, count: size)
        guard H5Fget_file_image(file.id, &bytes, size) == size else { throw failure() }
        return bytes
    }
}

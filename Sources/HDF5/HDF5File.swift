import CHDF5
import Tensors

/// An HDF5 file opened for reading.
///
/// Nothing outside the file is ever read: external links, external storage and virtual datasets are refused.
/// A file that another process holds open for writing is refused where the file system has locks.
public struct HDF5File: Sendable {
    /// Where the file lies.
    public let path: String
    /// The number of bytes when it was opened.
    let byteCount: UInt64
    let handle: Handle

    /// Opens a file.
    ///
    /// - Throws: `notFound` without the file; `malformed` if it is no HDF5 file or was cut short; `io`, temporary,
    ///   if it is still being written; `io` if it may not be read; `unsupported` for newer versions of the format.
    public init(reading path: String) throws(HDF5Error) {
        self.path = path
        byteCount = try HDF5File.regularFileSize(path)
        HDF5Library.enter()
        defer { HDF5Library.leave() }
        guard let access = Handle(H5Pcreate(instar_h5_file_access()), { H5Pclose($0) }) else {
            throw HDF5Error(.io, "libhdf5 has no memory left (\(HDF5Library.lastMessage()))", path: path)
        }
        // Best effort: where the file system has no locks the file is opened without one.
        H5Pset_file_locking(access.id, true, true)
        guard let handle = Handle(H5Fopen(path, instar_h5_read_only(), access.id), { H5Fclose($0) }) else {
            throw HDF5File.openingError(path: path, byteCount: byteCount)
        }
        self.handle = handle
    }

    /// The group that holds all others.
    public func root() throws(HDF5Error) -> HDF5Group { try HDF5Group(opening: "/", of: self) }

    /// Has `observer` told the path of each object before it is opened, so that a process that reads for others can say
    /// where it was when it ended.
    public static func observeObjects(_ observer: @escaping @Sendable (String) -> Void) {
        HDF5Library.enter()
        defer { HDF5Library.leave() }
        HDF5Library.observer = observer
    }

    /// Lets libhdf5 load code for filters from `HDF5_PLUGIN_PATH`, in this process from now on.
    public static func allowFilterPlugins() {
        HDF5Library.enter()
        defer { HDF5Library.leave() }
        HDF5Library.allowsFilterPlugins = H5PLset_loading_state(UInt32(H5PL_FILTER_PLUGIN)) >= 0
    }

    private static func regularFileSize(_ path: String) throws(HDF5Error) -> UInt64 {
        do throws(RegularFile.Problem) { return UInt64(try RegularFile(path).count) } catch {
            switch error {
            case .isAbsent: throw HDF5Error(.notFound, "cannot be opened: \(error.words)", path: path)
            case .isNoFile: throw HDF5Error(.malformed, "expected an HDF5 file, found a folder or device", path: path)
            case .system: throw HDF5Error(.io, "cannot be opened: \(error.words); check its permissions", path: path)
            }
        }
    }

    private static func openingError(path: String, byteCount: UInt64) -> HDF5Error {
        let messages = HDF5Library.messages()
        func says(_ text: String) -> Bool { messages.contains { $0.contains(text) } }
        if byteCount == 0 {
            return HDF5Error(.malformed, "is empty; an HDF5 file was expected: copy or save it again", path: path)
        }
        if says("unable to lock file") || says("already open for write") {
            return HDF5Error(
                .io,
                "is open for writing: is training still writing it? Try again when it is closed; if its writer died, "
                    + "run `h5clear -s` on it", path: path, isTemporary: true)
        }
        if says("truncated file") {
            return HDF5Error(
                .malformed, "was cut short: \(byteCount) bytes are fewer than it declares; copy or save it again",
                path: path)
        }
        if says("signature") {
            return HDF5Error(
                .malformed, "is not an HDF5 file; copy it again (is it a pointer of Git LFS?), or save it with h5py",
                path: path)
        }
        if says("bad version number") || says("bad superblock version") {
            return HDF5Error(.unsupported, "\(newerFormat) (\(messages.first ?? ""))", path: path)
        }
        return HDF5Error(HDF5Library.failureKind, "is damaged \(HDF5Library.damage())", path: path)
    }

    /// What to say of objects that libhdf5 1.10 is too old for.
    static let newerFormat =
        "is written in a newer form of HDF5 than this program reads; write it with "
        + "h5py.File(name, 'w', libver=('earliest', 'v114')), or convert it with a newer h5repack"
}

import Foundation
import Synchronization

/// Replaces files so that a reader, or a crash, finds either the old content or the new one.
///
/// All results are written by it. A new file has the permissions that the user's umask leaves; a link that stands where
/// a file goes is replaced and never followed.
public enum AtomicFile {
    /// Writes `bytes` beside `path` under a temporary name, to the disk, and renames it.
    ///
    /// - Throws: `io` naming the file; the old file, if there was one, is untouched and nothing else is left behind.
    public static func write(_ bytes: [UInt8], to path: String) throws(HDF5Error) {
        try together { () throws(HDF5Error) in try writeAlone(bytes, to: path) }
    }

    /// Writes several files of which `betweenWrites` then sees none or all.
    public static func together<Result, Problem>(
        _ body: () throws(Problem) -> Result
    ) throws(Problem) -> Result {
        while true {
            let count = writerCount.load(ordering: .relaxed)
            // Whoever ends the process does so in a moment.
            if count >= 0,
                writerCount.compareExchange(expected: count, desired: count + 1, ordering: .relaxed).exchanged
            {
                break
            }
            usleep(1_000)
        }
        defer { writerCount.subtract(1, ordering: .relaxed) }
        return try body()
    }

    /// Waits until no file of this process is half-written, and calls `body`, which ends the process, before the next is.
    public static func betweenWrites(_ body: () -> Never) -> Never {
        while !writerCount.compareExchange(expected: 0, desired: -1, ordering: .relaxed).exchanged { usleep(1_000) }
        body()
    }

    /// How many are writing; −1 where nobody may begin.
    private static let writerCount = Atomic(0)

    private static func writeAlone(_ bytes: [UInt8], to path: String) throws(HDF5Error) {
        let target = URL(fileURLWithPath: path)
        let folder = target.deletingLastPathComponent().path
        let temporary = "\(folder)/.\(target.lastPathComponent).\(UUID().uuidString)\(suffix)"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw systemError("cannot be created in \(folder)", path: path) }
        do throws(HDF5Error) {
            do throws(HDF5Error) {
                try write(bytes, to: descriptor, path: path)
                guard fsync(descriptor) == 0 else { throw systemError("cannot be written", path: path) }
            } catch {
                close(descriptor)
                throw error
            }
            guard close(descriptor) == 0 else { throw systemError("cannot be written", path: path) }
            guard rename(temporary, path) == 0 else {
                guard errno != EISDIR else {
                    throw HDF5Error(
                        .io, "is a folder, and a file goes there; remove it, or state another --output", path: path)
                }
                throw systemError("cannot be replaced", path: path)
            }
        } catch {
            unlink(temporary)
            throw error
        }
        // The new name itself reaches the disk; file systems that cannot do this for a folder are left to their ways.
        let folderDescriptor = open(folder, O_RDONLY | O_CLOEXEC)
        if folderDescriptor >= 0 {
            fsync(folderDescriptor)
            close(folderDescriptor)
        }
    }

    /// Makes a folder inside one that is there; one that is there already is kept.
    ///
    /// - Throws: `unsupported` where a link stands in its place, which could lead anywhere; `io` naming the folder.
    public static func makeFolder(_ path: String) throws(HDF5Error) {
        guard mkdir(path, 0o777) != 0 else { return }
        let code = errno
        var status = stat()
        if code == EEXIST, lstat(path, &status) == 0 {
            if status.st_mode & S_IFMT == S_IFDIR { return }
            if status.st_mode & S_IFMT == S_IFLNK {
                throw HDF5Error(
                    .unsupported,
                    "is a link, and results are not written through links out of their folder. Remove it, or state as "
                        + "--output a folder that lies where the results are to go",
                    path: path)
            }
            throw HDF5Error(
                .unsupported, "is a file, and a folder is needed there; remove it, or state another --output",
                path: path)
        }
        errno = code
        throw systemError("cannot be made", path: path)
    }

    /// Removes what killed processes left half-written in a folder; nobody else may be writing there.
    ///
    /// A folder that is not there, or is a link, has nothing to remove.
    public static func removeLeftovers(in folder: String) {
        var status = stat()
        guard lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return }
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where name.hasPrefix(".") && name.hasSuffix(suffix) {
            unlink("\(folder)/\(name)")
        }
    }

    /// How temporary names end.
    package static let suffix = ".instar-part"

    /// Writes all bytes to an open file.
    static func write(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(HDF5Error) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw systemError("cannot be written", path: path) }
            written += count
        }
    }

    private static func systemError(_ what: String, path: String) -> HDF5Error {
        HDF5Error(
            .io,
            "\(what) (\(String(cString: strerror(errno)))); what was there before is untouched. "
                + "Make room or check permissions and run again, or state another --output",
            path: path)
    }
}

import Foundation

/// Replaces files so that a reader, or a crash, finds either the old content or the new one.
enum AtomicFile {
    /// Writes `bytes` beside `path` under a temporary name, to the disk, and renames it.
    ///
    /// - Throws: `io` naming the file; the old file, if there was one, is untouched and nothing else is left behind.
    static func write(_ bytes: [UInt8], to path: String) throws(HDF5Error) {
        let target = URL(fileURLWithPath: path)
        let folder = target.deletingLastPathComponent().path
        let temporary = "\(folder)/.\(target.lastPathComponent).\(UUID().uuidString)"
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
            guard rename(temporary, path) == 0 else { throw systemError("cannot be replaced", path: path) }
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
        HDF5Error(.io, "\(what): \(String(cString: strerror(errno)))", path: path)
    }
}

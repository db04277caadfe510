package import Foundation

/// An open file on a disk: no folder, pipe or device, which reading would wait for or never end.
package final class RegularFile: Sendable {
    /// Why a file cannot be had.
    package enum Problem: Error {
        /// Nothing stands there.
        case isAbsent
        /// Something else than a file stands there.
        case isNoFile
        /// The system refused, with this `errno`.
        case system(Int32)

        /// The reason in words.
        package var words: String {
            switch self {
            case .isAbsent: String(cString: strerror(ENOENT))
            case .isNoFile: "it is a folder, a device or a link"
            case .system(let code): String(cString: strerror(code))
            }
        }
    }

    /// What the system said of the file when it was opened.
    package let status: stat
    private let descriptor: Int32

    /// The number of bytes when it was opened.
    package var count: Int { Int(status.st_size) }

    /// Opens a file for reading; a link is followed.
    package init(_ path: String) throws(Problem) {
        (descriptor, status) = try RegularFile.open(path, O_RDONLY)
    }

    deinit { close(descriptor) }

    /// Opens a file; whoever calls closes the descriptor.
    package static func open(_ path: String, _ flags: Int32) throws(Problem) -> (descriptor: Int32, status: stat) {
        // Not blocking, so that a pipe is refused and not waited for.
        let descriptor = Glibc.open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0o666)
        guard descriptor >= 0 else {
            switch errno {
            case ENOENT, ENOTDIR: throw .isAbsent
            // Links in a circle, or where none is to be followed; folders to be written to; sockets.
            case ELOOP, EISDIR, ENXIO: throw .isNoFile
            default: throw .system(errno)
            }
        }
        var status = stat()
        let code = fstat(descriptor, &status) == 0 ? 0 : errno
        guard code == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw code == 0 ? .isNoFile : .system(code)
        }
        return (descriptor, status)
    }

    /// Reads bytes from a place until the buffer is full or the file ends, and returns their number.
    package func fill(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(Problem) -> Int {
        var done = 0
        while done < buffer.count {
            let step = pread(
                descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(offset + done))
            if step < 0, errno == EINTR { continue }
            guard step >= 0 else { throw .system(errno) }
            guard step > 0 else { break }
            done += step
        }
        return done
    }

    /// All bytes that it had when it was opened, fewer where it was cut since.
    package func bytes() throws(Problem) -> [UInt8] {
        var problem: Problem?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            do throws(Problem) { initializedCount = try fill(UnsafeMutableRawBufferPointer(buffer), at: 0) } catch {
                problem = error
            }
        }
        if let problem { throw problem }
        return bytes
    }
}

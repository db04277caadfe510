import Foundation

/// An open file whose numbers, little-endian as this machine's, are read from their places.
struct FileBytes: Sendable {
    /// The number of bytes when it was opened.
    let count: Int
    private let path: String
    private let descriptor: Descriptor
    private let stamp: FileStamp

    private final class Descriptor: Sendable {
        let number: Int32
        init(_ number: Int32) { self.number = number }
        deinit { close(number) }
    }

    /// Opens a file.
    ///
    /// - Throws: `notFound` without it; `mismatch` if it is a folder or a device; `io` if it cannot be opened.
    init(_ path: String) throws(RunError) {
        // Not blocking, so that a pipe is refused and not waited for.
        let number = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard number >= 0 else {
            let kind: RunError.Kind = errno == ENOENT || errno == ENOTDIR ? .notFound : .io
            throw RunError(kind, "cannot be opened: \(String(cString: strerror(errno)))", path: path)
        }
        descriptor = Descriptor(number)
        var status = stat()
        guard fstat(number, &status) == 0 else {
            throw RunError(.io, "cannot be looked at: \(String(cString: strerror(errno)))", path: path)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw RunError(.mismatch, "expected a file, found a folder or device", path: path)
        }
        self.path = path
        count = Int(status.st_size)
        stamp = FileStamp(status)
    }

    /// The error for a file that ends too early: `temporary` where it may still be growing.
    func cutShort(_ finding: String) -> RunError {
        guard stamp.isRecent else {
            return RunError(.malformed, "was cut short: \(finding); copy or save it again", path: path)
        }
        return RunError(
            .temporary,
            "is not complete: \(finding). It was changed a moment ago: is training still writing it? Try "
                + "again when it is written", path: path)
    }

    /// Reads `count` numbers straight into the array that is returned.
    ///
    /// - Throws: `temporary` if the file ends before, which it did not when it was opened; `io`.
    func read<Number: BitwiseCopyable>(at offset: Int, count: Int) throws(RunError) -> [Number] {
        guard count > 0 else { return [] }
        var failure: RunError?
        let numbers = [Number](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            do throws(RunError) {
                try fill(UnsafeMutableRawBufferPointer(buffer), at: offset)
                initializedCount = count
            } catch { failure = error }
        }
        if let failure { throw failure }
        return numbers
    }

    /// Reads `count` numbers block by block and converts them.
    ///
    /// - Throws: As `read(at:count:)`.
    func read<Stored: BitwiseCopyable, Number>(
        _ type: Stored.Type, at offset: Int, count: Int, _ convert: (Stored) -> Number
    ) throws(RunError) -> [Number] {
        var numbers: [Number] = []
        numbers.reserveCapacity(count)
        let block = 1 << 16
        for start in stride(from: 0, to: count, by: block) {
            let stored: [Stored] = try read(
                at: offset + start * MemoryLayout<Stored>.stride, count: min(block, count - start))
            numbers.append(contentsOf: stored.lazy.map(convert))
        }
        return numbers
    }

    private func fill(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(RunError) {
        var done = 0
        while done < buffer.count {
            let step = pread(
                descriptor.number, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(offset + done))
            if step < 0, errno == EINTR { continue }
            guard step >= 0 else {
                throw RunError(.io, "cannot be read: \(String(cString: strerror(errno)))", path: path)
            }
            guard step > 0 else {
                throw RunError(
                    .temporary,
                    "became shorter while it was read: is training still writing it? Try again when it is "
                        + "written", path: path)
            }
            done += step
        }
    }
}

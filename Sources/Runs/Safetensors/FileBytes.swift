import Foundation
import Tensors

/// An open file whose numbers, little-endian as this machine's, are read from their places.
struct FileBytes: Sendable {
    /// The number of bytes when it was opened.
    var count: Int { file.count }
    private let path: String
    private let file: RegularFile
    private let stamp: FileStamp

    /// Opens a file.
    ///
    /// - Throws: As `openFile`.
    init(_ path: String) throws(RunError) {
        self.path = path
        file = try openFile(path)
        stamp = FileStamp(file.status)
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
        let done: Int
        do throws(RegularFile.Problem) { done = try file.fill(buffer, at: offset) } catch {
            throw RunError(.io, "cannot be read: \(error.words)", path: path)
        }
        guard done == buffer.count else {
            throw RunError(
                .temporary,
                "became shorter while it was read: is training still writing it? Try again when it is written",
                path: path)
        }
    }
}

/// Opens a file for reading.
///
/// - Throws: `notFound` without it; `malformed` for a folder or device; `io` if it cannot be opened.
func openFile(_ path: String) throws(RunError) -> RegularFile {
    do throws(RegularFile.Problem) { return try RegularFile(path) } catch {
        switch error {
        case .isNoFile: throw RunError(.malformed, "expected a file, found a folder or device", path: path)
        case .isAbsent: throw RunError(.notFound, "is not there; expected a file", path: path)
        case .system: throw RunError(.io, "cannot be opened: \(error.words); check its permissions", path: path)
        }
    }
}

import Foundation
import HDF5
import Synchronization
import Tensors

/// Holds a folder of results, so that no two processes change it unknown to each other.
///
/// The file `lock` in the folder is locked by `flock`, which the kernel undoes when a process ends however it ends; its
/// lines say who holds it. The last holder to leave removes it. Where the file system has no locks, the lines alone
/// decide: a process writes its own first and then looks for others, so of two at once at least one refuses; lines of
/// processes of this host that are gone count for nothing, those of other hosts count until the file is removed.
public final class StoreLock: Sendable {
    /// Who may hold the folder at the same time.
    public enum Mode: String, Codable, Sendable {
        /// This process alone.
        case exclusive
        /// All that take it in this mode: each writes files of its own.
        case shared
    }

    /// What the kernel's `flock` does; another in tests.
    typealias KernelLock = @Sendable (Int32, Int32) -> Int32

    /// Those that held the folder before and ended without giving it back, in words; only an exclusive holder is told.
    public let abandoned: [String]
    private let path: String
    private let descriptor: Int32
    private let record: LockRecord
    /// nil where the file system has no locks.
    private let kernelLock: KernelLock?
    /// The folders that were made for this, outermost first.
    private let madeFolders: [String]
    private let isReleased = Atomic(false)
    /// Those that this process holds.
    private static let held = Mutex<[ObjectIdentifier: Reference]>([:])

    private struct Reference: Sendable {
        weak let lock: StoreLock?
    }

    /// Takes the folder, which is made where it is missing.
    ///
    /// An exclusive holder removes what killed processes left half-written there.
    ///
    /// - Parameters:
    ///   - folder: The folder of results; it may be a link.
    ///   - mode: Whether others may hold it as well.
    /// - Throws: `Failure` of kind `temporary` that names the holder where another process has the folder and does not end
    ///   within a second; `io` where the folder cannot be made or written to; `usage` for an empty name.
    public convenience init(folder: String, mode: Mode) throws(Failure) {
        try self.init(folder: folder, mode: mode, kernelLock: { flock($0, $1) })
    }

    init(folder: String, mode: Mode, patience: Duration = .seconds(1), kernelLock: @escaping KernelLock) throws(Failure)
    {
        guard !folder.isEmpty else {
            throw Failure(.usage, "--output: expected a folder, found an empty name. State a folder, or leave it out")
        }
        path = "\(folder)/lock"
        record = LockRecord(taking: mode)
        var made: [String] = []
        let end = ContinuousClock.now + patience
        while true {
            made += try StoreLock.makeFolders(folder)
            let (descriptor, status): (Int32, stat)
            do throws(RegularFile.Problem) {
                (descriptor, status) = try RegularFile.open(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW)
            } catch {
                // Another process removed the folder it had made.
                if case .isAbsent = error, ContinuousClock.now < end { continue }
                if case .isNoFile = error {
                    throw Failure(.io, "\(path): a file goes there, and \(error.words). Remove it")
                }
                throw StoreLock.failure(path, error.words)
            }
            // The same file under another name, which writing here would change.
            guard status.st_nlink <= 1 else {
                close(descriptor)
                throw Failure(
                    .io, "\(path): a file goes there, and it is a link to one that stands elsewhere too. Remove it")
            }
            switch StoreLock.take(descriptor, path: path, record: record, kernelLock: kernelLock) {
            case .taken(let abandoned, let isKernelLocked):
                self.descriptor = descriptor
                self.abandoned = abandoned.map(\.description)
                self.kernelLock = isKernelLocked ? kernelLock : nil
                madeFolders = made
                StoreLock.held.withLock { $0[ObjectIdentifier(self)] = Reference(lock: self) }
                if mode == .exclusive {
                    for place in [folder, "\(folder)/units", "\(folder)/figures", "\(folder)/tasks"] {
                        AtomicFile.removeLeftovers(in: place)
                    }
                }
                return
            case .held(let holders, let isKernelLocked):
                close(descriptor)
                guard ContinuousClock.now >= end else {
                    usleep(20_000)
                    continue
                }
                throw StoreLock.heldFailure(folder, by: holders, isKernelLocked: isKernelLocked)
            case .replaced:
                close(descriptor)
            case .failed(let code):
                close(descriptor)
                errno = code
                throw StoreLock.systemFailure(path)
            }
        }
    }

    /// Who works in a folder alone, in words; nil where nobody does. Another process may take it meanwhile.
    static func exclusiveHolder(of folder: String, kernelLock: KernelLock = { flock($0, $1) }) -> String? {
        guard let (descriptor, _) = try? RegularFile.open("\(folder)/lock", O_RDONLY | O_NOFOLLOW) else { return nil }
        defer { close(descriptor) }
        // Given back by closing; whoever takes the folder tries for longer than that.
        guard kernelLock(descriptor, LOCK_SH | LOCK_NB) != 0 else { return nil }
        return records(in: descriptor).first { $0.mode == .exclusive && !$0.isAbandoned }?.description
    }

    deinit { release() }

    /// Gives back all folders that this process holds.
    static func releaseAll() {
        for reference in held.withLock({ Array($0.values) }) { reference.lock?.release() }
    }

    /// Gives the folder back; does nothing the second time. Folders that were made for this and are empty go.
    public func release() {
        guard !isReleased.exchange(true, ordering: .relaxed) else { return }
        _ = StoreLock.held.withLock { $0.removeValue(forKey: ObjectIdentifier(self)) }
        _ = StoreLock.append(record.returned, to: descriptor)
        // Whoever holds the file alone removes it.
        if let kernelLock, kernelLock(descriptor, LOCK_EX | LOCK_NB) == 0, StoreLock.isFile(descriptor, at: path) {
            unlink(path)
        }
        close(descriptor)
        for folder in madeFolders.reversed() { rmdir(folder) }
    }

    // MARK: Taking

    private enum Outcome {
        case taken(abandoned: [LockRecord], isKernelLocked: Bool)
        case held(by: [LockRecord], isKernelLocked: Bool)
        /// The file that was opened is not at its path any more.
        case replaced
        case failed(Int32)
    }

    private static func take(
        _ descriptor: Int32, path: String, record: LockRecord, kernelLock: KernelLock
    ) -> Outcome {
        guard let mode = record.mode else { preconditionFailure("a record of taking") }
        var status: Int32
        repeat {
            status = kernelLock(descriptor, (mode == .exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB)
        } while status != 0 && errno == EINTR
        if status == 0 {
            guard isFile(descriptor, at: path) else { return .replaced }
            var abandoned: [LockRecord] = []
            if mode == .exclusive {
                // The kernel says that nobody holds it: what stands here was left by crashes.
                abandoned = records(in: descriptor)
                ftruncate(descriptor, 0)
            }
            // The lock holds without its line, which a full disk may refuse.
            _ = append(record, to: descriptor)
            return .taken(abandoned: abandoned, isKernelLocked: true)
        }
        switch errno {
        case EWOULDBLOCK:
            return .held(by: records(in: descriptor).filter { !$0.isAbandoned }, isKernelLocked: true)
        case ENOLCK, ENOSYS, EOPNOTSUPP, EINVAL:
            guard append(record, to: descriptor) else { return .failed(errno) }
            let others = records(in: descriptor).filter { $0.id != record.id }
            let living = others.filter { !$0.isAbandoned && (mode == .exclusive || $0.mode == .exclusive) }
            guard living.isEmpty else {
                _ = append(record.returned, to: descriptor)
                return .held(by: living, isKernelLocked: false)
            }
            let abandoned = mode == .exclusive ? others : []
            for other in abandoned { _ = append(other.returned, to: descriptor) }
            return .taken(abandoned: abandoned, isKernelLocked: false)
        default: return .failed(errno)
        }
    }

    private static func records(in descriptor: Int32) -> [LockRecord] {
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return LockRecord.open(in: String(decoding: bytes.prefix(max(0, count)), as: UTF8.self))
    }

    /// One write, so that lines of several processes do not mix.
    private static func append(_ record: LockRecord, to descriptor: Int32) -> Bool {
        let line = record.line
        return write(descriptor, line, line.count) == line.count
    }

    /// Whether the open file is the one that stands at a path.
    private static func isFile(_ descriptor: Int32, at path: String) -> Bool {
        var (opened, named) = (stat(), stat())
        return fstat(descriptor, &opened) == 0 && lstat(path, &named) == 0 && opened.st_ino == named.st_ino
            && opened.st_dev == named.st_dev
    }

    /// Makes a folder with those above it, and returns the ones made, outermost first.
    private static func makeFolders(_ folder: String) throws(Failure) -> [String] {
        if mkdir(folder, 0o777) == 0 { return [folder] }
        var status = stat()
        switch errno {
        case EEXIST where stat(folder, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR: return []
        case EEXIST:
            errno = ENOTDIR
            throw systemFailure(folder)
        case ENOENT:
            var parent = folder[...]
            while parent.last == "/" { parent.removeLast() }
            let slash = parent.lastIndex(of: "/")
            let above = slash.map { $0 == parent.startIndex ? "/" : String(parent[..<$0]) } ?? "."
            var made: [String] = []
            if stat(above, &status) != 0, above.utf8.count < folder.utf8.count { made = try makeFolders(above) }
            // Another process may have made either meanwhile. Some folders hold no others, as /proc, and one that was removed
            // while somebody works in it.
            guard mkdir(folder, 0o777) == 0 else {
                guard errno == EEXIST else { throw systemFailure(folder) }
                return try made + makeFolders(folder)
            }
            return made + [folder]
        default: throw systemFailure(folder)
        }
    }

    private static func systemFailure(_ path: String) -> Failure {
        failure(path, String(cString: strerror(errno)))
    }

    private static func failure(_ path: String, _ reason: String) -> Failure {
        Failure(
            .io,
            "\(path): cannot be made or written to (\(reason)). Check permissions and space, or state another --output"
        )
    }

    private static func heldFailure(_ folder: String, by holders: [LockRecord], isKernelLocked: Bool) -> Failure {
        let names = holders.isEmpty ? "another process" : holders.map(\.description).list
        return Failure(
            .temporary,
            "\(folder): in use by \(names). Results of two processes are not mixed: wait until \(holders.count > 1 ? "they have" : "it has") ended, or state "
                + "another --output"
                + (isKernelLocked
                    ? ""
                    : ". This file system has no locks: if that process is gone, remove \(folder)/lock and run again"))
    }
}

import Foundation
import TestSupport
import Testing

@testable import Pipeline

/// Two processes and one folder of results. The kernel's locks belong to open files, so two takers in one process meet
/// as two processes do; a third is util-linux's `flock`.
@Suite struct StoreLockTests {
    static let kernel: StoreLock.KernelLock = { flock($0, $1) }
    /// A file system without locks.
    static let none: StoreLock.KernelLock = { _, _ in
        errno = ENOLCK
        return -1
    }

    func take(_ folder: String, _ mode: StoreLock.Mode, kernelLock: @escaping StoreLock.KernelLock = kernel)
        throws -> StoreLock
    {
        try StoreLock(folder: folder, mode: mode, patience: .zero, kernelLock: kernelLock)
    }

    func refusal(
        _ folder: String, _ mode: StoreLock.Mode, kernelLock: @escaping StoreLock.KernelLock = { flock($0, $1) }
    )
        throws -> Failure
    {
        try #require(throws: Failure.self) { _ = try take(folder, mode, kernelLock: kernelLock) }
    }

    func isThere(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    @Test(arguments: [true, false])
    func `one holder alone, named to the next with process, host and time`(hasLocks: Bool) throws {
        let kernelLock: StoreLock.KernelLock = hasLocks ? Self.kernel : Self.none
        try withTemporaryFolder { folder in
            #expect(StoreLock.exclusiveHolder(of: folder, kernelLock: kernelLock) == nil)
            let first = try take(folder, .exclusive, kernelLock: kernelLock)
            let holder = StoreLock.exclusiveHolder(of: folder, kernelLock: kernelLock)
            #expect(holder?.hasPrefix("process \(getpid()) on ") == true)
            for mode in [StoreLock.Mode.exclusive, .shared] {
                let failure = try refusal(folder, mode, kernelLock: kernelLock)
                #expect(failure.kind == .temporary)
                #expect(failure.reason.contains("\(folder): in use by process \(getpid()) on "))
                #expect(failure.reason.contains(", since 20") && failure.reason.contains("--output"))
                #expect(failure.reason.contains("remove \(folder)/lock") == !hasLocks)
            }
            first.release()
            #expect(StoreLock.exclusiveHolder(of: folder, kernelLock: kernelLock) == nil)
            _ = try take(folder, .exclusive, kernelLock: kernelLock)
        }
    }

    /// As an archive of somebody else's may bring it.
    @Test func `a lock that is another file too is refused and left as it is`() throws {
        try withTemporaryFolder { folder in
            let other = "\(folder)/data.h5"
            try Data("data".utf8).write(to: URL(fileURLWithPath: other))
            try FileManager.default.createDirectory(atPath: "\(folder)/out", withIntermediateDirectories: false)
            #expect(link(other, "\(folder)/out/lock") == 0)
            let failure = try refusal("\(folder)/out", .exclusive)
            #expect(
                failure.kind == .io
                    && failure.reason.hasPrefix("\(folder)/out/lock: a file goes there, and it is a link"))
            #expect(try String(contentsOfFile: other, encoding: .utf8) == "data")
        }
    }

    @Test(arguments: [true, false])
    func `many hold it in shared mode, and none alone meanwhile`(hasLocks: Bool) throws {
        let kernelLock: StoreLock.KernelLock = hasLocks ? Self.kernel : Self.none
        try withTemporaryFolder { folder in
            let tasks = try (0..<3).map { _ in try take(folder, .shared, kernelLock: kernelLock) }
            #expect(StoreLock.exclusiveHolder(of: folder, kernelLock: kernelLock) == nil)
            #expect(try refusal(folder, .exclusive, kernelLock: kernelLock).kind == .temporary)
            for task in tasks { task.release() }
            _ = try take(folder, .exclusive, kernelLock: kernelLock)
        }
    }

    @Test func `the last holder leaves nothing behind, not even the folders it made`() throws {
        try withTemporaryFolder { folder in
            let (first, second) = (try take("\(folder)/a/b", .shared), try take("\(folder)/a/b", .shared))
            first.release()
            first.release()
            #expect(isThere("\(folder)/a/b/lock"))
            second.release()
            #expect(!isThere("\(folder)/a/b/lock"))
            let third = try take("\(folder)/c/d", .exclusive)
            try Data("results".utf8).write(to: URL(fileURLWithPath: "\(folder)/c/d/results"))
            third.release()
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/c/d") == ["results"])
            let fourth = try take("\(folder)/e/f", .exclusive)
            fourth.release()
            #expect(!isThere("\(folder)/e"))
        }
    }

    @Test func `a lock is waited for while its holder ends`() throws {
        let folder = NSTemporaryDirectory() + "instar-lock-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let first = try take(folder, .exclusive)
        Thread.detachNewThread {
            usleep(100_000)
            first.release()
        }
        _ = try StoreLock(folder: folder, mode: .exclusive, patience: .seconds(30), kernelLock: Self.kernel)
    }

    @Test func `another process is refused until it is killed, whatever it left`() throws {
        try withTemporaryFolder { folder in
            let other = Process()
            other.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            other.arguments = ["flock", "--no-fork", "\(folder)/lock", "sleep", "1000"]
            try other.run()
            let descriptor = open("\(folder)/lock", O_RDONLY | O_CREAT | O_CLOEXEC, 0o666)
            defer { close(descriptor) }
            while flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
                flock(descriptor, LOCK_UN)
                usleep(10_000)
            }
            #expect(try refusal(folder, .exclusive).reason.contains("in use by another process"))
            kill(other.processIdentifier, SIGKILL)
            other.waitUntilExit()
            _ = try take(folder, .exclusive)
        }
    }

    /// The lines of a process that cannot be there: the kernel gives no number beyond 2²².
    func line(host: String, mode: StoreLock.Mode = .exclusive) -> Data {
        var record = LockRecord(taking: mode)
        (record.host, record.process, record.command) = (host, 1 << 23, "instar measure")
        return Data(record.line)
    }

    @Test(arguments: [true, false])
    func `what a crash left is recognised and told`(hasLocks: Bool) throws {
        try withTemporaryFolder { folder in
            let cut = Data(#"{"command":"inst"#.utf8)
            try (line(host: LockRecord.thisHost) + cut).write(to: URL(fileURLWithPath: "\(folder)/lock"))
            let lock = try take(folder, .exclusive, kernelLock: hasLocks ? Self.kernel : Self.none)
            #expect(lock.abandoned.count == 1)
            #expect(lock.abandoned.first?.contains("process \(1 << 23) on ") == true)
            #expect(lock.abandoned.first?.contains("(instar measure)") == true)
            lock.release()
            #expect(isThere("\(folder)/lock") == !hasLocks)
            #expect(try take(folder, .exclusive).abandoned.isEmpty)
        }
    }

    @Test func `a number that is used again is no holder`() throws {
        try withTemporaryFolder { folder in
            var record = LockRecord(taking: .exclusive)
            record.processStart = "1"
            try Data(record.line).write(to: URL(fileURLWithPath: "\(folder)/lock"))
            #expect(try take(folder, .exclusive, kernelLock: Self.none).abandoned.count == 1)
        }
    }

    @Test func `without locks another host's process is believed until its line is removed`() throws {
        try withTemporaryFolder { folder in
            try line(host: "node-17").write(to: URL(fileURLWithPath: "\(folder)/lock"))
            let failure = try refusal(folder, .shared, kernelLock: Self.none)
            #expect(failure.reason.contains("on node-17") && failure.reason.contains("remove \(folder)/lock"))
            #expect(try take(folder, .exclusive).abandoned.count == 1, "the kernel knows better")
        }
    }

    @Test func `a holder of its own removes what was left half-written, others do not`() throws {
        try withTemporaryFolder { folder in
            let units = "\(folder)/units"
            try FileManager.default.createDirectory(atPath: units, withIntermediateDirectories: true)
            let left = "\(units)/.000000001.h5.5D9F.instar-part"
            for path in [left, "\(units)/.hidden"] { try Data().write(to: URL(fileURLWithPath: path)) }
            try take(folder, .shared).release()
            #expect(isThere(left))
            try take(folder, .exclusive).release()
            #expect(!isThere(left) && isThere("\(units)/.hidden"))
        }
    }

    @Test func `a folder that cannot be made or a lock that is a link is refused`() throws {
        try withTemporaryFolder { folder in
            try Data().write(to: URL(fileURLWithPath: "\(folder)/file"))
            let below = try refusal("\(folder)/file/instar", .exclusive)
            #expect(below.kind == .io && below.reason.contains("\(folder)/file/instar: cannot be made"))
            #expect(try refusal("\(folder)/file", .exclusive).reason.contains("Not a directory"))
            try FileManager.default.createSymbolicLink(atPath: "\(folder)/lock", withDestinationPath: "\(folder)/file")
            let link = try refusal(folder, .exclusive)
            #expect(link.kind == .io && link.reason.contains("\(folder)/lock"))
            #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/file")).isEmpty)
        }
    }

    @Test func `a lock that the system refuses is a failure with its reason`() throws {
        try withTemporaryFolder { folder in
            let failure = try refusal(folder, .exclusive) { _, _ in
                errno = EIO
                return -1
            }
            #expect(failure.kind == .io)
            #expect(failure.reason.contains("\(folder)/lock: cannot be made or written to (Input/output error)"))
        }
    }

    @Test func `an empty name is no folder`() throws {
        let failure = try refusal("", .exclusive)
        #expect(failure.kind == .usage && failure.reason.contains("--output: expected a folder, found an empty name"))
    }

    @Test func `what killed processes left half-written is removed, wherever it lies`() throws {
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(atPath: "\(folder)/tasks", withIntermediateDirectories: false)
            let left = ["tasks/.0-of-2.json.A.instar-part", ".settings.json.B.instar-part"]
            for name in left { try Data().write(to: URL(fileURLWithPath: "\(folder)/\(name)")) }
            let lock = try take(folder, .exclusive)
            defer { lock.release() }
            #expect(!left.contains { isThere("\(folder)/\($0)") })
        }
    }

    /// The system says that something is not there although the folder above is.
    @Test func `a folder that cannot be made for no reason of its path is a failure`() throws {
        let failure = try refusal("/proc/instar/results", .exclusive)
        #expect(failure.kind == .io && failure.reason.contains("/proc/instar: cannot be made or written to"))
    }
}

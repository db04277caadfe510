import Foundation
import Runs
import Tensors

/// Locks by which processes, on any number of machines, agree who works on what: one byte of one file for each unit.
///
/// They need no file of their own, so a unit costs no metadata operation for them; the kernel, or the server of a network
/// file system, gives them up when their process ends in whatever way, so none is ever stale. A file system without them
/// (Lustre mounted without `flock`) is worked on without: files are still written under names of their own and renamed, and
/// two writers of one unit would write the same bytes.
final class UnitLocks: Sendable {
    private let descriptor: Int32
    /// Whether the file system has locks at all.
    let areSupported: Bool

    /// Opens the file of locks in a store's folder, which is made where it is missing.
    convenience init(in folder: String) throws(Failure) {
        let path = UnitLocks.path(folder)
        do throws(RegularFile.Problem) {
            self.init(try RegularFile.open(path, O_RDWR | O_CREAT | O_NOFOLLOW).descriptor)
        } catch {
            throw Failure(.io, "\(path): cannot be opened (\(error.words)). Check permissions and free space")
        }
    }

    /// Opens the file of locks to look at it; nil where there is none, and nobody works on shares.
    convenience init?(lookingAt folder: String) {
        guard let file = try? RegularFile.open(UnitLocks.path(folder), O_RDONLY | O_NOFOLLOW) else { return nil }
        self.init(file.descriptor)
    }

    private static func path(_ folder: String) -> String { "\(folder)/units.lock" }

    private init(_ descriptor: Int32) {
        self.descriptor = descriptor
        var probe = UnitLocks.lock(F_WRLCK, at: Key.settings.place, length: 1)
        areSupported = fcntl(descriptor, getting, &probe) == 0
    }

    deinit { close(descriptor) }

    /// Takes a lock where it is free.
    func take(_ key: Key) -> Bool {
        guard areSupported else { return true }
        var lock = UnitLocks.lock(F_WRLCK, at: key.place, length: 1)
        // Where locks fail for another reason than being held, as after a server's restart, work goes on without.
        return fcntl(descriptor, setting, &lock) == 0 || (errno != EAGAIN && errno != EACCES)
    }

    /// Gives a lock up.
    func give(_ key: Key) {
        guard areSupported else { return }
        var lock = UnitLocks.lock(F_UNLCK, at: key.place, length: 1)
        _ = fcntl(descriptor, setting, &lock)
    }

    /// Takes a lock, waiting for as long as another process has it.
    func wait(for key: Key) async throws {
        while !take(key) { try await Task.sleep(for: .milliseconds(500)) }
    }

    /// Whether another process has a lock.
    func isHeld(_ key: Key) -> Bool {
        var lock = UnitLocks.lock(F_WRLCK, at: key.place, length: 1)
        return areSupported && fcntl(descriptor, getting, &lock) == 0 && lock.l_type != Int16(F_UNLCK)
    }

    /// How many units others are working on: two questions to the kernel for each, however many units there are.
    func heldUnitCount() -> Int { areSupported ? heldCount(0, Key.unitPlaces) : 0 }

    private func heldCount(_ start: Int, _ end: Int) -> Int {
        guard start < end else { return 0 }
        var lock = UnitLocks.lock(F_WRLCK, at: start, length: end - start)
        guard fcntl(descriptor, getting, &lock) == 0, lock.l_type != Int16(F_UNLCK) else { return 0 }
        // Neighbouring bytes of one holder are one lock; one of length 0 has no end.
        let held = max(start, lock.l_start)..<(lock.l_len == 0 ? end : min(end, lock.l_start + lock.l_len))
        return held.count + heldCount(start, held.lowerBound) + heldCount(held.upperBound, end)
    }

    private static func lock(_ type: Int32, at place: Int, length: Int) -> flock {
        flock(l_type: Int16(type), l_whence: Int16(SEEK_SET), l_start: place, l_len: length, l_pid: 0)
    }

    /// What is locked.
    struct Key: Sendable {
        /// Places below are those of units.
        static let unitPlaces: Int = 1 << 61

        let place: Int

        /// A unit, by its name. That two names share one of 2⁶¹ places would only make one wait for the other.
        static func unit(_ name: String) -> Key { Key(place: hash(name)) }
        /// A process's record of its work, by its name.
        static func task(_ name: String) -> Key { Key(place: unitPlaces + hash(name)) }
        /// The decision about the settings.
        static let settings = Key(place: 2 * unitPlaces)

        private static func hash(_ name: String) -> Int {
            var digest = Digest()
            digest.update(name)
            return Int(digest.hex.prefix(15), radix: 16) ?? 0
        }
    }
}

/// Locks of an open file, not of a process: threads and libraries that open the file too do not lose them.
/// Linux's fcntl(2) numbers them so on every processor.
private let getting: Int32 = 36
private let setting: Int32 = 37

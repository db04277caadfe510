import CHDF5
import Foundation

/// The one owner of libhdf5, which is not safe to call from several threads in every build.
///
/// Whoever calls the library does so between `enter` and `leave`.
enum HDF5Library {
    private static let mutex = NSRecursiveLock()

    /// Whether filters may come from plugins; touched only between `enter` and `leave`.
    nonisolated(unsafe) static var allowsFilterPlugins = false

    /// Opens the library once, and forbids it to load code: filter plugins are shared objects found by a search path.
    ///
    /// It also registers no exit handler: a thread-safe build run by many threads ends in "infinite loop closing
    /// library" when the process exits, and every identifier is closed by its owner anyway.
    private static let isOpen: Bool = H5dont_atexit() >= 0 && H5open() >= 0 && H5PLset_loading_state(0) >= 0

    /// Waits for the library. The error printer is silenced every time because each thread has its own.
    static func enter() {
        mutex.lock()
        precondition(isOpen, "libhdf5 does not start")
        H5Eset_auto2(instar_h5_default(), nil, nil)
    }

    /// Told the path of each object before it is opened; touched only between `enter` and `leave`.
    nonisolated(unsafe) static var observer: (@Sendable (String) -> Void)?

    /// Lets the next thread in.
    static func leave() { mutex.unlock() }

    /// What the library says about its last failure, innermost message first.
    static func messages() -> [String] {
        var messages: [String] = []
        withUnsafeMutablePointer(to: &messages) { messages in
            _ = H5Ewalk2(
                instar_h5_default(), H5E_WALK_UPWARD,
                { _, record, context in
                    if let text = record?.pointee.desc {
                        context?.assumingMemoryBound(to: [String].self).pointee.append(String(cString: text))
                    }
                    return 0
                }, messages)
        }
        return messages
    }

    /// The innermost message of the last failure, fit to stand in parentheses.
    static func lastMessage() -> String { messages().first ?? "libhdf5 gives no reason" }

    /// What to call the last failure: the disk's or the server's where the system said so, else the file's.
    static var failureKind: HDF5Error.Kind {
        let codes = [EIO, ESTALE, ETIMEDOUT, EREMOTEIO, ENXIO].map { "errno = \($0)," }
        return messages().contains { message in codes.contains { message.contains($0) } } ? .io : .malformed
    }

    /// What ends a message on damage: the innermost message of the last failure, and what to do.
    static func damage() -> String { "(\(lastMessage())); copy or save the file again" }
}

/// Owns one identifier of the library and closes it with the last reference.
///
/// Immutable, so that sharing it between threads is safe; the library itself is entered for every use. Bind it to a
/// name: a variable lives on across the calls that use its identifier, a temporary value does not.
final class Handle: Sendable {
    let id: hid_t
    private let close: @Sendable (hid_t) -> herr_t

    /// Takes over an identifier; nil where the library returned a negative one.
    init?(_ id: hid_t, _ close: @escaping @Sendable (hid_t) -> herr_t) {
        guard id >= 0 else { return nil }
        self.id = id
        self.close = close
    }

    deinit {
        HDF5Library.enter()
        defer { HDF5Library.leave() }
        _ = close(id)
    }
}

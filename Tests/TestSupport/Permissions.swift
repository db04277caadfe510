import Foundation

/// Calls `body`, which must stay on this thread, with root's power to pass over permissions put down; other users never
/// have it.
public func boundByPermissions<Result>(_ body: () throws -> Result) rethrows -> Result {
    // Linux keeps the user whose permissions count for files by thread, and the C library's modules leave it out.
    typealias SetUser = @convention(c) (uid_t) -> Int32
    guard getuid() == 0, let symbol = dlsym(nil, "setfsuid") else { return try body() }
    let setUser = unsafeBitCast(symbol, to: SetUser.self)
    let nobody: uid_t = 65_534
    _ = setUser(nobody)
    defer { _ = setUser(0) }
    return try body()
}

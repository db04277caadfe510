import Foundation

/// What tells that a file was changed or replaced.
struct FileStamp: Equatable {
    private let device: UInt
    private let number: UInt
    private let size: Int
    private let seconds: Int
    private let nanoseconds: Int

    /// How long after its last change a file that is not complete may still be growing.
    static let settling = 10.0

    /// Looks at a file; nil where it cannot be looked at.
    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Takes what the system says of a file.
    init(_ status: stat) {
        device = UInt(status.st_dev)
        number = UInt(status.st_ino)
        size = Int(status.st_size)
        seconds = Int(status.st_mtim.tv_sec)
        nanoseconds = Int(status.st_mtim.tv_nsec)
    }

    /// Whether it was changed so short a time ago that it may still be growing.
    ///
    /// A time in the future, as clocks that differ give, says as much as one in the past.
    var isRecent: Bool { abs(Date().timeIntervalSince1970 - Double(seconds)) < FileStamp.settling }
}

import Foundation

/// One line of a lock file: a process that took the folder, or that gave it back.
///
/// Lines are only appended, so that several processes can write them at once; who holds the folder is what was taken and
/// neither given back nor left by a process that is gone.
struct LockRecord: Codable, Sendable, Equatable {
    /// Names one taking of the folder; its return carries the same.
    var id: String
    /// What was taken; nil gives it back.
    var mode: StoreLock.Mode?
    var host: String
    var process: Int32
    /// When the process began, in the kernel's ticks since boot: process numbers are used again.
    var processStart: String
    /// For people to read; nothing depends on clocks.
    var since: String
    /// The program and its command.
    var command: String

    /// The record of this process taking a folder now.
    init(taking mode: StoreLock.Mode) {
        id = UUID().uuidString
        self.mode = mode
        host = LockRecord.thisHost
        process = getpid()
        processStart = LockRecord.start(of: process) ?? ""
        since = Date().formatted(.iso8601)
        let program = URL(fileURLWithPath: CommandLine.arguments[0]).lastPathComponent
        command = ([program] + CommandLine.arguments.dropFirst().prefix(1)).joined(separator: " ")
    }

    /// The record that gives this one back.
    var returned: LockRecord {
        var record = self
        record.mode = nil
        return record
    }

    /// The line, with its end.
    var line: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else { preconditionFailure("texts and numbers are always encoded") }
        return Array(data) + [UInt8(ascii: "\n")]
    }

    /// What was taken and not given back, in the order of taking. A line that a full disk cut short counts for nothing.
    static func open(in text: String) -> [LockRecord] {
        let records = text.split(separator: "\n").compactMap {
            try? JSONDecoder().decode(LockRecord.self, from: Data($0.utf8))
        }
        let returned = Set(records.filter { $0.mode == nil }.map(\.id))
        return records.filter { $0.mode != nil && !returned.contains($0.id) }
    }

    /// Whether its process is known to have ended; of another host's processes nothing is known.
    var isAbandoned: Bool { host == LockRecord.thisHost && LockRecord.start(of: process) != processStart }

    /// The process in words.
    var description: String { "process \(process) on \(host) (\(command)), since \(since)" }

    static var thisHost: String { ProcessInfo.processInfo.hostName }

    /// The 22nd field of `/proc/PID/stat`; nil where there is no such process.
    private static func start(of process: Int32) -> String? {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            // The second field, the program's name, stands in parentheses and may hold anything.
            let end = text.lastIndex(of: ")")
        else { return nil }
        return text[end...].split(separator: " ").dropFirst(20).first.map(String.init)
    }
}

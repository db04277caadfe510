import Foundation

/// How long something took, and how much CPU time this process and all others used meanwhile, in seconds.
struct MachineUse {
    var wall = 0.0
    var own = 0.0
    var others = 0.0

    /// Measures `body`.
    static func during(_ body: () async throws -> Void) async rethrows -> MachineUse {
        let clock = ContinuousClock()
        let (start, ownStart, machineStart) = (clock.now, ownSeconds(), machineSeconds())
        try await body()
        let wall = (clock.now - start) / .seconds(1)
        let own = ownSeconds() - ownStart
        return MachineUse(wall: wall, own: own, others: max(0, machineSeconds() - machineStart - own))
    }

    static func + (left: MachineUse, right: MachineUse) -> MachineUse {
        MachineUse(wall: left.wall + right.wall, own: left.own + right.own, others: left.others + right.others)
    }

    private static func ownSeconds() -> Double {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    /// Everything but idle and waiting for input: user, nice, system; interrupts and stolen time.
    private static func machineSeconds() -> Double {
        let line = firstLine(of: "/proc/stat", startingWith: "cpu ")
        let ticks = line.split(separator: " ").dropFirst().compactMap { Double($0) }
        guard ticks.count >= 8 else { return 0 }
        return (ticks[0...2].reduce(0, +) + ticks[5...7].reduce(0, +)) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}

/// The most memory that the process has held since the last reset.
enum PeakMemory {
    /// In bytes.
    static var current: Int {
        let line = firstLine(of: "/proc/self/status", startingWith: "VmHWM:")
        return (line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
    }

    /// Starts anew from what is held now.
    static func reset() {
        // "5" resets VmHWM; see proc_pid_clear_refs(5).
        try? "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
    }
}

private func firstLine(of path: String, startingWith prefix: String) -> Substring {
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").first { $0.hasPrefix(prefix) } ?? ""
}

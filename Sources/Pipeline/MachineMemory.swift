import Foundation

/// The bytes of memory that this process may use: the machine's, or less where control groups, as containers have them,
/// allow less.
///
/// - Parameters:
///   - physical: The machine's memory in bytes.
///   - root: The folder that `proc` and `sys` are looked up in.
func machineMemory(physical: Int = Int(ProcessInfo.processInfo.physicalMemory), root: String = "") -> Int {
    func text(_ path: String) -> String? { try? String(contentsOfFile: root + path, encoding: .utf8) }
    var limits = [physical]
    for line in (text("/proc/self/cgroup") ?? "").split(separator: "\n") {
        // "0::/path" (version 2) or "4:memory:/path"; see cgroups(7).
        let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { continue }
        let (folder, file): (String, String)
        if parts[0] == "0", parts[1].isEmpty {
            (folder, file) = ("/sys/fs/cgroup", "memory.max")
        } else if parts[1].split(separator: ",").contains("memory") {
            (folder, file) = ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
        } else {
            continue
        }
        // A limit of any group around this one holds too; inside a container, only its root may be there to be seen.
        var group = parts[2].split(separator: "/")
        while true {
            let path = ([Substring(folder)] + group).joined(separator: "/") + "/" + file
            if let limit = text(path).flatMap({ Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }) {
                limits.append(limit)
            }
            if group.popLast() == nil { break }
        }
    }
    return limits.filter { $0 > 0 }.min() ?? physical
}

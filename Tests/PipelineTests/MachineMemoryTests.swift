import Foundation
import TestSupport
import Testing

@testable import Pipeline

@Suite struct MachineMemoryTests {
    /// A folder with files as `proc` and `sys` have them.
    private func limit(_ files: [String: String]) throws -> Int {
        let root = NSTemporaryDirectory() + "instar-memory-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: root) }
        for (path, text) in files {
            let url = URL(fileURLWithPath: root + path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }
        return machineMemory(physical: 1_000, root: root)
    }

    @Test func `a control group of version 2, or any around it, limits the memory`() throws {
        let groups = ["/proc/self/cgroup": "0::/jobs/mine\n"]
        #expect(try limit([:]) == 1_000)
        #expect(try limit(groups) == 1_000)
        #expect(try limit(groups.merging(["/sys/fs/cgroup/jobs/mine/memory.max": "max\n"]) { $1 }) == 1_000)
        #expect(try limit(groups.merging(["/sys/fs/cgroup/jobs/mine/memory.max": "300\n"]) { $1 }) == 300)
        #expect(
            try limit(
                groups.merging([
                    "/sys/fs/cgroup/jobs/mine/memory.max": "300\n", "/sys/fs/cgroup/jobs/memory.max": "200\n",
                ]) { $1 }) == 200)
        // A container that sees its own group as the root.
        #expect(try limit(["/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "400\n"]) == 400)
    }

    @Test func `a control group of version 1 limits the memory, and a huge number does not`() throws {
        let groups = ["/proc/self/cgroup": "4:memory:/docker/abc\n3:cpu:/docker/abc\n0::/\n"]
        let path = "/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes"
        #expect(try limit(groups.merging([path: "500\n"]) { $1 }) == 500)
        #expect(try limit(groups.merging([path: "9223372036854771712\n"]) { $1 }) == 1_000)
        #expect(try limit(groups.merging(["/sys/fs/cgroup/memory/memory.limit_in_bytes": "600\n"]) { $1 }) == 600)
    }

    @Test func `a limit of address space is a failure before linear algebra waits for ever`() throws {
        try requireAddressSpace(100, remaining: 100)
        try requireAddressSpace(100, remaining: nil)
        try requireThreads(4)
        let failure = #expect(throws: Failure.self) { try requireAddressSpace(3 << 20, remaining: 1 << 20) }
        #expect(failure?.kind == .io)
        #expect(failure?.reason.contains("(ulimit -v or -d): 1 MiB are left of it, and about 3 MiB are needed") == true)
    }
}

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

/// The bytes of address space that are left to this process where `ulimit -v` limits it, or `ulimit -d` its private part; nil
/// where nothing does.
var remainingAddressSpace: Int? {
    // statm of proc(5), in pages: the first is the address space, the sixth data and stack.
    let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split { $0.isWhitespace } ?? []
    return [(RLIMIT_AS, 0), (RLIMIT_DATA, 5)].compactMap { resource, place -> Int? in
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0, limit.rlim_cur < rlim_t(Int.max),
            place < pages.count, let pageCount = Int(pages[place])
        else { return nil }
        return max(0, Int(limit.rlim_cur) - pageCount * sysconf(Int32(_SC_PAGESIZE)))
    }.min()
}

/// Whether `ulimit` limits the memory that this process may map.
public var isAddressSpaceLimited: Bool { remainingAddressSpace != nil }

/// The address space that OpenBLAS takes for each thread that multiplies, with the thread's stack. Where there is less it does
/// not fail but tries again for ever.
let addressSpacePerWorker = (128 + 8) << 20

/// Throws where the system does not give what any command takes: address space for the linear algebra of all threads, a few
/// threads, and the proc file system, from which libraries learn this program's arguments.
///
/// To be asked before anything else: libraries wait for the first two for ever, also at the end of the process.
///
/// - Parameter threadCount: The threads; a process that only reads takes none.
public func requireSystem(threadCount: Int) throws(Failure) {
    guard access("/proc/self/cmdline", R_OK) == 0 else {
        throw Failure(.io, "/proc is not there, and nothing can be done without. Mount it (mount -t proc proc /proc)")
    }
    let stated = ProcessInfo.processInfo.environment["OPENBLAS_NUM_THREADS"].flatMap { Int($0) } ?? .max
    let threads = min(max(1, stated), ProcessInfo.processInfo.activeProcessorCount)
    // Beside that, malloc reserves up to 128 MiB for the heap of a thread.
    try requireAddressSpace(threads * (addressSpacePerWorker + (128 << 20)))
    try requireThreads(threadCount)
}

/// Throws where this process cannot have so many threads more.
func requireThreads(_ count: Int) throws(Failure) {
    var threads: [pthread_t] = []
    defer { for thread in threads { pthread_join(thread, nil) } }
    for _ in 0..<count {
        var thread = pthread_t()
        // All are there for a moment.
        let code = pthread_create(
            &thread, nil,
            { _ in
                usleep(2_000)
                return nil
            }, nil)
        guard code == 0 else {
            throw Failure(
                .io,
                "this process cannot have \(count) threads more (\(String(cString: strerror(code)))). Raise the limit of processes "
                    + "(ulimit -u, or pids of its control group), or end others")
        }
        threads.append(thread)
    }
}

/// Throws where a limit of address space leaves fewer bytes.
func requireAddressSpace(_ wanted: Int, remaining: Int? = remainingAddressSpace) throws(Failure) {
    guard let remaining, remaining < wanted else { return }
    throw Failure(
        .io,
        "the address space of this process is limited (ulimit -v or -d): \(remaining.mebibytes) are left of it, and about "
            + "\(wanted.mebibytes) are needed. Raise that limit or lift it, or work with fewer threads "
            + "(OPENBLAS_NUM_THREADS=1); --memory bounds the memory that is taken")
}

/// Lets this process open as many files as it may, and throws where those are too few to start processes that read.
public func requireOpenFiles() throws(Failure) {
    var limit = rlimit()
    let least: rlim_t = 128
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < least else { return }
    limit.rlim_cur = min(limit.rlim_max, least)
    guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur == least else {
        throw Failure(
            .io,
            "this process may have \(limit.rlim_cur) files open (ulimit -n), and \(least) are needed. Raise that limit")
    }
}

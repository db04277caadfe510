import CLinux
import Foundation

/// Bytes that the reading program takes without what it reads: its libraries' data and its threads' stacks.
let programMemory = 512 << 20

/// Takes from this process, for good, what reading files does not need.
///
/// It writes no byte to any file (a file size limit of zero), leaves no core, has a few open files and no more memory than
/// stated; where the kernel has Landlock it also makes, removes, renames and executes nothing and opens no connection.
///
/// - Throws: `io` where the system refuses a limit.
func confine(memory: Int) throws(RunError) {
    let limits: [(__rlimit_resource, Int)] = [
        (RLIMIT_FSIZE, 0), (RLIMIT_CORE, 0), (RLIMIT_NOFILE, 64),
        // Private memory alone: what is shared with the other process is measured out by that one.
        (RLIMIT_DATA, memory + programMemory),
    ]
    for (resource, most) in limits {
        var limit = rlimit()
        getrlimit(resource.number, &limit)
        limit.rlim_max = min(limit.rlim_max, rlim_t(most))
        limit.rlim_cur = limit.rlim_max
        guard setrlimit(resource.number, &limit) == 0 else {
            throw RunError(.io, "cannot be limited: \(String(cString: strerror(errno)))", path: "this process")
        }
    }
    guard instar_forbid_writing() >= 0 else {
        throw RunError(.io, "cannot be confined: \(String(cString: strerror(errno)))", path: "this process")
    }
}

/// Ends this process (SIGXCPU) once it computed for `seconds` more, and one for each 4 MB of the file.
func limitComputing(_ seconds: Double, file: String) {
    var status = stat()
    let size = stat(file, &status) == 0 ? Double(status.st_size) : 0
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let used = Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
    var limit = rlimit()
    getrlimit(RLIMIT_CPU.number, &limit)
    let soft = (used + seconds + size / 4e6).rounded(.up) + 1
    limit.rlim_cur = min(limit.rlim_max, rlim_t(min(soft, 1e9)))
    setrlimit(RLIMIT_CPU.number, &limit)
}

extension __rlimit_resource {
    /// The resource as the calls want it.
    fileprivate var number: __rlimit_resource_t { __rlimit_resource_t(rawValue) }
}

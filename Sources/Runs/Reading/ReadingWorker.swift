import CLinux
import Foundation
import HDF5
import Tensors

/// One process that reads files of others.
///
/// `@unchecked Sendable`: all that changes is touched only by the task that took it out of the pool.
final class ReadingWorker: @unchecked Sendable {
    let process: pid_t
    private let channel: WorkerChannel
    private let memory: SharedMemory
    private(set) var hasEnded = false

    /// Starts a process.
    ///
    /// - Throws: `io` where the system does not allow it.
    init(command: [String], limits: ReadingWorkers.Limits, for path: String) throws(RunError) {
        func failure(_ code: Int32) -> RunError {
            RunError(
                .io,
                "no process can be started to read it: \(String(cString: strerror(code))); end other programs, or "
                    + "raise the limits of this one (`ulimit`)", path: path)
        }
        var ends: [Int32] = [-1, -1]
        guard let memory = SharedMemory(),
            socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0
        else { throw failure(errno) }
        self.memory = memory
        channel = WorkerChannel(descriptor: ends[0])
        let arguments = command + ["\(limits.memory)", "\(limits.seconds)"]
        switch spawn(arguments, descriptors: [ends[1], memory.descriptor]) {
        case .success(let process):
            self.process = process
            close(ends[1])
        case .failure(let error):
            close(ends[0])
            close(ends[1])
            throw failure(error.code)
        }
    }

    deinit {
        close(channel.descriptor)
        _ = end()
    }

    /// Asks and waits. Where the answer does not come, the process has ended when this returns.
    func answer(_ request: ReadRequest, limits: ReadingWorkers.Limits) throws(RunError) -> ReadAnswer {
        var status = stat()
        let size = stat(request.path, &status) == 0 ? Double(status.st_size) : 0
        let patience = WorkerChannel.Patience(seconds: limits.seconds + size / 1e6) { [self] in
            // What computes is ended by its limit of processor time.
            state == "R"
        }
        var tensors: [NamedTensor] = []
        var budget = ValueBudget(limits.memory)
        func take(_ shared: [SharedTensor]) throws {
            for one in shared {
                do {
                    try budget.take(
                        one.byteCount / one.number.size, of: one.number.elementType, path: request.path,
                        object: one.name)
                } catch {
                    // It may be waiting to hand over more.
                    _ = end()
                    throw error
                }
                tensors.append(try tensor(one, request))
            }
        }
        do {
            try channel.send(request)
            while true {
                switch try channel.receive(WorkerMessage.self, within: patience) {
                case .grow(let count):
                    guard count <= limits.memory + SharedMemory.start else { throw tooLarge(count, limits, request) }
                    guard memory.grow(to: count) else { throw noMemory(count, code: errno, request) }
                    try channel.goOn()
                case .tensors(let shared):
                    try take(shared)
                    try channel.goOn()
                case .done(let json, let shared):
                    try take(shared)
                    return ReadAnswer(path: request.path, json: json, tensors: tensors)
                case .failed(let error): throw error
                }
            }
        } catch let error as RunError {
            // An error that the reader states leaves it ready for the next request; others end it where they are made.
            throw error
        } catch {
            let reason: String? =
                switch error {
                case WorkerChannel.Closed.ended: nil
                case WorkerChannel.Closed.timedOut: try silence(patience.seconds, request)
                default: "the reader's answer makes no sense"
                }
            throw damage(reason, request)
        }
    }

    /// What the kernel says of the process, in a letter of proc(5); nil where it does not tell.
    private var state: Character? {
        // Behind its name, which may hold anything but ends with the last bracket.
        let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        return text?.split(separator: ")").last?.split(separator: " ").first?.first
    }

    /// Why there was no answer in time.
    ///
    /// - Throws: `io` where no file can be to blame.
    private func silence(_ seconds: Double, _ request: ReadRequest) throws(RunError) -> String {
        // D: waits for a disk or a server; T: stopped.
        if let state, ["D", "T", "t"].contains(state) {
            let place = memory.place
            // What waits for a disk does not end before that answers.
            _ = end(isAwaited: state != "D")
            throw RunError(
                .io,
                "gave nothing for \(Int(seconds)) s: "
                    + (state == "D"
                        ? "the disk or server that it lies on does not answer"
                        : "the process that reads it was stopped")
                    + "; run again once that is mended", path: request.path, object: place.isEmpty ? nil : place)
        }
        return "no sign of life for \(Int(seconds)) s"
    }

    /// Ends the process and says how it ended.
    private func end(isAwaited: Bool = true) -> Int32 {
        guard !hasEnded else { return 0 }
        hasEnded = true
        var status: Int32 = 0
        kill(process, SIGKILL)
        guard isAwaited else { return status }
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        return status
    }

    /// What a program brings upon itself; other signals are sent.
    private static let ownSignals = [SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGXCPU, SIGXFSZ]

    private func damage(_ reason: String?, _ request: ReadRequest) -> RunError {
        let place = memory.place
        let status = end()
        let signal = status & 0x7F
        let cause: String
        // No file can bring these about: its memory and its time have limits of their own.
        if reason == nil, signal == SIGKILL {
            return RunError(
                .io,
                "the process that read it was killed, as the system does when memory is short; allow less with --memory or "
                    + "--jobs, or ask for more, and run again", path: request.path)
        }
        if reason == nil, signal != 0, !ReadingWorker.ownSignals.contains(signal) {
            return RunError(
                .io, "the process that read it was ended by somebody's signal \(signal); run again", path: request.path)
        }
        if let reason {
            cause = reason
        } else if signal == SIGXCPU {
            cause = "no end of computing"
        } else if signal != 0 {
            cause = "signal \(signal)"
        } else {
            cause = "the reader ended with status \(status >> 8 & 0xFF)"
        }
        return RunError(
            .malformed,
            "is damaged (\(cause) while \(place.isEmpty ? "opening it" : "reading \(place)")); copy or save it again",
            path: request.path)
    }

    private func tooLarge(_ count: Int, _ limits: ReadingWorkers.Limits, _ request: ReadRequest) -> RunError {
        _ = end()
        return ValueBudget.tooLarge(count, limits.memory, request.path, memory.place)
    }

    private func noMemory(_ count: Int, code: Int32, _ request: ReadRequest) -> RunError {
        _ = end()
        return RunError(
            .io,
            "\(count >> 20) MiB of shared memory for its values cannot be had: \(String(cString: strerror(code))); end other "
                + "programs, or raise the limits of this one (`ulimit`)", path: request.path, object: memory.place)
    }

    private func tensor(_ shared: SharedTensor, _ request: ReadRequest) throws -> NamedTensor {
        guard shared.isSound, let bytes = memory.readable(from: shared.offset, count: shared.byteCount) else {
            throw damage("the reader's answer makes no sense", request)
        }
        guard let elements = shared.number.elements(of: bytes) else {
            // It may be waiting to hand over more.
            _ = end()
            throw RunError(.unsupported, StoredNumber.beyondInt64, path: request.path, object: shared.name)
        }
        let shape = Shape(shared.dimensions)
        return NamedTensor(
            name: shared.name,
            tensor: Tensor(shape: shape, elementType: shared.number.elementType, elements: elements))
    }
}

extension SharedTensor {
    /// Whether the extents are possible, and their bytes can be counted.
    var isSound: Bool {
        var count = number.size
        for dimension in dimensions {
            let (product, overflows) = count.multipliedReportingOverflow(by: dimension)
            guard dimension >= 0, !overflows else { return false }
            count = product
        }
        return true
    }

    /// The bytes of the values; 0 for extents that are not sound.
    var byteCount: Int { isSound ? dimensions.reduce(number.size, *) : 0 }
}

/// Why a process was not started, as the system says.
private struct SpawnError: Error { let code: Int32 }

/// Starts a process in a group of its own, so that the terminal's signals do not reach it, with the descriptors as 3, 4, …
/// and no others, its standard streams leading nowhere.
private func spawn(_ command: [String], descriptors: [Int32]) -> Result<pid_t, SpawnError> {
    // Out of the way of the numbers that they get.
    let moved = descriptors.map { fcntl($0, F_DUPFD_CLOEXEC, 64) }
    defer { for descriptor in moved where descriptor >= 0 { close(descriptor) } }
    guard !moved.contains(where: { $0 < 0 }) else { return .failure(SpawnError(code: errno)) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (stream, mode) in [(STDIN_FILENO, O_RDONLY), (STDOUT_FILENO, O_WRONLY), (STDERR_FILENO, O_WRONLY)] {
        posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", mode, 0)
    }
    for (index, descriptor) in moved.enumerated() {
        posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(3 + index))
    }
    instar_close_from(&actions, Int32(3 + moved.count))
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    // What ends a read without end; this process may not mind it.
    var ending = sigset_t()
    sigemptyset(&ending)
    sigaddset(&ending, SIGXCPU)
    posix_spawnattr_setsigdefault(&attributes, &ending)
    var environment = ProcessInfo.processInfo.environment
    // The matrix library is linked in and not used: threads of its own would only take memory.
    environment["OPENBLAS_NUM_THREADS"] = "1"
    // A crash is to end it at once, and not to be looked into.
    environment["SWIFT_BACKTRACE"] = "enable=no"
    var arguments = command.map { strdup($0) } + [nil]
    var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in arguments + variables { free(text) } }
    var process: pid_t = 0
    let code = posix_spawn(&process, command[0], &actions, &attributes, &arguments, &variables)
    return code == 0 ? .success(process) : .failure(SpawnError(code: code))
}

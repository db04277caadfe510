import ArgumentParser
import Foundation
import Pipeline
import Runs

/// Runs the body of a command: failures become one message on stderr and the right exit status, and
/// SIGINT and SIGTERM stop the work after its current draws, with what is finished kept where the command stores it.
///
/// - Parameters:
///   - reading: How files of others are read.
///   - storesWork: Whether what is finished is kept, and the same command goes on from there.
func runCommand(
    reading: ReadingOptions = ReadingOptions(), storesWork: Bool = true,
    _ body: @escaping @Sendable () async throws -> Void
) async throws {
    let work = ReadingWorkers.$current.withValue(reading.workers) { Task { try await body() } }
    let interruption = Interruption { work.cancel() }
    do {
        try await work.value
        interruption.stop()
    } catch let exit as ExitCode {
        throw exit
    } catch {
        if let signal = interruption.signal, error is CancellationError {
            printError(
                "instar: stopped by \(signal == SIGINT ? "SIGINT" : "SIGTERM"); "
                    + (storesWork
                        ? "what is finished is kept, and the same command goes on from there"
                        : "nothing was written, and the same command begins anew"))
            throw ExitCode(128 + signal)
        }
        let failure = Failure(wrapping: error)
        printError("instar: \(failure.reason)")
        throw ExitCode(exitStatus(of: failure.kind))
    }
}

/// The exit statuses of sysexits(3) that each kind of failure maps to.
private func exitStatus(of kind: Failure.Kind) -> Int32 {
    switch kind {
    case .malformed, .unsupported, .mismatch: EX_DATAERR
    case .notFound: EX_NOINPUT
    case .io: EXIT_FAILURE
    case .temporary: EX_TEMPFAIL
    case .usage: EX_USAGE
    case .defect: EX_SOFTWARE
    }
}

/// Writes a line to stderr.
func printError(_ line: String) {
    FileHandle.standardError.write(Data("\(line)\n".utf8))
}

/// Writes a note to stderr, on a line of its own where progress is being shown.
func printNote(_ line: String) { printError((isatty(STDERR_FILENO) == 1 ? "\r\u{1B}[K" : "") + line) }

/// Hands over what was printed at once, to a pipe too.
func flushOutput() { fflush(nil) }

/// Listens for SIGINT and SIGTERM for as long as it lives.
private final class Interruption {
    private let sources: [any DispatchSourceSignal]
    private let received = Received()

    /// The signal that came, if one did.
    var signal: Int32? { received.signal }

    init(cancel: @escaping @Sendable () -> Void) {
        let received = received
        sources = [SIGINT, SIGTERM].map { number in
            Foundation.signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                received.note(number)
                cancel()
            }
            source.resume()
            return source
        }
    }

    func stop() { for source in sources { source.cancel() } }
}

/// The first signal received; a lock, because signals arrive on a queue of their own.
private final class Received: @unchecked Sendable {
    // Invariant: `number` is touched only while `lock` is held.
    private let lock = NSLock()
    private var number: Int32?

    var signal: Int32? { lock.withLock { number } }

    func note(_ signal: Int32) {
        lock.withLock { number = number ?? signal }
    }
}

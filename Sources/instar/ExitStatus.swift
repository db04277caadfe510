import ArgumentParser
import Foundation
import Pipeline
import Runs

/// Runs the body of a command: failures become one message on stderr and the right exit status, and
/// SIGINT, SIGTERM, SIGHUP and SIGUSR1 stop the work after its current draws, with what is done kept where the command stores it.
///
/// - Parameters:
///   - reading: How files of others are read; nil: as without options.
///   - storesWork: Whether what is finished is kept, and the same command goes on from there.
///   - isAwaited: Whether a signal leaves the work until it stops by itself; other work is ended after a second.
func runCommand(
    reading: ReadingOptions? = nil, storesWork: Bool = false, isAwaited: Bool? = nil,
    _ body: @escaping @Sendable () async throws -> Void
) async throws {
    reserveStandardStreams()
    do throws(Failure) { try requireOpenFiles() } catch {
        printError("instar: \(error.reason)")
        throw ExitCode(exitStatus(of: error.kind))
    }
    // Options that were not parsed have no values.
    let workers = reading?.workers() ?? ReadingOptions.workers()
    let work = ReadingWorkers.$current.withValue(workers) {
        Task { try await body() }
    }
    let interruption = Interruption(storesWork: storesWork, isAwaited: isAwaited ?? storesWork) { work.cancel() }
    defer { interruption.stop() }
    do {
        try await work.value
    } catch let exit as ExitCode {
        throw exit
    } catch {
        if let signal = interruption.signal, error is CancellationError {
            interruption.sayFarewell(signal, storesWork: storesWork)
            throw ExitCode(128 + signal)
        }
        let failure = Failure(wrapping: error)
        printError("instar: \(failure.reason)")
        throw ExitCode(exitStatus(of: failure.kind))
    }
}

/// The same for a command that measures: its body is given the options, and what reads files keeps to their memory.
func runCommand(
    reading: ReadingOptions, measuring: MeasuringOptions, storesWork: Bool = true, isAwaited: Bool? = nil,
    _ body: @escaping @Sendable (MeasureOptions) async throws -> Void
) async throws {
    let storesWork = storesWork && !measuring.dryRun
    try await runCommand(storesWork: storesWork, isAwaited: isAwaited) {
        let options = try measuring.resolved()
        try await ReadingWorkers.$current.withValue(reading.workers(memory: options.memoryLimit)) {
            try await body(options)
        }
    }
}

/// The exit statuses of sysexits(3) that each kind of failure maps to.
func exitStatus(of kind: Failure.Kind) -> Int32 {
    switch kind {
    case .malformed, .unsupported, .mismatch: EX_DATAERR
    case .notFound: EX_NOINPUT
    case .io: EXIT_FAILURE
    case .temporary: EX_TEMPFAIL
    case .usage: EX_USAGE
    case .defect: EX_SOFTWARE
    }
}

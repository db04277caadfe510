import ArgumentParser
import Foundation
import Pipeline
import Reports

/// Keeps the numbers of standard streams that were closed from being given to files, which messages would then go into.
func reserveStandardStreams() {
    // Each open gives the lowest number that is free; what is only read refuses every write.
    for stream in STDIN_FILENO...STDERR_FILENO where fcntl(stream, F_GETFD) < 0 { _ = open("/dev/null", O_RDONLY) }
}

/// Writes a result to stdout, at once also to a pipe.
///
/// - Throws: `ExitCode` 141 where the reader is gone, as a shell reports it; `Failure` of kind `io` where it cannot be
///   written.
func printResult(_ text: String, terminator: String = "\n") throws {
    guard let code = write(text + terminator, to: STDOUT_FILENO) else { return }
    guard code != EPIPE else { throw ExitCode(128 + SIGPIPE) }
    throw Failure(
        .io,
        "stdout: cannot be written (\(String(cString: strerror(code)))). Files of results are complete: make room, or "
            + "read them instead")
}

/// Writes text for a reader to stdout; no name in it can steer a terminal.
///
/// - Throws: As `printResult`.
func printText(_ text: String) throws { try printResult(readable(text)) }

/// Writes a message to stderr; no name in it can steer a terminal.
func printError(_ message: String) { writeError("\(readable(message))\n") }

/// Writes a note to stderr, on a line of its own where progress is being shown.
func printNote(_ note: String) {
    if isatty(STDERR_FILENO) == 1 { writeError("\r\u{1B}[K") }
    printError(note)
}

/// The text with line breaks as its only control characters.
private func readable(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).onOneLine }.joined(separator: "\n")
}

/// Writes to stderr; work goes on where nobody can read it any more.
func writeError(_ text: String) { _ = write(text, to: STDERR_FILENO) }

/// Writes all of a text; returns the system's error, nil where there is none.
private func write(_ text: String, to descriptor: Int32) -> Int32? {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if count >= 0 {
            rest = rest.dropFirst(count)
        } else if errno == EAGAIN {
            var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            poll(&ready, 1, -1)
        } else if errno != EINTR {
            return errno
        }
    }
    return nil
}

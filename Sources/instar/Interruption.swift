import Foundation
import Pipeline
import Synchronization

/// Listens for SIGINT, SIGTERM, SIGHUP, SIGUSR1, which schedulers send ahead of a time limit, and SIGXCPU, for as long as it lives: the
/// first asks the work to stop, the second ends the process at once. Work that stores nothing, and is therefore not worth
/// waiting for, is ended where it has not stopped within a second. What a reader or a limit of the system would kill the
/// process by is an error of the write instead.
final class Interruption {
    private let sources: [any DispatchSourceSignal]
    private let received = Received()
    /// What is told of signals, in order; nobody may be reading it, and signals must go on arriving.
    private let messages = DispatchQueue(label: "messages")

    /// The signal that came first, if one did.
    var signal: Int32? { received.signal }

    /// - Parameter isAwaited: Whether work goes on until it stops by itself.
    init(storesWork: Bool, isAwaited: Bool, cancel: @escaping @Sendable () -> Void) {
        // A pipe whose reader is gone, and the limit of a file's size.
        for number in [SIGPIPE, SIGXFSZ] { Foundation.signal(number, SIG_IGN) }
        let (received, messages) = (received, messages)
        // A queue of its own has a thread also where the work has all of the shared ones.
        let queue = DispatchQueue(label: "signals")
        sources = Interruption.listenedSignals.map { number in
            Foundation.signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                guard received.note(number) else { _exit(128 + number) }
                cancel()
                messages.async {
                    printNote(
                        "instar: \(Interruption.name(number)): "
                            + (storesWork ? "finishing the draws at work and storing them" : "stopping")
                            + "; a second signal stops at once")
                }
                guard !isAwaited else { return }
                // Not on the queue that a second signal arrives on.
                DispatchQueue(label: "ending").asyncAfter(deadline: .now() + 1) {
                    guard !received.isOver else { return }
                    messages.sync { printError(Interruption.farewell(number, storesWork: storesWork)) }
                    endProcess(status: 128 + number)
                }
            }
            source.resume()
            return source
        }
    }

    /// Prints the last message of a command that was stopped, behind that of the signal.
    func sayFarewell(_ signal: Int32, storesWork: Bool) {
        messages.sync { printError(Interruption.farewell(signal, storesWork: storesWork)) }
    }

    /// The work has ended.
    func stop() {
        received.end()
        for source in sources { source.cancel() }
    }

    private static func farewell(_ signal: Int32, storesWork: Bool) -> String {
        "instar: stopped by \(name(signal)); "
            + (storesWork
                ? "what is done is kept, and the same command goes on from there" : "the same command begins anew")
    }

    /// What people call a signal.
    static func name(_ signal: Int32) -> String {
        switch signal {
        case SIGINT: "SIGINT"
        case SIGHUP: "SIGHUP"
        case SIGUSR1: "SIGUSR1"
        case SIGXCPU: "SIGXCPU"
        default: "SIGTERM"
        }
    }

    /// A process that `nohup` started goes on when its terminal closes.
    private static var listenedSignals: [Int32] {
        var action = sigaction()
        sigaction(SIGHUP, nil, &action)
        let isIgnored = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
        return [SIGINT, SIGTERM, SIGUSR1, SIGXCPU] + (isIgnored ? [] : [SIGHUP])
    }
}

/// The first signal received; signals arrive on a queue of their own.
private final class Received: Sendable {
    private let number = Mutex<Int32?>(nil)
    private let over = Mutex(false)

    var signal: Int32? { number.withLock { $0 } }
    /// Whether the work ended.
    var isOver: Bool { over.withLock { $0 } }

    func end() { over.withLock { $0 = true } }

    /// Whether it is the first.
    func note(_ signal: Int32) -> Bool {
        number.withLock { number in
            guard number == nil else { return false }
            number = signal
            return true
        }
    }
}

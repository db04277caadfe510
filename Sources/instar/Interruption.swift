import Foundation
import Synchronization

/// Listens for SIGINT, SIGTERM, SIGHUP and SIGUSR1, which schedulers send ahead of a time limit, for as long as it lives: the
/// first asks the work to stop, the second ends the process at once. What a reader or a limit of the system would kill the
/// process by is an error of the write instead.
final class Interruption {
    private let sources: [any DispatchSourceSignal]
    private let received = Received()

    /// The signal that came first, if one did.
    var signal: Int32? { received.signal }

    init(storesWork: Bool, cancel: @escaping @Sendable () -> Void) {
        // A pipe whose reader is gone, and the limit of a file's size.
        for number in [SIGPIPE, SIGXFSZ] { Foundation.signal(number, SIG_IGN) }
        let received = received
        // A queue of its own has a thread also where the work has all of the shared ones.
        let queue = DispatchQueue(label: "signals")
        sources = Interruption.listenedSignals.map { number in
            Foundation.signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                guard received.note(number) else { _exit(128 + number) }
                printNote(
                    "instar: \(Interruption.name(number)): "
                        + (storesWork ? "finishing the draws at work and storing them" : "stopping")
                        + "; a second signal stops at once")
                cancel()
            }
            source.resume()
            return source
        }
    }

    func stop() { for source in sources { source.cancel() } }

    /// What people call a signal.
    static func name(_ signal: Int32) -> String {
        switch signal {
        case SIGINT: "SIGINT"
        case SIGHUP: "SIGHUP"
        case SIGUSR1: "SIGUSR1"
        default: "SIGTERM"
        }
    }

    /// A process that `nohup` started goes on when its terminal closes.
    private static var listenedSignals: [Int32] {
        var action = sigaction()
        sigaction(SIGHUP, nil, &action)
        let isIgnored = unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
        return [SIGINT, SIGTERM, SIGUSR1] + (isIgnored ? [] : [SIGHUP])
    }
}

/// The first signal received; signals arrive on a queue of their own.
private final class Received: Sendable {
    private let number = Mutex<Int32?>(nil)

    var signal: Int32? { number.withLock { $0 } }

    /// Whether it is the first.
    func note(_ signal: Int32) -> Bool {
        number.withLock { number in
            guard number == nil else { return false }
            number = signal
            return true
        }
    }
}

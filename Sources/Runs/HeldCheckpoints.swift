import Synchronization

/// The first checkpoints that are read of a series, by their place, until they are released.
final class HeldCheckpoints: Sendable {
    private struct State {
        var limit: Int
        var checkpoints: [Int: Checkpoint] = [:]
    }

    private let state: Mutex<State>

    init(limit: Int) { state = Mutex(State(limit: limit)) }

    /// The most that may be held; 0 once they were released.
    var limit: Int { state.withLock { $0.limit } }

    func checkpoint(at index: Int) -> Checkpoint? { state.withLock { $0.checkpoints[index] } }

    /// The same, which is not held any more.
    func take(at index: Int) -> Checkpoint? { state.withLock { $0.checkpoints.removeValue(forKey: index) } }

    /// Keeps a checkpoint, if there is room.
    func keep(_ checkpoint: Checkpoint, at index: Int) {
        state.withLock { state in
            if state.checkpoints.count < state.limit { state.checkpoints[index] = checkpoint }
        }
    }

    func release() { state.withLock { $0 = State(limit: 0) } }
}

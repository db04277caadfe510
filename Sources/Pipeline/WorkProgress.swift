/// How far the measuring has come: one value of the stream that long work reports on.
public struct WorkProgress: Sendable {
    /// What is being done, e.g. "sampling".
    public var phase: String
    /// Draws made so far, those found stored not counted.
    public var drawsDone: Int
    /// Draws to be made in all.
    public var drawCount: Int
    /// Units (checkpoint, chain) finished.
    public var unitsDone: Int
    /// Units in all.
    public var unitCount: Int
}

/// Counts finished work and feeds the stream of progress.
actor ProgressCounter {
    private var progress: WorkProgress
    private let continuation: AsyncStream<WorkProgress>.Continuation?

    init(phase: String, drawCount: Int, unitCount: Int, into continuation: AsyncStream<WorkProgress>.Continuation?) {
        progress = WorkProgress(phase: phase, drawsDone: 0, drawCount: drawCount, unitsDone: 0, unitCount: unitCount)
        self.continuation = continuation
        continuation?.yield(progress)
    }

    func add(draws: Int, units: Int = 0) {
        progress.drawsDone += draws
        progress.unitsDone += units
        continuation?.yield(progress)
    }
}

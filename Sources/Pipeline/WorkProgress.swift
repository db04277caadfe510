public import Runs

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

extension WorkProgress {
    /// Progress that is counted in units alone.
    init(phase: String, unitsDone: Int, of unitCount: Int) {
        self.init(phase: phase, drawsDone: 0, drawCount: 0, unitsDone: unitsDone, unitCount: unitCount)
    }
}

/// Opens a run directory and shows how far that has come: ten thousand files on a slow file system take their time.
///
/// - Throws: What `RunDirectory` throws.
public func openRun(
    at path: String, progress: AsyncStream<WorkProgress>.Continuation?
) throws(RunError) -> RunDirectory {
    try RunDirectory(at: path) {
        progress?.yield(WorkProgress(phase: "opening checkpoints", unitsDone: $0, of: $1))
    }
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

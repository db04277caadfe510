import Runs

/// Reads the chosen checkpoints of a series once each, for work that looks at each of them and the two before it.
///
/// The work may be done by several workers, which begin in order and none of which is `workerCount` or more ahead of
/// another: then no more than `workerCount` + 2 checkpoints are in memory.
actor CheckpointWindow {
    /// A checkpoint and the digest of its weights.
    struct Entry: Sendable {
        let checkpoint: Checkpoint
        let digest: String
    }

    private let series: CheckpointSeries
    private let selection: [Int]
    private let workerCount: Int
    private var tasks: [Int: Task<Result<Entry, RunError>, any Error>] = [:]

    /// - Parameter selection: Indices into the series, ascending.
    init(series: CheckpointSeries, selection: [Int], workerCount: Int) {
        self.series = series
        self.selection = selection
        self.workerCount = workerCount
    }

    /// The checkpoint at `place` of the selection, preceded by the last two before it that are not damaged, as far as there
    /// are; or why the checkpoint itself cannot be read.
    ///
    /// - Throws: What reading throws for other reasons than damage.
    func entries(upTo place: Int) async throws -> Result<[Entry], RunError> {
        let first = max(0, place - 2)
        for earlier in tasks.keys where earlier < first - workerCount + 1 { tasks[earlier] = nil }
        // Begun together, in order; more are wanted only where one of them is damaged.
        for near in first...place { _ = task(at: near) }
        var entries: [Entry]
        switch try await task(at: place).value {
        case .success(let entry): entries = [entry]
        case .failure(let error): return .failure(error)
        }
        var earlier = place - 1
        while earlier >= 0, entries.count < 3 {
            if case .success(let entry) = try await task(at: earlier).value { entries.insert(entry, at: 0) }
            earlier -= 1
        }
        return .success(entries)
    }

    private func task(at place: Int) -> Task<Result<Entry, RunError>, any Error> {
        if let task = tasks[place] { return task }
        let task = Task { [series, index = selection[place]] () throws -> Result<Entry, RunError> in
            do throws(RunError) {
                let checkpoint = try series.take(at: index)
                return .success(Entry(checkpoint: checkpoint, digest: checkpoint.digest))
            } catch {
                guard error.kind == .malformed else { throw error }
                return .failure(error)
            }
        }
        tasks[place] = task
        return task
    }
}

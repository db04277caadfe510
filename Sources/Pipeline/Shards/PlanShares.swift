import Development
import Foundation
public import Runs
import Sampling
import Tensors

/// How the work of a run would be divided among the jobs of a scheduler.
public struct PlannedShares: Sendable, Equatable {
    /// Where results would go.
    public var folder: String
    /// Into how many shares the work is divided.
    public var shardCount: Int
    /// The shares of which a unit is missing, ascending.
    public var missingShards: [Int]
    /// Whether settings must be decided, by a short calibration, before shares can be measured together.
    public var needsSettings: Bool
    /// Workers of each share.
    public var jobCount: Int
    /// Bytes that a share takes.
    public var memory: Int
    /// Bytes that merging takes.
    public var mergeMemory: Int
    /// Seconds that the longest share takes, on a machine such as this one.
    public var seconds: Double
    /// Units in all.
    public var unitCount: Int
    /// Units that are not stored yet.
    public var missingUnitCount: Int
}

/// Divides the work of a run into shares.
///
/// - Parameters:
///   - shardCount: Into how many; nil: such that each takes about ten minutes, beside which a scheduler's own time does
///     not count.
///   - limit: The most shares the scheduler allows.
/// - Throws: What `measure` would throw before it starts to work.
public func planShares(
    of run: RunDirectory, options: MeasureOptions, shardCount: Int?, limit: Int
) throws -> PlannedShares {
    let store = MeasurementStore(run: run.path, output: options.output)
    let work = try prepareWork(run, options: options, store: store)
    var options = options
    // The chains of a checkpoint share its center, so a share works on so many at once.
    options.jobs = options.jobs ?? max(1, work.settings.sampling?.chainCount ?? 1)
    let jobs = try work.jobCount(options, isShare: true)
    let units = work.units(store)
    let progress = try work.progress(of: units, store: store)
    let secondsPerCost = try work.secondsPerCost()
    let seconds = units.reduce(0) { $0 + $1.cost } * secondsPerCost / Double(jobs)
    let most = max(1, min(limit, units.count))
    let wanted = shardCount ?? Int((seconds / PlannedShares.usualSeconds).rounded(.up))
    guard wanted <= limit else {
        throw Failure(.usage, "--tasks \(wanted): the scheduler allows arrays of \(limit) tasks at most. State fewer")
    }
    let count = max(1, min(most, wanted))
    let places = Shard.indices(of: units, count: count, areInseparable: work.areInseparable)
    let missing = zip(units, places).filter { !progress.finished.contains($0.0.name) }
    var costs = [Double](repeating: 0, count: count)
    for (unit, place) in missing { costs[place] += unit.cost }
    let memory = try work.memoryNeed(isShare: true).total(workers: jobs)
    return PlannedShares(
        folder: store.folder, shardCount: count, missingShards: Set(missing.map(\.1)).sorted(),
        needsSettings: try store.readSettings() == nil && work.resolution?.isUncalibrated == true, jobCount: jobs,
        memory: PlannedShares.withReserve(memory), mergeMemory: PlannedShares.withReserve(work.mergeMemory),
        seconds: (costs.max() ?? 0) * secondsPerCost / Double(jobs), unitCount: units.count,
        missingUnitCount: missing.count)
}

extension PlannedShares {
    /// What a share should take.
    fileprivate static let usualSeconds = 600.0

    /// A quarter more, and what a program takes that does nothing: a scheduler kills what takes more than it asked for.
    fileprivate static func withReserve(_ bytes: Int) -> Int { bytes + bytes / 4 + (256 << 20) }
}

extension Work {
    /// Bytes of all traces, as read, gathered and written, and of the products between checkpoints.
    fileprivate var mergeMemory: Int {
        let draws = settings.sampling.map { $0.chainCount * $0.totalDrawCount * targets.count } ?? 0
        return selection.count * (draws * 7 * 8 * 3 + selection.count * 8 * 4)
    }
}

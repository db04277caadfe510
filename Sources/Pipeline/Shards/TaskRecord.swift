import Foundation

/// What a process that works on a share says of itself, in one small file beside the units: who it is, how far it has
/// come, and why units failed. It is written every half minute, not for every unit, and removed when all is done and there
/// is nothing to be told of.
struct TaskRecord: Codable, Sendable, Equatable {
    /// A unit that could not be measured.
    struct UnitFailure: Codable, Sendable, Equatable {
        var unit: String
        var reason: String
    }

    /// The share, as `INDEX/COUNT`, or the first unit asked for.
    var share: String
    var host: String
    var process: Int32
    /// The scheduler's name of the job; nil without a scheduler.
    var job: String?
    /// Seconds since it began.
    var seconds: Double = 0
    /// Draws made in that time.
    var drawCount = 0
    var unitsDone = 0
    var unitCount: Int
    var failures: [UnitFailure] = []
    /// Why it stopped before all was done; nil while it works, where it was killed, and where all was done.
    var end: String?
    /// Whether all was done that can be.
    var isFinished = false

    init(share: Share, unitCount: Int) {
        self.share = share.name
        host = ProcessInfo.processInfo.hostName
        process = ProcessInfo.processInfo.processIdentifier
        let environment = ProcessInfo.processInfo.environment
        job =
            environment["SLURM_ARRAY_JOB_ID"].flatMap { job in
                environment["SLURM_ARRAY_TASK_ID"].map { "\(job)_\($0)" }
            } ?? environment["SLURM_JOB_ID"]
        self.unitCount = unitCount
    }

    /// Who it is, for people.
    var origin: String { (job.map { "job \($0), " } ?? "") + "process \(process) on \(host)" }
}

extension Share {
    /// Names the share in records and locks.
    var name: String {
        switch self {
        case .shard(let shard): "\(shard)"
        case .named(let names): names.first ?? ""
        }
    }
}

/// Keeps the record of this process on disk.
actor TaskRecorder {
    /// Seconds between two writes.
    private static let interval = Duration.seconds(30)

    private(set) var record: TaskRecord
    /// The first failure of a unit.
    private(set) var firstFailure: Failure?
    private let folder: String
    private let name: String
    /// Whether the record is this process's to write: another may be working on the same share.
    private let isOurs: Bool
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var written: ContinuousClock.Instant

    init(_ record: TaskRecord, store: MeasurementStore, isOurs: Bool) {
        self.record = record
        folder = store.folder
        name = MeasurementStore.recordName(record.share)
        self.isOurs = isOurs
        start = clock.now
        written = start
    }

    /// Notes that work begins.
    func begin() { write() }

    /// Notes how far the work has come.
    func note(_ progress: WorkProgress) {
        record.drawCount = progress.drawsDone
        record.unitsDone = progress.unitsDone
        if clock.now - written >= Self.interval { write() }
    }

    /// Notes that a unit's checkpoint is damaged.
    func note(damaged reason: String, unit: String) {
        record.failures.append(TaskRecord.UnitFailure(unit: unit, reason: reason))
        write()
    }

    /// Notes that a unit failed.
    func note(failure: Failure, of unit: String) {
        firstFailure = firstFailure ?? failure
        record.failures.append(TaskRecord.UnitFailure(unit: unit, reason: failure.reason))
        write()
    }

    /// Notes why the work ended before its time.
    func end(_ reason: String) {
        record.end = reason
        write()
    }

    /// Notes that all is done; where there is nothing to be told of, the record goes.
    func finish() {
        record.isFinished = true
        if record.failures.isEmpty, isOurs { unlink("\(folder)/tasks/\(name)") } else { write() }
    }

    /// Best effort: a record that cannot be written must not stop the work, and a full disk is told by the exit status too.
    private func write() {
        written = clock.now
        record.seconds = (written - start) / .seconds(1)
        guard isOurs, let text = try? storedJSON(record) else { return }
        try? writeFiles([("tasks/\(name)", text)], to: folder)
    }
}

extension MeasurementStore {
    /// The name of a share's record in the folder `tasks`.
    static func recordName(_ share: String) -> String {
        "\(share.replacingOccurrences(of: "/", with: "-of-")).json"
    }

    /// The records that processes left or are keeping, by share, and the names of files that are none.
    func readRecords() -> (records: [TaskRecord], unreadable: [String]) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/tasks")) ?? []
        var (records, unreadable): ([TaskRecord], [String]) = ([], [])
        for name in names.sorted() where name.hasSuffix(".json") && !name.hasPrefix(".") {
            // One that is gone was removed by its process.
            guard let data = FileManager.default.contents(atPath: "\(folder)/tasks/\(name)") else { continue }
            if let record = try? JSONDecoder().decode(TaskRecord.self, from: data) {
                records.append(record)
            } else {
                unreadable.append(name)
            }
        }
        return (records, unreadable)
    }
}

import Foundation
public import Runs
import Sampling
import Tensors

/// How far the measuring of a run has come: the answer of `instar status`.
public struct RunStatus: Sendable, Codable {
    /// The version of this document.
    public static let currentSchema = "instar-status-1"

    /// A process that is working on a share.
    public struct Task: Sendable, Codable {
        /// The share, as `INDEX/COUNT`.
        public var share: String
        /// Its process, machine and job.
        public var origin: String
        /// Units it has finished.
        public var unitsDone: Int
        /// Units of its share.
        public var unitCount: Int
    }
    /// Something that went wrong, with its reason.
    public struct Problem: Sendable, Codable {
        /// The unit, or the share.
        public var name: String
        /// Why.
        public var reason: String
    }

    /// The version of this document.
    public var schema = RunStatus.currentSchema
    /// The folder of results.
    public var folder: String
    /// Units in all.
    public var unitCount = 0
    /// Units that are stored and finished.
    public var doneCount = 0
    /// Units of which a part is stored: chains that were stopped, or are to be lengthened.
    public var partialCount = 0
    /// Units that processes are working on.
    public var runningCount = 0
    /// The process that works on all of it, as `measure` and `analyze` do; nil where none does.
    public var holder: String?
    /// The processes that are working on shares.
    public var tasks: [Task] = []
    /// Units that could not be measured.
    public var failedUnits: [Problem] = []
    /// Units whose stored files are damaged, and must be removed to be measured again.
    public var damagedUnits: [Problem] = []
    /// Shares whose process ended before all was done.
    public var endedTasks: [Problem] = []
    /// Seconds until all is done, at the speed of the processes that are working; nil where none is or they only began.
    public var secondsLeft: Double?
    /// Whether `measurements.h5` is there, and made of what is stored now.
    public var isMerged = false

    /// The status as one JSON document.
    public func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    /// The status as text.
    public var text: String {
        var lines = [
            "results: \(folder)",
            "units: \(doneCount) of \(unitCount) done, \(runningCount) running"
                + (partialCount > 0 ? ", \(partialCount) partly done" : "")
                + (failedUnits.isEmpty ? "" : ", \(failedUnits.count) failed")
                + (damagedUnits.isEmpty ? "" : ", \(damagedUnits.count) damaged"),
        ]
        lines += holder.map { ["running: \($0), on all of it"] } ?? []
        lines += tasks.map { "running: share \($0.share), \($0.unitsDone) of \($0.unitCount) units, \($0.origin)" }
        lines += failedUnits.map { "failed: \($0.name): \($0.reason)" }
        lines += damagedUnits.map { "damaged: \($0.name): \($0.reason)" }
        lines += endedTasks.map { "ended: share \($0.name): \($0.reason)" }
        if holder != nil {
            lines.append("time left: told where that process was started")
        } else if !damagedUnits.isEmpty, tasks.isEmpty {
            lines.append("remove the files of the damaged units and measure again: the others are kept")
        } else if doneCount + failedUnits.count == unitCount, endedTasks.isEmpty {
            let what = failedUnits.isEmpty ? "all is measured" : "all is measured that can be"
            lines.append(isMerged ? "\(what) and merged" : "\(what): `instar merge` comes next")
        } else if let secondsLeft {
            lines.append("time left: about \(Self.duration(secondsLeft))")
        } else {
            lines.append("time left: unknown, since \(tasks.isEmpty ? "nothing is running" : "the work only began")")
        }
        return lines.joined(separator: "\n")
    }

    private static func duration(_ seconds: Double) -> String {
        // Records are files: whatever they say of their speed, a thousand years are enough.
        let minutes = Int(min(max(0, seconds / 60), 5e8).rounded(.up))
        return minutes < 120 ? "\(minutes) min" : "\(minutes / 60) h \(minutes % 60) min"
    }
}

/// Looks at what is stored and who is working; starts nothing and asks no scheduler.
///
/// - Throws: `notFound` where nothing was begun.
public func runStatus(of run: RunDirectory, options: MeasureOptions) throws -> RunStatus {
    let store = MeasurementStore(run: run.path, output: options.output)
    guard try store.readSettings() != nil else {
        throw Failure(
            .notFound,
            "\(store.folder): nothing has been measured yet, nor have settings been decided. `instar measure --dry-run` "
                + "says what there is to do")
    }
    let work = try prepareWork(run, options: options, store: store)
    return try work.status(store: store, locks: UnitLocks(lookingAt: store.folder))
}

extension Work {
    fileprivate func status(store: MeasurementStore, locks: UnitLocks?) throws(Failure) -> RunStatus {
        var status = RunStatus(folder: store.folder)
        let units = units(store)
        let progress = try progress(of: units, store: store)
        status.unitCount = units.count
        status.doneCount = progress.finished.count
        status.partialCount = progress.partialCount
        status.runningCount = locks?.heldUnitCount() ?? 0
        status.holder = StoreLock.exclusiveHolder(of: store.folder)
        status.isMerged = try store.holdsMerged(progress, drawCount: settings.sampling?.totalDrawCount)
        status.damagedUnits = progress.damaged
        var known = Set(progress.damaged.map(\.name))
        var speed = 0.0
        let (records, unreadable) = store.readRecords()
        for record in records {
            // Of several processes that met it one is enough.
            for failure in record.failures
            where !progress.finished.contains(failure.unit) && known.insert(failure.unit).inserted {
                status.failedUnits.append(
                    .init(name: failure.unit, reason: failure.reason.abridged(to: MessageLimit.reason)))
            }
            let isRunning =
                locks?.areSupported == true
                ? locks?.isHeld(.task(record.share)) == true
                : record.end == nil && !record.isFinished && store.isRecent(record)
            if isRunning {
                status.tasks.append(
                    .init(
                        share: record.share, origin: record.origin, unitsDone: record.unitsDone,
                        unitCount: record.unitCount))
                if record.seconds > 0 { speed += Double(record.drawCount) / record.seconds }
            } else if !record.isFinished, status.doneCount < status.unitCount {
                status.endedTasks.append(
                    .init(
                        name: record.share,
                        reason: "\(record.end ?? "killed, or its machine went down") (\(record.origin))"
                            .abridged(to: MessageLimit.reason)))
            }
        }
        if status.doneCount < status.unitCount {
            status.endedTasks += unreadable.map {
                .init(name: $0, reason: "no record of a share, or damaged; remove \(store.folder)/tasks/\($0)")
            }
        }
        if speed > 0 { status.secondsLeft = Double(progress.missingDrawCount) / speed }
        return status
    }

    /// What of the units is stored.
    ///
    /// - Throws: `io` where what is stored cannot be listed.
    func progress(of units: [WorkUnit], store: MeasurementStore) throws(Failure) -> UnitProgress {
        let wanted = settings.sampling?.totalDrawCount ?? 0
        // One listing in place of a question for every file.
        let stored = try store.storedUnitNames()
        var progress = UnitProgress()
        // The digests of the weights of the two surveys before; nil where there is none, be it missing or damaged.
        var before: [String?] = []
        for unit in units {
            var drawCount = 0
            var header: UnitHeader?
            defer { if unit.chain == nil { before = before.suffix(1) + [header?.survey?.weights] } }
            if stored.contains(unit.name) {
                do {
                    header = try UnitHeader.read(store.unitPath(unit.name), isChain: unit.chain != nil)
                    let isStale =
                        header?.survey.map { survey in
                            !before.contains(nil)
                                && survey.key != surveyKey(digest: survey.weights, before: before.compactMap(\.self))
                        } ?? false
                    if let header, !isStale, header.isFinished(drawCount: unit.chain == nil ? 0 : wanted) {
                        progress.finished.insert(unit.name)
                        if unit.chain == nil { progress.surveyedSteps.append(unit.step) }
                        continue
                    }
                    drawCount = header?.drawCount ?? 0
                    progress.partialCount += 1
                } catch {
                    // What may not be read may be sound.
                    guard error.kind != .io else { throw error }
                    progress.damaged.append(RunStatus.Problem(name: unit.name, reason: error.reason))
                }
            }
            progress.missingCost += unit.cost * (1 - Double(drawCount) / Double(max(1, wanted)))
            if unit.chain != nil { progress.missingDrawCount += wanted - drawCount }
        }
        return progress
    }
}

/// What of the units of a run is stored.
struct UnitProgress: Sendable {
    /// The names of those that are finished.
    var finished = Set<String>()
    /// The steps of finished surveys, ascending.
    var surveyedSteps: [Int] = []
    var partialCount = 0
    /// Units whose files cannot be read.
    var damaged: [RunStatus.Problem] = []
    /// Draws that are still to be made.
    var missingDrawCount = 0
    /// In gradients of one example.
    var missingCost = 0.0
}

extension MeasurementStore {
    /// Whether `measurements.h5` has the checkpoints that were surveyed, and chains as long as they are to be. Damaged ones
    /// hold nothing.
    fileprivate func holdsMerged(_ progress: UnitProgress, drawCount: Int?) throws(Failure) -> Bool {
        guard FileManager.default.fileExists(atPath: measurementsPath) else { return false }
        do throws(RunError) {
            let steps = try storedDataset("checkpoints/checkpoint", of: measurementsPath).values(as: Double.self)
            guard steps == progress.surveyedSteps.map(Double.init) else { return false }
            guard let drawCount else { return true }
            let counts = try storedDataset("chains/draw_count", of: measurementsPath).values(as: Double.self)
            // All may have diverged.
            let ends = try storedDataset("chains/diverged_at_draw", of: measurementsPath).values(as: Double.self)
            return counts.contains { $0 >= Double(drawCount) } || ends.allSatisfy { $0 >= 0 }
        } catch {
            guard error.kind != .io else { throw Failure(wrapping: error) }
            return false
        }
    }

    /// The names of all units that have a file.
    ///
    /// - Throws: `io` where they cannot be listed, which is not the same as none.
    func storedUnitNames() throws(Failure) -> Set<String> {
        let units = "\(folder)/units"
        guard access(units, F_OK) == 0 || errno != ENOENT else { return [] }
        guard access(units, R_OK | X_OK) == 0, let names = try? FileManager.default.contentsOfDirectory(atPath: units)
        else {
            throw Failure(.io, "\(units): cannot be read (\(String(cString: strerror(errno)))). Check its permissions")
        }
        return Set(names.filter { $0.hasSuffix(".h5") && !$0.hasPrefix(".") }.map { String($0.dropLast(3)) })
    }

    /// Whether a record was written lately, which is all there is to know where the file system has no locks.
    fileprivate func isRecent(_ record: TaskRecord) -> Bool {
        let attributes = try? FileManager.default.attributesOfItem(
            atPath: "\(folder)/tasks/\(MeasurementStore.recordName(record.share))")
        guard let date = attributes?[.modificationDate] as? Date else { return false }
        return date.timeIntervalSinceNow > -180
    }
}

public import Development
import Foundation
import Runs
import Tensors

/// What watching a run brought to light.
public enum WatchEvent: Sendable {
    /// There is nothing to measure yet, and why.
    case waiting(String)
    /// A checkpoint that stays unreadable is left out until its file changes.
    case leftOut(file: String, reason: String)
    /// The run was measured again.
    case measured(Analysis, news: String)
}

/// When watching ends by itself.
public struct WatchLimits: Sendable {
    /// Seconds between two looks at the directory.
    public var interval = 10.0
    /// Ends once a checkpoint of this step or a later one is measured; nil: never for that reason.
    public var untilStep: Int?
    /// Ends after so many seconds without a change; nil: never for that reason.
    public var idle: Double?

    /// Never ends by itself, and looks every ten seconds.
    public init() {}
}

/// Measures a run while its trainer is still writing checkpoints, until it is cancelled or a limit is reached.
///
/// The directory is looked at again and again, by names, sizes, times and file numbers, since network file systems report no
/// changes. Times are asked only whether they differ, so that a clock that is set back hides nothing. A file takes part
/// once it has been the same at two looks, or is older than the interval, and can be read whole; one that stays unreadable
/// is left out until it, or another part of the same checkpoint, changes. Everything measured is stored and reused as by
/// `measure`, so that what is there at the end is what `analyzeRun` would have made.
///
/// - Parameters:
///   - path: The run directory.
///   - options: As for `measure`; `remeasuresReplaced` is always on.
///   - limits: How often to look, and when to end.
///   - progress: Is told of every unit of work.
///   - pause: Waits for some seconds; throws where the task is cancelled.
///   - receive: Is told of every event before the next look; of measurements while no other process can write to the
///     folder of results.
/// - Throws: `Failure` where the run cannot be measured for a reason that waiting does not mend; `CancellationError`.
public func watchRun(
    at path: String, options: MeasureOptions, limits: WatchLimits,
    progress: AsyncStream<WorkProgress>.Continuation? = nil,
    pause: @Sendable (Double) async throws -> Void = { try await Task.sleep(for: .seconds($0)) },
    receive: (WatchEvent) async throws -> Void
) async throws {
    var options = options
    // A trainer that starts anew overwrites what it wrote before.
    options.remeasuresReplaced = true
    let store = MeasurementStore(run: path, output: options.output)
    var watch = Watch(path: path, output: store.folder, settling: limits.interval)
    var analysis: Analysis?
    var idle = 0.0
    var told = ""
    while true {
        try Task.checkCancellation()
        let look = try watch.look()
        for (file, reason) in look.leftOut { try await receive(.leftOut(file: file, reason: reason)) }
        switch look.state {
        case .unchanged: idle += limits.interval
        case .nothingYet(let reason):
            if reason != told { try await receive(.waiting(reason)) }
            told = reason
            idle += limits.interval
        case .ready(let run, let unchanged):
            let measured: Analysis
            do {
                let lock = try store.lock(.exclusive)
                defer { lock.release() }
                measured = try conclusions(
                    of: try await measure(
                        run, options: options, store: store, unchanged: unchanged, progress: progress))
                try await receive(.measured(measured, news: measured.news(since: analysis)))
            } catch let failure where Failure(wrapping: failure).kind == .temporary || run.series.isOutOfReach(failure)
            {
                // Another process works there, or the trainer wrote or removed a checkpoint just now.
                let reason = Failure(wrapping: failure).reason
                if reason != told { try await receive(.waiting(reason)) }
                told = reason
                watch.measureAgain()
                idle += limits.interval
                if let limit = limits.idle, idle >= limit { return }
                try await pause(limits.interval)
                continue
            }
            // What turned out to be damaged may have a survey of what it was before.
            if measured.measurements.damaged.isEmpty { watch.noteSurveyed() }
            idle = 0
            told = ""
            analysis = measured
            let last = measured.measurements.checkpoints.last?.step
            if let until = limits.untilStep, let last, last >= until { return }
        }
        if let limit = limits.idle, idle >= limit { return }
        try await pause(limits.interval)
    }
}

/// What is known of a directory that is being written to.
struct Watch {
    /// A file as a listing shows it; what is written anew or replaced has another.
    struct Stamp: Equatable {
        var size: Int
        var modified: Double
        /// When the kernel last saw a change, which copying with the times of the original does not hide.
        var changed: Double
        var fileNumber: UInt64
    }

    /// What one look found.
    enum State {
        /// Nothing that takes part changed since it was last `ready`.
        case unchanged
        case nothingYet(String)
        /// With the steps of checkpoints whose files are as they were when they were surveyed.
        case ready(RunDirectory, unchanged: Set<Int>)
    }

    private let path: String
    private let output: String
    private let settling: Double
    private var lastListing: [String: Stamp] = [:]
    /// Checkpoint files that were read whole, as they and the other parts of the checkpoint were then.
    private var sound: [String: [String: Stamp]] = [:]
    /// Files that could not be read, likewise, with the number of looks since.
    private var unreadable: [String: (stamps: [String: Stamp], looks: Int)] = [:]
    private var measured: [String: Stamp]?
    /// The files of the last measurement that all checkpoints had a part in.
    private var surveyed: [String: Stamp] = [:]
    /// What the run had beside checkpoints at the last look at it whole, as far as it lies in the directory. Without one of
    /// them it would be another run.
    private var inputs: Set<String> = []

    /// Looks at which a file that does not change must be unreadable before it is given up.
    static let patience = 3

    /// - Parameters:
    ///   - output: The folder of results, which is not looked at.
    ///   - settling: A file that is older than so many seconds is complete as far as its time tells.
    init(path: String, output: String, settling: Double) {
        self.path = URL(fileURLWithPath: path).path
        self.output = URL(fileURLWithPath: output).standardizedFileURL.path
        self.settling = settling
    }

    /// What was ready is so again at the next look.
    mutating func measureAgain() { measured = nil }

    /// All that was ready has been surveyed, as it was at that look or, if it changed since, will be seen to have changed.
    mutating func noteSurveyed() { surveyed = measured ?? [:] }

    /// Looks once.
    mutating func look() throws -> (state: State, leftOut: [(file: String, reason: String)]) {
        let listing = Self.listing(of: path, besides: output)
        defer { lastListing = listing }
        let now = Date().timeIntervalSince1970
        let unsettled = Set(
            listing.filter { file, stamp in lastListing[file] != stamp && stamp.modified > now - settling }.keys)
        let parts = CheckpointParts(listing.keys)
        func stamps(_ file: String) -> [String: Stamp] {
            Dictionary(
                uniqueKeysWithValues: parts.files(with: file).compactMap { file in listing[file].map { (file, $0) } })
        }
        unreadable = unreadable.filter { listing[$0.key] != nil && stamps($0.key) == $0.value.stamps }
        var excluded = unsettled.union(unreadable.keys)
        var leftOut: [(file: String, reason: String)] = []
        for (file, entry) in unreadable {
            unreadable[file]?.looks += 1
            if entry.looks + 1 == Self.patience { leftOut.append((file, reasons[file] ?? "cannot be read")) }
        }
        /// Whether a failure is of one checkpoint file, which is then set aside.
        func setAside(_ error: RunError) -> Bool {
            guard error.kind == .malformed || error.kind == .temporary || error.kind == .io,
                listing[error.path] != nil, !excluded.contains(error.path), !isInput(error.path)
            else { return false }
            excluded.insert(error.path)
            // One that is held open by its writer may be closed without any change to see, and a server come back.
            if error.kind == .temporary { return true }
            if error.kind == .io {
                let isNew = reasons.updateValue(error.description, forKey: error.path) != error.description
                if isNew { leftOut.append((error.path, error.description)) }
                return true
            }
            unreadable[error.path] = (stamps(error.path), 1)
            reasons[error.path] = error.description
            return true
        }
        func waiting(for input: String, _ reason: String) -> State { .nothingYet("\(input): \(reason)") }
        if let gone = inputs.subtracting(listing.keys).min() {
            return (waiting(for: gone, "was there and is gone; put it back, or watch again without it"), leftOut)
        }
        while true {
            do throws(RunError) {
                let run = try RunDirectory(at: path, excluding: excluded)
                let found = Set([run.modelPath, run.examplesPath, "\(path)/run.yaml"].compactMap(\.self))
                    .intersection(listing.keys)
                if let fresh = found.intersection(unsettled).min() {
                    return (waiting(for: fresh, "changed a moment ago and will be looked at again"), leftOut)
                }
                inputs = found
                if let error = firstUnreadable(of: run, stamps) {
                    if setAside(error) { continue }
                    throw error
                }
                let left = Set(excluded.flatMap { parts.files(with: $0) })
                let files = listing.filter { !left.contains($0.key) }
                if files == measured { return (.unchanged, leftOut) }
                measured = files
                let unchanged = run.series.references.filter { reference in
                    ([reference.file] + reference.otherFiles).flatMap { parts.files(with: $0) }
                        .allSatisfy { files[$0] != nil && files[$0] == surveyed[$0] }
                }
                return (.ready(run, unchanged: Set(unchanged.map(\.step))), leftOut)
            } catch {
                if setAside(error) { continue }
                // What is not there yet, or not yet whole, may come; the rest is wrong.
                let isFresh = unsettled.contains(error.path)
                guard error.kind == .notFound || error.kind == .temporary || isFresh else { throw error }
                let news =
                    unsettled.isEmpty
                    ? "" : " (\(unsettled.count.counted("file")) changed a moment ago and will be looked at again)"
                return (.nothingYet(error.description + news), leftOut)
            }
        }
    }

    private var reasons: [String: String] = [:]

    /// The first checkpoint that cannot be read whole, of those that were not read as they are now.
    private mutating func firstUnreadable(
        of run: RunDirectory, _ stamps: (String) -> [String: Stamp]
    ) -> RunError? {
        var read: [String: [String: Stamp]] = [:]
        for (index, reference) in run.series.references.enumerated() {
            let files = stamps(reference.file)
            guard !files.isEmpty, sound[reference.file] != files else { continue }
            do throws(RunError) { _ = try run.series.read(at: index) } catch {
                // A tensor of another shape is no fault of the file.
                if error.kind == .mismatch { continue }
                read[reference.file] = nil
                sound.merge(read) { _, new in new }
                return error
            }
            read[reference.file] = files
        }
        sound.merge(read) { _, new in new }
        return nil
    }

    /// Whether a file is no checkpoint.
    private func isInput(_ file: String) -> Bool {
        let name = URL(fileURLWithPath: file).lastPathComponent
        return name == "data.h5" || [".onnx", ".yaml", ".csv", ".jsonl"].contains { name.hasSuffix($0) }
    }

    /// The files of a directory, of its folders and of theirs, by path; none where there is no such directory.
    static func listing(of path: String, besides output: String) -> [String: Stamp] {
        var stamps: [String: Stamp] = [:]
        func add(_ folder: String, depth: Int) {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] where !name.hasPrefix(".")
            {
                let file = "\(folder)/\(name)"
                guard URL(fileURLWithPath: file).standardizedFileURL.path != output else { continue }
                var status = stat()
                guard stat(file, &status) == 0 else { continue }
                if status.st_mode & S_IFMT == S_IFDIR {
                    if depth > 0 { add(file, depth: depth - 1) }
                } else {
                    stamps[file] = Stamp(
                        size: Int(status.st_size), modified: status.st_mtim.seconds, changed: status.st_ctim.seconds,
                        fileNumber: UInt64(status.st_ino))
                }
            }
        }
        add(path, depth: 2)
        return stamps
    }
}

extension CheckpointSeries {
    /// Whether an error says that a file of the series cannot be had, as when a trainer keeps only its latest checkpoints.
    fileprivate func isOutOfReach(_ error: any Error) -> Bool {
        guard let error = error as? RunError, error.kind == .notFound || error.kind == .io else { return false }
        return references.contains { ([$0.file] + $0.otherFiles).contains(error.path) }
    }
}

extension timespec {
    fileprivate var seconds: Double { Double(tv_sec) + Double(tv_nsec) * 1e-9 }
}

import Development
import Foundation
import HDF5
import Runs
import Sampling
import Tensors

/// The folder that finished work is kept in: one file per unit, then one for all measurements.
///
/// Every file is written under a temporary name and renamed, so that a killed run leaves only whole files, and
/// each unit carries the digest of what it was computed from. Layout:
///
///     lock                       while a process writes there: who; see `StoreLock`
///     settings.json              the settings and inputs that all units share
///     units/STEP.h5              what was measured without sampling
///     units/STEP-chain-K.h5      one chain with its last state
///     units/STEP-KEY-chain-K.h5  the same under a restriction, KEY its digest's first digits
///     measurements.h5            everything, for netCDF-4 readers and for `report`
struct MeasurementStore: Sendable {
    /// What was named: a run directory, a folder of results, or a file.
    let run: String
    /// The folder.
    let folder: String
    /// Whether the user named it, which a folder inside a run directory is not.
    let isStated: Bool

    /// The store of a run: `output`, or `instar` in the run directory, or beside a file of traces `NAME-instar`; a folder
    /// that itself holds measurements is its own store.
    init(run: String, output: String?) {
        self.run = run
        isStated = output != nil || FileManager.default.fileExists(atPath: "\(run)/measurements.h5")
        if let output {
            folder = output
        } else if isStated {
            folder = run
        } else {
            var isFolder: ObjCBool = false
            let isFile = FileManager.default.fileExists(atPath: run, isDirectory: &isFolder) && !isFolder.boolValue
            folder = isFile ? URL(fileURLWithPath: run).deletingPathExtension().path + "-instar" : "\(run)/instar"
        }
    }

    var isThere: Bool { FileManager.default.fileExists(atPath: folder) }
    var measurementsPath: String { "\(folder)/measurements.h5" }
    private var settingsPath: String { "\(folder)/settings.json" }
    func surveyPath(step: Int) -> String { unitPath(surveyName(step: step)) }
    /// The file of a chain; `restriction` is the key of what was restricted, nil for the whole.
    func chainPath(step: Int, restriction: String?, chain: Int) -> String {
        unitPath(chainName(step: step, restriction: restriction, chain: chain))
    }
    /// The file of a unit.
    func unitPath(_ name: String) -> String { "\(folder)/units/\(name).h5" }
    /// The name of a chain's unit.
    func chainName(step: Int, restriction: String?, chain: Int) -> String {
        "\(surveyName(step: step))\(restriction.map { "-\($0)" } ?? "")-chain-\(chain)"
    }
    /// The name of a survey's unit.
    func surveyName(step: Int) -> String {
        let digits = String(step)
        return String(repeating: "0", count: max(0, 9 - digits.count)) + digits
    }

    /// Takes the folder, which is made where it is missing.
    ///
    /// - Parameter note: Is told where a process that held it before ended without giving it back.
    /// - Throws: As `StoreLock`; `unsupported` where the folder inside the run, which nobody stated, is a link.
    func lock(_ mode: StoreLock.Mode, note: (String) -> Void = { _ in }) throws(Failure) -> StoreLock {
        try requireNoLink()
        let lock = try StoreLock(folder: folder, mode: mode)
        for holder in lock.abandoned {
            note("\(folder): \(holder) ended without finishing; what it stored is kept and used")
        }
        return lock
    }

    /// - Throws: `unsupported` where the folder inside the run, which nobody stated, is a link.
    private func requireNoLink() throws(Failure) {
        var status = stat()
        guard !isStated, lstat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return }
        throw Failure(
            .unsupported,
            "\(folder): is a link, and results are not written through links out of the run. Remove it, or state "
                + "--output \(folder) to write to where it leads")
    }

    /// Makes the folder of the units; the folder itself is there. Asked before every unit that is written, since somebody may
    /// have put a link there meanwhile.
    ///
    /// - Throws: `unsupported` where one of both is a link; `io` where it cannot be made.
    func prepare() throws(Failure) {
        try requireNoLink()
        do throws(HDF5Error) { try AtomicFile.makeFolder("\(folder)/units") } catch { throw Failure(wrapping: error) }
    }

    /// The settings that earlier work in this folder was done with; nil where there is none.
    func readSettings() throws(Failure) -> StoredSettings? {
        let remedy =
            "Remove that file and run again with the options of before: what is stored beside it is used where it fits"
        let settings: StoredSettings? = try readStoredJSON(
            settingsPath, expected: "the settings of earlier work", remedy: remedy)
        do throws(SamplingError) { try settings?.sampling?.validate() } catch {
            throw Failure(.malformed, "\(settingsPath): was changed since it was written (\(error)). \(remedy)")
        }
        return settings
    }

    /// Makes `settings` those of this folder.
    func write(_ settings: StoredSettings) throws {
        try writeFiles([("settings.json", try storedJSON(settings))], to: folder)
    }

    /// Makes `settings` those of this folder where it has none; false where another process was first.
    func writeFirst(_ settings: StoredSettings) throws -> Bool {
        let temporary = ".settings.json.\(UUID().uuidString)\(AtomicFile.suffix)"
        try writeFiles([(temporary, try storedJSON(settings))], to: folder)
        defer { unlink("\(folder)/\(temporary)") }
        // A link is made whole or not at all, on network file systems too, and never over a file that is there.
        if link("\(folder)/\(temporary)", settingsPath) == 0 { return true }
        guard errno != EEXIST else { return false }
        // Where there are no links the last one wins; its bytes are the same on one kind of processor.
        try write(settings)
        return true
    }

    /// - Throws: `mismatch` where the folder, which the user named, holds the work of a run of another name. Inside a run
    ///   directory it goes wherever that goes, and under whatever name.
    func requireRun(_ name: String, stored: StoredSettings?) throws(Failure) {
        guard isStated, let other = stored?.run, other != name else { return }
        throw Failure(
            .mismatch,
            "\(folder) holds results of the run \(other.abridged(to: MessageLimit.name)), and this one is \(name): results of "
                + "two runs are not mixed. State another --output; if the run was only renamed, say so by `name:` in its run.yaml"
        )
    }

    /// - Throws: `mismatch` where a checkpoint was surveyed and had other weights; `malformed` where that survey is damaged.
    func requireSurveyed(step: Int, weights digest: String) throws(Failure) {
        let path = surveyPath(step: step)
        guard FileManager.default.fileExists(atPath: path) else { return }
        let stored = try readingUnit(path) { () throws(HDF5Error) in
            try HDF5File(reading: path).root().attribute("weights_digest")
        }
        // One of another version says nothing, and is taken again.
        if case .text(let stored) = stored, stored != digest { throw otherWeights(path, step: step) }
    }

    /// A unit was measured on other weights than its checkpoint has.
    func otherWeights(_ path: String, step: Int) -> Failure {
        Failure(
            .mismatch,
            "\(path): measured on other weights than checkpoint \(step) has now. Was the checkpoint replaced, or is this "
                + "another run? State another --output, or remove \(folder)/units/\(surveyName(step: step))*.h5 to measure the "
                + "checkpoint again")
    }

    /// All measurements of the run.
    ///
    /// - Throws: `notFound` where there are none; `usage` where two folders of them are named; `malformed` where they are
    ///   damaged.
    func readMeasurements() throws -> Measurements {
        let files = FileManager.default
        func place(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }
        guard place(folder) == place(run) || !files.fileExists(atPath: "\(run)/measurements.h5") else {
            throw Failure(
                .usage,
                "\(run): holds measurements itself, and --output names another folder (\(folder)) to read them from. Name one "
                    + "of the two")
        }
        guard files.fileExists(atPath: measurementsPath) else {
            var isFolder: ObjCBool = false
            guard files.fileExists(atPath: run, isDirectory: &isFolder) else {
                throw Failure(
                    .notFound,
                    "\(run): is not there; expected a run directory that was measured, or a folder of results")
            }
            guard isFolder.boolValue || isThere else {
                throw Failure(
                    .notFound,
                    "\(run): expected a run directory that was measured, or a folder of results, found a file, without "
                        + "results beside it in \(folder). `instar stages` reads tables of series, and `instar analyze` chains "
                        + "that were sampled elsewhere")
            }
            let units = (try? files.contentsOfDirectory(atPath: "\(folder)/units")) ?? []
            let finished = units.filter { $0.hasSuffix(".h5") && !$0.hasPrefix(".") }.count
            guard finished == 0 else {
                throw Failure(
                    .notFound,
                    "\(folder): this run is unfinished: \(finished == 1 ? "1 unit of work is" : "\(finished) units of work are") "
                        + "stored, and no measurements.h5 yet. "
                        + "Run the command that began it once more: it goes on from there")
            }
            throw Failure(
                .notFound,
                "\(measurementsPath): expected stored measurements, found no such file. "
                    + "Run `instar analyze` or `instar measure` on the run first; if its results went elsewhere, name that folder"
            )
        }
        do throws(RunError) { try tryReading(measurementsPath) } catch {
            guard error.kind == .malformed else { throw error }
            throw MeasurementsFile.damage(
                measurementsPath, error.object.map { "\($0): \(error.reason)" } ?? error.reason)
        }
        return try MeasurementsFile.read(measurementsPath)
    }
}

/// What every unit of a store has in common.
struct StoredSettings: Codable, Sendable, Equatable {
    /// How the chains are run; nil where no LLC is measured.
    var sampling: SamplingSettings?
    /// Digests and names of what is measured, in a fixed order.
    var inputs: [Entry]
    /// The restrictions measured beside the whole, in the order they were first asked for.
    var restrictions: [Restriction] = []
    /// The name of the run; nil in what earlier versions stored. Another run may have the same inputs.
    var run: String?

    /// Throws where `self`, stored before, does not allow work with `wanted` beside it.
    ///
    /// The numbers of chains, draws and burn-in draws may change: chains are keyed without them and can be lengthened.
    func requireCompatible(with wanted: StoredSettings, folder: String) throws(Failure) {
        var differences = wanted.inputs.differences(from: inputs)
        if let sampling, let other = wanted.sampling {
            for stored in sampling.fixedEntries {
                let now = other.fixedEntries.first { $0.name == stored.name }
                guard let now, now.value != stored.value else { continue }
                differences.append("\(stored.name): stored \(stored.value), now \(now.value)")
            }
        }
        guard !differences.isEmpty else { return }
        throw Failure(
            .mismatch,
            "\(folder) holds results of other settings or inputs, which are not mixed:\n  "
                + differences.joined(separator: "\n  ")
                + "\nState another --output, or remove \(folder)/settings.json and \(folder)/units to measure again")
    }
}

extension [Entry] {
    /// How these differ from earlier ones, in words: of lists of names which, of digests only that.
    func differences(from earlier: [Entry]) -> [String] {
        func text(_ value: String?) -> String { value?.abridged(to: MessageLimit.name) ?? "none" }
        let names = map(\.name) + earlier.map(\.name).filter { name in !contains { $0.name == name } }
        return names.compactMap { name in
            let then = earlier.first { $0.name == name }?.value
            let now = first { $0.name == name }?.value
            guard then != now else { return nil }
            if then?.count == 64, now?.count == 64 { return "\(name): changed since" }
            guard name == "sampled", let then, let now else { return "\(name): then \(text(then)), now \(text(now))" }
            let (before, after) = (
                then.split(separator: " ").map(String.init), now.split(separator: " ").map(String.init)
            )
            let (gone, new) = (before.filter { !after.contains($0) }, after.filter { !before.contains($0) })
            let changes = [gone.isEmpty ? nil : "without \(gone.list)", new.isEmpty ? nil : "with \(new.list)"]
            return "\(name): now \(changes.compactMap(\.self).joined(separator: ", "))"
        }
    }
}

extension SamplingSettings {
    /// The settings that decide a chain's draws, by the names of their options.
    var fixedEntries: [Entry] {
        [
            Entry(name: "sampler", value: method.rawValue),
            Entry(name: "steps-per-draw", value: "\(stepsPerDraw)"),
            Entry(name: "extrapolate", value: "\(extrapolates)"),
            Entry(name: "observe-every", value: "\(observations.interval)"),
            Entry(name: "trace-examples", value: "\(observations.tracedExampleCount)"),
            Entry(name: "covariance", value: "\(observations.covarianceRank)"),
        ]
            // What adapts or is observed depends on where burn-in ends.
            + (method == .rmspropSGLD || observations.interval > 0
                ? [Entry(name: "burn-in", value: "\(burnInCount)")] : []) + [
                Entry(name: "batch", value: "\(batchSize)"),
                Entry(name: "minibatches", value: minibatches.rawValue),
                Entry(name: "step-size", value: "\(stepSize)"),
                Entry(name: "n-beta", value: "\(nBeta)"),
                Entry(name: "localization", value: "\(localization)"),
                Entry(name: "seed", value: "\(seed)"),
                Entry(name: "precision", value: precision.rawValue),
            ]
    }
}

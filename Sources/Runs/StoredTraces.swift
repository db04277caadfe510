import Foundation
import HDF5

/// What another program's sampler stored about a series of checkpoints: the loss of every draw of every chain.
///
/// A pure value. Three forms are read, all HDF5:
///
/// - plain: a dataset `loss` with axes `[checkpoint, chain, draw]` and one `steps` of integers;
/// - ArviZ InferenceData or DataTree: `posterior/loss`, or `sample_stats/loss`, whose axes are told by the names of
///   their dimensions (`chain`, `draw`, `checkpoint`), its coordinate `checkpoint` giving the training steps;
///   `warmup_posterior` is the burn-in (NetCDF-4 file format; ArviZ InferenceData schema);
/// - a directory of such files, one per checkpoint, the step told as that of a checkpoint file is.
///
/// In each, `init_loss`, the loss at the checkpoint itself, and `nBeta` (or `n_beta`, `nbeta`) are datasets or
/// attributes; without them λ̂ is not defined, and none is guessed. `burn_in`, `step_size` and `localization` are
/// optional.
public struct StoredTraces: Sendable, Equatable {
    /// The chains at one checkpoint.
    public struct Checkpoint: Sendable, Equatable {
        /// The training step (or epoch).
        public let step: Int
        /// The loss at the checkpoint's own weights that each chain's losses are compared with. Axes `[chain]`.
        public let initialLosses: [Double]
        /// The loss at each draw, burn-in included; not finite from the draw on at which a chain ended. Axes
        /// `[chain, draw]`.
        public let losses: [[Double]]
    }

    /// A name and a value as text.
    public struct Statement: Sendable, Equatable, Codable {
        /// The name.
        public let name: String
        /// The value as it is shown.
        public let value: String
    }

    /// What wrote them, e.g. `devinterp 2.0.1`, as the file says; else the kind of file.
    public let source: String
    /// What `Checkpoint.step` counts.
    public let axis: CheckpointSeries.Axis
    /// The checkpoints, ascending by step; each has as many chains and draws as the others.
    public let checkpoints: [Checkpoint]
    /// nβ of the posterior that was sampled.
    public let nBeta: Double
    /// Draws at each chain's start that do not count.
    public let burnInCount: Int
    /// ε; nil where the file does not say.
    public let stepSize: Double?
    /// γ; nil where the file does not say.
    public let localization: Double?
    /// What else the file says about itself, for display.
    public let stated: [Statement]

    /// The chains at each checkpoint.
    public var chainCount: Int { checkpoints.first?.losses.count ?? 0 }
    /// The draws of each chain that count.
    public var drawCount: Int { (checkpoints.first?.losses.first?.count ?? 0) - burnInCount }

    /// Reads a file, or a directory of one file per checkpoint.
    ///
    /// - Throws: `notFound` without the file, without a loss, `init_loss`, `nBeta` or steps, with how to add them;
    ///   `mismatch` where axes, steps or settings contradict each other; `malformed` for damaged files, and for values
    ///   that cannot be meant; `unsupported` for Zarr stores, which are converted first.
    public init(at path: String) throws(RunError) {
        guard !StoredTraces.isZarr(path) else {
            throw RunError(.unsupported, "is a Zarr store; \(StoredTraces.conversion) STEP=\(path)`", path: path)
        }
        guard isFolder(path) else {
            self = try ForeignFile(path).traces()
            return
        }
        let files = try StoredTraces.files(in: path)
        guard let first = files.first else {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            let holdsStores = names.contains { StoredTraces.isZarr("\(path)/\($0)") }
            throw RunError(
                .notFound,
                holdsStores
                    ? "holds Zarr stores; \(StoredTraces.conversion) STEP=STORE …`"
                    : "holds no stored traces; expected *.h5, *.hdf5 or *.nc files", path: path)
        }
        var parts: [StoredTraces] = []
        for file in files { parts.append(try ForeignFile(file).traces()) }
        for (file, part) in zip(files, parts) {
            if let difference = part.difference(from: parts[0]) {
                throw RunError(
                    .mismatch,
                    "\(difference) in \(URL(fileURLWithPath: first).lastPathComponent); the checkpoints of a series are "
                        + "sampled with one setting", path: file)
            }
        }
        let sorted = parts.flatMap(\.checkpoints).sorted { $0.step < $1.step }
        self.init(parts[0], checkpoints: try StoredTraces.checked(sorted, path: path))
    }

    init(
        source: String, axis: CheckpointSeries.Axis, checkpoints: [Checkpoint], nBeta: Double, burnInCount: Int,
        stepSize: Double?, localization: Double?, stated: [Statement]
    ) {
        self.source = source
        self.axis = axis
        self.checkpoints = checkpoints
        self.nBeta = nBeta
        self.burnInCount = burnInCount
        self.stepSize = stepSize
        self.localization = localization
        self.stated = stated
    }

    private static let conversion = "convert it to HDF5 with `python -m instar_recorder convert-devinterp OUTPUT.h5"

    /// The settings of one part with the checkpoints of all.
    private init(_ part: StoredTraces, checkpoints: [Checkpoint]) {
        self.init(
            source: part.source, axis: part.axis, checkpoints: checkpoints, nBeta: part.nBeta,
            burnInCount: part.burnInCount, stepSize: part.stepSize, localization: part.localization,
            stated: part.stated)
    }

    /// Checkpoints ascending by step, each step once.
    static func checked(_ checkpoints: [Checkpoint], path: String) throws(RunError) -> [Checkpoint] {
        for (earlier, later) in zip(checkpoints, checkpoints.dropFirst()) where earlier.step == later.step {
            throw RunError(.mismatch, "two checkpoints have step \(later.step); remove one", path: path)
        }
        return checkpoints
    }

    /// What differs from another part of the same series, in words that go on with its name; nil where nothing does.
    private func difference(from other: StoredTraces) -> String? {
        func differs<Value: Equatable>(_ name: String, _ value: (StoredTraces) -> Value) -> String? {
            let (mine, others) = (value(self), value(other))
            return mine == others ? nil : "\(name) is \(mine), and \(others)"
        }
        func shown(_ number: Double?) -> String { number.map { "\($0)" } ?? "not stated" }
        return differs("nBeta") { $0.nBeta } ?? differs("burn_in") { $0.burnInCount }
            ?? differs("step_size") { shown($0.stepSize) } ?? differs("localization") { shown($0.localization) }
            ?? differs("the number of chains") { $0.chainCount } ?? differs("the number of draws") { $0.drawCount }
            ?? differs("the horizontal axis") { $0.axis.rawValue }
    }
}

extension StoredTraces {
    /// Whether a file holds draws of chains.
    public static func isTraceFile(_ path: String) -> Bool {
        if isZarr(path) { return true }
        // A damaged file says nothing about what it is.
        return ForeignFile(path).holdsTraces ?? false
    }

    /// Whether a path leads to stored traces and not to a run with a model.
    ///
    /// A file does, runs being directories, if it holds draws or has the ending of such a file. A directory does if it has nothing that makes a run (`run.yaml`,
    /// `checkpoints`, an ONNX graph) and every HDF5 file in it that opens holds a loss per draw, or if it is a Zarr
    /// store or holds only such; reading then says how to convert it.
    public static func isTraces(at path: String) -> Bool {
        guard isFolder(path) else {
            return FileManager.default.fileExists(atPath: path)
                && ([".h5", ".hdf5", ".nc"].contains(where: path.hasSuffix) || isTraceFile(path))
        }
        if isZarr(path) { return true }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        guard !names.contains(where: { $0 == "run.yaml" || $0 == "checkpoints" || $0.hasSuffix(".onnx") }),
            let files = try? files(in: path)
        else { return false }
        guard !files.isEmpty else { return names.contains { isZarr("\(path)/\($0)") } }
        // A damaged file says nothing about what it is.
        let opened = files.compactMap { ForeignFile($0).holdsTraces }
        return !opened.isEmpty && opened.allSatisfy(\.self)
    }

    /// The HDF5 and netCDF files of a directory, in the order of the numbers in their names.
    private static func files(in folder: String) throws(RunError) -> [String] {
        try RunFolder.visibleNames(folder).filter { name in [".h5", ".hdf5", ".nc"].contains { name.hasSuffix($0) } }
            .sorted(by: precedes).map { "\(folder)/\($0)" }
    }

    /// Whether a folder is a Zarr store, of format 2 or 3.
    private static func isZarr(_ path: String) -> Bool {
        ["zarr.json", ".zgroup"].contains { FileManager.default.fileExists(atPath: "\(path)/\($0)") }
    }
}

private func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
}

import Foundation

/// What a training run left behind: checkpoints, and what else there is beside them.
///
/// What `run.yaml` does not say is inferred from names; `inferences` tells how. What is ambiguous is an error.
public struct RunDirectory: Sendable {
    /// The directory.
    public let path: String
    /// The name shown: that of the manifest, or of the directory.
    public let name: String
    /// What `run.yaml` says; empty where there is none.
    public let manifest: Manifest
    /// The checkpoints.
    public let series: CheckpointSeries
    /// The ONNX graph; nil where there is none.
    public let modelPath: String?
    /// The file of examples; nil where there is none.
    public let examplesPath: String?
    /// The run's own series.
    public let recordedSeries: [MetricSeries]
    /// What was inferred, left out or skipped, in words for the reader.
    public let inferences: [String]
    /// What is not there and what its absence means, in words for the reader.
    public let missing: [String]

    /// Opens a run directory; of the checkpoints, only names, steps and shapes are read.
    ///
    /// - Parameter excluded: Checkpoint files to leave out, such as one that is still being written.
    /// - Throws: `notFound` without the directory, without checkpoints or without a file that `run.yaml` names;
    ///   `mismatch` where several candidates fit; what reading the manifest, metrics and checkpoints throws.
    public init(at path: String, excluding excluded: Set<String> = []) throws(RunError) {
        let folder = try RunFolder(path)
        let manifestPath = folder.path(of: "run.yaml")
        let yaml =
            folder.names.contains("run.yaml")
            ? try YAMLMapping.load(path: manifestPath) : YAMLMapping(path: manifestPath)
        manifest = try Manifest(yaml)
        self.path = path
        name = manifest.name ?? URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent

        var inferences: [String] = []
        var missing: [String] = []
        modelPath = try folder.choose(
            "model", manifest.model, usual: ["model.onnx"], ending: ".onnx", &inferences)
        examplesPath = try folder.choose("data", manifest.data, usual: ["data.h5"], ending: nil, &inferences)
        if modelPath == nil { missing.append("no model.onnx: the loss and λ̂ are not measured") }
        if examplesPath == nil { missing.append("no data.h5: the loss and λ̂ are not measured") }

        let files = try folder.checkpointFiles(manifest, besides: examplesPath, excluding: excluded, &inferences)
        let explicitSteps = manifest.steps.map { steps in
            Dictionary(steps.map { (folder.path(of: $0.file), $0.step) }) { first, _ in first }
        }
        series = try CheckpointSeries(
            files: files, explicitSteps: explicitSteps, mayBeNonFinite: Set(manifest.buffers + manifest.ignored))
        if explicitSteps == nil, series.axis == .epoch {
            inferences.append("no checkpoint tells a step: the axis counts epochs")
        }
        inferences += series.notes

        let metricsPath = try folder.choose(
            "metrics", manifest.metrics, usual: ["metrics.csv", "metrics.jsonl"], ending: nil, &inferences)
        if let metricsPath {
            let (series, notes) = try MetricSeries.read(metricsPath, axis: series.axis)
            recordedSeries = series
            inferences += notes
        } else {
            recordedSeries = []
        }
        self.inferences = inferences
        self.missing = missing
    }
}

/// The names in a run directory, and the rules by which files are chosen among them.
private struct RunFolder {
    let path: String
    /// Sorted, hidden files left out.
    let names: [String]

    init(_ path: String) throws(RunError) {
        self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        names = try RunFolder.visibleNames(path)
        guard !names.isEmpty else {
            throw RunError(
                .notFound, "is empty; expected checkpoints (*.h5, or a folder `checkpoints` of them)", path: path)
        }
    }

    private static func visibleNames(_ path: String) throws(RunError) -> [String] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw RunError(.notFound, "is not there; expected a run directory with checkpoints", path: path)
        }
        guard isFolder.boolValue else {
            throw RunError(
                .notFound, "is a file; expected the run directory that holds the checkpoints", path: path)
        }
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path).filter { !$0.hasPrefix(".") }.sorted()
        } catch {
            throw RunError(.io, "cannot be listed: \(error.localizedDescription)", path: path)
        }
    }

    /// The path of a name that stands in the run directory or in `run.yaml`.
    func path(of name: String) -> String { name.hasPrefix("/") ? name : "\(path)/\(name)" }

    /// The file that the manifest names; else the one with a usual name; else the only one with the ending.
    ///
    /// - Throws: `notFound` if the manifest's is not there; `mismatch` for several candidates.
    func choose(
        _ key: String, _ named: String?, usual: [String], ending: String?, _ inferences: inout [String]
    ) throws(RunError) -> String? {
        if let named {
            guard FileManager.default.fileExists(atPath: path(of: named)) else {
                throw RunError(
                    .notFound, "is not there, but run.yaml names it under `\(key)`", path: path(of: named))
            }
            return path(of: named)
        }
        var candidates = names.filter { usual.contains($0) }
        if candidates.isEmpty, let ending { candidates = names.filter { $0.hasSuffix(ending) } }
        guard candidates.count <= 1 else {
            throw RunError(
                .mismatch, "several files may be meant: \(candidates.list); name one as `\(key)` in run.yaml",
                path: path)
        }
        guard let candidate = candidates.first else { return nil }
        inferences.append("\(key): \(candidate)")
        return path(of: candidate)
    }

    /// The checkpoint files: those with explicit steps, or those of the folder or file named, or those found.
    ///
    /// - Throws: `notFound` if there are none; `mismatch` if they lie in RUN and in `checkpoints` as well.
    func checkpointFiles(
        _ manifest: Manifest, besides examplesPath: String?, excluding excluded: Set<String>,
        _ inferences: inout [String]
    ) throws(RunError) -> [String] {
        let files = try checkpointFiles(manifest, besides: examplesPath, &inferences).filter { !excluded.contains($0) }
        guard !files.isEmpty else { throw noCheckpoints(path) }
        return files
    }

    private func checkpointFiles(
        _ manifest: Manifest, besides examplesPath: String?, _ inferences: inout [String]
    ) throws(RunError) -> [String] {
        if let steps = manifest.steps {
            for step in steps where !FileManager.default.fileExists(atPath: path(of: step.file)) {
                throw RunError(
                    .notFound, "is not there, but run.yaml names it under `steps`", path: path(of: step.file))
            }
            return steps.map { path(of: $0.file) }
        }
        if let named = manifest.checkpoints {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path(of: named), isDirectory: &isFolder) else {
                throw RunError(
                    .notFound, "is not there, but run.yaml names it under `checkpoints`", path: path(of: named))
            }
            guard isFolder.boolValue else { return [path(of: named)] }
            let files = try hdf5Files(path(of: named), &inferences)
            guard !files.isEmpty else { throw noCheckpoints(path(of: named)) }
            return files
        }
        var isFolder: ObjCBool = false
        let folder = path(of: "checkpoints")
        let hasFolder = FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) && isFolder.boolValue
        let inFolder = hasFolder ? try hdf5Files(folder, &inferences) : []
        let examples = examplesPath.map { URL(fileURLWithPath: $0).standardizedFileURL }
        let beside = try hdf5Files(path, &inferences).filter {
            URL(fileURLWithPath: $0).standardizedFileURL != examples
        }
        guard inFolder.isEmpty || beside.isEmpty else {
            throw RunError(
                .mismatch,
                "checkpoints may be those in `checkpoints` (\(inFolder.count) files) or \(beside.map(name).list) beside "
                    + "it; say which under `checkpoints:` in run.yaml", path: path)
        }
        let files = inFolder + beside
        guard !files.isEmpty else { throw noCheckpoints(path) }
        let place = inFolder.isEmpty ? "" : "checkpoints/"
        inferences.append(
            "checkpoints: \(files.count == 1 ? place + name(files[0]) : "\(files.count) files \(place)*.h5")")
        return files
    }

    /// The HDF5 files of a folder. A symbolic link such as `latest` to a file of the same folder is left out.
    private func hdf5Files(_ folder: String, _ inferences: inout [String]) throws(RunError) -> [String] {
        var files: [String] = []
        let names = try RunFolder.visibleNames(folder).filter { $0.hasSuffix(".h5") || $0.hasSuffix(".hdf5") }
        let home = URL(fileURLWithPath: folder).resolvingSymlinksInPath()
        for name in names {
            let link = home.appendingPathComponent(name)
            let target = link.resolvingSymlinksInPath()
            if target != link, target.deletingLastPathComponent() == home, names.contains(target.lastPathComponent) {
                inferences.append("\(name) is left out: it is a link to \(target.lastPathComponent)")
            } else {
                files.append("\(folder)/\(name)")
            }
        }
        return files
    }

    private func noCheckpoints(_ folder: String) -> RunError {
        let found = names.isEmpty ? "nothing" : names.list
        return RunError(
            .notFound,
            "no checkpoints found: expected *.h5 in it or in a folder `checkpoints`, found \(found); other formats are "
                + "converted to HDF5 first", path: folder)
    }

    private func name(_ path: String) -> String { URL(fileURLWithPath: path).lastPathComponent }
}

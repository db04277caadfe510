import Foundation
import Tensors

/// The names in a run directory, and the rules by which files are chosen among them.
struct RunFolder {
    let path: String
    /// Sorted, hidden files left out.
    let names: [String]

    init(_ path: String) throws(RunError) {
        self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        names = try RunFolder.visibleNames(path)
        guard !names.isEmpty else {
            throw RunError(
                .notFound, "is empty; expected checkpoints (*.h5 or *.safetensors, or a folder `checkpoints` of them)",
                path: path)
        }
    }

    static func visibleNames(_ path: String) throws(RunError) -> [String] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw RunError(.notFound, "is not there; expected a run directory with checkpoints", path: path)
        }
        guard isFolder.boolValue else {
            throw RunError(
                .notFound,
                "is a file; expected the run directory that holds the checkpoints (a table of series is read by `instar stages`)",
                path: path)
        }
        let (names, others) = try allNames(path)
        guard names.isEmpty || access(path, X_OK) == 0 else {
            throw RunError(
                .io,
                "what is in it cannot be opened: \(String(cString: strerror(errno))); check its permissions (`chmod +x`)",
                path: path)
        }
        // Such a name cannot be opened, nor written in a report, as it is.
        if let other = others.first(where: { !$0.hasPrefix(".") && CheckpointFile($0).format != nil }) {
            throw RunError(.malformed, "the name \(other) is no UTF-8 text; rename the file", path: path)
        }
        return names.filter { !$0.hasPrefix(".") }.sorted()
    }

    /// The names in a folder, and those that are no UTF-8 text, with what is wrong in them replaced.
    static func allNames(_ path: String) throws(RunError) -> (names: [String], others: [String]) {
        guard let folder = opendir(path) else {
            let reason = String(cString: strerror(errno))
            throw RunError(.io, "cannot be listed: \(reason); check its permissions", path: path)
        }
        defer { closedir(folder) }
        var (names, others): ([String], [String]) = ([], [])
        while true {
            errno = 0
            guard let entry = readdir(folder) else { break }
            // As long as the name, whatever its type says.
            let bytes = UnsafeRawPointer(entry).advanced(by: MemoryLayout<dirent>.offset(of: \.d_name) ?? 0)
                .assumingMemoryBound(to: CChar.self)
            let name = String(cString: bytes)
            if String(validatingCString: bytes) == nil {
                others.append(name)
            } else if name != ".", name != ".." {
                names.append(name)
            }
        }
        guard errno == 0 else {
            throw RunError(.io, "cannot be listed: \(String(cString: strerror(errno)))", path: path)
        }
        return (names, others)
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
        let leadsOut = CheckpointFolder.leads(path(of: candidate), outOf: [path])
        inferences.append("\(key): \(candidate)\(leadsOut ? ", which is a link out of the run directory" : "")")
        return path(of: candidate)
    }

    /// The files of `steps:` in `run.yaml`, a folder standing for the checkpoint in it; nil where there are none.
    ///
    /// - Throws: `notFound` for a file that is not there, or a folder without a checkpoint; `malformed` for a file that is
    ///   named twice, in whatever spelling.
    func explicitSteps(_ manifest: Manifest) throws(RunError) -> [String: Int]? {
        guard let steps = manifest.steps else { return nil }
        var explicit: [String: Int] = [:]
        var spellings: [String: String] = [:]
        for step in steps {
            var file = path(of: step.file)
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: file, isDirectory: &isFolder) else {
                throw RunError(.notFound, "is not there, but run.yaml names it under `steps`", path: file)
            }
            if isFolder.boolValue {
                guard let leading = try CheckpointFolder.checkpoint(in: file) else {
                    throw RunError(
                        .notFound, "holds no .safetensors file, but run.yaml names it under `steps`", path: file)
                }
                file = leading
            }
            // Links of several names may lead to one file, as where equal files are stored once.
            let url = URL(fileURLWithPath: file)
            let folder = url.deletingLastPathComponent().resolvingSymlinksInPath().standardizedFileURL
            let place = folder.appendingPathComponent(url.lastPathComponent).path
            if let other = spellings.updateValue(step.file, forKey: place) {
                throw RunError(
                    .malformed, "stands twice under `steps` in run.yaml, as \(other) and as \(step.file); keep one",
                    path: file)
            }
            explicit[file] = step.step
        }
        return explicit
    }

    /// The checkpoint files: those with explicit steps, or those of the folder or file named, or those found.
    ///
    /// - Throws: `notFound` if there are none; `mismatch` if they lie in RUN and in `checkpoints` as well, or are of
    ///   several formats.
    func checkpointFiles(
        _ manifest: Manifest, besides examplesPath: String?, excluding excluded: Set<String>,
        _ inferences: inout [String]
    ) throws(RunError) -> [String] {
        // Of a folder like `checkpoint-500`, any file that is left out leaves out the folder.
        // Results that were put beside the checkpoints are none.
        let isWanted: (String) -> Bool = { path in
            !path.hasSuffix("/measurements.h5")
                && !excluded.contains {
                    $0 == path || $0.hasPrefix("\(path)/") && CheckpointFile($0).format == .safetensors
                }
        }
        let files = try checkpointFiles(manifest, besides: examplesPath, where: isWanted, &inferences).filter { file in
            let checkpoint = CheckpointFile(file)
            return !excluded.contains { checkpoint.mayHavePart($0) }
        }
        guard !files.isEmpty else { throw noCheckpoints(path, inferences) }
        return files
    }

    private func checkpointFiles(
        _ manifest: Manifest, besides examplesPath: String?, where isWanted: (String) -> Bool,
        _ inferences: inout [String]
    ) throws(RunError) -> [String] {
        if let steps = try explicitSteps(manifest) { return steps.keys.sorted(by: precedes) }
        if let named = manifest.checkpoints {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path(of: named), isDirectory: &isFolder) else {
                throw RunError(
                    .notFound, "is not there, but run.yaml names it under `checkpoints`", path: path(of: named))
            }
            guard isFolder.boolValue else { return [path(of: named)] }
            let folder = try CheckpointFolder([path(of: named)], within: [path, path(of: named)], where: isWanted)
            inferences += folder.notes
            guard !folder.files.isEmpty else { throw noCheckpoints(path(of: named), folder.notes) }
            try folder.checkFormats()
            return folder.files
        }
        let inner = path(of: "checkpoints")
        var isFolder: ObjCBool = false
        let hasInner = FileManager.default.fileExists(atPath: inner, isDirectory: &isFolder) && isFolder.boolValue
        if hasInner, CheckpointFolder.leads(inner, outOf: [path]) {
            throw RunError(
                .mismatch,
                "is a link out of the run directory, which is not followed unasked; to read what it points to, say "
                    + "`checkpoints: checkpoints` in run.yaml", path: inner)
        }
        let examples = examplesPath.map { URL(fileURLWithPath: $0).standardizedFileURL }
        var folder = try CheckpointFolder(hasInner ? [inner, path] : [path], within: [path]) {
            URL(fileURLWithPath: $0).standardizedFileURL != examples && isWanted($0)
        }
        folder.leaveOutFinalModel(in: path)
        inferences += folder.notes
        let isInFolder: (String) -> Bool = { hasInner && $0.hasPrefix("\(inner)/") }
        let inFolder = folder.files.filter(isInFolder)
        let beside = folder.files.filter { !isInFolder($0) }
        guard inFolder.isEmpty || beside.isEmpty else {
            throw RunError(
                .mismatch,
                "checkpoints may be those in `checkpoints` (\(inFolder.count) files) or \(beside.map(name).list) beside "
                    + "it; say which under `checkpoints:` in run.yaml", path: path)
        }
        guard let first = folder.files.first else { throw noCheckpoints(path, folder.notes) }
        try folder.checkFormats()
        inferences.append("checkpoints: \(summary(folder.files, first, place: inFolder.isEmpty ? "" : "checkpoints/"))")
        return folder.files
    }

    /// Names one file, or tells how many there are and what they are called.
    private func summary(_ files: [String], _ first: String, place: String) -> String {
        guard files.count > 1 else { return place + name(first) }
        let folders = Set(files.map { CheckpointFile($0).folder })
        guard !files.allSatisfy({ CheckpointFile($0).isNamedByFolder }) || folders.count < files.count else {
            return "\(files.count) folders \(place)*/"
        }
        return "\(files.count) files \(place)*.\(CheckpointFile(first).format == .safetensors ? "safetensors" : "h5")"
    }

    private func noCheckpoints(_ folder: String, _ notes: [String]) -> RunError {
        let found = (try? RunFolder.visibleNames(folder)) ?? []
        let isOther = found.contains { name in
            [".pt", ".pth", ".ckpt", ".bin", ".tar", ".keras"].contains { name.hasSuffix($0) }
        }
        let remedy =
            isOther
            ? "convert the others: `python -m instar_recorder convert FOLDER RUN` (Scripts/recorder)"
            : "other formats are converted to HDF5 first (Scripts/recorder)"
        let noted = notes.isEmpty ? "" : " (\(notes.list))"
        return RunError(
            .notFound,
            "no checkpoints found: expected *.h5, *.safetensors or folders like checkpoint-500 in it or in a folder "
                + "`checkpoints`, found \(found.isEmpty ? "nothing" : found.list)\(noted); \(remedy)", path: folder)
    }

    private func name(_ path: String) -> String { CheckpointFile(path).shownName }
}

import Foundation
import Tensors

/// The checkpoints that lie in folders, found by the names of files.
///
/// A checkpoint is a file of weights, an index with the parts that it lists, or a folder that holds one of these in
/// safetensors. Links to what is found anyway, to nothing, and out of the folders that were named are left out.
struct CheckpointFolder {
    /// The files, or the indices of those that are spread over several, in the order of the folders and names.
    private(set) var files: [String] = []
    /// What was left out, and why.
    private(set) var notes: [String] = []

    /// Lists folders.
    ///
    /// - Parameters:
    ///   - folders: The folders, from the innermost.
    ///   - homes: The folders that links may lead into.
    ///   - isWanted: Whether a path may be a checkpoint.
    /// - Throws: `io` and `notFound` of the operating system; `malformed` for parts without their index, `temporary` while
    ///   they are being written; `mismatch` for folders in which several files may be the weights.
    init(
        _ folders: [String], within homes: [String], where isWanted: (String) -> Bool = { _ in true }
    ) throws(RunError) {
        var links: [(path: String, name: String, siblings: Set<String>)] = []
        var others: [String] = []
        for folder in folders {
            let names = try RunFolder.visibleNames(folder).sorted(by: precedes)
            let siblings = Set(names)
            for name in names {
                let path = "\(folder)/\(name)"
                guard isWanted(path), !folders.contains(path) else { continue }
                guard !CheckpointFolder.isLink(path) else {
                    links.append((path, name, siblings))
                    continue
                }
                guard let file = try CheckpointFolder.checkpoint(at: path, among: siblings) else {
                    // Beside a run there is much else; in a folder of checkpoints it may be meant.
                    var isFolder: ObjCBool = false
                    if folder != homes.first, CheckpointFile(name).format == nil,
                        FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue
                    {
                        others.append(name)
                    }
                    continue
                }
                // What is no link lies in its folder; a file in a folder like `checkpoint-500` may be one.
                if CheckpointFolder.isLink(file), CheckpointFolder.leads(file, outOf: homes) {
                    note(linkOut: name)
                } else {
                    files.append(file)
                }
            }
        }
        var places = links.isEmpty ? [] : Set(files.map(CheckpointFolder.resolved))
        for link in links {
            let target = URL(fileURLWithPath: link.path).resolvingSymlinksInPath()
            guard FileManager.default.fileExists(atPath: target.path) else {
                notes.append("\(link.name) is left out: it is a link to nothing")
                continue
            }
            guard let file = try CheckpointFolder.checkpoint(at: link.path, among: link.siblings) else { continue }
            if CheckpointFolder.leads(file, outOf: homes) {
                note(linkOut: link.name)
            } else if !places.insert(CheckpointFolder.resolved(file)).inserted {
                notes.append("\(link.name) is left out: it is a link to \(target.lastPathComponent)")
            } else {
                files.append(file)
            }
        }
        files.sort(by: precedes)
        if !others.isEmpty {
            notes.append("\(others.list) left out: no checkpoint by its ending (.h5, .hdf5 or .safetensors)")
        }
    }

    private mutating func note(linkOut name: String) {
        notes.append(
            "\(name) is left out: it leads out of the run directory by a link; list it under `steps:` in run.yaml to read it"
        )
    }

    /// Leaves out a model called as every one is, directly in `folder`, where there are other checkpoints: the last
    /// weights once more, as trainers leave them.
    mutating func leaveOutFinalModel(in folder: String) {
        let isFinal: (String) -> Bool = {
            CheckpointFile($0).isNamedByFolder
                && URL(fileURLWithPath: $0).deletingLastPathComponent().path
                    == URL(fileURLWithPath: folder).path
        }
        let others = files.filter { !isFinal($0) }
        guard !others.isEmpty else { return }
        for file in files where isFinal(file) {
            notes.append("\(CheckpointFile(file).name) is left out: no step in its name, and beside other checkpoints")
        }
        files = others
    }

    /// Checks that all are of one format.
    ///
    /// - Throws: `mismatch` with the files of each.
    func checkFormats() throws(RunError) {
        let formats = Dictionary(grouping: files) { CheckpointFile($0).format?.rawValue ?? "" }
        guard formats.count > 1, let first = files.first else { return }
        let lists = formats.sorted { $0.key < $1.key }.map { format, files in
            "\(format): \(files.map { CheckpointFile($0).shownName }.list)"
        }
        throw RunError(
            .mismatch,
            "checkpoints of two formats stand beside each other (\(lists.joined(separator: "; "))); move one kind away, "
                + "or list the files under `steps:` in run.yaml",
            path: URL(fileURLWithPath: first).deletingLastPathComponent().path)
    }

    /// The checkpoint in a folder like `checkpoint-500`: an index, or `model.safetensors`, or the only file of weights.
    ///
    /// - Throws: `mismatch` if several may be meant; `malformed` or `temporary` if parts lie there without their index.
    static func checkpoint(in folder: String) throws(RunError) -> String? {
        let candidates = try weights(in: folder)
        guard candidates.count < 2 else {
            throw RunError(
                .mismatch,
                "several files may be the weights: \(candidates.list); list the one that is meant under "
                    + "`steps:` in run.yaml", path: folder)
        }
        guard let candidate = candidates.first.map({ "\(folder)/\($0)" }) else { return nil }
        guard CheckpointFile(candidate).index(among: []) == nil else { throw noIndex(candidate) }
        return candidate
    }

    /// The files of weights in a folder: the indices, else `model.safetensors`, else what is no part, else the first part.
    private static func weights(in folder: String) throws(RunError) -> [String] {
        let weights = try RunFolder.visibleNames(folder).filter { CheckpointFile($0).format == .safetensors }
        let indices = weights.filter { CheckpointFile($0).isIndex }
        let whole = weights.filter { CheckpointFile($0).index(among: []) == nil }
        if !indices.isEmpty { return indices }
        if whole.contains("model.safetensors") { return ["model.safetensors"] }
        return whole.isEmpty ? Array(weights.prefix(1)) : whole
    }

    /// What a path is: a checkpoint, or a folder with one, or neither.
    private static func checkpoint(at path: String, among names: Set<String>) throws(RunError) -> String? {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return nil }
        let file = CheckpointFile(path)
        if isFolder.boolValue {
            // A folder of several files whose name tells nothing is something else, such as another series.
            let weights = try weights(in: path)
            guard weights.count < 2 || file.name.contains(where: \.isASCIIDigit) else { return nil }
            return try checkpoint(in: path)
        }
        guard file.format != nil else { return nil }
        guard let index = file.index(among: names) else { return path }
        guard names.contains(index) else { throw noIndex(path) }
        return nil
    }

    /// The error for a part whose index is not there: `temporary` where parts are still being written, the index last.
    private static func noIndex(_ path: String) -> RunError {
        let index = CheckpointFile(path).index(among: []) ?? "index"
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let parts = ((try? RunFolder.visibleNames(folder)) ?? []).filter {
            CheckpointFile($0).index(among: []) == index
        }
        guard !parts.contains(where: { FileStamp("\(folder)/\($0)")?.isRecent == true }) else {
            return RunError(
                .temporary,
                "is a part of a checkpoint, and \(index) is not there yet: is training still writing it? Try again when it "
                    + "is written", path: path)
        }
        return RunError(
            .malformed,
            "is a part of a checkpoint, and \(index) is not beside it; copy that too, or list the parts under `steps:` in "
                + "run.yaml, each with the same step", path: path)
    }

    private static func isLink(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    private static func resolved(_ path: String) -> String {
        URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }

    /// Whether what stands at a path lies, behind its links, in none of some folders.
    static func leads(_ path: String, outOf homes: [String]) -> Bool {
        let target = resolved(path)
        return !homes.contains { target.hasPrefix(resolved($0) + "/") }
    }
}

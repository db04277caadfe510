import Foundation
import Tensors

/// The list of the files that one checkpoint is spread over.
///
/// Hugging Face's `model.safetensors.index.json` names the file of each tensor, Keras's `X.weights.json` the files of
/// each group.
struct CheckpointIndex {
    /// A file, and the tensors or groups that it must hold.
    struct Part {
        let path: String
        var keys: Set<String>
    }

    /// The index itself.
    let path: String
    /// The files in the order of their names.
    let parts: [Part]

    /// The bytes that an index may have.
    static let byteLimit = 100_000_000

    /// Reads an index.
    ///
    /// - Throws: `malformed` if it is none, if it names a tensor twice, or a file that does not lie beside it or is not
    ///   there, `temporary` if that is so and the index was written a moment ago.
    init(reading path: String) throws(RunError) {
        var scanner = JSONScanner(try CheckpointIndex.bytes(of: path), of: "its text", path: path)
        var keysByFile: [String: Set<String>] = [:]
        var keys: Set<String> = []
        var hasMap = false
        try scanner.forEachMember { scanner, member throws(RunError) in
            guard member == "weight_map" else { return try scanner.skipValue() }
            guard !hasMap else { throw scanner.problem("holds `weight_map` twice") }
            hasMap = true
            try scanner.forEachMember { scanner, key throws(RunError) in
                guard keys.insert(key).inserted else {
                    throw RunError(.malformed, "stands twice under `weight_map`", path: path, object: key)
                }
                if scanner.isAtString() {
                    keysByFile[try scanner.string(), default: []].insert(key)
                } else {
                    try scanner.forEachElement { scanner throws(RunError) in
                        keysByFile[try scanner.string(), default: []].insert(key)
                    }
                }
            }
        }
        try scanner.finish()
        guard !keysByFile.isEmpty else {
            throw RunError(
                .malformed, "lists no files under `weight_map`: it is no index of a checkpoint; copy it again",
                path: path)
        }
        // `model-00001-of-00002.safetensors`: what is not listed would be left out in silence.
        for name in keysByFile.keys.sorted(by: precedes) {
            guard let stated = name.wholeMatch(of: /.+-\d+-of-(\d+)\.safetensors/), let count = Int(stated.1) else {
                continue
            }
            guard count == keysByFile.count else {
                throw RunError(
                    .malformed,
                    "lists \(keysByFile.count.counted("file")), and \(name) is one of \(count); copy it again from where it was "
                        + "saved", path: path)
            }
        }
        self.path = path
        var parts: [Part] = []
        for name in keysByFile.keys.sorted(by: precedes) {
            parts.append(Part(path: try CheckpointIndex.path(of: name, beside: path), keys: keysByFile[name] ?? []))
        }
        self.parts = parts
    }

    static func bytes(of path: String) throws(RunError) -> [UInt8] {
        let file = try FileBytes(path)
        guard file.count <= byteLimit else {
            throw RunError(
                .malformed,
                "has \(file.count) bytes, and \(byteLimit) is the most that is read of such a file; copy it again",
                path: path)
        }
        return try file.read(at: 0, count: file.count)
    }

    /// The path of a file that an index names, which must lie in the same folder, also behind links.
    private static func path(of name: String, beside index: String) throws(RunError) -> String {
        let folder = URL(fileURLWithPath: index).deletingLastPathComponent()
        let file = folder.appending(path: name)
        guard CheckpointFile(name).format != nil, !name.contains("/"), !CheckpointFile(name).isIndex,
            file.resolvingSymlinksInPath().deletingLastPathComponent() == folder.resolvingSymlinksInPath()
        else {
            throw RunError(
                .malformed,
                "names the file \"\(name)\", which is not one of weights in the index's folder; copy it there (`cp -L` "
                    + "follows links)", path: index)
        }
        guard FileManager.default.fileExists(atPath: file.path) else {
            guard FileStamp(index)?.isRecent != true else {
                throw RunError(
                    .temporary,
                    "is listed and not there yet: is the checkpoint still being written? Try again when it is",
                    path: index,
                    object: name)
            }
            throw RunError(
                .malformed, "is listed and not there; copy it there too, or save the checkpoint again", path: index,
                object: name)
        }
        return file.path
    }
}

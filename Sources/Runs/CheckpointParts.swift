/// The files of a directory, by the checkpoints that they are parts of.
public struct CheckpointParts: Sendable {
    /// The names in each folder.
    private let folders: [String: Set<String>]

    /// Takes the paths of files.
    public init(_ files: some Sequence<String>) {
        folders = Dictionary(grouping: files) { Self.folder(of: $0) }.mapValues {
            Set($0.map { CheckpointFile($0).name })
        }
    }

    /// The index and the parts of the checkpoint that a file is the index or a part of; the file itself where it is neither.
    public func files(with path: String) -> [String] {
        let folder = Self.folder(of: path)
        let names = folders[folder] ?? []
        let file = CheckpointFile(path)
        guard let index = file.isIndex ? file.name : file.index(among: names) else { return [path] }
        return names.filter { $0 == index || CheckpointFile($0).index(among: names) == index }.map { folder + $0 }
    }

    private static func folder(of path: String) -> String {
        String(path[..<(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)])
    }
}

import Foundation

/// What the name of a checkpoint file tells: its format, whether it leads to other files, and where its step stands.
struct CheckpointFile {
    /// How the tensors are stored.
    enum Format: String {
        case hdf5 = "HDF5"
        case safetensors
    }

    /// The file.
    let path: String
    /// The last part of the path.
    let name: String

    init(_ path: String) {
        self.path = path
        name = URL(fileURLWithPath: path).lastPathComponent
    }

    /// The format that the ending stands for; nil where it stands for none.
    var format: Format? {
        let endings: [(String, Format)] = [
            (".h5", .hdf5), (".hdf5", .hdf5), (".weights.json", .hdf5), (".safetensors", .safetensors),
            (".safetensors.index.json", .safetensors),
        ]
        return endings.first { name.hasSuffix($0.0) }?.1
    }

    /// Whether the file holds no tensors and lists the files that do.
    var isIndex: Bool { name.hasSuffix(".safetensors.index.json") || name.hasSuffix(".weights.json") }

    /// The name of the index that lists this file, where the name is that of a part.
    ///
    /// Parts of safetensors are called so by all who write them; `model_00100.weights.h5`, a part in Keras, is as often
    /// a checkpoint, so that its index must be there.
    func index(among names: Set<String>) -> String? {
        if let part = name.wholeMatch(of: /(.+)-\d+-of-\d+\.safetensors/) { return "\(part.1).safetensors.index.json" }
        if let part = name.wholeMatch(of: /(.+)_\d{5}\.weights\.h5/), names.contains("\(part.1).weights.json") {
            return "\(part.1).weights.json"
        }
        return nil
    }

    /// Whether the file is called as every checkpoint is, like `model.safetensors`, so that its folder's name counts.
    var isNamedByFolder: Bool { format == .safetensors && !name.contains(where: \.isASCIIDigit) }

    var folder: URL { URL(fileURLWithPath: path).deletingLastPathComponent() }

    /// The name that may tell the step: that of the file, or of a folder like `checkpoint-500`.
    var stepName: String { isNamedByFolder ? folder.lastPathComponent : name }

    /// The name for messages, with that of a folder like `checkpoint-500`.
    var shownName: String { isNamedByFolder ? "\(folder.lastPathComponent)/\(name)" : name }

    /// Whether a file is this one, or may be a part of the checkpoint that it leads to.
    func mayHavePart(_ other: String) -> Bool {
        let part = CheckpointFile(other)
        if other == path { return true }
        if isNamedByFolder { return part.format == .safetensors && part.folder == folder }
        return isIndex && part.index(among: [name]) == name && part.folder == folder
    }

    /// What Hugging Face's trainer stores beside the weights; nil where the file does not stand in a folder for itself.
    var trainerState: String? { isNamedByFolder ? folder.appending(path: "trainer_state.json").path : nil }
}

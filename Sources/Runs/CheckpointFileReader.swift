import Foundation
import Tensors

/// Reads checkpoint files of every format, by the endings of their names; what has no known ending is taken for HDF5.
///
/// A file that is still being written (locked by its writer, cut short and changed a moment ago, or changed while it
/// was read) is tried again for about a second, and then refused as `temporary`.
public struct CheckpointFileReader: CheckpointReader {
    private let hdf5: any CheckpointReader

    /// Creates a reader; HDF5 files are left to `hdf5`.
    public init(hdf5: any CheckpointReader = ForeignCheckpointReader()) { self.hdf5 = hdf5 }

    /// What a file, or all the files that an index lists, hold, without the values of the tensors.
    ///
    /// - Throws: `malformed` also if the index and what it lists do not agree.
    public func inventory(of path: String) throws(RunError) -> FileInventory {
        guard CheckpointFile(path).isIndex else {
            return try complete(path) { () throws(RunError) in try reader(of: path).inventory(of: path) }
        }
        let index = try CheckpointIndex(reading: path)
        var datasets: [FileInventory.Dataset] = []
        var places: [String: String] = [:]
        for part in index.parts {
            let inventory = try inventory(of: part.path)
            try check(inventory, lists: part, index)
            for dataset in inventory.datasets {
                let name = dataset.parts.joined(separator: "/")
                if let other = places.updateValue(part.path, forKey: name) {
                    throw RunError(
                        .malformed,
                        "is in two of its files: \([other, part.path].map { CheckpointFile($0).name }.list); "
                            + "copy the checkpoint again", path: path, object: name)
                }
            }
            datasets += inventory.datasets
        }
        return FileInventory(path: path, datasets: datasets, groupMarkers: [:], stepVectors: [:])
    }

    /// What a file, or the files that an index lists, say about the step, and what Hugging Face's trainer left beside.
    public func stepMarkers(of path: String) throws(RunError) -> StepMarkers {
        let file = CheckpointFile(path)
        var markers = StepMarkers()
        for holder in file.isIndex ? try CheckpointIndex(reading: path).parts.map(\.path) : [path] {
            let found = try complete(holder) { () throws(RunError) in
                try reader(of: holder).stepMarkers(of: holder)
            }
            markers.merge(found)
        }
        if let state = file.trainerState, FileManager.default.fileExists(atPath: state) {
            var scanner = JSONScanner(try CheckpointIndex.bytes(of: state), of: "its text", path: state)
            try scanner.forEachMember { scanner, key throws(RunError) in
                guard key == "global_step" else { return try scanner.skipValue() }
                markers.attributes[key] = try scanner.naturalNumber()
            }
        }
        return markers
    }

    /// All tensors of a checkpoint, in one file or in those that an index lists.
    public func tensors(at reference: CheckpointReference) throws(RunError) -> [NamedTensor] {
        let path = reference.file
        guard CheckpointFile(path).isIndex else {
            return try complete(path) { () throws(RunError) in try reader(of: path).tensors(at: reference) }
        }
        // An index that does not agree with its files is refused before anything is read.
        _ = try inventory(of: path)
        var tensors: [NamedTensor] = []
        for part in try CheckpointIndex(reading: path).parts {
            tensors += try self.tensors(
                at: CheckpointReference(step: reference.step, file: part.path, group: reference.group))
        }
        return tensors
    }

    private func reader(of path: String) -> any CheckpointReader {
        CheckpointFile(path).format == .safetensors ? SafetensorsCheckpointReader() : hdf5
    }

    /// Checks that a file holds what the index says, and, where the index lists single tensors, nothing else.
    private func check(
        _ inventory: FileInventory, lists part: CheckpointIndex.Part, _ index: CheckpointIndex
    ) throws(RunError) {
        let name = CheckpointFile(part.path).name
        func mismatch(_ key: String, _ reason: String) -> RunError {
            RunError(.malformed, "\(reason); copy both from where they were saved", path: index.path, object: key)
        }
        if CheckpointFile(part.path).format == .safetensors {
            let found = Set(inventory.datasets.map { $0.parts[0] })
            if let key = part.keys.subtracting(found).min(by: precedes) {
                throw mismatch(key, "is listed as in \(name), and is not there")
            }
            if let key = found.subtracting(part.keys).min(by: precedes) {
                throw mismatch(key, "is in \(name), and is not listed there")
            }
        } else {
            for key in part.keys.sorted(by: precedes) {
                let group = key.split(separator: "/").map(String.init)
                guard let first = group.first, CheckpointLayout.mayHoldWeights([first]) else { continue }
                guard inventory.datasets.contains(where: { $0.parts.starts(with: group) }) else {
                    throw mismatch(key, "is listed as in \(name), and is not there")
                }
            }
        }
    }

    /// How long is waited before each new try, in seconds.
    private static let pauses = [0.1, 0.3, 0.6]

    private func complete<Result>(
        _ path: String, _ read: () throws(RunError) -> Result
    ) throws(RunError) -> Result {
        for pause in CheckpointFileReader.pauses {
            do throws(RunError) { return try unchanged(path, read) } catch {
                guard error.kind == .temporary else { throw error }
            }
            usleep(UInt32(pause * 1e6))
        }
        return try unchanged(path, read)
    }

    /// Reads a file whose size and time are the same before and afterwards.
    private func unchanged<Result>(
        _ path: String, _ read: () throws(RunError) -> Result
    ) throws(RunError) -> Result {
        let before = FileStamp(path)
        let result: Result
        do throws(RunError) { result = try read() } catch {
            guard error.kind == .malformed, FileStamp(path) != before else { throw error }
            throw changed(path)
        }
        guard FileStamp(path) == before else { throw changed(path) }
        return result
    }

    private func changed(_ path: String) -> RunError {
        RunError(
            .temporary, "changed while it was read: is training still writing it? Try again when it is written",
            path: path)
    }
}

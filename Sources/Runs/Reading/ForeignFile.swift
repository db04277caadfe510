import Foundation
import HDF5
public import Tensors

/// An HDF5 file that somebody else wrote.
///
/// It is read by a process of its own where `ReadingWorkers.current` says which, and in this one elsewhere: the one way
/// to files of others. Only values come back.
struct ForeignFile {
    let path: String

    init(_ path: String) { self.path = path }

    /// See `CheckpointReader`.
    func inventory() throws(RunError) -> FileInventory { try ask(.inventory(path)).header() }

    /// See `CheckpointReader`.
    func stepMarkers() throws(RunError) -> StepMarkers { try ask(.stepMarkers(path)).header() }

    /// See `CheckpointReader`.
    static func tensors(at reference: CheckpointReference) throws(RunError) -> [NamedTensor] {
        try ForeignFile(reference.file).ask(.tensors(reference)).tensors
    }

    /// All datasets, named by their path.
    func datasets() throws(RunError) -> [NamedTensor] { try ask(.datasets(path)).tensors }

    /// The dataset of a path.
    func dataset(_ name: String) throws(RunError) -> Tensor {
        guard let tensor = try ask(.dataset(path, name: name)).tensors.first?.tensor else {
            throw RunError(
                .malformed, "could not be read: its contents do not fit together; copy or save the file again",
                path: path, object: name)
        }
        return tensor
    }

    /// The one-dimensional datasets of numbers at the root.
    func columns() throws(RunError) -> [NamedTensor] { try ask(.columns(path)).tensors }

    /// Whether there is a loss with an axis of draws; nil for a file that cannot be read, which says nothing of what it is.
    var holdsTraces: Bool? { try? ask(.holdsTraces(path)).header() }

    /// What was sampled.
    func traces() throws(RunError) -> StoredTraces {
        let answer = try ask(.traces(path))
        return try StoredTraces(try answer.header(), draws: answer.tensors, path: path)
    }

    /// Reads all that is in the file, where another process does so.
    fileprivate func readThroughout() throws(RunError) {
        if let workers = ReadingWorkers.current { _ = try workers.answer(.everything(path)) }
    }

    private func ask(_ request: ReadRequest) throws(RunError) -> ReadAnswer {
        if let workers = ReadingWorkers.current { return try workers.answer(request) }
        let list = TensorList()
        let json = try request.perform(into: list)
        return ReadAnswer(path: path, json: json, tensors: list.tensors)
    }
}

/// Has a reading process, where there is one, go through an HDF5 file that this process reads by itself afterwards: results that
/// others measured, or a disk damaged.
///
/// - Throws: As that process ends, or what reading throws: `malformed` for a file that brings libhdf5 down.
public func tryReading(_ path: String) throws(RunError) { try ForeignFile(path).readThroughout() }

/// A dataset of results, read as `tryReading` does, and nothing else of the file.
public func storedDataset(_ name: String, of path: String) throws(RunError) -> Tensor {
    try ForeignFile(path).dataset(name)
}

/// The answer to a `ReadRequest`.
struct ReadAnswer {
    let path: String
    /// What it says besides tensors.
    let json: String
    let tensors: [NamedTensor]

    /// What it says besides tensors, as a value.
    func header<Header: Decodable>() throws(RunError) -> Header {
        do { return try WorkerChannel.decoder.decode(Header.self, from: Data(json.utf8)) } catch {
            throw RunError(
                .malformed, "could not be read: its contents do not fit together; copy or save it again", path: path)
        }
    }
}

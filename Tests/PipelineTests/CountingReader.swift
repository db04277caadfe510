import Runs
import Synchronization
import Tensors

/// A reader, and how often it was asked for the tensors of each file.
final class CountingReader: CheckpointReader {
    private let reads = Mutex<[String: Int]>([:])
    private let base: any CheckpointReader

    init(_ base: any CheckpointReader) { self.base = base }

    /// By path.
    var counts: [String: Int] { reads.withLock { $0 } }

    func inventory(of path: String) throws(RunError) -> FileInventory { try base.inventory(of: path) }

    func stepMarkers(of path: String) throws(RunError) -> StepMarkers { try base.stepMarkers(of: path) }

    func tensors(at reference: CheckpointReference) throws(RunError) -> [NamedTensor] {
        reads.withLock { $0[reference.file, default: 0] += 1 }
        return try base.tensors(at: reference)
    }
}

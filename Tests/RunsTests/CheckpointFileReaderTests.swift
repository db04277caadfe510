import Foundation
import Synchronization
import Tensors
import TestSupport
import Testing

@testable import Runs

@Suite struct CheckpointFileReaderTests {
    /// What the generator writes at a step.
    static func weights(_ step: Int) -> [NamedTensor] {
        [
            NamedTensor(name: "count", tensor: Tensor([Int64(step)], shape: [])),
            NamedTensor(name: "layers.2.weight", tensor: Tensor((0..<6).map { Float($0 + step) }, shape: [2, 3])),
            NamedTensor(name: "layers.10.bias", tensor: Tensor([Float(step), -Float(step)], shape: [2])),
        ]
    }

    @Test(arguments: ["flat", "metadata"])
    func `safetensors files are a series by their names or their metadata`(folder: String) throws {
        let url = try Fixture.url("safetensors/\(folder)")
        let names = try FileManager.default.contentsOfDirectory(atPath: url.path())
        let series = try CheckpointSeries(files: names.map { url.appending(path: $0).path() })
        #expect(series.references.map(\.step) == (folder == "flat" ? [0, 20, 100] : [0, 7]))
        for (index, reference) in series.references.enumerated() {
            #expect(try series.read(at: index).tensors == CheckpointFileReaderTests.weights(reference.step))
        }
    }

    @Test func `folders of a trainer are a series, in one file or in parts with an index`() throws {
        let run = try RunDirectory(at: Fixture.url("safetensors/trainer").path())
        #expect(run.series.references.map(\.step) == [20, 100])
        #expect(run.inferences.contains("checkpoints: 2 folders */"))
        for (index, step) in [20, 100].enumerated() {
            #expect(try run.series.read(at: index).tensors == CheckpointFileReaderTests.weights(step))
        }
    }

    @Test func `the trainer's own count is the step where the folder's name says nothing`() throws {
        try withTemporaryFolder { folder in
            try FileManager.default.copyItem(
                atPath: Fixture.url("safetensors/trainer/checkpoint-100").path(), toPath: "\(folder)/best")
            let run = try RunDirectory(at: folder)
            #expect(run.series.references.map(\.step) == [100])
            try Data("{\"global_step\": -1}".utf8).write(to: URL(fileURLWithPath: "\(folder)/best/trainer_state.json"))
            let error = #expect(throws: RunError.self) { try RunDirectory(at: folder) }
            #expect(error?.path.hasSuffix("trainer_state.json") == true, "\(error?.description ?? "")")
        }
    }

    @Test func `HDF5 and safetensors give the same checkpoint and digest`() throws {
        let one = try CheckpointSeries(files: [Fixture.url("hdf5/flat/step_20.h5").path()]).read(at: 0)
        let other = try CheckpointSeries(files: [Fixture.url("safetensors/flat/step_20.safetensors").path()]).read(
            at: 0)
        #expect(one.tensors == other.tensors)
        #expect(one.digest == other.digest)
    }

    /// Fails as often as told, in the way told, then reads; each time after `before`.
    private final class Flaky: CheckpointReader {
        let failures: Mutex<Int>
        let kind: RunError.Kind
        let before: @Sendable () -> Void

        init(failures: Int, kind: RunError.Kind = .temporary, before: @escaping @Sendable () -> Void = {}) {
            self.failures = Mutex(failures)
            self.kind = kind
            self.before = before
        }

        func inventory(of path: String) throws(RunError) -> FileInventory {
            before()
            let isFailing = failures.withLock { count in
                count -= 1
                return count >= 0
            }
            if isFailing { throw RunError(kind, "is open for writing", path: path) }
            return FileInventory(path: path, datasets: [], groupMarkers: [:], stepVectors: [:])
        }

        func stepMarkers(of path: String) throws(RunError) -> StepMarkers { StepMarkers() }
        func tensors(at reference: CheckpointReference) throws(RunError) -> [NamedTensor] { [] }
    }

    @Test func `a file that is being written is tried again, and given up after a second`() throws {
        let path = try Fixture.url("hdf5/flat/step_20.h5").path()
        _ = try CheckpointFileReader(hdf5: Flaky(failures: 3)).inventory(of: path)
        let start = ContinuousClock.now
        let error = #expect(throws: RunError.self) {
            try CheckpointFileReader(hdf5: Flaky(failures: 4)).inventory(of: path)
        }
        #expect(error?.kind == .temporary)
        #expect(start.duration(to: .now) > .seconds(0.9))
    }

    @Test(arguments: [0, 4])
    func `a file that changes while it is read is temporary, also if it seems damaged`(failures: Int) throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/step_1.h5"
            try Data([0]).write(to: URL(fileURLWithPath: path))
            let growing = Flaky(failures: failures, kind: .malformed) {
                guard let handle = FileHandle(forUpdatingAtPath: path) else { return }
                handle.seekToEndOfFile()
                handle.write(Data([0]))
                try? handle.close()
            }
            let error = #expect(throws: RunError.self) { try CheckpointFileReader(hdf5: growing).inventory(of: path) }
            #expect(error?.kind == .temporary)
            #expect(error?.reason.contains("changed while it was read") == true)
        }
    }
}

import Foundation
import HDF5
import Tensors
import TestSupport
import Testing

@testable import Runs

/// Reading in a process of its own gives what reading in this one gives, and survives what a file does to it.
@Suite struct ReadingWorkersTests {
    private func workers(
        _ command: [String] = [BuiltProgram.path, "__read"], memory: Int = 1 << 30, seconds: Double = 60
    ) -> ReadingWorkers {
        ReadingWorkers(command: command, limits: ReadingWorkers.Limits(memory: memory, seconds: seconds))
    }

    private func checkpoint(_ name: String) throws -> CheckpointReference {
        CheckpointReference(step: 0, file: try Fixture.url("hdf5/\(name)").path)
    }

    /// Every HDF5 fixture, those that are refused too.
    private static func fixtures() throws -> [String] {
        let folder = try Fixture.url("hdf5")
        let names = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(".h5") }.sorted().map { folder.appending(path: $0).path }
    }

    @Test func `every fixture gives the same tensors, or the same error, in either process`() throws {
        let workers = workers()
        let files = try Self.fixtures()
        #expect(files.count > 20)
        for file in files {
            let reference = CheckpointReference(step: 0, file: file)
            let here = Result { try ForeignFile.tensors(at: reference) }
            let there = ReadingWorkers.$current.withValue(workers) { Result { try ForeignFile.tensors(at: reference) } }
            switch (here, there) {
            case (.success(let here), .success(let there)):
                // Bit for bit: NaN is unequal to itself.
                #expect(here.map(\.name) == there.map(\.name), "\(file)")
                #expect(here.map { "\($0.tensor)" } == there.map { "\($0.tensor)" }, "\(file)")
            case (.failure(let here), .failure(let there)):
                #expect(here as? RunError == there as? RunError, "\(file)")
            default: Issue.record("\(file): \(here) here, \(there) there")
            }
        }
    }

    @Test func `a run, its examples and stored traces are the same in either process`() throws {
        let run = try Fixture.url("runs/tms-seed-A").path
        let traces = try Fixture.url("traces/devinterp.h5").path
        let here = try (RunDirectory(at: run), Examples(at: "\(run)/data.h5"), StoredTraces(at: traces))
        try ReadingWorkers.$current.withValue(workers()) {
            let there = try (RunDirectory(at: run), Examples(at: "\(run)/data.h5"), StoredTraces(at: traces))
            #expect(here.0.series.references == there.0.series.references)
            #expect(try here.0.series.read(at: 3).digest == there.0.series.read(at: 3).digest)
            #expect(here.1.digest == there.1.digest)
            // Chains that ended hold NaN, which is unequal to itself.
            #expect("\(here.2)" == "\(there.2)")
        }
    }

    @Test func `rows of stacked checkpoints lose their first axis in either process`() throws {
        let file = try Fixture.url("hdf5/stacked.h5").path
        let series = try CheckpointSeries(files: [file])
        for index in series.references.indices {
            let here = try series.read(at: index).tensors
            let there = try ReadingWorkers.$current.withValue(workers()) { try series.read(at: index).tensors }
            #expect(here == there)
            #expect(there.map(\.tensor.shape) == series.tensors.map(\.shape))
        }
    }

    @Test func `a tensor larger than the shared memory makes it grow`() throws {
        try withTemporaryFolder { folder in
            let values = (0..<12_000_000).map { Float($0) }
            try HDF5File.writeAtomically(to: "\(folder)/large.h5") { root throws(HDF5Error) in
                for name in ["a", "b"] { try root.write(name, Tensor(values, shape: [3000, 4000])) }
                try root.write("c", Tensor([Float(1)], shape: [1]))
            }
            let workers = workers()
            for _ in 0..<2 {
                let answer = try workers.answer(.tensors(CheckpointReference(step: 0, file: "\(folder)/large.h5")))
                #expect(answer.tensors.map(\.name) == ["a", "b", "c"])
                #expect(answer.tensors[1].tensor.elements == .float(values))
            }
        }
    }

    @Test func `a reader that ends makes the file damaged, and the next file is read by another`() throws {
        // Ends with status 1 at once; then the real one.
        let error = #expect(throws: RunError.self) {
            try workers(["/bin/false"]).answer(.stepMarkers(Fixture.url("hdf5/flat/step_0.h5").path))
        }
        #expect(error?.kind == .malformed)
        #expect(error?.reason.contains("is damaged (the reader ended with status 1 while opening it)") == true)
        #expect(error?.path.hasSuffix("flat/step_0.h5") == true)
    }

    @Test func `a reader that says nothing is stopped`() throws {
        let clock = ContinuousClock()
        let start = clock.now
        let error = #expect(throws: RunError.self) {
            try workers(["/bin/sh", "-c", "sleep 600"], seconds: 0.2)
                .answer(.stepMarkers(Fixture.url("hdf5/flat/step_0.h5").path))
        }
        #expect(error?.kind == .malformed)
        #expect(error?.reason.contains("no sign of life") == true, "\(error?.reason ?? "")")
        #expect(clock.now - start < .seconds(60))
    }

    @Test func `a program that is not there is the system's fault and not the file's`() throws {
        let error = #expect(throws: RunError.self) {
            try workers(["/nonexistent/instar"]).answer(.stepMarkers(Fixture.url("hdf5/flat/step_0.h5").path))
        }
        #expect(error?.kind == .io)
        #expect(error?.reason.contains("no process can be started") == true)
    }

    @Test func `values beyond the limit are refused with both numbers`() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/large.h5"
            try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in
                try root.write("w", Tensor([Double](repeating: 1, count: 1 << 21), shape: [1 << 21]))
            }
            // The reader itself needs some of it, which a limit of its own keeps to.
            let workers = ReadingWorkers(
                command: [BuiltProgram.path, "__read"], limits: ReadingWorkers.Limits(memory: 8 << 20))
            let error = #expect(throws: RunError.self) {
                try workers.answer(.tensors(CheckpointReference(step: 0, file: path)))
            }
            #expect(error?.kind == .unsupported)
            #expect(error?.reason.contains("16 MiB") == true && error?.reason.contains("8 MiB") == true)
            #expect(error?.reason.contains("--memory") == true)
        }
    }

    @Test func `many tasks read at once`() async throws {
        let file = try Fixture.url("hdf5/flat/step_0.h5").path
        let expected = try ForeignFile.tensors(at: CheckpointReference(step: 0, file: file))
        let workers = workers()
        try await withThrowingTaskGroup(of: [NamedTensor].self) { group in
            for _ in 0..<16 {
                group.addTask { try workers.answer(.tensors(CheckpointReference(step: 0, file: file))).tensors }
            }
            for try await tensors in group { #expect(tensors == expected) }
        }
    }

    @Test func `the reader cannot write, and has the limits it was given`() throws {
        let limits = ReadingWorkers.Limits(memory: 1 << 30)
        let path = try Fixture.url("hdf5/flat/step_0.h5").path
        let worker = try ReadingWorker(command: [BuiltProgram.path, "__read"], limits: limits, for: path)
        _ = try worker.answer(.stepMarkers(path), limits: limits)
        let stated = try String(contentsOfFile: "/proc/\(worker.process)/limits", encoding: .utf8)
        func hardLimit(_ name: String) -> String? {
            stated.split(separator: "\n").first { $0.hasPrefix(name) }?.dropFirst(26).split(separator: " ")
                .dropFirst().first.map(String.init)
        }
        #expect(hardLimit("Max file size") == "0")
        #expect(hardLimit("Max core file size") == "0")
        #expect(hardLimit("Max data size") == "\((1 << 30) + programMemory)")
        // Besides its standard streams, the connection and the memory it holds no file once it has answered.
        let folder = "/proc/\(worker.process)/fd"
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).map {
            try FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")
        }.filter { $0.hasPrefix("/") && $0 != "/dev/null" && !$0.hasPrefix("/memfd:") }
        #expect(files.isEmpty, "\(files)")
    }

    @Test func `an answer that does not add up is not believed`() {
        for (dimensions, isSound) in [([2, 3], true), ([], true), ([-1, 2], false), ([Int.max, 8], false)] {
            let tensor = SharedTensor(
                name: "w", dimensions: dimensions, number: StoredNumber(native: .float32), offset: 4096)
            #expect(tensor.isSound == isSound)
        }
    }

    @Test func `where a tensor lies is said in one text, whatever its name`() throws {
        for name in ["w", "", "a b  c", "layers.0/weight\n\"é"] {
            for dimensions in [[], [0], [3, 4, 5]] {
                let tensor = SharedTensor(
                    name: name, dimensions: dimensions,
                    number: StoredNumber(elementType: .bfloat16, isBigEndian: true), offset: 4096)
                let json = try WorkerChannel.encoder.encode([tensor])
                let back = try #require(WorkerChannel.decoder.decode([SharedTensor].self, from: json).first)
                #expect(back.name == name && back.dimensions == dimensions)
                #expect(back.number == tensor.number && back.offset == tensor.offset)
            }
        }
        for text in ["", "float32 little 0", "float31 little 0 2 w", "float32 little x 2 w", "float32 little 0 2,y w"] {
            #expect(throws: (any Error).self) {
                try WorkerChannel.decoder.decode(SharedTensor.self, from: Data("\"\(text)\"".utf8))
            }
        }
    }

    @Test func `published files that crash libhdf5 do not crash this program`() throws {
        let workers = workers(seconds: 10)
        var outcomes: [String: Int] = [:]
        for folder in ["hdf5/cve", "hdf5/crashers"] {
            guard let url = Fixture.sharedData(folder) else { continue }
            for name in try FileManager.default.contentsOfDirectory(atPath: url.path) where name.hasSuffix(".h5") {
                let reference = CheckpointReference(step: 0, file: url.appending(path: name).path)
                let outcome = Result { try workers.answer(.tensors(reference)) }
                switch outcome {
                case .success: outcomes["read", default: 0] += 1
                case .failure(let error as RunError):
                    #expect([.malformed, .unsupported, .mismatch].contains(error.kind), "\(name): \(error)")
                    outcomes[error.reason.contains("signal") ? "signal" : "refused", default: 0] += 1
                case .failure(let error): Issue.record("\(name): \(error)")
                }
            }
        }
        print("files that crash libhdf5: \(outcomes.sorted { $0.key < $1.key })")
        // The reader still serves.
        #expect(try workers.answer(.tensors(checkpoint("flat/step_0.h5"))).tensors.count == 3)
    }
}

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

    /// A process that says the same to every request: a message as JSON, or these bytes.
    private func saying(_ message: String, length: [UInt8]? = nil, memory: Int = 1 << 30) -> ReadingWorkers {
        let count = UInt32(message.utf8.count)
        let start = length ?? (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
        let octal = start.map { "\\" + "00\(String($0, radix: 8))".suffix(3) }.joined()
        // It goes on until the connection is closed.
        let script = "printf '\(octal)' >&3; printf %s '\(message)' >&3; cat <&3 >/dev/null"
        return workers(["/bin/sh", "-c", script], memory: memory)
    }

    /// Expects an error where `body` reads with these processes.
    private func refused(
        _ workers: ReadingWorkers, _ kind: RunError.Kind, _ words: String,
        sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
    ) {
        let error = #expect(throws: RunError.self, sourceLocation: sourceLocation) {
            try ReadingWorkers.$current.withValue(workers) { try body() }
        }
        #expect(error?.kind == kind, sourceLocation: sourceLocation)
        #expect(
            error?.description.contains(words) == true, "\(error?.description ?? "")", sourceLocation: sourceLocation)
    }

    @Test(arguments: [
        (#"{"done":{"_0":"null","_1":[]}}"#, "could not be read: its contents do not fit together"),
        (
            #"{"done":{"_0":"null","_1":["float32 little 4096 -1 w"]}}"#,
            "is damaged (the reader's answer makes no sense"
        ),
        (#"{"done":{"_0":"null","_1":["float32 little 4096 4096 w"]}}"#, "the reader's answer makes no sense"),
        (#"{"done":{"_0":"null","_1":["float31 little 4096 1 w"]}}"#, "the reader's answer makes no sense"),
        (#"{"well":1}"#, "the reader's answer makes no sense"), ("no JSON", "the reader's answer makes no sense"),
    ])
    func `an answer that makes no sense is the file's fault`(message: String, words: String) {
        refused(saying(message), .malformed, words) { _ = try ForeignFile("a.h5").stepMarkers() }
    }

    @Test func `an answer without end, or without what was asked for, is the file's fault`() {
        refused(saying("", length: [0xFF, 0xFF, 0xFF, 0xFF]), .malformed, "the reader's answer makes no sense") {
            _ = try ForeignFile("a.h5").stepMarkers()
        }
        refused(
            saying(#"{"done":{"_0":"null","_1":[]}}"#), .malformed,
            "a.h5: w: could not be read: its contents do not fit together"
        ) {
            _ = try ForeignFile("a.h5").dataset("w")
        }
        let outline = #"{"source":"","axis":"step","steps":[0],"nBeta":1,"burnInCount":0,"stated":[]}"#
        let answer = #"{"done":{"_0":"\#(outline.replacing("\"", with: "\\\""))","_1":[]}}"#
        refused(saying(answer), .malformed, "could not be read: its contents do not fit together") {
            _ = try ForeignFile("a.h5").traces()
        }
    }

    @Test func `a reader that ends in the middle of a request is said to have`() {
        let ending = workers(["/bin/sh", "-c", "head -c 4 <&3 >/dev/null; exit 3"])
        refused(ending, .malformed, "the reader ended with status 3 while opening it") {
            _ = try ForeignFile("a.h5").stepMarkers()
        }
        refused(workers(["/bin/sh", "-c", "kill -SEGV $$"]), .malformed, "is damaged (signal 11 while opening it)") {
            _ = try ForeignFile("a.h5").stepMarkers()
        }
        // Also where this process does not mind the signal, which is inherited.
        signal(SIGXCPU, SIG_IGN)
        defer { signal(SIGXCPU, SIG_DFL) }
        refused(workers(["/bin/sh", "-c", "kill -XCPU $$"]), .malformed, "is damaged (no end of computing") {
            _ = try ForeignFile("a.h5").stepMarkers()
        }
    }

    @Test func `more than the limits, or the system, allow is refused before it is taken`() {
        let large = #"{"done":{"_0":"null","_1":["float64 little 4096 4194304 w"]}}"#
        refused(saying(large, memory: 16 << 20), .unsupported, "holds 32 MiB or more of values, and 16 MiB may be used")
        {
            _ = try ForeignFile("a.h5").dataset("w")
        }
        refused(saying(#"{"grow":{"_0":33554432}}"#, memory: 16 << 20), .unsupported, "raise --memory") {
            _ = try ForeignFile("a.h5").dataset("w")
        }
        // More than there are addresses for.
        let endless = saying(#"{"grow":{"_0":\#(1 << 61)}}"#, memory: 1 << 62)
        refused(endless, .io, "of shared memory for its values cannot be had") {
            _ = try ForeignFile("a.h5").dataset("w")
        }
    }

    @Test func `a dataset that is refused is refused in either process`() throws {
        let file = try ForeignFile(Fixture.url("hdf5/types.h5").path)
        for workers in [nil, workers()] {
            for (name, words) in [("u8_too_large", "uint64 above"), ("long_double", "cast it to float64")] {
                let error = #expect(throws: RunError.self) {
                    try ReadingWorkers.$current.withValue(workers) { try file.dataset(name) }
                }
                #expect(error?.kind == .unsupported && error?.reason.contains(words) == true, "\(error?.reason ?? "")")
            }
        }
    }

    @Test func `a row beyond the checkpoints of a file is a mismatch`() throws {
        let reference = CheckpointReference(step: 0, file: try Fixture.url("hdf5/stacked.h5").path, row: 99)
        for workers in [nil, workers()] {
            let error = #expect(throws: RunError.self) {
                try ReadingWorkers.$current.withValue(workers) { try ForeignFile.tensors(at: reference) }
            }
            #expect(error?.kind == .mismatch)
            #expect(error?.reason.contains("checkpoints with more than 99 entries, found [3") == true)
        }
    }

    @Test func `a filter that is allowed and not there is refused with where to put it`() throws {
        refused(
            workers([BuiltProgram.path, "__read", "--allow-filters"]), .unsupported,
            "filter 32000 (lzf), which is not installed; set HDF5_PLUGIN_PATH"
        ) { _ = try ForeignFile(Fixture.url("hdf5/storage.h5").path).dataset("lzf") }
    }

    @Test(.enabled(if: getuid() != 0 || FileManager.default.isExecutableFile(atPath: "/usr/bin/setpriv")))
    func `a file that may not be read is the system's refusal`() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/a.h5"
            try Data("text".utf8).write(to: URL(fileURLWithPath: path))
            #expect(chmod(path, 0o000) == 0)
            // Root may read everything, unless that power is taken away.
            let powers = getuid() == 0 ? "setpriv --bounding-set=-dac_override,-dac_read_search" : ""
            let command = ["/bin/sh", "-c", "exec \(powers) \"$0\" \"$@\"", BuiltProgram.path, "__read"]
            refused(workers(command), .io, "a.h5: cannot be opened: Permission denied; check its permissions") {
                _ = try ForeignFile(path).stepMarkers()
            }
        }
    }

    @Test func `the command that reads is of no use by itself`() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        // Whatever this process has open there is not for it.
        process.arguments = ["-c", "exec \"$0\" __read 1000000 1 3<&- 4<&-", BuiltProgram.path]
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 1)
        #expect(text.contains("this command is started by Instar itself, to read files"), "\(text)")
    }

    @Test func `an answer that does not add up is not believed`() {
        for (dimensions, isSound) in [([2, 3], true), ([], true), ([-1, 2], false), ([Int.max, 8], false)] {
            let tensor = SharedTensor(
                name: "w", dimensions: dimensions, number: StoredNumber(native: .float32), offset: 4096)
            #expect(tensor.isSound == isSound)
        }
    }

    @Test func `a connection whose other end is gone says so`() throws {
        var ends: [Int32] = [-1, -1]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        close(ends[1])
        defer { close(ends[0]) }
        let channel = WorkerChannel(descriptor: ends[0])
        #expect(throws: WorkerChannel.Closed.ended) { try channel.send("request") }
        #expect(throws: WorkerChannel.Closed.ended) {
            _ = try channel.receive(String.self, within: .init(seconds: 60) { false })
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

    @Test func `a reader that was killed is nobody's file's fault`() {
        refused(workers(["/bin/sh", "-c", "kill -KILL $$"]), .io, "the process that read it was killed") {
            _ = try ForeignFile("a.h5").stepMarkers()
        }
    }

    @Test func `a reader that somebody ended or stopped is nobody's file's fault`() {
        for signal in ["TERM", "HUP", "USR2"] {
            refused(workers(["/bin/sh", "-c", "kill -\(signal) $$"]), .io, "was ended by somebody's signal ") {
                _ = try ForeignFile("a.h5").stepMarkers()
            }
        }
        refused(workers(["/bin/sh", "-c", "kill -STOP $$"], seconds: 0.3), .io, "that reads it was stopped; run again")
        {
            _ = try ForeignFile("a.h5").stepMarkers()
        }
    }

    @Test func `values count as they are held, not as they are stored`() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/a.h5"
            try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in
                let values = Tensor.Elements.integer([Int64](repeating: 1, count: 1 << 20))
                try root.write("w", Tensor(shape: [1 << 20], elementType: .int8, elements: values))
            }
            refused(workers(memory: 7 << 20), .unsupported, "holds 8 MiB or more of values, and 7 MiB may be used") {
                _ = try ForeignFile(path).dataset("w")
            }
        }
    }
}

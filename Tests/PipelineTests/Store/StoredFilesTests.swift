import Development
import Foundation
import HDF5
import Runs
import Sampling
import Tensors
import TestSupport
import Testing

@testable import Pipeline

/// Files of results that are missing, damaged or of another version.
@Suite struct StoredFilesTests {
    private func failure(reading files: [String: String], _ read: (MeasurementStore) throws -> Void) throws -> Failure {
        try withTemporaryFolder { folder in
            let store = MeasurementStore(run: folder, output: folder)
            try FileManager.default.createDirectory(atPath: "\(folder)/units", withIntermediateDirectories: true)
            for (name, text) in files { try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)")) }
            let error = try #require(throws: (any Error).self) { try read(store) }
            #expect("\(error)".contains(folder), "\(error)")
            return Failure(wrapping: error)
        }
    }

    @Test(arguments: ["", "{", "[]", "{\"inputs\": 3}"])
    func `settings that are none are malformed`(text: String) throws {
        let found = try failure(reading: ["settings.json": text]) { _ = try $0.readSettings() }
        #expect(found.kind == .malformed && found.reason.contains("expected the settings of earlier work"))
        #expect(found.reason.contains("Remove that file and run again with the options of before"))
    }

    @Test(arguments: [-1, 0, 1_001, Int.max]) func `stored settings of an impossible number of chains are malformed`(
        count: Int
    ) throws {
        let found = try failure(reading: [:]) { store in
            var settings = SamplingSettings(
                chainCount: 4, drawCount: 10, burnInCount: 0, batchSize: 4, minibatches: .iid, stepSize: 1e-4,
                nBeta: 10,
                localization: 1, seed: 0, precision: .float)
            settings.chainCount = count
            try store.write(StoredSettings(sampling: settings, inputs: []))
            _ = try store.readSettings()
        }
        #expect(found.kind == .malformed, "\(found.reason)")
        #expect(
            found.reason.contains("was changed since it was written (chains: expected 1 to 1000, found \(count))")
                && found.reason.contains("Remove that file"))
    }

    /// What the conclusions take for granted.
    @Test(arguments: ["descending", "equal", "negative", "beyond 10¹⁴"])
    func `stored steps that do not ascend are damage`(kind: String) async throws {
        let copy = try RunCopy()
        let store = MeasurementStore(run: copy.path, output: nil)
        var measurements = try await measure(RunDirectory(at: copy.path), options: copy.quick)
        let last = measurements.checkpoints.count - 1
        switch kind {
        case "descending": measurements.checkpoints.swapAt(0, last)
        case "equal": measurements.checkpoints[1].step = measurements.checkpoints[0].step
        case "negative": measurements.checkpoints[0].step = -1
        default: measurements.checkpoints[last].step = .max
        }
        try MeasurementsFile.write(measurements, to: store.measurementsPath)
        let error = try #require(throws: (any Error).self) { _ = try store.readMeasurements() }
        let found = Failure(wrapping: error)
        #expect(found.kind == .malformed && found.reason.contains("expected training steps that ascend"), "\(found)")
        #expect(found.reason.contains("Remove it and run `instar analyze`"))
    }

    @Test(arguments: ["", "{", "{\"version\": 1, \"inputs\": []}"])
    func `a calibration that is none is malformed`(text: String) throws {
        let found = try failure(reading: ["calibration.json": text]) { _ = try readCalibration(in: $0.folder) }
        #expect(found.kind == .malformed && found.reason.contains("expected a calibration"))
        #expect(found.reason.contains("or run `instar calibrate` again"))
    }

    @Test func `a calibration of another layout is unsupported`() throws {
        let found = try failure(reading: ["calibration.json": "{\"version\": 9}"]) {
            _ = try readCalibration(in: $0.folder)
        }
        #expect(found.kind == .unsupported && found.reason.contains("layout 9"))
        #expect(found.reason.contains("reads layout 1") && found.reason.contains("`instar calibrate` again"))
    }

    @Test func `a file that cannot be read is told apart from one that is damaged`() throws {
        try withTemporaryFolder { folder in
            // A folder is no file, whoever reads it.
            try FileManager.default.createDirectory(
                atPath: "\(folder)/settings.json", withIntermediateDirectories: false)
            let found = #expect(throws: Failure.self) {
                _ = try MeasurementStore(run: folder, output: folder).readSettings()
            }
            #expect(found?.kind == .malformed && found?.reason.contains("expected a file, found a folder") == true)
            #expect(found?.reason.contains("Remove that file and run again") == true)
        }
    }

    @Test func `units that cannot be listed are not taken for none`() throws {
        try withTemporaryFolder { folder in
            let store = MeasurementStore(run: folder, output: folder)
            #expect(try store.storedUnitNames().isEmpty)
            try Data().write(to: URL(fileURLWithPath: "\(folder)/units"))
            let found = #expect(throws: Failure.self) { _ = try store.storedUnitNames() }
            #expect(found?.kind == .io && found?.reason.contains("/units: cannot be read (") == true)
        }
    }

    @Test func `a survey that cannot be opened is no finished unit`() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/000000000.h5"
            #expect(try UnitHeader.read(path, isChain: false) == nil)
            try Data("no HDF5".utf8).write(to: URL(fileURLWithPath: path))
            let found = #expect(throws: Failure.self) { _ = try UnitHeader.read(path, isChain: false) }
            #expect(found?.kind == .malformed && found?.reason.contains("this stored result is damaged") == true)
        }
    }

    @Test func `a link that takes the folder's place while work goes on is not written through`() throws {
        try withTemporaryFolder { folder in
            let manager = FileManager.default
            let store = MeasurementStore(run: folder, output: nil)
            for name in ["instar", "elsewhere"] {
                try manager.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: false)
            }
            try store.prepare()
            for place in ["instar/units", "instar"] {
                try manager.removeItem(atPath: "\(folder)/\(place)")
                try manager.createSymbolicLink(
                    atPath: "\(folder)/\(place)", withDestinationPath: "\(folder)/elsewhere")
                let found = #expect(throws: Failure.self) { try store.prepare() }
                #expect(found?.kind == .unsupported && found?.reason.contains("\(place): is a link") == true)
            }
            #expect(try manager.contentsOfDirectory(atPath: "\(folder)/elsewhere").isEmpty)
        }
    }

    @Test func `measurements that are not there are told apart from those that are unfinished`() throws {
        let missing = try failure(reading: [:]) { _ = try $0.readMeasurements() }
        #expect(missing.kind == .notFound && missing.reason.contains("expected stored measurements"))
        #expect(missing.reason.contains("`instar analyze` or `instar measure`"))
        let unfinished = try failure(reading: ["units/000000000.h5": "", "units/.part.h5": ""]) {
            _ = try $0.readMeasurements()
        }
        #expect(unfinished.kind == .notFound && unfinished.reason.contains("unfinished: 1 unit of work is stored"))
        #expect(unfinished.reason.contains("Run the command that began it once more"))
    }

    @Test func `what is named and has no measurements is told of by its name`() throws {
        try withTemporaryFolder { folder in
            func refusal(_ run: String, output: String? = nil) -> Failure? {
                #expect(throws: Failure.self) { try MeasurementStore(run: run, output: output).readMeasurements() }
            }
            let absent = refusal("\(folder)/nowhere")
            #expect(absent?.kind == .notFound && absent?.reason.hasPrefix("\(folder)/nowhere: is not there;") == true)
            try Data("step,llc\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/llc.csv"))
            let file = refusal("\(folder)/llc.csv")
            #expect(file?.kind == .notFound && file?.reason.hasPrefix("\(folder)/llc.csv: expected a run") == true)
            #expect(file?.reason.contains("in \(folder)/llc-instar. `instar stages` reads tables") == true)
            // Two folders of measurements: neither is taken for the other.
            for name in ["one", "two"] {
                try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
                try Data().write(to: URL(fileURLWithPath: "\(folder)/\(name)/measurements.h5"))
            }
            let two = refusal("\(folder)/one", output: "\(folder)/two")
            #expect(two?.kind == .usage && two?.reason.contains("Name one of the two") == true)
            #expect(refusal("\(folder)/one", output: "\(folder)/one/")?.kind == .malformed)
        }
    }

    @Test func `measurements that are no HDF5 file are malformed`() throws {
        let found = try failure(reading: ["measurements.h5": "no HDF5"]) { _ = try $0.readMeasurements() }
        #expect(found.kind == .malformed && found.reason.contains("measurements.h5"))
    }

    @Test(arguments: [
        ("{\"format\":4}", Failure.Kind.malformed, "its header is damaged. Remove the file"),
        ("{\"format\":3}", .mismatch, "is of format 3, and this version of Instar reads format 4"),
        ("{", .mismatch, "is of an unknown format"),
    ]) func `a header that does not hold what it should`(_ text: String, _ kind: Failure.Kind, _ words: String) throws {
        let found = try failure(reading: [:]) { store in
            try HDF5File.writeAtomically(to: store.measurementsPath) { root throws(HDF5Error) in
                let group = try root.createGroup("instar")
                try group.writeDimension("part", integers([0]))
                try group.write("header", [text], dimensions: ["part"])
            }
            _ = try store.readMeasurements()
        }
        #expect(found.kind == kind && found.reason.contains(words), "\(found.reason)")
        #expect(found.reason.contains("`instar analyze` on the run again"))
    }

    @Test(arguments: [
        (#""chainCount":\d+"#, #""chainCount":1000000000000000000"#), (#""burnInCount":\d+"#, #""burnInCount":-1"#),
        (#""stepsPerDraw":\d+"#, #""stepsPerDraw":9223372036854775807"#),
        (#""batchSize":\d+"#, #""batchSize":9223372036854775807"#),
        (#""interval":\d+"#, #""interval":9223372036854775807"#),
        (#""dimensions":\[\d+"#, #""dimensions":[9223372036854775807"#),
        (#""dimensions":\[\d+"#, #""dimensions":[-1"#),
    ]) func `a header that states an impossible number is damaged`(pattern: String, other: String) async throws {
        let run = try RunCopy()
        _ = try await measure(RunDirectory(at: run.path), options: run.quick)
        let path = MeasurementStore(run: run.path, output: nil).measurementsPath
        let header = try HDF5File(reading: path).root().group("instar").dataset("header").readTexts()[0]
        let changed = header.replacingOccurrences(of: pattern, with: other, options: .regularExpression)
        #expect(changed != header)
        let found = try failure(reading: [:]) { store in
            try HDF5File.writeAtomically(to: store.measurementsPath) { root throws(HDF5Error) in
                let group = try root.createGroup("instar")
                try group.writeDimension("part", integers([0]))
                try group.write("header", [changed], dimensions: ["part"])
            }
            _ = try store.readMeasurements()
        }
        #expect(found.kind == .malformed && found.reason.contains("its header is damaged"), "\(found.reason)")
    }

    /// nβ stands in it, by which every λ̂ is made again.
    @Test func `a byte that changes in a header is found`() async throws {
        let run = try RunCopy()
        _ = try await measure(RunDirectory(at: run.path), options: run.quick)
        let store = MeasurementStore(run: run.path, output: nil)
        var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: store.measurementsPath)))
        let place = try #require(bytes.firstRange(of: Array("\"nBeta\":".utf8))).upperBound
        bytes[place] = bytes[place] == UInt8(ascii: "9") ? UInt8(ascii: "8") : bytes[place] + 1
        try Data(bytes).write(to: URL(fileURLWithPath: store.measurementsPath))
        let error = #expect(throws: Failure.self) { _ = try store.readMeasurements() }
        #expect(error?.kind == .malformed && error?.reason.contains("or is damaged (") == true)
    }

    /// libhdf5 shows a part of an object whose header it could not read to the end, when it is asked again.
    @Test func `a part of a header that is damaged leaves nothing out`() async throws {
        let run = try RunCopy()
        _ = try await measure(RunDirectory(at: run.path), options: run.quick)
        let store = MeasurementStore(run: run.path, output: nil)
        let file = URL(fileURLWithPath: store.measurementsPath)
        let whole = try Data(contentsOf: file)
        let copy = "\(run.path)/copy.h5"
        try MeasurementsFile.write(try store.readMeasurements(), to: copy)
        let expected = try Data(contentsOf: URL(fileURLWithPath: copy))
        var (place, refused, count) = (whole.startIndex, 0, 0)
        while let range = whole[place...].range(of: Data("OCHK".utf8)) {
            place = range.upperBound
            count += 1
            var bytes = whole
            bytes[range.lowerBound] ^= 0x20
            try bytes.write(to: file)
            do {
                try MeasurementsFile.write(try store.readMeasurements(), to: copy)
                #expect(try Data(contentsOf: URL(fileURLWithPath: copy)) == expected, "at \(range.lowerBound)")
            } catch {
                refused += 1
            }
        }
        #expect(count > 20 && refused > 10)
    }

    /// What becomes of a unit whose file was changed.
    private func failure(writing body: (HDF5Writer) throws(HDF5Error) -> Void) throws -> Failure {
        try failure(reading: [:]) { store in
            let path = store.surveyPath(step: 0)
            try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in try body(root) }
            _ = try readingUnit(path) { () throws(HDF5Error) in
                try Survey.read(path, tensorCount: 1, subsetCount: 0)
            }
        }
    }

    @Test func `a unit that lacks an attribute is damaged`() throws {
        let text = try failure { _ throws(HDF5Error) in }
        #expect(text.kind == .malformed && text.reason.contains("this stored result is damaged"))
        #expect(text.reason.contains("'key'") && text.reason.contains("Remove it and run again"))
        let number = try failure { root throws(HDF5Error) in try root.setAttribute("key", .text("key")) }
        #expect(number.kind == .malformed && number.reason.contains("'step'"))
    }

    @Test func `a vector of a survey that is not there is not found`() throws {
        let found = try failure(reading: [:]) {
            _ = try Survey.read(.weights, from: $0.surveyPath(step: 0), dimension: 3)
        }
        #expect(found.kind == .notFound && found.reason.contains("expected a stored result"))
    }

    @Test func `a unit of another step than its name, or whose loss is no number, is damaged`() async throws {
        let copy = try RunCopy()
        let run = try RunDirectory(at: copy.path)
        _ = try await measure(run, options: copy.quick)
        let path = MeasurementStore(run: copy.path, output: nil).surveyPath(step: 0)
        var unit = try #require(try Survey.read(path, tensorCount: 2, subsetCount: 0))
        unit.value.step = 35
        try unit.value.write(to: path, key: unit.key, processor: unit.processor)
        let step = await #expect(throws: (any Error).self) {
            _ = try await mergeShares(of: run, options: copy.quick, shardCount: nil)
        }
        let found = Failure(wrapping: try #require(step))
        #expect(
            found.kind == .malformed && found.reason.hasPrefix("\(path): this stored result is damaged")
                && found.reason.contains("expected step 0, found 35"), "\(found.reason)")
        let loss = try failure { root throws(HDF5Error) in
            for name in ["key", "weights_digest"] { try root.setAttribute(name, .text("x")) }
            for name in ["step", "loss"] { try root.setAttribute(name, .integer(0)) }
        }
        #expect(loss.kind == .malformed && loss.reason.contains("a floating-point number as attribute 'loss'"))
    }

    /// A survey whose arrays have other lengths than the run has tensors, or its weights.
    @Test(arguments: ["tensor_norms", "tensor_turns", "tensor_stable_ranks", "outputs", "weights"])
    func `a unit with arrays of other lengths is damaged, whatever reads it`(name: String) async throws {
        let copy = try RunCopy()
        let run = try RunDirectory(at: copy.path)
        _ = try await measure(run, options: copy.quick)
        let store = MeasurementStore(run: copy.path, output: nil)
        let path = store.surveyPath(step: 0)
        let root = try HDF5File(reading: path).root()
        let values = try root.members().map { ($0.name, try root.dataset($0.name).read()) }
        let texts = try root.attributeNames().map { ($0, try #require(try root.attribute($0))) }
        for count in [0, 1_000] {
            try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in
                for (name, value) in texts { try root.setAttribute(name, value) }
                for (other, tensor) in values {
                    let wrong = Tensor([Double](repeating: 0.5, count: count), shape: [count])
                    try root.write(other, other == name ? wrong : tensor)
                }
            }
            for read in [
                { _ = try await mergeShares(of: run, options: copy.quick, shardCount: nil) },
                { _ = try await measure(run, options: copy.quick) },
            ] as [() async throws -> Void] {
                let error = await #expect(throws: (any Error).self) { try await read() }
                let found = Failure(wrapping: try #require(error))
                #expect(found.kind == .malformed, "\(found.reason)")
                #expect(
                    found.reason.hasPrefix("\(path): this stored result is damaged") && found.reason.contains(name)
                        && found.reason.contains("found \(count)"), "\(found.reason)")
            }
        }
    }

    @Test func `a stored array of another length than its file says is malformed`() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/unit.h5"
            try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in
                try root.write("numbers", Tensor([1.5, 2.5], shape: [2]))
                try root.write("counts", integers([1, 2]))
            }
            let root = try HDF5File(reading: path).root()
            #expect(try root.doubles("numbers", count: 2) == [1.5, 2.5])
            #expect(try root.integers("counts", count: 2) == [1, 2])
            for read in [
                { try root.doubles("numbers", count: 3) }, { try root.integers("counts", count: 3).map(Double.init) },
            ] {
                let error = #expect(throws: HDF5Error.self) { _ = try read() }
                #expect(error?.kind == .malformed && error?.reason.contains("expected 3 values, found 2") == true)
                #expect(error?.path == path)
            }
        }
    }

    /// What becomes of a chain whose observations were changed.
    private func observationFailure(_ body: (HDF5Writer) throws(HDF5Error) -> Void) throws -> Failure {
        try failure(reading: [:]) { store in
            let path = store.unitPath("000000000-chain-0")
            try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in
                for name in ["key", "processor"] { try root.setAttribute(name, .text(name)) }
                try root.setAttribute("chain", .integer(0))
                try root.setAttribute("lengths", .text("1 1 1 1 1 0 0"))
                try root.write("trace", Tensor([Double](repeating: 0.5, count: 5), shape: [5]))
                let state = try root.createGroup("state")
                for name in ["position", "momentum", "squared_gradients"] {
                    try state.write(name, Tensor([0.5], shape: [1]))
                }
                let observations = try root.createGroup("observations")
                try observations.setAttribute("traced_example_count", .integer(2))
                try observations.write("traced_losses", Tensor([0.5, 0.5], shape: [1, 2]))
                try body(observations)
            }
            _ = try readingUnit(path) { () throws(HDF5Error) in try Chain<Double>.read(path) }
        }
    }

    @Test(arguments: [
        ("1 1 1", "expected the lengths of 7 arrays, found '1 1 1'"), ("1 1 1 1 1 1 x", "the lengths of 7 arrays"),
        ("1 1 1 1 1 1 -1", "the lengths of 7 arrays"), ("5 0 0 0 0 0 0", "the lengths of 7 arrays"),
        ("1 1 2 1 0 0 0", "the lengths of 7 arrays"), ("1 1 1 0 0 2 0", "the lengths of 7 arrays"),
        ("\(Int.max) 1 1 1 1 1 1", "the lengths of 7 arrays"), ("1 1 1 1 1 1 1", "expected 7 values, found 5"),
    ]) func `a trace of other lengths than its file says is damaged`(lengths: String, words: String) throws {
        let found = try failure(reading: [:]) { store in
            let path = store.unitPath("000000000-chain-0")
            try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in
                for name in ["key", "processor"] { try root.setAttribute(name, .text(name)) }
                try root.setAttribute("chain", .integer(0))
                try root.setAttribute("lengths", .text(lengths))
                try root.write("trace", Tensor([Double](repeating: 0.5, count: 5), shape: [5]))
            }
            _ = try readingUnit(path) { () throws(HDF5Error) in try ChainTrace.read(path) }
        }
        #expect(found.kind == .malformed && found.reason.contains(words), "\(found.reason)")
    }

    @Test func `observations that do not fit together are damaged`() throws {
        let moments = try observationFailure { observations throws(HDF5Error) in
            try observations.setAttribute("moment_draw_count", .integer(3))
            try observations.write("means", Tensor([0.5, 1], shape: [2]))
            try observations.write("squared_deviations", Tensor([0.5], shape: [1]))
        }
        #expect(moments.kind == .malformed && moments.reason.contains("this stored result is damaged"))
        #expect(
            moments.reason.contains("2 means stand beside 1 sums") && moments.reason.contains("Remove it and run again")
        )
        for (rowCount, words) in [(3, "an even number of rows, found 1 and 3"), (4, "or the shrinkage is negative")] {
            let sketch = try observationFailure { observations throws(HDF5Error) in
                let group = try observations.createGroup("covariance")
                for (name, count) in [("draw_count", 3), ("row_count", rowCount)] {
                    try group.setAttribute(name, .integer(count))
                }
                for name in ["total_scatter", "shrinkage"] { try group.setAttribute(name, .number(-1)) }
                try group.write("mean", Tensor([0.5], shape: [1]))
                try group.write("rows", Tensor([0.5], shape: [1, 1]))
            }
            #expect(sketch.kind == .malformed && sketch.reason.contains(words), "\(sketch.reason)")
        }
    }

    @Test(arguments: [-1, Int.max, 1]) func `a chain of an impossible number, or of another than its name, is damaged`(
        chain: Int
    ) throws {
        let found = try failure(reading: [:]) { store in
            let path = store.unitPath("000000000-chain-0")
            try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in
                for name in ["key", "processor"] { try root.setAttribute(name, .text(name)) }
                try root.setAttribute("chain", .integer(chain))
            }
            _ = try readingUnit(path) { () throws(HDF5Error) in try ChainTrace.read(path) }
        }
        #expect(
            found.kind == .malformed
                && found.reason.contains("expected the number of the chain in its name, found \(chain)"))
    }

    @Test func `a pipe in the place of a file of results is refused and not waited for`() throws {
        try withTemporaryFolder { folder in
            for name in ["settings.json", "calibration.json"] {
                try #require(mkfifo("\(folder)/\(name)", 0o600) == 0)
            }
            let store = MeasurementStore(run: folder, output: folder)
            let settings = #expect(throws: Failure.self) { _ = try store.readSettings() }
            #expect(settings?.kind == .malformed && settings?.reason.contains("found a folder or device") == true)
            #expect(throws: Failure.self) { _ = try readCalibration(in: folder) }
        }
    }

    @Test func `figures behind a link are nobody's to remove`() throws {
        try withTemporaryFolder { folder in
            for name in ["art", "results"] {
                try FileManager.default.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: false)
            }
            let picture = "\(folder)/art/picture.svg"
            try Data("<svg/>".utf8).write(to: URL(fileURLWithPath: picture))
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder)/results/figures", withDestinationPath: "\(folder)/art")
            removeFigures(besides: [], in: "\(folder)/results")
            #expect(FileManager.default.fileExists(atPath: picture))
        }
    }
}

import Foundation
import HDF5
import Tensors
import TestSupport
import Testing

@Suite struct HDF5FileTests {
    @Test func `a file that is not there is not found`() {
        let error = #expect(throws: HDF5Error.self) { try HDF5File(reading: "/nowhere/absent.h5") }
        #expect(error?.kind == .notFound)
        #expect(error?.description == "/nowhere/absent.h5: cannot be opened: No such file or directory")
    }

    @Test func `a folder is no file`() {
        let error = #expect(throws: HDF5Error.self) { try HDF5File(reading: NSTemporaryDirectory()) }
        #expect(error?.kind == .malformed && error?.reason == "expected an HDF5 file, found a folder or device")
    }

    @Test(arguments: [
        ("this is text, not HDF5", "is not an HDF5 file; copy it again"),
        ("", "is empty; an HDF5 file was expected"),
    ])
    func `another format is malformed`(text: String, words: String) throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/text.h5"
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            let error = #expect(throws: HDF5Error.self) { try HDF5File(reading: path) }
            #expect(error?.kind == .malformed && error?.reason.hasPrefix(words) == true)
        }
    }

    @Test func `a link to itself is no file`() throws {
        try withTemporaryFolder { folder in
            try FileManager.default.createSymbolicLink(atPath: "\(folder)/a.h5", withDestinationPath: "a.h5")
            let error = #expect(throws: HDF5Error.self) { try HDF5File(reading: "\(folder)/a.h5") }
            #expect(error?.kind == .malformed)
            #expect(error?.reason == "expected an HDF5 file, found a folder or device", "\(error?.reason ?? "")")
        }
    }

    @Test func `a file cut short anywhere is malformed and named`() throws {
        let whole = try Fixture.data("hdf5/flat/step_20.h5")
        try withTemporaryFolder { folder in
            let path = "\(folder)/step_20.h5"
            // Every length in the headers, then every 61st: an odd stride meets all alignments.
            for length in Array(0..<256) + Array(stride(from: 256, to: whole.count, by: 61)) + [whole.count - 1] {
                try whole.prefix(length).write(to: URL(fileURLWithPath: path))
                let error = #expect(throws: HDF5Error.self, "\(length) bytes") { try readEverything(path) }
                #expect(error?.kind == .malformed, "\(length) bytes: \(error?.description ?? "")")
                #expect(error?.path == path)
            }
        }
    }

    @Test func `a newer form of the format names the remedy`() throws {
        let path = try Fixture.url("hdf5/newer_format.h5").path()
        let error = #expect(throws: HDF5Error.self) { try readEverything(path) }
        #expect(error?.kind == .unsupported)
        #expect(error?.reason.contains("libver=('earliest', 'v114')") == true, "\(error?.reason ?? "")")
    }

    @Test func `a file that is locked by its writer is worth another try`() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/locked.h5"
            try Fixture.data("hdf5/flat/step_20.h5").write(to: URL(fileURLWithPath: path))
            let descriptor = open(path, O_RDWR)
            defer { close(descriptor) }
            #expect(flock(descriptor, LOCK_EX) == 0)
            let error = #expect(throws: HDF5Error.self) { try HDF5File(reading: path) }
            #expect(error?.kind == .io)
            #expect(error?.isTemporary == true, "\(error?.reason ?? "")")
            #expect(error?.reason.contains("Try again when it is closed") == true)
        }
    }

    @Test func `many threads may read at once`() async throws {
        let path = try Fixture.url("hdf5/types.h5").path()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<20 {
                        let root = try HDF5File(reading: path).root()
                        let matrix = try root.dataset("matrix").read()
                        #expect(matrix.count == 6)
                        let error = #expect(throws: HDF5Error.self) { try root.dataset("absent") }
                        #expect(error?.kind == .notFound)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func `the reference files each read, or say why not`() throws {
        guard let folder = Fixture.sharedData("hdf5") else { return }
        let manager = FileManager.default
        let files = try ["", "/keras"].flatMap { sub in
            try manager.contentsOfDirectory(atPath: folder.path() + sub).filter { $0.hasSuffix(".h5") }
                .map { folder.path() + sub + "/" + $0 }
        }
        #expect(files.count > 20)
        for file in files {
            do throws(HDF5Error) { try readEverything(file) } catch {
                #expect(!error.reason.isEmpty)
                #expect([.malformed, .unsupported, .mismatch, .io].contains(error.kind), "\(error)")
            }
        }
    }
}

/// Opens a file and reads every number in it.
func readEverything(_ path: String) throws(HDF5Error) {
    let root = try HDF5File(reading: path).root()
    try root.forEachDataset { parts throws(HDF5Error) in
        let dataset = try root.dataset(parts.joined(separator: "/"))
        if case .numbers = dataset.content { _ = try dataset.read() }
    }
}

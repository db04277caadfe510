import Foundation
import TestSupport
import Testing

@testable import HDF5

@Suite struct AtomicFileTests {
    @Test func `a full disk is an error that names the file`() throws {
        // The device that answers every write with "no space left".
        let descriptor = open("/dev/full", O_WRONLY)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let error = #expect(throws: HDF5Error.self) {
            try AtomicFile.write([1, 2, 3], to: descriptor, path: "/data/measurements.h5")
        }
        #expect(error?.kind == .io)
        #expect(error?.path == "/data/measurements.h5")
        #expect(error?.reason.contains("No space left") == true)
    }

    @Test func `an absent folder is an error`() {
        let error = #expect(throws: HDF5Error.self) { try AtomicFile.write([1], to: "/nowhere/at/all.h5") }
        #expect(error?.kind == .io)
    }

    @Test func `a folder that is there is kept, and a link in its place is refused`() throws {
        try withTemporaryFolder { folder in
            try AtomicFile.makeFolder("\(folder)/a")
            try AtomicFile.write([1], to: "\(folder)/a/b")
            try AtomicFile.makeFolder("\(folder)/a")
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/a") == ["b"])
            try FileManager.default.createSymbolicLink(atPath: "\(folder)/c", withDestinationPath: "\(folder)/a")
            let link = #expect(throws: HDF5Error.self) { try AtomicFile.makeFolder("\(folder)/c") }
            #expect(link?.kind == .unsupported && link?.reason.contains("is a link") == true)
            let file = #expect(throws: HDF5Error.self) { try AtomicFile.makeFolder("\(folder)/a/b") }
            #expect(file?.kind == .unsupported && file?.reason.contains("is a file, and a folder is needed") == true)
        }
    }

    @Test func `a link where a file goes is replaced and not followed`() throws {
        try withTemporaryFolder { folder in
            try AtomicFile.write([1], to: "\(folder)/a")
            try FileManager.default.createSymbolicLink(atPath: "\(folder)/b", withDestinationPath: "\(folder)/a")
            try AtomicFile.write([2], to: "\(folder)/b")
            #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/a")) == Data([1]))
            #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/b")) == Data([2]))
        }
    }

    @Test func `a folder where a file goes is an error that leaves nothing behind`() throws {
        try withTemporaryFolder { folder in
            try AtomicFile.makeFolder("\(folder)/a")
            let error = #expect(throws: HDF5Error.self) { try AtomicFile.write([1], to: "\(folder)/a") }
            #expect(
                error?.kind == .io && error?.reason.contains("is a folder, and a file goes there; remove it") == true)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a"])
        }
    }

    @Test func `an old file is replaced`() throws {
        try withTemporaryFolder { folder in
            for bytes in [[1, 2], [3], []] as [[UInt8]] {
                try AtomicFile.write(bytes, to: "\(folder)/a")
                #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/a")) == Data(bytes))
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a"])
        }
    }

    @Test func `a folder whose own is not there cannot be made`() throws {
        try withTemporaryFolder { folder in
            let error = #expect(throws: HDF5Error.self) { try AtomicFile.makeFolder("\(folder)/no/such") }
            #expect(error?.kind == .io && error?.reason.contains("cannot be made (No such file or directory)") == true)
        }
    }
}

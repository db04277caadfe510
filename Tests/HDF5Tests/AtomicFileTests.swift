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

    @Test func `an old file is replaced`() throws {
        try withTemporaryFolder { folder in
            for bytes in [[1, 2], [3], []] as [[UInt8]] {
                try AtomicFile.write(bytes, to: "\(folder)/a")
                #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/a")) == Data(bytes))
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a"])
        }
    }
}

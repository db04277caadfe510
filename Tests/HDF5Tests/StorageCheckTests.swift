import Foundation
import HDF5
import Tensors
import TestSupport
import Testing

@Suite struct StorageCheckTests {
    private func storage() throws -> HDF5Group { try HDF5File(reading: Fixture.url("hdf5/storage.h5").path()).root() }

    @Test(arguments: ["gzip", "gzip_shuffle_fletcher", "chunked"])
    func `known filters and layouts give the values stored`(name: String) throws {
        let values = (0..<400).map { Float($0 % 10) }
        #expect(try storage().dataset(name).read() == Tensor(values, shape: [40, 10]))
    }

    @Test func `values inside the header are read`() throws {
        #expect(try storage().dataset("compact").read() == Tensor([Float(0), 1, 2], shape: [3]))
    }

    @Test(arguments: [("lzf", "32000"), ("scale_offset", "6")])
    func `an unknown filter is named with the remedy`(name: String, number: String) throws {
        let error = #expect(throws: HDF5Error.self) { try storage().dataset(name).read() }
        #expect(error?.kind == .unsupported)
        #expect(error?.reason.contains("filter \(number)") == true, "\(error?.reason ?? "")")
        #expect(error?.reason.contains("h5repack -f GZIP=4") == true)
    }

    @Test(arguments: ["nothing_stored", "nothing_stored_contiguous", "missing_chunk"])
    func `values that were never stored are an error and no fill values`(name: String) throws {
        let error = #expect(throws: HDF5Error.self) { try storage().dataset(name).read() }
        #expect(error?.kind == .malformed)
        #expect(error?.reason.contains("cut short") == true)
    }

    @Test(arguments: [
        ("external", "keeps its values in another file; store them in this one"),
        ("virtual", "is a virtual dataset, put together from other files; store its values in it"),
    ])
    func `values of other files are refused`(name: String, words: String) throws {
        let error = #expect(throws: HDF5Error.self) { try storage().dataset(name).read() }
        #expect(error?.kind == .unsupported)
        #expect(error?.reason.contains(words) == true, "\(error?.reason ?? "")")
    }
}

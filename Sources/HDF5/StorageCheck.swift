import CHDF5
import Foundation
import Tensors

/// Checks, before a value is read, that a dataset's values all lie in its own file and are encoded in a known way.
///
/// libhdf5 itself gives fill values for chunks that were never written, reads any file that external storage names,
/// and allocates whatever size is declared.
struct StorageCheck {
    private let dataset: HDF5Dataset
    /// Bytes of one element.
    private let elementSize: Int
    /// Bytes of all elements.
    private let byteCount: Int

    /// - Throws: `malformed` if the values are larger than memory can address.
    init(_ dataset: HDF5Dataset, elementSize: Int) throws(HDF5Error) {
        let (product, overflows) = dataset.shape.elementCount.multipliedReportingOverflow(by: elementSize)
        guard !overflows else {
            throw HDF5Error(
                .malformed, "declares more bytes than memory can address; save the file again", path: dataset.file.path,
                object: dataset.path)
        }
        self.dataset = dataset
        self.elementSize = elementSize
        byteCount = product
    }

    private var storedByteCount: UInt64 { UInt64(H5Dget_storage_size(dataset.handle.id)) }

    /// - Throws: `unsupported` for virtual datasets, external storage and unknown filters; `malformed` for values that
    ///   are not there. The library must be entered.
    func check() throws(HDF5Error) {
        guard let properties = Handle(H5Dget_create_plist(dataset.handle.id), { H5Pclose($0) }) else {
            throw error(HDF5Library.failureKind, "is damaged \(HDF5Library.damage())")
        }
        switch H5Pget_layout(properties.id) {
        case H5D_VIRTUAL:
            throw error(.unsupported, "is a virtual dataset, put together from other files; store its values in it")
        case H5D_CONTIGUOUS:
            guard H5Pget_external_count(properties.id) == 0 else {
                throw error(.unsupported, "keeps its values in another file; store them in this one (`h5repack`)")
            }
            try checkContiguous()
        case H5D_CHUNKED:
            try checkFilters(properties)
            try checkChunks(properties)
        case H5D_COMPACT: break
        default: throw error(.malformed, "has no storage layout that is known; save the file again")
        }
    }

    private func checkContiguous() throws(HDF5Error) {
        guard byteCount > 0 else { return }
        let offset = H5Dget_offset(dataset.handle.id)
        guard offset != instar_h5_no_address(), storedByteCount == UInt64(byteCount),
            isInsideFile(offset, UInt64(byteCount))
        else {
            throw cutShort("\(byteCount) bytes are declared, \(storedByteCount) are stored")
        }
    }

    private func checkFilters(_ properties: Handle) throws(HDF5Error) {
        for index in 0..<max(0, H5Pget_nfilters(properties.id)) {
            var name = [CChar](repeating: 0, count: 64)
            var (flags, valueCount, configuration): (UInt32, Int, UInt32) = (0, 0, 0)
            let filter = H5Pget_filter2(
                properties.id, UInt32(index), &flags, &valueCount, nil, name.count - 1, &name, &configuration)
            guard ![H5Z_FILTER_DEFLATE, H5Z_FILTER_SHUFFLE, H5Z_FILTER_FLETCHER32].contains(filter) else { continue }
            let words = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            let label = words.isEmpty ? "\(filter)" : "\(filter) (\(words))"
            guard HDF5Library.allowsFilterPlugins else {
                throw error(
                    .unsupported,
                    "is encoded by filter \(label); gzip, shuffle and fletcher32 are read: rewrite the file with "
                        + "`h5repack -f GZIP=4`, where that filter is installed, or allow its code with --allow-filters"
                )
            }
            guard H5Zfilter_avail(filter) > 0 else {
                throw error(
                    .unsupported,
                    "is encoded by filter \(label), which is not installed; set HDF5_PLUGIN_PATH to the folder of its "
                        + "plugin, or rewrite the file with `h5repack -f GZIP=4` where it is")
            }
        }
    }

    private func checkChunks(_ properties: Handle) throws(HDF5Error) {
        var extents = [hsize_t](repeating: 0, count: dataset.shape.rank)
        guard H5Pget_chunk(properties.id, Int32(extents.count), &extents) == extents.count,
            extents.allSatisfy({ $0 > 0 })
        else { throw error(.malformed, "its chunks have another rank than itself; save the file again") }
        guard byteCount > 0 else { return }
        let expected = zip(dataset.shape.dimensions, extents).reduce(1.0) { count, axis in
            count * (Double(axis.0) / Double(axis.1)).rounded(.up)
        }
        guard let space = Handle(H5Dget_space(dataset.handle.id), { H5Sclose($0) }) else {
            throw error(HDF5Library.failureKind, "is damaged \(HDF5Library.damage())")
        }
        var found: hsize_t = 0
        guard H5Dget_num_chunks(dataset.handle.id, space.id, &found) >= 0, Double(found) == expected else {
            throw cutShort("\(Int(clamping: Int64(min(expected, 1e18)))) chunks are declared, stored are \(found)")
        }
        // Deflate shrinks at most 1032-fold (zlib's "Maximum Compression Factor"); more is an allocation bomb.
        let chunkByteCount = extents.reduce(Double(elementSize)) { $0 * Double($1) }
        guard Double(found) * chunkByteCount <= 1032 * Double(storedByteCount) + 4096 else {
            throw cutShort("\(byteCount) bytes are declared, \(storedByteCount) are stored")
        }
        try checkEachChunk(
            count: found, of: extents, space: space, isFiltered: H5Pget_nfilters(properties.id) > 0, chunkByteCount)
    }

    /// Each chunk lies inside the file, is whole, has a place of its own in the dataset, and is found where a read looks for
    /// it: for one that is not, the library gives fill values. Finding chunk k takes k steps in libhdf5, hence the limit.
    private func checkEachChunk(
        count: hsize_t, of extents: [hsize_t], space: Handle, isFiltered: Bool, _ chunkByteCount: Double
    ) throws(HDF5Error) {
        guard count <= 4096 else { return }
        var position = [hsize_t](repeating: 0, count: dataset.shape.rank)
        var positions: Set<[hsize_t]> = []
        for index in 0..<count {
            var (address, size, skippedFilters): (haddr_t, hsize_t, UInt32) = (0, 0, 0)
            var foundSize: hsize_t = 0
            guard
                H5Dget_chunk_info(
                    dataset.handle.id, space.id, index, &position, &skippedFilters, &address, &size) >= 0,
                isInsideFile(address, UInt64(size)), isFiltered || Double(size) == chunkByteCount,
                zip(position, dataset.shape.dimensions).allSatisfy({ $0 < $1 }), positions.insert(position).inserted,
                H5Dget_chunk_storage_size(dataset.handle.id, position, &foundSize) >= 0, foundSize == size
            else { throw cutShort("chunk \(index) of \(count) is not whole or not in its place") }
        }
    }

    private func isInsideFile(_ offset: haddr_t, _ count: UInt64) -> Bool {
        let (end, overflows) = UInt64(offset).addingReportingOverflow(count)
        return !overflows && end <= dataset.file.byteCount
    }

    private func error(_ kind: HDF5Error.Kind, _ reason: String) -> HDF5Error {
        HDF5Error(kind, reason, path: dataset.file.path, object: dataset.path)
    }

    private func cutShort(_ finding: String) -> HDF5Error {
        error(.malformed, "was cut short: \(finding); save the file again")
    }
}

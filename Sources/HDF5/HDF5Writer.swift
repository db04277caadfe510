import CHDF5
import Foundation
public import Tensors

/// A group of an HDF5 file that is being written.
///
/// The file is built in memory and reaches the disk in one piece, so a full disk can damage nothing. No object
/// carries a time: equal content gives equal bytes. Valid only inside the closure it is handed to.
public struct HDF5Writer {
    /// The file to be.
    let filePath: String
    /// The path of the group from the root.
    let path: String
    let handle: Handle
    /// Whether a byte that changes on the disk can be told.
    let hasChecksums: Bool

    /// What a group or dataset is given as an attribute.
    ///
    /// - Throws: `io` if the library refuses, for instance because the name is taken.
    public func setAttribute(_ name: String, _ value: HDF5Attribute) throws(HDF5Error) {
        try HDF5Writer.setAttribute(name, value, of: handle, path: path, filePath: filePath)
    }

    /// Creates a group in this one.
    ///
    /// - Throws: `io` if the name is taken or empty.
    public func createGroup(_ name: String) throws(HDF5Error) -> HDF5Writer {
        HDF5Library.enter()
        defer { HDF5Library.leave() }
        let properties = try creationProperties(instar_h5_group_create(), name, isGroup: true)
        let id = H5Gcreate2(handle.id, name, instar_h5_default(), properties.id, instar_h5_default())
        return HDF5Writer(
            filePath: filePath, path: path(of: name), handle: try open(Handle(id, { H5Gclose($0) }), name),
            hasChecksums: hasChecksums)
    }

    /// Writes a dataset of numbers: float32 for `.float`, float64 for `.double`, int64 for `.integer`.
    ///
    /// - Parameters:
    ///   - name: Its name in this group.
    ///   - tensor: Its values and shape.
    ///   - dimensions: One dimension of this group per axis, outermost first, written before by `writeDimension`;
    ///     or none.
    ///   - compression: The gzip level 1…9 to store it with; nil stores it plain.
    ///   - attributes: Its attributes, in order.
    /// - Throws: `io` if the library refuses; `notFound` for a dimension that was not written;
    ///   `mismatch` if a dimension has another extent than the axis.
    public func write(
        _ name: String, _ tensor: Tensor, dimensions: [String] = [], compression: Int? = nil,
        attributes: [(name: String, value: HDF5Attribute)] = []
    ) throws(HDF5Error) {
        HDF5Library.enter()
        defer { HDF5Library.leave() }
        let dataset: Handle
        switch tensor.elements {
        case .float(let values):
            dataset = try create(name, instar_h5_stored_float(), tensor.shape, compression, elementSize: 4)
            try fill(dataset, instar_h5_native_float(), values, name)
        case .double(let values):
            dataset = try create(name, instar_h5_stored_double(), tensor.shape, compression, elementSize: 8)
            try fill(dataset, instar_h5_native_double(), values, name)
        case .integer(let values):
            dataset = try create(name, instar_h5_stored_int64(), tensor.shape, compression, elementSize: 8)
            try fill(dataset, instar_h5_native_int64(), values, name)
        }
        try finish(dataset, name, tensor.shape, dimensions, attributes)
    }

    /// Writes a one-dimensional dataset of UTF-8 strings, each of its own size; one alone with a checksum.
    ///
    /// - Throws: As `write`.
    public func write(
        _ name: String, _ texts: [String], dimensions: [String] = [],
        attributes: [(name: String, value: HDF5Attribute)] = []
    ) throws(HDF5Error) {
        HDF5Library.enter()
        defer { HDF5Library.leave() }
        let dataset: Handle
        if texts.count == 1 {
            let padded = try HDF5Writer.paddedText(texts[0], filePath)
            dataset = try create(name, padded.type.id, [1], nil, elementSize: padded.bytes.count)
            try fill(dataset, padded.type.id, padded.bytes, name)
        } else {
            let type = try HDF5Writer.textType(size: instar_h5_variable_length(), filePath)
            dataset = try create(name, type.id, [texts.count], nil, elementSize: nil)
            let status = withCStrings(texts) { pointers in
                H5Dwrite(
                    dataset.id, type.id, instar_h5_default(), instar_h5_default(), instar_h5_default(), pointers)
            }
            guard texts.isEmpty || status >= 0 else { throw failure("cannot be written", name) }
        }
        try finish(dataset, name, [texts.count], dimensions, attributes)
    }

    private func finish(
        _ dataset: Handle, _ name: String, _ shape: Shape, _ dimensions: [String],
        _ attributes: [(name: String, value: HDF5Attribute)]
    ) throws(HDF5Error) {
        for attribute in attributes {
            try HDF5Writer.setAttribute(
                attribute.name, attribute.value, of: dataset, path: path(of: name), filePath: filePath)
        }
        if !dimensions.isEmpty { try attach(dimensions, to: dataset, name, shape) }
    }

    private func create(
        _ name: String, _ type: hid_t, _ shape: Shape, _ compression: Int?, elementSize: Int?
    ) throws(HDF5Error) -> Handle {
        let properties = try creationProperties(instar_h5_dataset_create(), name)
        guard setLayout(properties, shape, compression, elementSize: elementSize) else {
            throw failure(compression == nil ? "cannot be laid out" : "cannot be compressed", name)
        }
        let extents = shape.dimensions.map { hsize_t($0) }
        let spaceID = shape.rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(Int32(shape.rank), extents, nil)
        let space = try open(Handle(spaceID, { H5Sclose($0) }), name)
        let id = H5Dcreate2(
            handle.id, name, type, space.id, instar_h5_default(), properties.id, instar_h5_default())
        return try open(Handle(id, { H5Dclose($0) }), name)
    }

    /// Lays values out so that a byte that changes on the disk is found: few of them stand in the object's header, with its
    /// checksum, and many in chunks with one each.
    ///
    /// - Parameter elementSize: Bytes of a value; nil for texts, which lie elsewhere, and which no filter can be demanded for.
    private func setLayout(_ properties: Handle, _ shape: Shape, _ compression: Int?, elementSize: Int?) -> Bool {
        guard let elementSize, shape.elementCount > 0, compression == nil ? hasChecksums : shape.rank > 0 else {
            return true
        }
        if compression == nil, shape.elementCount * elementSize <= HDF5Writer.greatestHeaderByteCount {
            return H5Pset_layout(properties.id, H5D_COMPACT) >= 0
        }
        let chunk = HDF5Writer.chunk(of: shape, elementSize: elementSize).map { hsize_t($0) }
        guard H5Pset_chunk(properties.id, Int32(chunk.count), chunk) >= 0,
            // First, so that it is of the numbers and covers what follows.
            !hasChecksums || H5Pset_fletcher32(properties.id) >= 0
        else { return false }
        guard let compression else { return true }
        return H5Pset_shuffle(properties.id) >= 0 && H5Pset_deflate(properties.id, UInt32(compression)) >= 0
    }

    /// A message of a header holds less than 64 KiB.
    private static let greatestHeaderByteCount = 32 << 10

    /// Whole rows of the last axes, halved along the outermost axes until a chunk holds at most a megabyte.
    static func chunk(of shape: Shape, elementSize: Int) -> [Int] {
        var chunk = shape.dimensions
        for axis in chunk.indices {
            while chunk[axis] > 1, chunk.reduce(elementSize, *) > 1 << 20 { chunk[axis] = (chunk[axis] + 1) / 2 }
        }
        return chunk
    }

    private func fill<Element>(
        _ dataset: Handle, _ type: hid_t, _ values: [Element], _ name: String
    ) throws(HDF5Error) {
        guard !values.isEmpty else { return }
        let status = values.withUnsafeBytes { buffer in
            H5Dwrite(
                dataset.id, type, instar_h5_default(), instar_h5_default(), instar_h5_default(), buffer.baseAddress)
        }
        guard status >= 0 else { throw failure("cannot be written", name) }
    }

    private func creationProperties(
        _ propertyClass: hid_t, _ name: String, isGroup: Bool = false
    ) throws(HDF5Error) -> Handle {
        let properties = try open(Handle(H5Pcreate(propertyClass), { H5Pclose($0) }), name)
        guard H5Pset_obj_track_times(properties.id, false) >= 0,
            !hasChecksums || HDF5Writer.setChecksums(properties, isGroup: isGroup)
        else { throw failure("cannot be laid out", name) }
        return properties
    }

    /// Gives an object a header with a checksum: orders of creation, as netCDF-4 keeps them, are stored in
    /// headers of version 2 only (HDF5 File Format Specification, IV.A.1.b), and a group's links then in its header.
    static func setChecksums(_ properties: Handle, isGroup: Bool) -> Bool {
        let order = UInt32(H5P_CRT_ORDER_TRACKED)
        return H5Pset_attr_creation_order(properties.id, order) >= 0
            && (!isGroup || H5Pset_link_creation_order(properties.id, order) >= 0)
    }

    func open(_ handle: Handle?, _ name: String) throws(HDF5Error) -> Handle {
        guard let handle else { throw failure("cannot be created", name) }
        return handle
    }

    func failure(_ what: String, _ name: String) -> HDF5Error {
        HDF5Error(.io, "\(what) (\(HDF5Library.lastMessage()))", path: filePath, object: path(of: name))
    }

    func path(of name: String) -> String { path == "/" ? "/\(name)" : "\(path)/\(name)" }
}

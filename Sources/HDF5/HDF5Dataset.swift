import CHDF5
import Foundation
public import Tensors

/// A dataset of an HDF5 file opened for reading.
public struct HDF5Dataset: Sendable {
    /// What a dataset's elements are.
    public enum Content: Sendable, Equatable {
        /// Numbers, which `read` gives.
        case numbers(ElementType)
        /// Text, which `readTexts` gives.
        case texts
        /// Numbers in a form that is refused: why, and what to do.
        case refused(String)
        /// Neither: records, references, nothing at all. What it is.
        case notNumeric(String)
    }

    /// The file.
    public let file: HDF5File
    /// The path from the root.
    public let path: String
    /// The extents; a scalar has none.
    public let shape: Shape
    /// What the elements are.
    public let content: Content
    let handle: Handle
    private let type: Handle
    private let storedNumber: StoredNumber?

    /// Opens a dataset by its absolute path; its values are not read.
    init(opening path: String, of file: HDF5File) throws(HDF5Error) {
        HDF5Library.enter()
        defer { HDF5Library.leave() }
        let object = try OpenObject(path, of: file)
        guard object.type == H5O_TYPE_DATASET else {
            throw HDF5Error(.mismatch, "expected a dataset, found a group or type", path: file.path, object: path)
        }
        guard let space = Handle(H5Dget_space(object.handle.id), { H5Sclose($0) }),
            let type = Handle(H5Dget_type(object.handle.id), { H5Tclose($0) })
        else {
            throw HDF5Error(
                HDF5Library.failureKind, "is damaged \(HDF5Library.damage())", path: file.path, object: path)
        }
        self.file = file
        self.path = path
        self.type = type
        handle = object.handle
        guard H5Sget_simple_extent_type(space.id) != H5S_NULL else {
            shape = [0]
            content = .notNumeric("an empty dataset without a shape")
            storedNumber = nil
            return
        }
        var extents = [hsize_t](repeating: 0, count: max(0, Int(H5Sget_simple_extent_ndims(space.id))))
        H5Sget_simple_extent_dims(space.id, &extents, nil)
        shape = try HDF5Dataset.shape(extents, path: path, file: file)

        // An absent mark and one of another type both say nothing about the element type.
        let mark: String? =
            if case .text(let text) = try? HDF5Attribute.read("dtype", of: handle, at: path, in: file) { text } else {
                nil
            }
        switch StoredType(type, mark: mark) {
        case .number(let number):
            content = .numbers(number.elementType)
            storedNumber = number
        case .text: (content, storedNumber) = (.texts, nil)
        case .other(let reason): (content, storedNumber) = (.refused(reason), nil)
        case .notNumeric(let what): (content, storedNumber) = (.notNumeric(what), nil)
        }
    }

    private static func shape(_ extents: [hsize_t], path: String, file: HDF5File) throws(HDF5Error) -> Shape {
        var count = 1
        for extent in extents {
            let (product, overflows) = count.multipliedReportingOverflow(by: max(1, Int(clamping: extent)))
            guard !overflows, extent <= Int.max else {
                throw HDF5Error(
                    .malformed, "declares more elements than memory can address: \(extents); save the file again",
                    path: file.path,
                    object: path)
            }
            count = product
        }
        return Shape(extents.map { Int($0) })
    }

    /// The attribute called `name`; nil where there is none.
    ///
    /// - Throws: `unsupported` for types other than integers, floats and strings; `malformed` if it is damaged.
    public func attribute(_ name: String) throws(HDF5Error) -> HDF5Attribute? {
        try HDF5Attribute.read(name, of: handle, at: path, in: file)
    }

    /// All values.
    ///
    /// - Throws: `unsupported` for types, layouts and filters that are refused; `mismatch` if the dataset does not
    ///   hold numbers; `malformed` if fewer values are stored than declared, or they cannot be decoded.
    public func read() throws(HDF5Error) -> Tensor { try read(rows: nil) }

    /// The values of some rows of the first axis; the shape's first extent is their number.
    ///
    /// - Parameter rows: A range within the first axis; the dataset must not be a scalar.
    /// - Throws: As `read()`.
    public func read(rows: Range<Int>) throws(HDF5Error) -> Tensor {
        precondition(shape.rank > 0 && rows.lowerBound >= 0 && rows.upperBound <= shape.dimensions[0])
        return try read(rows: .some(rows))
    }

    private func read(rows: Range<Int>?) throws(HDF5Error) -> Tensor {
        let (number, selected) = try checkedSelection(rows)
        let bytes = UnsafeMutableRawBufferPointer.allocate(
            byteCount: selected.elementCount * number.size, alignment: MemoryLayout<UInt64>.alignment)
        defer { bytes.deallocate() }
        // Zeroed first: a transfer that fails midway must leave no unset memory behind.
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
        try transfer(rows, selected, to: bytes)
        return try tensor(number, selected, UnsafeRawBufferPointer(bytes))
    }

    /// Reads all values, or some rows of the first axis, into memory that `reserve` gives for the number of bytes it is
    /// told, in the form in which they are stored.
    ///
    /// - Returns: The form, and the extents of what was read.
    /// - Throws: As `read()`, and what `reserve` throws.
    public func readStored(
        rows: Range<Int>? = nil, into reserve: (Int) throws(HDF5Error) -> UnsafeMutableRawBufferPointer
    ) throws(HDF5Error) -> (number: StoredNumber, shape: Shape) {
        let (number, selected) = try checkedSelection(rows)
        try transfer(rows, selected, to: try reserve(selected.elementCount * number.size))
        return (number, selected)
    }

    /// The form of the elements and the extents of what is to be read, once the storage was found to hold it.
    private func checkedSelection(_ rows: Range<Int>?) throws(HDF5Error) -> (StoredNumber, Shape) {
        HDF5Library.enter()
        defer { HDF5Library.leave() }
        let number = try checkedNumber()
        try StorageCheck(self, elementSize: number.size).check()
        return (number, rows.map { Shape([$0.count] + shape.dimensions.dropFirst()) } ?? shape)
    }

    private func transfer(
        _ rows: Range<Int>?, _ selected: Shape, to bytes: UnsafeMutableRawBufferPointer
    ) throws(HDF5Error) {
        HDF5Library.enter()
        defer { HDF5Library.leave() }
        guard let buffer = bytes.baseAddress, selected.elementCount > 0 else { return }
        var status: herr_t = -1
        if let rows {
            let start = [hsize_t(rows.lowerBound)] + [hsize_t](repeating: 0, count: shape.rank - 1)
            let extents = selected.dimensions.map { hsize_t($0) }
            if let fileSpace = Handle(H5Dget_space(handle.id), { H5Sclose($0) }),
                H5Sselect_hyperslab(fileSpace.id, H5S_SELECT_SET, start, nil, extents, nil) >= 0,
                let memorySpace = Handle(H5Screate_simple(Int32(shape.rank), extents, nil), { H5Sclose($0) })
            {
                status = H5Dread(handle.id, type.id, memorySpace.id, fileSpace.id, instar_h5_default(), buffer)
            }
        } else {
            status = H5Dread(
                handle.id, type.id, instar_h5_default(), instar_h5_default(), instar_h5_default(), buffer)
        }
        guard status >= 0 else {
            throw HDF5Error(
                HDF5Library.failureKind, "its values cannot be read: damaged or cut short \(HDF5Library.damage())",
                path: file.path, object: path)
        }
    }

    private func tensor(
        _ number: StoredNumber, _ shape: Shape, _ bytes: UnsafeRawBufferPointer
    ) throws(HDF5Error) -> Tensor {
        guard let elements = number.elements(of: bytes) else {
            throw HDF5Error(.unsupported, StoredNumber.beyondInt64, path: file.path, object: path)
        }
        return Tensor(shape: shape, elementType: number.elementType, elements: elements)
    }

    /// The strings of a dataset of text, in row-major order.
    ///
    /// - Throws: `mismatch` if it is not text; `malformed` if it cannot be read or is not UTF-8.
    public func readTexts() throws(HDF5Error) -> [String] {
        HDF5Library.enter()
        defer { HDF5Library.leave() }
        guard content == .texts else {
            throw HDF5Error(.mismatch, "expected text, found \(contentDescription)", path: file.path, object: path)
        }
        // A string of its own length is stored as length (4 bytes), heap address (8) and index (4): HDF5 File Format
        // Specification 3.0, III.E, the global heap identifier.
        let elementSize = H5Tis_variable_str(type.id) > 0 ? 16 : H5Tget_size(type.id)
        try StorageCheck(self, elementSize: elementSize).check()
        return try StoredStrings(type: type).read(count: shape.elementCount, file: file, object: path) {
            H5Dread(handle.id, $0, instar_h5_default(), instar_h5_default(), instar_h5_default(), $1)
        }
    }

    private var contentDescription: String {
        switch content {
        case .numbers(let type): type.rawValue
        case .texts: "text"
        case .refused(let reason): "a type that \(reason)"
        case .notNumeric(let what): what
        }
    }

    private func checkedNumber() throws(HDF5Error) -> StoredNumber {
        if case .refused(let reason) = content {
            throw HDF5Error(.unsupported, reason, path: file.path, object: path)
        }
        guard let storedNumber else {
            throw HDF5Error(
                .mismatch, "expected numbers, found \(contentDescription); leave it out of the file", path: file.path,
                object: path)
        }
        return storedNumber
    }
}

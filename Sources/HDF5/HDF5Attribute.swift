import CHDF5
import Foundation
import Tensors

/// A small value attached to a group or dataset.
public enum HDF5Attribute: Sendable, Equatable {
    case integer(Int)
    case number(Double)
    case text(String)
    case texts([String])

    /// Reads an attribute, of one element or a list of strings; nil where there is none of that name.
    static func read(
        _ name: String, of owner: Handle, at objectPath: String, in file: HDF5File
    ) throws(HDF5Error) -> HDF5Attribute? {
        HDF5Library.enter()
        defer { HDF5Library.leave() }
        let object = "\(objectPath)@\(name)"
        let exists = H5Aexists(owner.id, name)
        guard exists != 0 else { return nil }
        guard exists > 0,
            let attribute = Handle(H5Aopen(owner.id, name, instar_h5_default()), { H5Aclose($0) }),
            let space = Handle(H5Aget_space(attribute.id), { H5Sclose($0) }),
            let type = Handle(H5Aget_type(attribute.id), { H5Tclose($0) })
        else {
            let isNewer = HDF5Library.messages().contains { $0.contains("bad version number") }
            throw HDF5Error(
                HDF5Library.failureKind,
                "is damaged \(HDF5Library.damage())\(isNewer ? ", or it \(HDF5File.newerFormat)" : "")",
                path: file.path, object: object)
        }
        let count = H5Sget_simple_extent_npoints(space.id)
        let isList = H5Sget_simple_extent_ndims(space.id) > 0
        // Attributes lie in an object's header or, dense, in a heap: a megabyte is already far beyond both.
        guard count >= 0, Double(count) * Double(H5Tget_size(type.id)) <= 1_048_576.0 else {
            throw HDF5Error(
                .unsupported, "is larger than a megabyte, the most that is read of an attribute; store it as a dataset",
                path: file.path, object: object)
        }
        if H5Tget_class(type.id) == H5T_STRING {
            let texts = try StoredStrings(type: type).read(count: Int(count), file: file, object: object) {
                H5Aread(attribute.id, $0, $1)
            }
            if isList { return .texts(texts) }
            return texts.first.map(HDF5Attribute.text)
        }
        guard count == 1, case .number(let stored) = StoredType(type) else {
            throw HDF5Error(
                .unsupported,
                "expected one integer, one float or strings, found \(count == 1 ? "another type" : "\(count) values")",
                path: file.path, object: object)
        }
        var bytes = [UInt8](repeating: 0, count: stored.size)
        guard bytes.withUnsafeMutableBytes({ $0.baseAddress.map { H5Aread(attribute.id, type.id, $0) } ?? -1 }) >= 0
        else {
            throw HDF5Error(
                HDF5Library.failureKind, "its value cannot be read \(HDF5Library.damage())", path: file.path,
                object: object)
        }
        switch bytes.withUnsafeBytes({ stored.elements(of: $0) }) {
        case .integer(let values)?: return .integer(Int(values[0]))
        case .float(let values)?: return .number(Double(values[0]))
        case .double(let values)?: return .number(values[0])
        case nil: throw HDF5Error(.unsupported, StoredNumber.beyondInt64, path: file.path, object: object)
        }
    }
}

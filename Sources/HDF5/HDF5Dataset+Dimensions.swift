import CHDF5
import Foundation
import Tensors

extension HDF5Dataset {
    /// The absolute path of the first dimension scale of each axis; nil for an axis without one.
    ///
    /// netCDF-4 names an axis by its scale: the last part of the path is the dimension's name, and the dataset there
    /// holds its coordinates, if it has any (HDF5 Dimension Scale specification 1.0, §3).
    ///
    /// - Throws: `malformed` if the references to the scales are damaged.
    public func dimensionScales() throws(HDF5Error) -> [String?] {
        HDF5Library.enter()
        defer { HDF5Library.leave() }
        guard try hasDimensionList() else { return shape.dimensions.map { _ in nil } }
        var paths: [String?] = []
        for axis in shape.dimensions.indices {
            var path: String?
            let status = withUnsafeMutablePointer(to: &path) { path in
                H5DSiterate_scales(
                    handle.id, UInt32(axis), nil,
                    { _, _, scale, context in
                        let length = H5Iget_name(scale, nil, 0)
                        guard length > 0 else { return -1 }
                        var name = [CChar](repeating: 0, count: length + 1)
                        H5Iget_name(scale, &name, name.count)
                        context?.assumingMemoryBound(to: String?.self).pointee = name.withUnsafeBufferPointer { name in
                            name.baseAddress.map { String(cString: $0) }
                        }
                        return 1
                    }, path)
            }
            guard status >= 0 else {
                throw HDF5Error(
                    HDF5Library.failureKind, "refers to a dimension that cannot be found \(HDF5Library.damage())",
                    path: file.path, object: self.path)
            }
            paths.append(path)
        }
        return paths
    }

    /// Whether there is a `DIMENSION_LIST`, which libhdf5 reads without looking at its type and extent.
    private func hasDimensionList() throws(HDF5Error) -> Bool {
        guard shape.rank > 0 else { return false }
        let exists = H5Aexists(handle.id, "DIMENSION_LIST")
        guard exists != 0 else { return false }
        guard exists > 0,
            let attribute = Handle(H5Aopen(handle.id, "DIMENSION_LIST", instar_h5_default()), { H5Aclose($0) }),
            let space = Handle(H5Aget_space(attribute.id), { H5Sclose($0) }),
            let type = Handle(H5Aget_type(attribute.id), { H5Tclose($0) }),
            H5Tget_class(type.id) == H5T_VLEN, let element = Handle(H5Tget_super(type.id), { H5Tclose($0) }),
            H5Tequal(element.id, instar_h5_object_reference()) > 0,
            H5Sget_simple_extent_npoints(space.id) == shape.rank
        else {
            throw HDF5Error(
                .malformed, "its DIMENSION_LIST does not hold one list of references per axis; save the file again",
                path: file.path,
                object: path)
        }
        return true
    }
}

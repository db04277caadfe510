import CHDF5
import Foundation
public import Tensors

/// Dimension scales in the form that netCDF-4 readers expect (HDF5 Dimension Scale specification, NetCDF-4 file
/// format): the scale's `CLASS` and `NAME`, and a `DIMENSION_LIST` of references on each variable.
extension HDF5Writer {
    /// Writes a dimension with coordinates: a one-dimensional dataset that variables of this group refer to by name.
    ///
    /// - Throws: As `write`.
    public func writeDimension(
        _ name: String, _ coordinates: Tensor, attributes: [(name: String, value: HDF5Attribute)] = []
    ) throws(HDF5Error) {
        precondition(coordinates.shape.rank == 1, "coordinates have one axis")
        try write(name, coordinates, attributes: attributes)
        try makeScale(name, netCDFName: name)
    }

    /// Writes a dimension whose coordinates are strings.
    ///
    /// - Throws: As `write`.
    public func writeDimension(_ name: String, _ coordinates: [String]) throws(HDF5Error) {
        try write(name, coordinates)
        try makeScale(name, netCDFName: name)
    }

    /// Writes a dimension without coordinates, of `count` entries.
    ///
    /// - Throws: As `write`.
    public func writeDimension(_ name: String, count: Int) throws(HDF5Error) {
        try write(name, Tensor([Float](repeating: 0, count: count), shape: [count]))
        let width = String(count)
        let padded = String(repeating: " ", count: max(0, 10 - width.count)) + width
        try makeScale(name, netCDFName: "This is a netCDF dimension but not a netCDF variable. \(padded)")
    }

    private func makeScale(_ name: String, netCDFName: String) throws(HDF5Error) {
        HDF5Library.enter()
        defer { HDF5Library.leave() }
        let scale = try open(Handle(H5Dopen2(handle.id, name, instar_h5_default()), { H5Dclose($0) }), name)
        guard H5DSset_scale(scale.id, netCDFName) >= 0 else { throw failure("cannot become a dimension", name) }
    }

    /// Refers each axis of a dataset to its dimension. The library must be entered.
    func attach(_ dimensions: [String], to dataset: Handle, _ name: String, _ shape: Shape) throws(HDF5Error) {
        precondition(dimensions.count == shape.rank, "one dimension per axis")
        for (axis, dimension) in dimensions.enumerated() {
            guard H5Lexists(handle.id, dimension, instar_h5_default()) > 0,
                let scale = Handle(H5Dopen2(handle.id, dimension, instar_h5_default()), { H5Dclose($0) }),
                H5DSis_scale(scale.id) > 0, let space = Handle(H5Dget_space(scale.id), { H5Sclose($0) })
            else {
                throw HDF5Error(
                    .notFound, "dimension \(dimension) was not written before it", path: filePath,
                    object: path(of: name))
            }
            let extent = H5Sget_simple_extent_npoints(space.id)
            guard extent == shape.dimensions[axis] else {
                throw HDF5Error(
                    .mismatch, "axis \(axis) has \(shape.dimensions[axis]) entries, dimension \(dimension) \(extent)",
                    path: filePath, object: path(of: name))
            }
            guard H5DSattach_scale(dataset.id, scale.id, UInt32(axis)) >= 0 else {
                throw failure("cannot refer to dimension \(dimension)", name)
            }
        }
    }
}

import Foundation
import HDF5
import Tensors

/// Numbers whose axes have names, as netCDF variables have; a number that stands for all is one without axes.
struct LabelledArray: Equatable {
    /// An axis of stored sampling results.
    enum Axis: String {
        case checkpoint, chain, draw

        /// The axis that a dimension's name means; nil for another.
        init?(named name: String) {
            switch name.lowercased() {
            case "checkpoint", "checkpoints", "step", "steps", "training_step", "epoch", "epochs": self = .checkpoint
            case "chain", "chains": self = .chain
            case "draw", "draws": self = .draw
            default: return nil
            }
        }
    }

    /// Where the numbers stand, for messages.
    let place: String
    /// The axes, outermost first.
    let axes: [Axis]
    /// Their extents.
    let extents: [Int]
    /// The numbers in row-major order.
    let values: [Double]
    /// The path of the dimension scale of each axis; nil where the file names none.
    let scales: [String?]

    /// A number without axes.
    init(place: String, number: Double) {
        (self.place, axes, extents, values, scales) = (place, [], [], [number], [])
    }

    /// Reads a dataset. Axes of one entry that mean nothing here are left out.
    ///
    /// - Parameter positions: What the axes mean where the file names no dimensions.
    /// - Throws: `mismatch` for axes that are not known, or are named twice; what reading throws.
    init(_ dataset: HDF5Dataset, positions: [Axis]) throws(RunError) {
        let shape = dataset.shape.dimensions
        let allScales = try readingHDF5 { () throws(HDF5Error) in try dataset.dimensionScales() }
        let isPositional = allScales.allSatisfy { $0 == nil } && positions.count == shape.count
        var axes: [Axis] = []
        var extents: [Int] = []
        var scales: [String?] = []
        for (index, extent) in shape.enumerated() {
            let name = allScales[index]?.split(separator: "/").last.map(String.init)
            let axis = name.flatMap { Axis(named: $0) } ?? (isPositional ? positions[index] : nil)
            if let axis, !axes.contains(axis) {
                axes.append(axis)
                extents.append(extent)
                scales.append(allScales[index])
            } else if axis != nil || extent != 1 {
                let found = allScales.enumerated().map {
                    $1?.split(separator: "/").last.map(String.init) ?? "axis \($0)"
                }
                throw RunError(
                    .mismatch,
                    "expected the dimensions \(positions.map(\.rawValue).list), found \(found.list) of shape \(shape); "
                        + "store one number for each of them", path: dataset.file.path, object: dataset.path)
            }
        }
        place = dataset.path
        self.axes = axes
        self.extents = extents
        self.scales = scales
        values = try readingHDF5 { () throws(HDF5Error) in try dataset.read().values() }
    }

    /// The extent of an axis; nil without it.
    func extent(_ axis: Axis) -> Int? { axes.firstIndex(of: axis).map { extents[$0] } }

    /// How far apart neighbours along an axis lie; 0 without it, so that one number stands for all.
    func stride(_ axis: Axis) -> Int {
        axes.firstIndex(of: axis).map { extents[($0 + 1)...].reduce(1, *) } ?? 0
    }

    /// The one number that all values are; nil if they differ or there are none.
    var uniform: Double? {
        guard let first = values.first, values.allSatisfy({ $0 == first }) else { return nil }
        return first
    }
}

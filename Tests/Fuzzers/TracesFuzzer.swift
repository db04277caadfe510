import Foundation
import HDF5
import Runs
import Tensors

/// Writes an HDF5 file whose names, shapes and numbers the bytes choose, and reads it as stored traces and as a series.
///
/// Bytes of HDF5 itself are the business of `Scripts/fuzz/hdf5`; here the file is sound and what it says is not.
func fuzzTraces(_ bytes: [UInt8]) {
    let path = FileManager.default.temporaryDirectory.appending(path: "fuzzed-\(getpid()).h5").path()
    var choices = FuzzedChoices(bytes)
    guard (try? HDF5File.writeAtomically(to: path, { root throws(HDF5Error) in try write(&choices, to: root) })) != nil
    else { return }
    _ = StoredTraces.isTraceFile(path)
    _ = try? StoredTraces(at: path)
    _ = try? SeriesFile(at: path)
}

private let names = [
    "loss", "steps", "init_loss", "nBeta", "n_beta", "burn_in", "step_size", "localization", "step", "epoch", "llc",
    "llc_error", "source", "checkpoint", "chain", "draw", "inference_library",
]
private let groups = ["posterior", "sample_stats", "warmup_posterior", "constant_data", "observed_data", "instar"]
private let numbers: [Double] = [
    0, 1, 2, 3, 0.5, -1, .nan, .infinity, -.infinity, 1e300, -1e300, 1e14, 1e15, 9.3e18, 1e-300, 100,
]
private let integers: [Int64] = [0, 1, 2, 3, -1, .max, .min, 1 << 53, 100, 7]

private func write(_ choices: inout FuzzedChoices, to root: HDF5Writer) throws(HDF5Error) {
    var group = root
    var count = 0
    while !choices.isEmpty, count < 24 {
        count += 1
        let name = choices.choice(names)
        // A name that is taken is an error of the writer and not of the reader.
        switch choices.choice(6) {
        case 0: group = (try? root.createGroup(choices.choice(groups))) ?? group
        case 1: try? group.setAttribute(name, attribute(&choices))
        case 2: try? group.writeDimension(name, coordinates(&choices))
        case 3: try? group.writeDimension(name, count: choices.choice(5))
        default:
            let tensor = tensor(&choices)
            let dimensions = (0..<tensor.shape.rank).map { _ in choices.choice(names) }
            if choices.choice(2) == 0 {
                try? group.write(name, tensor)
            } else {
                try? group.write(name, tensor, dimensions: dimensions)
            }
        }
    }
}

private func attribute(_ choices: inout FuzzedChoices) -> HDF5Attribute {
    switch choices.choice(4) {
    case 0: .integer(Int(choices.choice(integers)))
    case 1: .number(choices.choice(numbers))
    case 2: .text(choices.choice(["", "1", "nan", "devinterp", "\u{0}", "é"]))
    default: .texts((0..<choices.choice(3)).map { "\($0)" })
    }
}

private func coordinates(_ choices: inout FuzzedChoices) -> Tensor {
    tensor(&choices, rank: 1)
}

private func tensor(_ choices: inout FuzzedChoices, rank: Int? = nil) -> Tensor {
    let extents = (0..<(rank ?? choices.choice(5))).map { _ in choices.choice(4) }
    let count = extents.reduce(1, *)
    if choices.choice(2) == 0 {
        return Tensor((0..<count).map { _ in choices.choice(integers) }, shape: Shape(extents))
    }
    return Tensor((0..<count).map { _ in choices.choice(numbers) }, shape: Shape(extents))
}

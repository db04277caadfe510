import Development
import Foundation
import HDF5
import Runs
import Sampling
import Tensors

/// The digest a unit of work is reused by: equal only for equal weights, inputs, settings and place.
func unitKey(weights: String, inputs: StoredSettings, unit: String) -> String {
    var digest = Digest()
    digest.update("instar unit 1")
    digest.update(unit)
    digest.update(weights)
    for entry in inputs.inputs + (inputs.sampling?.fixedEntries ?? []) {
        digest.update(entry.name)
        digest.update(entry.value)
    }
    return digest.hex
}

/// Reads a unit; where its file is damaged, says that it may be removed.
func readingUnit<Value>(_ path: String, _ body: () throws(HDF5Error) -> Value) throws(Failure) -> Value {
    do {
        return try body()
    } catch {
        throw Failure(
            error.kind == .io ? .io : .malformed,
            "\(path): this stored result is damaged (\(error.reason)). Remove it and run again: it is then measured anew"
        )
    }
}

/// A finished unit as it was read back.
struct StoredUnit<Value: Sendable>: Sendable {
    var key: String
    /// The processor and BLAS kernel it was computed with.
    var processor: String
    var value: Value
}

extension Survey {
    /// Writes the survey as one file.
    func write(to path: String, key: String, processor: String) throws(HDF5Error) {
        try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in
            try root.setAttribute("key", .text(key))
            try root.setAttribute("processor", .text(processor))
            try root.setAttribute("step", .integer(step))
            try root.setAttribute("weights_digest", .text(weightsDigest))
            if let loss { try root.setAttribute("loss", .number(loss)) }
            if let gradientNorm { try root.setAttribute("gradient_norm", .number(gradientNorm)) }
            try root.write("subset_losses", Tensor(subsetLosses, shape: [subsetLosses.count]))
            try root.write("tensor_norms", Tensor(tensorNorms, shape: [tensorNorms.count]))
            try root.write("tensor_movements", Tensor(tensorMovements, shape: [tensorMovements.count]))
            try root.write("outputs", Tensor(outputs, shape: [outputs.count]))
            try root.write("weights", Tensor(weights, shape: [weights.count]))
        }
    }

    /// Reads a survey back; nil where there is no file.
    static func read(_ path: String) throws(HDF5Error) -> StoredUnit<Survey>? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let root = try HDF5File(reading: path).root()
        return StoredUnit(
            key: try root.requiredText("key"), processor: try root.requiredText("processor"),
            value: Survey(
                step: try root.requiredInteger("step"), weightsDigest: try root.requiredText("weights_digest"),
                loss: try root.number("loss"), subsetLosses: try root.doubles("subset_losses"),
                gradientNorm: try root.number("gradient_norm"), tensorNorms: try root.doubles("tensor_norms"),
                tensorMovements: try root.doubles("tensor_movements"),
                outputs: try root.dataset("outputs").read().values(),
                weights: try root.dataset("weights").read().values()))
    }
}

extension Chain {
    /// Writes the chain with its last state as one file.
    func write(to path: String, step: Int, key: String, processor: String) throws(HDF5Error) {
        try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in
            try root.setAttribute("key", .text(key))
            try root.setAttribute("processor", .text(processor))
            try root.setAttribute("step", .integer(step))
            try root.setAttribute("chain", .integer(trace.chain))
            if case .diverged(let draw) = trace.outcome { try root.setAttribute("diverged_at_draw", .integer(draw)) }
            let shape: Shape = [trace.drawCount]
            try root.write("losses", Tensor(trace.losses, shape: shape))
            try root.write("loss_differences", Tensor(trace.lossDifferences, shape: shape))
            try root.write("drift_products", Tensor(trace.driftProducts, shape: shape))
            try root.write("squared_drifts", Tensor(trace.squaredDrifts, shape: shape))
            try root.write("squared_distances", Tensor(trace.squaredDistances, shape: shape))
            if let floats = position as? [Float] {
                try root.write("position", Tensor(floats, shape: [floats.count]))
            } else {
                try root.write("position", Tensor(position.map { Double($0) }, shape: [position.count]))
            }
        }
    }

    /// Reads a chain back; nil where there is no file.
    static func read(_ path: String) throws(HDF5Error) -> StoredUnit<Chain>? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let root = try HDF5File(reading: path).root()
        var trace = ChainTrace(chain: try root.requiredInteger("chain"))
        trace.losses = try root.doubles("losses")
        trace.lossDifferences = try root.doubles("loss_differences")
        trace.driftProducts = try root.doubles("drift_products")
        trace.squaredDrifts = try root.doubles("squared_drifts")
        trace.squaredDistances = try root.doubles("squared_distances")
        if case .integer(let draw)? = try root.attribute("diverged_at_draw") { trace.outcome = .diverged(atDraw: draw) }
        return StoredUnit(
            key: try root.requiredText("key"), processor: try root.requiredText("processor"),
            value: Chain(trace: trace, position: try root.dataset("position").read().values()))
    }
}

extension ChainTrace {
    /// The first `count` draws, as a shorter run would have recorded them.
    func prefix(_ count: Int) -> ChainTrace {
        var shorter = self
        shorter.losses = Array(losses.prefix(count))
        shorter.lossDifferences = Array(lossDifferences.prefix(count))
        shorter.driftProducts = Array(driftProducts.prefix(count))
        shorter.squaredDrifts = Array(squaredDrifts.prefix(count))
        shorter.squaredDistances = Array(squaredDistances.prefix(count))
        if case .diverged(let draw) = outcome, draw >= count { shorter.outcome = .completed }
        return shorter
    }
}

extension HDF5Group {
    /// A text attribute that must be there.
    func requiredText(_ name: String) throws(HDF5Error) -> String {
        guard case .text(let text)? = try attribute(name) else { throw missing(name, "a text") }
        return text
    }

    /// An integer attribute that must be there.
    func requiredInteger(_ name: String) throws(HDF5Error) -> Int {
        guard case .integer(let value)? = try attribute(name) else { throw missing(name, "an integer") }
        return value
    }

    /// A number attribute, nil where there is none.
    func number(_ name: String) throws(HDF5Error) -> Double? {
        guard case .number(let value)? = try attribute(name) else { return nil }
        return value
    }

    /// A dataset of numbers in Double.
    func doubles(_ name: String) throws(HDF5Error) -> [Double] { try dataset(name).read().values() }

    private func missing(_ name: String, _ expected: String) -> HDF5Error {
        HDF5Error(
            .malformed, "expected \(expected) as attribute '\(name)', found none: this is no result of Instar's",
            path: file.path, object: path)
    }
}

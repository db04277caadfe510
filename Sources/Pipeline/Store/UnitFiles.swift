import Development
import Foundation
import HDF5
import Runs
import Sampling
import Tensors

/// The digest a unit of work is reused by: equal only for equal weights, inputs, settings and place.
func unitKey(weights: String, inputs: StoredSettings, unit: String) -> String {
    var digest = Digest()
    digest.update("instar unit 2")
    digest.update(unit)
    digest.update(weights)
    for entry in inputs.inputs + (inputs.sampling?.fixedEntries ?? []) {
        digest.update(entry.name)
        digest.update(entry.value)
    }
    return digest.hex
}

/// Reads a unit; where its file is damaged, and not only out of reach, says that it may be removed.
func readingUnit<Value>(_ path: String, _ body: () throws(HDF5Error) -> Value) throws(Failure) -> Value {
    do {
        return try body()
    } catch {
        guard error.kind != .io else { throw Failure(wrapping: error) }
        throw Failure(
            .malformed,
            "\(path): this stored result is damaged (\(error.objectAndReason)). Remove it and run again: it is then "
                + "measured anew")
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
    /// The arrays in which a missing number is NaN, by their names in the file.
    private static var optionalNumbers: [(name: String, path: WritableKeyPath<Survey, [Double?]>)] {
        [
            ("tensor_turns", \.tensorTurns), ("tensor_effective_ranks", \.tensorEffectiveRanks),
            ("tensor_stable_ranks", \.tensorStableRanks),
        ]
    }

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
            for (name, path) in Self.optionalNumbers {
                let values = self[keyPath: path].map { $0 ?? .nan }
                try root.write(name, Tensor(values, shape: [values.count]))
            }
            try root.write("outputs", Tensor(outputs, shape: [outputs.count]))
            try root.write("weights", Tensor(weights, shape: [weights.count]))
        }
    }

    /// The long vectors of a survey, by their names in the file.
    enum Vector: String {
        case outputs, weights
    }

    /// Reads one of the long vectors back, of a space of so many dimensions.
    static func read(_ vector: Vector, from path: String, dimension: Int) throws -> [Float] {
        guard FileManager.default.fileExists(atPath: path) else {
            throw Failure(.notFound, "\(path): expected a stored result, found no such file. Measure the run again")
        }
        return try readingUnit(path) { () throws(HDF5Error) in
            let values: [Float] = try HDF5File(reading: path).root().dataset(vector.rawValue).read().values()
            guard values.count == Projection.storedCount(dimension: dimension) else {
                throw HDF5Error(
                    .malformed,
                    "expected \(Projection.storedCount(dimension: dimension)) values, found \(values.count)",
                    path: path,
                    object: vector.rawValue)
            }
            return values
        }
    }

    /// Reads a survey of so many tensors and subsets back, without its long vectors; nil where there is no file, or where it
    /// has another key than the expected one.
    static func read(
        _ path: String, expecting key: String? = nil, tensorCount: Int, subsetCount: Int
    ) throws(HDF5Error) -> StoredUnit<Survey>? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let root = try HDF5File(reading: path).root()
        let storedKey = try root.requiredText("key")
        guard key == nil || key == storedKey else { return nil }
        var survey = Survey(
            step: try root.requiredInteger("step"), weightsDigest: try root.requiredText("weights_digest"),
            loss: try root.number("loss"), subsetLosses: try root.doubles("subset_losses", count: subsetCount),
            gradientNorm: try root.number("gradient_norm"),
            tensorNorms: try root.doubles("tensor_norms", count: tensorCount),
            tensorMovements: try root.doubles("tensor_movements", count: tensorCount), tensorTurns: [],
            tensorEffectiveRanks: [], tensorStableRanks: [], outputs: [], weights: [])
        for (name, path) in optionalNumbers {
            survey[keyPath: path] = try root.doubles(name, count: tensorCount).map(\.finite)
        }
        return StoredUnit(key: storedKey, processor: try root.requiredText("processor"), value: survey)
    }
}

extension Survey {
    /// The digest of the weights that a stored survey was taken of.
    static func weightsDigest(at path: String) throws(HDF5Error) -> String {
        try HDF5File(reading: path).root().requiredText("weights_digest")
    }

    /// Names the weights of a whole series.
    static func seriesDigest(_ weightsDigests: [String]) -> String {
        var series = Digest()
        for digest in weightsDigests { series.update(digest) }
        return series.hex
    }
}

extension ChainTrace {
    /// The arrays of a trace in the order of the file. They are one dataset, with their lengths in an attribute: opening a
    /// dataset takes longer than reading a short one.
    fileprivate static var arrays: [WritableKeyPath<ChainTrace, [Double]>] {
        [
            \.losses, \.lossDifferences, \.driftProducts, \.squaredDrifts, \.squaredDistances, \.acceptances,
            \.fullLossDifferences,
        ]
    }

    /// The lengths of the arrays; the first is the number of draws, burn-in included.
    static func lengths(in root: HDF5Group) throws(HDF5Error) -> [Int] {
        let text = try root.requiredText("lengths")
        let lengths = text.split(separator: " ").compactMap { Int($0) }
        // The first five are of every draw, those after the second where the sampler has them; the others are sparse.
        guard lengths.count == arrays.count, lengths.allSatisfy({ (0...Int(Int32.max)).contains($0) }),
            lengths[1] == lengths[0], lengths[2..<5].allSatisfy({ $0 == 0 || $0 == lengths[0] }),
            lengths[5...].allSatisfy({ $0 <= lengths[0] })
        else {
            throw HDF5Error(
                .malformed, "expected the lengths of \(arrays.count) arrays, found '\(text.prefix(100))'",
                path: root.file.path, object: root.path)
        }
        return lengths
    }

    fileprivate init(reading root: HDF5Group) throws(HDF5Error) {
        let chain = try root.requiredInteger("chain")
        // Two of one number would pass for one.
        guard 0...Int(Int32.max) ~= chain, root.file.path.hasSuffix("-chain-\(chain).h5") else {
            throw HDF5Error(
                .malformed, "expected the number of the chain in its name, found \(chain)", path: root.file.path,
                object: root.path)
        }
        self.init(chain: chain)
        centerLoss = try root.number("center_loss")
        let lengths = try Self.lengths(in: root)
        var rest = try root.doubles("trace", count: lengths.reduce(0, +))[...]
        for (path, length) in zip(Self.arrays, lengths) {
            self[keyPath: path] = Array(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        if case .integer(let draw)? = try root.attribute("diverged_at_draw") { outcome = .diverged(atDraw: draw) }
    }

    /// Reads the trace of a chain without its last state; nil where there is no file.
    static func read(_ path: String) throws(HDF5Error) -> StoredUnit<ChainTrace>? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let root = try HDF5File(reading: path).root()
        return StoredUnit(
            key: try root.requiredText("key"), processor: try root.requiredText("processor"),
            value: try ChainTrace(reading: root))
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
            if let loss = trace.centerLoss { try root.setAttribute("center_loss", .number(loss)) }
            let arrays = ChainTrace.arrays.map { trace[keyPath: $0] }
            try root.setAttribute("lengths", .text(arrays.map { "\($0.count)" }.joined(separator: " ")))
            try root.write("trace", vector(arrays.flatMap(\.self)))
            let stateGroup = try root.createGroup("state")
            try stateGroup.setAttribute("friction", .number(state.friction))
            try stateGroup.write("position", vector(state.position))
            try stateGroup.write("momentum", vector(state.momentum))
            try stateGroup.write("squared_gradients", vector(state.squaredGradients))
            if let observations { try observations.write(into: root.createGroup("observations")) }
        }
    }

    /// Reads a chain back; nil where there is no file.
    static func read(_ path: String) throws(HDF5Error) -> StoredUnit<Chain>? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let root = try HDF5File(reading: path).root()
        let trace = try ChainTrace(reading: root)
        let stateGroup = try root.group("state")
        var state = SamplerState<Scalar>(position: try stateGroup.dataset("position").read().values())
        state.friction = try stateGroup.number("friction") ?? 0
        state.momentum = try stateGroup.dataset("momentum").read().values()
        state.squaredGradients = try stateGroup.dataset("squared_gradients").read().values()
        let isObserved = try root.soundMembers().contains { $0.name == "observations" }
        let observations = isObserved ? try ChainObservations<Scalar>.read(root.group("observations")) : nil
        return StoredUnit(
            key: try root.requiredText("key"), processor: try root.requiredText("processor"),
            value: Chain(trace: trace, state: state, observations: observations))
    }
}

/// A vector in its own precision.
private func vector<Scalar: Real>(_ values: [Scalar]) -> Tensor {
    if let floats = values as? [Float] { return Tensor(floats, shape: [floats.count]) }
    return Tensor(values.map { Double($0) }, shape: [values.count])
}

extension ChainObservations {
    fileprivate func write(into group: HDF5Writer) throws(HDF5Error) {
        try group.setAttribute("traced_example_count", .integer(tracedExampleCount))
        try group.write(
            "traced_losses",
            // Where there are fewer examples than were to be traced, all are.
            Tensor(tracedLosses.flatMap(\.self), shape: [tracedLosses.count, tracedLosses.first?.count ?? 0]))
        if let moments {
            try group.setAttribute("moment_draw_count", .integer(moments.drawCount))
            try group.write("means", vector(moments.means))
            try group.write("squared_deviations", vector(moments.squaredDeviations))
        }
        if let covariance {
            let sketch = try group.createGroup("covariance")
            try sketch.setAttribute("draw_count", .integer(covariance.drawCount))
            try sketch.setAttribute("row_count", .integer(2 * covariance.keptCount))
            try sketch.setAttribute("total_scatter", .number(covariance.totalScatter))
            try sketch.setAttribute("shrinkage", .number(covariance.shrinkage))
            try sketch.write("mean", vector(covariance.mean))
            let rows = vector(covariance.rows.flatMap(\.self))
            try sketch.write(
                "rows",
                Tensor(
                    shape: [covariance.rows.count, covariance.dimension], elementType: rows.elementType,
                    elements: rows.elements))
        }
    }

    fileprivate static func read(_ group: HDF5Group) throws(HDF5Error) -> ChainObservations {
        let names = Set(try group.soundMembers().map(\.name))
        let tracedCount = try group.requiredInteger("traced_example_count")
        let tracedLosses = try group.dataset("traced_losses")
        let traced: [Float] = try tracedLosses.read().values()
        do {
            var moments: ExampleLossMoments?
            if names.contains("means") {
                moments = try ExampleLossMoments(
                    drawCount: group.requiredInteger("moment_draw_count"), means: group.doubles("means"),
                    squaredDeviations: group.doubles("squared_deviations"))
            }
            var covariance: CovarianceSketch<Scalar>?
            if names.contains("covariance") {
                let sketch = try group.group("covariance")
                let mean = try sketch.doubles("mean")
                let rowCount = try sketch.requiredInteger("row_count")
                guard !mean.isEmpty, rowCount >= 2, rowCount.isMultiple(of: 2) else {
                    throw HDF5Error(
                        .malformed, "expected a mean and an even number of rows, found \(mean.count) and \(rowCount)",
                        path: group.file.path, object: sketch.path)
                }
                let rows: [Scalar] = try sketch.dataset("rows").read().values()
                covariance = try CovarianceSketch(
                    dimension: mean.count, rowCount: rowCount,
                    drawCount: sketch.requiredInteger("draw_count"), mean: mean, rows: rows.chunks(of: mean.count),
                    totalScatter: sketch.number("total_scatter") ?? 0, shrinkage: sketch.number("shrinkage") ?? 0)
            }
            return ChainObservations(
                moments: moments, tracedLosses: traced.chunks(of: tracedLosses.shape.dimensions.last ?? 0),
                covariance: covariance,
                tracedExampleCount: tracedCount)
        } catch let error as HDF5Error {
            throw error
        } catch {
            throw HDF5Error(.malformed, "\(error)", path: group.file.path, object: group.path)
        }
    }
}

extension Array {
    /// The elements in rows of `size`; none for a size of zero.
    fileprivate func chunks(of size: Int) -> [[Element]] {
        size > 0 ? stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) } : []
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
        switch try attribute(name) {
        case .number(let value)?: return value
        case nil: return nil
        default:
            throw HDF5Error(
                .malformed, "expected a floating-point number as attribute '\(name)', found something else",
                path: file.path, object: path)
        }
    }

    /// A dataset of numbers in Double.
    func doubles(_ name: String) throws(HDF5Error) -> [Double] { try dataset(name).read().values() }

    /// The same, of so many numbers.
    func doubles(_ name: String, count: Int) throws(HDF5Error) -> [Double] {
        try checked(doubles(name), name, count: count)
    }

    /// A dataset of so many integers.
    func integers(_ name: String, count: Int) throws(HDF5Error) -> [Int] {
        try checked((dataset(name).read().integers ?? []).map { Int($0) }, name, count: count)
    }

    private func checked<Value>(_ values: [Value], _ name: String, count: Int) throws(HDF5Error) -> [Value] {
        guard values.count == count else {
            throw HDF5Error(
                .malformed,
                "expected \(count) values, found \(values.count)",
                path: file.path, object: path == "/" ? "/\(name)" : "\(path)/\(name)")
        }
        return values
    }

    private func missing(_ name: String, _ expected: String) -> HDF5Error {
        HDF5Error(
            .malformed, "expected \(expected) as attribute '\(name)', found none",
            path: file.path, object: path)
    }
}

extension Double {
    /// The number, or nil where it is NaN or infinite.
    var finite: Double? { isFinite ? self : nil }
}

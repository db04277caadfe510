import HDF5
import Sampling
import Tensors

/// The chains of one series as groups of `measurements.h5`, laid out as ArviZ lays them out.
///
/// `posterior/llc` holds the draws that λ̂ is the mean of, `sample_stats` what chains recorded draw by draw, both over
/// (chain, draw, checkpoint), burn-in in `warmup_…`; what was recorded at every k-th draw only stands in `acceptance` and
/// `full_loss`, over the draws counted from the chain's start. Chains that are shorter than others are filled up with NaN.
struct TraceGroups {
    let conditions: ChainConditions
    let chainCount: Int
    let steps: [Int]
    /// Instar's version, or what else sampled.
    let library: (name: String, version: String)

    /// The arrays of a trace by their names in the file.
    private static let statistics: [(name: String, path: any WritableKeyPath<ChainTrace, [Double]> & Sendable)] = [
        ("loss", \.losses), ("loss_difference", \.lossDifferences), ("drift_product", \.driftProducts),
        ("squared_drift", \.squaredDrifts), ("squared_distance", \.squaredDistances),
    ]

    private var sparse: [(group: String, name: String, path: WritableKeyPath<ChainTrace, [Double]>, interval: Int)] {
        [
            ("acceptance", "probability", \.acceptances, conditions.acceptanceInterval),
            ("full_loss", "loss_difference", \.fullLossDifferences, conditions.fullLossInterval),
        ]
    }

    // MARK: Writing

    /// - Parameter chains: Axes `[checkpoint, chain]`.
    func write(_ chains: [[ChainTrace]], into root: HDF5Writer) throws(HDF5Error) {
        let burnIn = conditions.burnInCount
        let total = chains.joined().map(\.drawCount).max() ?? 0
        let lengths = try root.createGroup("chains")
        try lengths.writeDimension("checkpoint", integers(steps))
        try lengths.writeDimension("chain", integers(Array(0..<chainCount)))
        func table(_ name: String, _ value: (ChainTrace) -> Int) throws(HDF5Error) {
            let values = chains.flatMap { $0.map { Int64(value($0)) } }
            try lengths.write(
                name, Tensor(values, shape: [steps.count, chainCount]), dimensions: ["checkpoint", "chain"])
        }
        try table("draw_count") { $0.drawCount }
        try table("diverged_at_draw") { if case .diverged(let draw) = $0.outcome { draw } else { -1 } }
        if let losses = chains.map({ $0.compactMap(\.centerLoss).first }) as? [Double] {
            try lengths.write("center_loss", Tensor(losses, shape: [steps.count]), dimensions: ["checkpoint"])
        }

        let estimated = chains.map { traces in
            let (indices, draws) = LLCEstimate.draws(traces: traces, conditions: conditions)
            return Dictionary(uniqueKeysWithValues: zip(indices, draws))
        }
        if total > burnIn {
            let draws = Array(burnIn..<total)
            try writeDraws(
                "posterior", draws,
                [
                    (
                        "llc",
                        chains.indices.map { place in
                            { trace, draw in
                                guard let known = estimated[place][trace.chain] else { return llc(trace, draw) }
                                return draw - burnIn < known.count ? known[draw - burnIn] : .nan
                            }
                        }
                    )
                ], chains, into: root)
            try writeStatistics("sample_stats", draws, chains, into: root)
        }
        if burnIn > 0 {
            let draws = Array(0..<burnIn)
            try writeDraws(
                "warmup_posterior", draws, [("llc", chains.map { _ in { trace, draw in llc(trace, draw) } })], chains,
                into: root)
            try writeStatistics("warmup_sample_stats", draws, chains, into: root)
        }
        for (group, name, path, interval) in sparse where interval > 0 {
            let draws = Array(stride(from: 0, to: total, by: interval))
            let value: Value = { trace, draw in
                let values = trace[keyPath: path]
                return draw / interval < values.count ? values[draw / interval] : .nan
            }
            try writeDraws(group, draws, [(name, chains.map { _ in value })], chains, into: root)
        }
    }

    private typealias Value = (_ trace: ChainTrace, _ draw: Int) -> Double

    private func llc(_ trace: ChainTrace, _ draw: Int) -> Double {
        draw < trace.drawCount ? conditions.nBeta * trace.lossDifferences[draw] : .nan
    }

    private func writeStatistics(
        _ name: String, _ draws: [Int], _ chains: [[ChainTrace]], into root: HDF5Writer
    ) throws(HDF5Error) {
        let recorded = Self.statistics.filter { statistic in
            chains.joined().contains { !$0[keyPath: statistic.path].isEmpty }
        }
        try writeDraws(
            name, draws,
            recorded.map { name, path in
                (name, chains.map { _ in { $1 < $0[keyPath: path].count ? $0[keyPath: path][$1] : .nan } })
            }, chains, into: root)
    }

    /// One group with variables over (chain, draw, checkpoint); a variable has a function per checkpoint.
    private func writeDraws(
        _ name: String, _ draws: [Int], _ variables: [(name: String, values: [Value])], _ chains: [[ChainTrace]],
        into root: HDF5Writer
    ) throws(HDF5Error) {
        let group = try root.createGroup(name)
        try group.setAttribute("inference_library", .text(library.name))
        try group.setAttribute("inference_library_version", .text(library.version))
        try group.setAttribute("sample_dims", .texts(["chain", "draw"]))
        try group.writeDimension("chain", integers(Array(0..<chainCount)))
        // Draws that all count are numbered from 0, as ArviZ does; others by their place in the chain.
        let isDense = draws.count < 2 || draws[1] == draws[0] + 1
        try group.writeDimension("draw", integers(isDense ? Array(0..<draws.count) : draws))
        try group.writeDimension("checkpoint", integers(steps))
        let shape: Shape = [chainCount, draws.count, steps.count]
        for (name, values) in variables {
            var array: [Double] = []
            array.reserveCapacity(shape.elementCount)
            for chain in 0..<chainCount {
                for draw in draws {
                    for (traces, value) in zip(chains, values) { array.append(value(traces[chain], draw)) }
                }
            }
            try group.write(
                name, Tensor(array, shape: shape), dimensions: ["chain", "draw", "checkpoint"], compression: 4)
        }
    }

    // MARK: Reading

    /// - Returns: Axes `[checkpoint, chain]`.
    func read(from root: HDF5Group) throws(HDF5Error) -> [[ChainTrace]] {
        let names = Set(try root.soundMembers().map(\.name))
        let lengths = try root.group("chains")
        let counts = try lengths.integers("draw_count", count: steps.count * chainCount)
        let diverged = try lengths.integers("diverged_at_draw", count: steps.count * chainCount)
        guard counts.allSatisfy({ 0...Int(Int32.max) ~= $0 }), diverged.allSatisfy({ -1...Int(Int32.max) ~= $0 }) else {
            throw HDF5Error(
                .malformed, "expected numbers of draws, found others", path: root.file.path, object: lengths.path)
        }
        let hasLosses = try lengths.soundMembers().contains { $0.name == "center_loss" }
        let centerLosses = hasLosses ? try lengths.doubles("center_loss", count: steps.count) : []
        var traces = steps.map { _ in (0..<chainCount).map { ChainTrace(chain: $0) } }

        func fill(
            _ path: WritableKeyPath<ChainTrace, [Double]>, _ group: HDF5Group, _ name: String, limit: (Int) -> Int
        ) throws(HDF5Error) {
            let tensor = try group.dataset(name).read()
            let extents = tensor.shape.dimensions
            guard extents.count == 3, extents[0] == chainCount, extents[2] == steps.count else {
                throw HDF5Error(
                    .malformed,
                    "expected \(chainCount) chains, draws and \(steps.count) checkpoints, found \(tensor.shape)",
                    path: root.file.path, object: name)
            }
            let (values, drawCount): ([Double], Int) = (tensor.values(), extents[1])
            for checkpoint in steps.indices {
                for chain in 0..<chainCount {
                    let length = limit(counts[checkpoint * chainCount + chain])
                    let missing = length - traces[checkpoint][chain][keyPath: path].count
                    traces[checkpoint][chain][keyPath: path] += (0..<max(0, min(drawCount, missing))).map {
                        values[(chain * drawCount + $0) * steps.count + checkpoint]
                    }
                }
            }
        }
        for name in ["warmup_sample_stats", "sample_stats"] where names.contains(name) {
            let group = try root.group(name)
            let recorded = Set(try group.soundMembers().map(\.name))
            for (statistic, path) in Self.statistics where recorded.contains(statistic) {
                try fill(path, group, statistic) { $0 }
            }
        }
        for (group, name, path, interval) in sparse where interval > 0 && names.contains(group) {
            try fill(path, root.group(group), name) { placesBefore($0, every: interval) }
        }
        for checkpoint in steps.indices {
            for chain in 0..<chainCount {
                let draw = diverged[checkpoint * chainCount + chain]
                if draw >= 0 { traces[checkpoint][chain].outcome = .diverged(atDraw: draw) }
                if hasLosses { traces[checkpoint][chain].centerLoss = centerLosses[checkpoint] }
            }
        }
        return traces
    }
}

/// Whole numbers as a tensor of one axis.
func integers(_ values: [Int]) -> Tensor { Tensor(values.map { Int64($0) }, shape: [values.count]) }

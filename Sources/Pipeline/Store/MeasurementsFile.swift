import Development
import Foundation
import HDF5
import Sampling
import Tensors

/// `measurements.h5`: one HDF5 file that netCDF-4 readers open (`xarray.open_datatree`, `arviz.from_netcdf`).
///
/// Groups `posterior` (λ per draw) and `sample_stats`, burn-in in `warmup_…`, as ArviZ lays them out, with the
/// dimensions (chain, draw, checkpoint); `checkpoints`, `outputs`, `weights` and `recorded` hold the rest.
/// Missing numbers are NaN, as netCDF readers expect. What has no place in an array stands as JSON in
/// `instar/header`.
enum MeasurementsFile {
    /// All of `Measurements` that is not an array.
    private struct Header: Codable {
        var format = 1
        var runName: String
        var axis: Measurements.Axis
        var loss: LossDescription?
        var exampleCount: Int?
        var settings: SamplingSettings?
        var provenance: Provenance
        var hyperparameters: [Entry]
        var tensors: [TensorSummary]
        var subsets: [String]
        var recorded: [String]
        var limitations: [String]
    }

    /// The arrays of a trace by their names in the file.
    private static let statistics: [(name: String, path: any WritableKeyPath<ChainTrace, [Double]> & Sendable)] = [
        ("loss", \.losses), ("loss_difference", \.lossDifferences), ("drift_product", \.driftProducts),
        ("squared_drift", \.squaredDrifts), ("squared_distance", \.squaredDistances),
    ]

    // MARK: Writing

    static func write(_ measurements: Measurements, to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let header = String(
            decoding: try encoder.encode(
                Header(
                    runName: measurements.runName, axis: measurements.axis, loss: measurements.loss,
                    exampleCount: measurements.exampleCount, settings: measurements.settings,
                    provenance: measurements.provenance, hyperparameters: measurements.hyperparameters,
                    tensors: measurements.tensors,
                    subsets: measurements.checkpoints.first?.subsetLosses.map(\.name) ?? [],
                    recorded: measurements.recordedSeries.map(\.name), limitations: measurements.limitations)),
            as: UTF8.self)
        try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in
            let instar = try root.createGroup("instar")
            try instar.writeDimension("part", integers([0]))
            try instar.write("header", [header], dimensions: ["part"])
            try writeCheckpoints(measurements, into: root.createGroup("checkpoints"))
            if let settings = measurements.settings {
                let burnIn = settings.burnInCount
                try writeDraws(measurements, burnIn..<burnIn + settings.drawCount, prefix: "", into: root)
                if burnIn > 0 { try writeDraws(measurements, 0..<burnIn, prefix: "warmup_", into: root) }
            }
            let products = [("outputs", measurements.outputProducts), ("weights", measurements.weightProducts)]
            for (name, products) in products {
                if let products { try write(products, steps: measurements.steps, into: root.createGroup(name)) }
            }
            let recorded = try root.createGroup("recorded")
            for (index, series) in measurements.recordedSeries.enumerated() {
                let group = try recorded.createGroup("series_\(index)")
                try group.setAttribute("name", .text(series.name))
                try group.writeDimension("step", integers(series.steps))
                try group.write("value", Tensor(series.values, shape: [series.values.count]), dimensions: ["step"])
            }
        }
    }

    private static func writeCheckpoints(_ measurements: Measurements, into group: HDF5Writer) throws(HDF5Error) {
        let checkpoints = measurements.checkpoints
        try group.writeDimension("checkpoint", integers(measurements.steps))
        func column(_ name: String, _ value: (CheckpointMeasurement) -> Double?) throws(HDF5Error) {
            let values = checkpoints.map { value($0) ?? .nan }
            try group.write(name, Tensor(values, shape: [values.count]), dimensions: ["checkpoint"])
        }
        try column("loss") { $0.loss }
        try column("gradient_norm") { $0.gradientNorm }
        try column("llc") { $0.llc?.value }
        try column("llc_error") { $0.llc?.standardError }
        try column("r_hat") { $0.llc?.rHat }
        try column("ess_bulk") { $0.llc?.bulkESS }
        try column("ess_tail") { $0.llc?.tailESS }
        func table(_ name: String, _ dimension: String, _ rows: [[Double]]) throws(HDF5Error) {
            let width = rows.first?.count ?? 0
            guard width > 0 else { return }
            try group.write(
                name, Tensor(rows.flatMap(\.self), shape: [rows.count, width]), dimensions: ["checkpoint", dimension])
        }
        if !measurements.tensors.isEmpty {
            try group.writeDimension("tensor", measurements.tensors.map(\.name))
            try table("tensor_norm", "tensor", checkpoints.map(\.tensorNorms))
            try table("tensor_movement", "tensor", checkpoints.map(\.tensorMovements))
        }
        if let subsets = checkpoints.first?.subsetLosses.map(\.name), !subsets.isEmpty {
            try group.writeDimension("subset", subsets)
            try table("subset_loss", "subset", checkpoints.map { $0.subsetLosses.map(\.loss) })
        }
        if let settings = measurements.settings {
            try group.writeDimension("chain", integers(Array(0..<settings.chainCount)))
            let rows = checkpoints.map { checkpoint in
                checkpoint.chains.map { trace -> Int64 in
                    if case .diverged(let draw) = trace.outcome { Int64(draw) } else { -1 }
                }
            }
            try group.write(
                "diverged_at_draw", Tensor(rows.flatMap(\.self), shape: [checkpoints.count, settings.chainCount]),
                dimensions: ["checkpoint", "chain"])
        }
    }

    private static func writeDraws(
        _ measurements: Measurements, _ draws: Range<Int>, prefix: String, into root: HDF5Writer
    ) throws(HDF5Error) {
        guard let settings = measurements.settings else { return }
        let checkpoints = measurements.checkpoints
        let shape: Shape = [settings.chainCount, draws.count, checkpoints.count]
        func array(_ value: (ChainTrace, Int) -> Double) -> Tensor {
            var values: [Double] = []
            values.reserveCapacity(shape.elementCount)
            for chain in 0..<settings.chainCount {
                for draw in draws {
                    for checkpoint in checkpoints {
                        let trace = checkpoint.chains[chain]
                        values.append(draw < trace.drawCount ? value(trace, draw) : .nan)
                    }
                }
            }
            return Tensor(values, shape: shape)
        }
        func group(_ name: String) throws(HDF5Error) -> HDF5Writer {
            let group = try root.createGroup(prefix + name)
            try group.setAttribute("inference_library", .text("instar"))
            try group.setAttribute("inference_library_version", .text(measurements.provenance.version))
            try group.setAttribute("sample_dims", .texts(["chain", "draw"]))
            try group.writeDimension("chain", integers(Array(0..<settings.chainCount)))
            try group.writeDimension("draw", integers(Array(0..<draws.count)))
            try group.writeDimension("checkpoint", integers(measurements.steps))
            return group
        }
        let dimensions = ["chain", "draw", "checkpoint"]
        try group("posterior").write(
            "llc", array { settings.nBeta * $0.lossDifferences[$1] }, dimensions: dimensions, compression: 4)
        let stats = try group("sample_stats")
        for (name, path) in statistics {
            try stats.write(name, array { $0[keyPath: path][$1] }, dimensions: dimensions, compression: 4)
        }
    }

    private static func write(
        _ products: InnerProducts, steps: [Int], into group: HDF5Writer
    ) throws(HDF5Error) {
        try group.writeDimension("checkpoint", integers(steps))
        try group.writeDimension("other_checkpoint", integers(steps))
        try group.setAttribute("dimension", .integer(products.dimension))
        try group.setAttribute(
            "projection_relative_error", .number(Projection.relativeError(dimension: products.dimension)))
        if let digest = products.probeDigest { try group.setAttribute("probe_digest", .text(digest)) }
        try group.write(
            "inner_product", Tensor(products.values, shape: [products.count, products.count]),
            dimensions: ["checkpoint", "other_checkpoint"])
    }

    private static func integers(_ values: [Int]) -> Tensor { Tensor(values.map { Int64($0) }, shape: [values.count]) }

    // MARK: Reading

    static func read(_ path: String) throws -> Measurements {
        let root = try HDF5File(reading: path).root()
        let names = Set(try root.members().map(\.name))
        let texts = try root.group("instar").dataset("header").readTexts()
        let header: Header
        do {
            header = try JSONDecoder().decode(Header.self, from: Data((texts.first ?? "").utf8))
        } catch {
            throw Failure(
                .malformed,
                "\(path): its header cannot be read (\(error)); it may be of another version. Measure again")
        }
        var measurements = Measurements(
            runName: header.runName, axis: header.axis, loss: header.loss, exampleCount: header.exampleCount,
            settings: header.settings, provenance: header.provenance, hyperparameters: header.hyperparameters,
            tensors: header.tensors, checkpoints: [], outputProducts: nil, weightProducts: nil, recordedSeries: [],
            limitations: header.limitations)
        measurements.checkpoints = try readCheckpoints(root, header: header)
        if let settings = header.settings {
            try readChains(root, settings: settings, into: &measurements)
        }
        if names.contains("outputs") { measurements.outputProducts = try readProducts(root.group("outputs")) }
        if names.contains("weights") { measurements.weightProducts = try readProducts(root.group("weights")) }
        for (index, name) in header.recorded.enumerated() {
            let group = try root.group("recorded").group("series_\(index)")
            measurements.recordedSeries.append(
                RecordedSeries(name: name, steps: try steps(group.dataset("step")), values: try group.doubles("value")))
        }
        return measurements
    }

    private static func readCheckpoints(_ root: HDF5Group, header: Header) throws -> [CheckpointMeasurement] {
        let group = try root.group("checkpoints")
        let losses = try group.doubles("loss")
        let gradientNorms = try group.doubles("gradient_norm")
        func rows(_ name: String, width: Int) throws -> [[Double]] {
            guard width > 0 else { return losses.map { _ in [] } }
            let values = try group.doubles(name)
            return losses.indices.map { Array(values[$0 * width..<($0 + 1) * width]) }
        }
        let norms = try rows("tensor_norm", width: header.tensors.count)
        let movements = try rows("tensor_movement", width: header.tensors.count)
        let subsets = try rows("subset_loss", width: header.subsets.count)
        return try steps(group.dataset("checkpoint")).enumerated().map { index, step in
            CheckpointMeasurement(
                step: step, loss: losses[index].finite,
                subsetLosses: zip(header.subsets, subsets[index]).map { (name: $0, loss: $1) },
                gradientNorm: gradientNorms[index].finite, llc: nil, chains: [], tensorNorms: norms[index],
                tensorMovements: movements[index])
        }
    }

    private static func readChains(
        _ root: HDF5Group, settings: SamplingSettings, into measurements: inout Measurements
    ) throws {
        let checkpointCount = measurements.checkpoints.count
        let diverged = try root.group("checkpoints").dataset("diverged_at_draw").read().integers ?? []
        let parts =
            (settings.burnInCount > 0 ? [("warmup_sample_stats", settings.burnInCount)] : [])
            + [("sample_stats", settings.drawCount)]
        var traces = (0..<checkpointCount).map { _ in (0..<settings.chainCount).map { ChainTrace(chain: $0) } }
        for (name, drawCount) in parts {
            let group = try root.group(name)
            for (statistic, path) in statistics {
                let values = try group.doubles(statistic)
                for checkpoint in 0..<checkpointCount {
                    for chain in 0..<settings.chainCount {
                        traces[checkpoint][chain][keyPath: path] += (0..<drawCount).map {
                            values[(chain * drawCount + $0) * checkpointCount + checkpoint]
                        }
                    }
                }
            }
        }
        let dimension = measurements.sampledCount
        for checkpoint in 0..<checkpointCount {
            for chain in 0..<settings.chainCount {
                let draw = Int(diverged[checkpoint * settings.chainCount + chain])
                guard draw >= 0 else { continue }
                traces[checkpoint][chain] = traces[checkpoint][chain].prefix(draw)
                traces[checkpoint][chain].outcome = .diverged(atDraw: draw)
            }
            measurements.checkpoints[checkpoint].chains = traces[checkpoint]
            measurements.checkpoints[checkpoint].llc = LLCEstimate(
                traces: traces[checkpoint], nBeta: settings.nBeta, localization: settings.localization,
                dimension: dimension, stepSize: settings.stepSize, burnInCount: settings.burnInCount)
        }
    }

    private static func readProducts(_ group: HDF5Group) throws -> InnerProducts {
        var digest: String?
        if case .text(let text)? = try group.attribute("probe_digest") { digest = text }
        let dataset = try group.dataset("inner_product")
        return InnerProducts(
            values: try dataset.read().values(), count: dataset.shape.dimensions.first ?? 0,
            dimension: try group.requiredInteger("dimension"), probeDigest: digest)
    }

    private static func steps(_ dataset: HDF5Dataset) throws -> [Int] {
        (try dataset.read().integers ?? []).map { Int($0) }
    }
}

extension Measurements {
    /// The steps of the checkpoints.
    var steps: [Int] { checkpoints.map(\.step) }
}

extension Double {
    /// The number, or nil where it is NaN or infinite.
    fileprivate var finite: Double? { isFinite ? self : nil }
}

import Development
import Foundation
import HDF5
import Sampling
import Tensors

/// `measurements.h5`: one HDF5 file that netCDF-4 readers open (`xarray.open_datatree`, `arviz.from_netcdf`).
///
/// The chains stand as ``TraceGroups`` lays them out, those of the k-th restriction below `restrictions/k`;
/// `checkpoints`, `outputs`, `weights` and `recorded` hold the rest.
/// Missing numbers are NaN, as netCDF readers expect. What has no place in an array stands as JSON in
/// `instar/header`.
enum MeasurementsFile {
    /// All of `Measurements` that is not an array.
    private struct Header: Codable {
        static let currentFormat = 4

        var format = Header.currentFormat
        var runName: String
        var axis: Measurements.Axis
        var loss: LossDescription?
        var exampleCount: Int?
        var settings: SamplingSettings?
        var imported: ImportedSampling?
        var restrictions: [StoredRestriction]
        /// Of the whole; axes `[checkpoint]`.
        var observations: [PosteriorObservations?]
        var provenance: Provenance
        var hyperparameters: [Entry]
        var tensors: [TensorSummary]
        var subsets: [String]
        var recorded: [String]
        var damaged: [DamagedCheckpoint]
        var limitations: [String]
    }

    /// What the header of every format holds.
    private struct FormatNumber: Decodable {
        var format: Int
    }

    /// A restricted series without its chains.
    private struct StoredRestriction: Codable {
        var restriction: Restriction
        var sampledCount: Int
        var exampleCount: Int
        /// Axes `[checkpoint]`.
        var observations: [PosteriorObservations?]
    }

    // MARK: Writing

    static func write(_ measurements: Measurements, to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let header = String(
            decoding: try encoder.encode(
                Header(
                    runName: measurements.runName, axis: measurements.axis, loss: measurements.loss,
                    exampleCount: measurements.exampleCount, settings: measurements.settings,
                    imported: measurements.imported,
                    restrictions: measurements.restrictions.map {
                        StoredRestriction(
                            restriction: $0.restriction, sampledCount: $0.sampledCount,
                            exampleCount: $0.exampleCount, observations: $0.points.map(\.observations))
                    },
                    observations: measurements.checkpoints.map(\.observations),
                    provenance: measurements.provenance, hyperparameters: measurements.hyperparameters,
                    tensors: measurements.tensors,
                    subsets: measurements.checkpoints.first?.subsetLosses.map(\.name) ?? [],
                    recorded: measurements.recordedSeries.map(\.name), damaged: measurements.damaged,
                    limitations: measurements.limitations)),
            as: UTF8.self)
        try HDF5File.writeAtomically(to: path) { root throws(HDF5Error) in
            let instar = try root.createGroup("instar")
            try instar.writeDimension("part", integers([0]))
            try instar.write("header", [header], dimensions: ["part"])
            try writeCheckpoints(measurements, into: root.createGroup("checkpoints"))
            if let groups = measurements.traceGroups(dimension: measurements.sampledCount) {
                try groups.write(measurements.checkpoints.map(\.chains), into: root)
            }
            if !measurements.restrictions.isEmpty {
                let restrictions = try root.createGroup("restrictions")
                for (index, series) in measurements.restrictions.enumerated() {
                    let group = try restrictions.createGroup("\(index)")
                    try group.setAttribute("name", .text(series.restriction.name))
                    try measurements.traceGroups(dimension: series.sampledCount)?.write(
                        series.points.map(\.chains), into: group)
                }
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

    /// The tables of tensors in which a missing number is NaN, by their names in the file.
    private static var optionalTensorNumbers: [(name: String, path: WritableKeyPath<CheckpointMeasurement, [Double?]>)]
    {
        [
            ("tensor_turn", \.tensorTurns), ("tensor_effective_rank", \.tensorEffectiveRanks),
            ("tensor_stable_rank", \.tensorStableRanks),
        ]
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
            for (name, path) in optionalTensorNumbers {
                try table(name, "tensor", checkpoints.map { $0[keyPath: path].map { $0 ?? .nan } })
            }
        }
        if let subsets = checkpoints.first?.subsetLosses.map(\.name), !subsets.isEmpty {
            try group.writeDimension("subset", subsets)
            try table("subset_loss", "subset", checkpoints.map { $0.subsetLosses.map(\.loss) })
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

    // MARK: Reading

    static func read(_ path: String) throws -> Measurements {
        do { return try readContents(path) } catch let error as HDF5Error where error.kind != .io {
            throw damage(path, error.objectAndReason)
        }
    }

    static func damage(_ path: String, _ reason: String) -> Failure {
        Failure(
            .malformed,
            "\(path): holds no measurements of Instar's, or is damaged (\(reason)). Remove it and run `instar analyze` on the "
                + "run again: finished chains are kept")
    }

    private static func readContents(_ path: String) throws -> Measurements {
        let root = try HDF5File(reading: path).root()
        let names = Set(try root.soundMembers().map(\.name))
        let texts = try root.group("instar").dataset("header").readTexts()
        let text = Data((texts.first ?? "").utf8)
        let format = try? JSONDecoder().decode(FormatNumber.self, from: text).format
        guard format == Header.currentFormat else {
            throw Failure(
                .mismatch,
                "\(path): is of \(format.map { "format \($0)" } ?? "an unknown format"), and this version of Instar reads "
                    + "format \(Header.currentFormat). Run `instar analyze` on the run again: finished chains are kept")
        }
        let header: Header
        do {
            header = try JSONDecoder().decode(Header.self, from: text)
            guard 0...1_000_000 ~= header.settings?.chainCount ?? header.imported?.chainCount ?? 0 else {
                throw HDF5Error(.malformed, "states an impossible number of chains", path: path)
            }
            try header.settings?.validate()
            guard header.tensors.isCountable else {
                throw HDF5Error(.malformed, "states impossible shapes", path: path)
            }
        } catch {
            throw Failure(
                .malformed,
                "\(path): its header is damaged. Remove the file and run `instar analyze` on the run again: "
                    + "finished chains are kept")
        }
        var measurements = Measurements(
            runName: header.runName, axis: header.axis, loss: header.loss, exampleCount: header.exampleCount,
            settings: header.settings, provenance: header.provenance, hyperparameters: header.hyperparameters,
            tensors: header.tensors, checkpoints: [], outputProducts: nil, weightProducts: nil, recordedSeries: [],
            limitations: header.limitations)
        measurements.imported = header.imported
        measurements.damaged = header.damaged
        measurements.checkpoints = try readCheckpoints(root, header: header)
        try readChains(root, header: header, into: &measurements)
        if names.contains("outputs") {
            measurements.outputProducts = try readProducts(root.group("outputs"), of: measurements.steps)
        }
        if names.contains("weights") {
            measurements.weightProducts = try readProducts(root.group("weights"), of: measurements.steps)
        }
        for (index, name) in header.recorded.enumerated() {
            let group = try root.group("recorded").group("series_\(index)")
            let steps = try steps(group.dataset("step"), mayBeNegative: true)
            measurements.recordedSeries.append(
                RecordedSeries(name: name, steps: steps, values: try group.doubles("value", count: steps.count)))
        }
        return measurements
    }

    private static func readCheckpoints(_ root: HDF5Group, header: Header) throws -> [CheckpointMeasurement] {
        let group = try root.group("checkpoints")
        let steps = try steps(group.dataset("checkpoint"))
        let losses = try group.doubles("loss", count: steps.count)
        let gradientNorms = try group.doubles("gradient_norm", count: steps.count)
        func rows(_ name: String, width: Int) throws -> [[Double]] {
            guard width > 0 else { return steps.map { _ in [] } }
            let values = try group.doubles(name, count: steps.count * width)
            return steps.indices.map { Array(values[$0 * width..<($0 + 1) * width]) }
        }
        let norms = try rows("tensor_norm", width: header.tensors.count)
        let movements = try rows("tensor_movement", width: header.tensors.count)
        let subsets = try rows("subset_loss", width: header.subsets.count)
        // Estimates that were given and not sampled stand for themselves; chains replace the others below.
        let isGiven = header.settings == nil && header.imported == nil
        let estimates =
            isGiven
            ? zip(try group.doubles("llc", count: steps.count), try group.doubles("llc_error", count: steps.count))
                .map { ($0, $1) } : []
        var checkpoints = steps.enumerated().map { index, step in
            CheckpointMeasurement(
                step: step, loss: losses[index].finite,
                subsetLosses: zip(header.subsets, subsets[index]).map { (name: $0, loss: $1) },
                gradientNorm: gradientNorms[index].finite,
                llc: isGiven
                    ? estimates[index].0.finite.map { LLCEstimate(given: $0, standardError: estimates[index].1.finite) }
                    : nil,
                chains: [], tensorNorms: norms[index],
                tensorMovements: movements[index])
        }
        for (name, path) in optionalTensorNumbers {
            let values = try rows(name, width: header.tensors.count)
            for index in checkpoints.indices { checkpoints[index][keyPath: path] = values[index].map(\.finite) }
        }
        return checkpoints
    }

    private static func readChains(
        _ root: HDF5Group, header: Header, into measurements: inout Measurements
    ) throws {
        guard let groups = measurements.traceGroups(dimension: measurements.sampledCount) else { return }
        guard header.observations.count == measurements.steps.count else {
            throw HDF5Error(
                .malformed,
                "expected observations of \(measurements.steps.count) checkpoints, found \(header.observations.count): this "
                    + "file was changed. Remove it and run again", path: root.file.path, object: "/instar/header")
        }
        for (place, chains) in try groups.read(from: root).enumerated() {
            measurements.checkpoints[place].chains = chains
            measurements.checkpoints[place].llc = measurements.estimate(chains, conditions: groups.conditions)
            measurements.checkpoints[place].observations = header.observations[place]
        }
        for (index, stored) in header.restrictions.enumerated() {
            guard let groups = measurements.traceGroups(dimension: stored.sampledCount) else { continue }
            guard stored.observations.count == measurements.steps.count else {
                throw HDF5Error(
                    .malformed,
                    "expected observations of \(measurements.steps.count) checkpoints, found \(stored.observations.count)",
                    path: root.file.path, object: "/instar/header")
            }
            let chains = try groups.read(from: root.group("restrictions").group("\(index)"))
            measurements.restrictions.append(
                RestrictedSeries(
                    restriction: stored.restriction, sampledCount: stored.sampledCount,
                    exampleCount: stored.exampleCount,
                    points: zip(chains, stored.observations).map {
                        measurements.posterior($0, conditions: groups.conditions, observations: $1)
                    }))
        }
    }

    private static func readProducts(_ group: HDF5Group, of steps: [Int]) throws -> InnerProducts {
        var digest: String?
        if case .text(let text)? = try group.attribute("probe_digest") { digest = text }
        return InnerProducts(
            values: try group.doubles("inner_product", count: steps.count * steps.count), count: steps.count,
            dimension: try group.requiredInteger("dimension"), probeDigest: digest)
    }

    /// Steps of checkpoints; those of a series that the run recorded may also lie before 0.
    private static func steps(_ dataset: HDF5Dataset, mayBeNegative: Bool = false) throws -> [Int] {
        let steps = (try dataset.read().integers ?? []).map { Int(clamping: $0) }
        let arePossible = steps.allSatisfy { TrainingStep.isPossible(mayBeNegative ? Int(clamping: $0.magnitude) : $0) }
        guard arePossible, zip(steps, steps.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw HDF5Error(
                .malformed, "expected training steps that ascend, found others", path: dataset.file.path,
                object: dataset.path)
        }
        return steps
    }
}

extension [TensorSummary] {
    /// Whether their numbers can be counted, and then some.
    fileprivate var isCountable: Bool {
        var total = 0
        for tensor in self {
            var count = 1
            for dimension in tensor.shape.dimensions {
                let (product, overflows) = count.multipliedReportingOverflow(by: dimension)
                guard dimension >= 0, !overflows, product < 1 << 48 else { return false }
                count = product
            }
            total += count
            guard total < 1 << 48 else { return false }
        }
        return true
    }
}

extension Measurements {
    /// The steps of the checkpoints.
    var steps: [Int] { checkpoints.map(\.step) }

    /// How the chains of a series over d coordinates stand in a file; nil where none were run.
    fileprivate func traceGroups(dimension: Int) -> TraceGroups? {
        if let settings {
            return TraceGroups(
                conditions: ChainConditions(settings, dimension: dimension), chainCount: settings.chainCount,
                steps: steps, library: ("instar", provenance.version))
        }
        guard let imported, let conditions = chainConditions else { return nil }
        return TraceGroups(
            conditions: conditions, chainCount: imported.chainCount, steps: steps, library: (imported.source, ""))
    }

    /// The estimate from the chains of one checkpoint, with the concern of an error that was asked for and not reached.
    func estimate(_ chains: [ChainTrace], conditions: ChainConditions) -> LLCEstimate {
        var estimate = LLCEstimate(traces: chains, conditions: conditions)
        if let settings, let target = settings.targetError, estimate.standardError.map({ $0 > target }) ?? true {
            estimate.concerns.append(
                .targetMissed(error: estimate.standardError, target: target, drawCount: estimate.drawCount))
        }
        return estimate
    }

    /// What the chains of one checkpoint gave.
    func posterior(
        _ chains: [ChainTrace], conditions: ChainConditions, observations: PosteriorObservations?
    ) -> PosteriorMeasurement {
        PosteriorMeasurement(
            loss: chains.lazy.compactMap(\.centerLoss).first, llc: estimate(chains, conditions: conditions),
            chains: chains, observations: observations)
    }
}

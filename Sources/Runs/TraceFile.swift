import Foundation
import HDF5
import Tensors

/// One HDF5 file of stored sampling results.
struct TraceFile {
    let path: String
    private let root: HDF5Group
    /// Groups in which the loss and what belongs to it may stand, in the order in which they are searched.
    private let places: [HDF5Group]

    private static let groupNames = ["posterior", "sample_stats", "constant_data", "observed_data"]
    private static let nBetaNames = ["nBeta", "n_beta", "nbeta"]
    /// What is read as a setting, or is a matter of the file format, and is not shown again.
    private static let knownNames: Set = [
        "nBeta", "n_beta", "nbeta", "init_loss", "steps", "step", "burn_in", "step_size", "localization", "source",
        "inference_library", "inference_library_version", "created_at", "sample_dims",
    ]

    /// Opens a file; nothing but its groups is read.
    init(_ path: String) throws(RunError) {
        self.path = path
        let (root, places) = try readingHDF5 { () throws(HDF5Error) -> (HDF5Group, [HDF5Group]) in
            let root = try HDF5File(reading: path).root()
            let groups = Set(try root.soundMembers().filter { $0.kind == .group }.map(\.name))
            var places: [HDF5Group] = []
            for name in TraceFile.groupNames where groups.contains(name) { places.append(try root.group(name)) }
            return (root, places + [root])
        }
        self.root = root
        self.places = places
    }

    /// Whether there is a loss with an axis of draws.
    var holdsTraces: Bool {
        guard let loss = try? loss(below: "") else { return false }
        return loss.array.extent(.draw) != nil
    }

    /// What the file holds.
    func traces() throws(RunError) -> StoredTraces {
        let members = try readingHDF5 { () throws(HDF5Error) in try root.soundMembers() }
        guard !members.contains(where: { $0.name == "instar" && $0.kind == .group }) else {
            throw RunError(
                .mismatch, "holds Instar's own measurements of a run; give the run's directory instead", path: path)
        }
        guard let loss = try loss(below: "") else { throw try noLoss() }
        let warmup = try loss.group.flatMap { group throws(RunError) in try self.loss(below: "warmup_\(group)")?.array }
        for array in [loss.array] + (warmup.map { [$0] } ?? []) {
            for axis in [LabelledArray.Axis.chain, .draw] where array.extent(axis) == nil {
                throw error(.mismatch, "has no dimension `\(axis.rawValue)`; expected chain, draw, checkpoint", array)
            }
        }
        guard !loss.array.values.isEmpty else {
            throw error(.malformed, "holds no draws; expected a loss per chain and draw", loss.array)
        }
        let (nBeta, initialLoss) = try required()
        let steps = try steps(of: loss.array)
        let checkpoints = try StoredTraces.checked(
            steps.values.indices.map { index throws(RunError) in
                StoredTraces.Checkpoint(
                    step: steps.values[index],
                    initialLosses: try initialLosses(initialLoss, like: loss.array, checkpoint: index),
                    losses: try losses(of: loss.array, after: warmup, checkpoint: index))
            }.sorted { $0.step < $1.step }, path: path)
        return StoredTraces(
            source: try source(), axis: steps.axis, checkpoints: checkpoints, nBeta: nBeta,
            burnInCount: try burnInCount(of: loss.array, warmup: warmup?.extent(.draw)),
            stepSize: try find(["step_size"])?.uniform.flatMap { $0.isFinite ? $0 : nil },
            localization: try find(["localization"])?.uniform.flatMap { $0.isFinite ? $0 : nil },
            stated: try statements())
    }

    // MARK: The loss

    /// The first loss found and the group it stands in; below the root, or below a group of that name alone.
    private func loss(below name: String) throws(RunError) -> (array: LabelledArray, group: String?)? {
        let groups = try readingHDF5 { () throws(HDF5Error) -> [HDF5Group] in
            guard !name.isEmpty else { return places }
            let exists = try root.soundMembers().contains { $0.name == name && $0.kind == .group }
            return exists ? [try root.group(name)] : []
        }
        for group in groups {
            guard let dataset = try dataset("loss", in: group), dataset.shape.rank > 1 else { continue }
            let positions: [LabelledArray.Axis] =
                group.path != "/" ? [.chain, .draw, .checkpoint] : [.checkpoint, .chain, .draw]
            let kept = dataset.shape.rank == 2 ? positions.filter { $0 != .checkpoint } : positions
            let array = try LabelledArray(dataset, positions: kept)
            return (array, group.path == "/" ? nil : String(group.path.dropFirst()))
        }
        return nil
    }

    private func noLoss() throws(RunError) -> RunError {
        let names = try readingHDF5 { () throws(HDF5Error) -> [String] in
            var names: [String] = []
            try root.forEachDataset { parts throws(HDF5Error) in names.append(parts.joined(separator: "/")) }
            return names
        }
        return RunError(
            .notFound,
            "holds no loss per draw: expected a dataset `loss` [checkpoint, chain, draw], or `posterior/loss`, found "
                + "\(names.isEmpty ? "no dataset" : names.list); a log density such as `lp` is no loss", path: path)
    }

    /// The draws of every chain at a checkpoint, those of the burn-in first. Axes `[chain, draw]`.
    private func losses(
        of loss: LabelledArray, after warmup: LabelledArray?, checkpoint: Int
    ) throws(RunError) -> [[Double]] {
        let count = loss.extent(.chain) ?? 0
        if let warmup {
            for axis in [LabelledArray.Axis.chain, .checkpoint] where warmup.extent(axis) != loss.extent(axis) {
                throw error(.mismatch, "has another number of \(axis.rawValue)s than \(loss.place)", warmup)
            }
        }
        return (0..<count).map { chain in
            ([warmup, loss].compactMap(\.self)).flatMap { part in
                let start = checkpoint * part.stride(.checkpoint) + chain * part.stride(.chain)
                return (0..<(part.extent(.draw) ?? 0)).map { part.values[start + $0 * part.stride(.draw)] }
            }
        }
    }

    // MARK: What belongs to it

    /// nβ and the loss at the checkpoints themselves, without which there is no λ̂.
    private func required() throws(RunError) -> (nBeta: Double, initialLoss: LabelledArray) {
        let (nBeta, initialLoss) = (try find(TraceFile.nBetaNames), try find(["init_loss"]))
        guard let nBeta, let initialLoss else {
            var missing: [String] = []
            if initialLoss == nil {
                missing.append(
                    "`init_loss`, the loss at each checkpoint's own weights (f['init_loss'] = [one number per checkpoint])"
                )
            }
            if nBeta == nil {
                missing.append("`nBeta`, the factor on the loss that the sampler was given (f.attrs['nBeta'] = …)")
            }
            throw RunError(
                .notFound,
                "lacks \(missing.joined(separator: " and ")); λ̂ = nBeta·(mean loss − init_loss) cannot be had without. Add "
                    + "\(missing.count == 1 ? "it" : "them") with h5py.File(path, 'a')", path: path)
        }
        guard let number = nBeta.uniform, number.isFinite, number > 0 else {
            throw error(.malformed, "expected one number above zero, found \(nBeta.values.prefix(4))", nBeta)
        }
        return (number, initialLoss)
    }

    private func initialLosses(
        _ array: LabelledArray, like loss: LabelledArray, checkpoint: Int
    ) throws(RunError) -> [Double] {
        for (axis, extent) in zip(array.axes, array.extents) where extent != loss.extent(axis) ?? 1 || axis == .draw {
            throw error(
                .mismatch,
                "has \(extent.counted(axis.rawValue)), and \(loss.place) \(loss.extent(axis) ?? 1); expected one number per "
                    + "checkpoint, or one per checkpoint and chain", array)
        }
        // One number for several checkpoints would be wrong at all but one of them.
        if array.extent(.checkpoint) == nil, let count = loss.extent(.checkpoint), count > 1 {
            throw error(.mismatch, "expected one number per checkpoint, of which there are \(count)", array)
        }
        let values = (0..<(loss.extent(.chain) ?? 0)).map {
            array.values[checkpoint * array.stride(.checkpoint) + $0 * array.stride(.chain)]
        }
        guard values.allSatisfy(\.isFinite) else {
            throw error(
                .malformed, "is not finite at the checkpoint of index \(checkpoint), from 0; leave it out", array)
        }
        return values
    }

    /// The training steps: `steps`, else the coordinates of the loss's axis of checkpoints; of a single checkpoint, what
    /// tells the step of a checkpoint file.
    private func steps(of loss: LabelledArray) throws(RunError) -> (values: [Int], axis: CheckpointSeries.Axis) {
        let count = loss.extent(.checkpoint) ?? 1
        let scale = loss.axes.firstIndex(of: .checkpoint).flatMap { loss.scales[$0] }
        var found = try find(["steps"])
        if found == nil, let scale { found = try coordinates(scale) }
        if let found {
            let steps = found.values.compactMap { Int(exactly: $0) }
            guard steps.count == count, found.values.count == count, steps.allSatisfy(TrainingStep.isPossible) else {
                throw error(
                    .mismatch,
                    "expected \(count) whole numbers, one step per checkpoint, found \(found.values.count) "
                        + "values such as \(found.values.prefix(3))", found)
            }
            let isEpoch = scale?.lowercased().contains("epoch") ?? false
            return (steps, isEpoch ? .epoch : .step)
        }
        let name = URL(fileURLWithPath: path).lastPathComponent
        let markers = try HDF5CheckpointReader().stepMarkers(of: path)
        guard count == 1, let step = try CheckpointStep.find(markers, name: name, path: path) else {
            throw RunError(
                .notFound,
                "does not tell the training steps of its \(count.counted("checkpoint")); add them with h5py.File(path, 'a'): "
                    + "f['steps'] = [one whole number per checkpoint]", path: path)
        }
        return ([step.value], step.axis)
    }

    /// The coordinates of a dimension; nil where it has none.
    private func coordinates(_ scale: String) throws(RunError) -> LabelledArray? {
        let dataset = try readingHDF5 { () throws(HDF5Error) in try root.dataset(String(scale.dropFirst())) }
        let name = try readingHDF5 { () throws(HDF5Error) in try dataset.attribute("NAME") }
        if case .text(let name)? = name, name.hasPrefix("This is a netCDF dimension but not a netCDF variable") {
            return nil
        }
        return try LabelledArray(dataset, positions: [.checkpoint])
    }

    private func burnInCount(of loss: LabelledArray, warmup: Int?) throws(RunError) -> Int {
        let drawCount = (loss.extent(.draw) ?? 0) + (warmup ?? 0)
        guard let stated = try find(["burn_in"]) else { return warmup ?? 0 }
        guard let value = stated.uniform, let count = Int(exactly: value), (0..<drawCount).contains(count) else {
            throw error(
                .mismatch, "expected a number of draws below \(drawCount), found \(stated.values.prefix(4))", stated)
        }
        guard warmup == nil || warmup == count else {
            throw error(.mismatch, "is \(count), and the file holds \(warmup ?? 0) draws of warm-up", stated)
        }
        return count
    }

    // MARK: Looking up

    private func dataset(_ name: String, in group: HDF5Group) throws(RunError) -> HDF5Dataset? {
        try readingHDF5 { () throws(HDF5Error) in
            let exists = try group.soundMembers().contains { $0.name == name && $0.kind == .dataset }
            return exists ? try group.dataset(name) : nil
        }
    }

    /// The dataset or attribute of one of several names.
    ///
    /// - Throws: `mismatch` where two of them contradict each other, or one is not a number.
    private func find(_ names: [String]) throws(RunError) -> LabelledArray? {
        var found: LabelledArray?
        for group in places {
            for name in names {
                for candidate in [try array(name, in: group), try number(name, of: group)] {
                    guard let candidate else { continue }
                    if let found, found.values != candidate.values {
                        throw error(.mismatch, "differs from \(found.place); remove one", candidate)
                    }
                    found = found ?? candidate
                }
            }
        }
        return found
    }

    private func array(_ name: String, in group: HDF5Group) throws(RunError) -> LabelledArray? {
        guard let dataset = try dataset(name, in: group) else { return nil }
        let positions: [LabelledArray.Axis] =
            switch dataset.shape.rank {
            case 0: []
            case 1: [.checkpoint]
            default: [.checkpoint, .chain]
            }
        return try LabelledArray(dataset, positions: positions)
    }

    private func number(_ name: String, of group: HDF5Group) throws(RunError) -> LabelledArray? {
        let place = group.path == "/" ? "/@\(name)" : "\(group.path)@\(name)"
        switch try readingHDF5({ () throws(HDF5Error) in try group.attribute(name) }) {
        case nil: return nil
        case .number(let value)?: return LabelledArray(place: place, number: value)
        case .integer(let value)?: return LabelledArray(place: place, number: Double(value))
        case .text(let text)?:
            throw RunError(.mismatch, "expected a number, found \"\(text)\"", path: path, object: place)
        case .texts?: throw RunError(.mismatch, "expected a number, found strings", path: path, object: place)
        }
    }

    private func text(_ name: String) throws(RunError) -> String? {
        for group in places {
            if case .text(let text)? = try readingHDF5({ () throws(HDF5Error) in try group.attribute(name) }) {
                return text
            }
        }
        return nil
    }

    /// What wrote the file, as its attributes say.
    private func source() throws(RunError) -> String {
        if let source = try text("source") { return source }
        for name in ["inference_library", "creation_library"] {
            guard let library = try text(name) else { continue }
            return [library, try text("\(name)_version")].compactMap(\.self).joined(separator: " ")
        }
        if let version = try text("arviz_version") { return "ArviZ \(version)" }
        return "HDF5 file"
    }

    /// The other attributes of one value, of the root and of the groups searched.
    private func statements() throws(RunError) -> [StoredTraces.Statement] {
        try readingHDF5 { () throws(HDF5Error) in
            var statements: [StoredTraces.Statement] = []
            for group in places.reversed() {
                for name in try group.attributeNames() where !name.hasPrefix("_") {
                    guard !TraceFile.knownNames.contains(name), !statements.contains(where: { $0.name == name }),
                        let value = try? group.attribute(name)
                    else { continue }
                    switch value {
                    case .integer(let number): statements.append(.init(name: name, value: "\(number)"))
                    case .number(let number): statements.append(.init(name: name, value: "\(number)"))
                    case .text(let text): statements.append(.init(name: name, value: text))
                    case .texts: break
                    }
                }
            }
            return statements
        }
    }

    private func error(_ kind: RunError.Kind, _ reason: String, _ array: LabelledArray) -> RunError {
        RunError(kind, reason, path: path, object: array.place)
    }
}

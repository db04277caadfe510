import Tensors

/// How checkpoints lie in a file: which groups and rows are checkpoints, and which datasets are tensors.
///
/// One per file, flat or nested; one per group; or stacked along a leading axis. The rules are pure functions of a
/// file's inventory.
enum CheckpointLayout {
    /// The file is one checkpoint, its tensors below this group.
    case single(group: String)
    /// The file holds several checkpoints.
    case several([CheckpointReference], axis: CheckpointSeries.Axis)

    /// Groups that hold the weights beside a training state.
    static let containerNames: Set = ["state_dict", "model", "model_state_dict", "params", "weights", "model_weights"]

    /// Groups whose children are checkpoints.
    static let seriesNames: Set = ["checkpoints", "checkpoint", "steps"]

    /// Whether a group, given as its parts below the checkpoint, may hold weights: state of the training does not.
    static func mayHoldWeights(_ parts: [String]) -> Bool {
        parts.count > 1 || !isTrainingState(parts[0])
    }

    private static func isTrainingState(_ name: String) -> Bool {
        ["optim", "sched", "lr_sched", "rng", "scaler", "grad_scaler"].contains { name.lowercased().hasPrefix($0) }
    }

    /// Whether a dataset, its parts given below the checkpoint, is a tensor and not a step, a text or a record.
    static func isTensor(_ dataset: FileInventory.Dataset) -> Bool {
        guard dataset.skipped == nil else { return false }
        guard dataset.parts.count == 1, let type = dataset.elementType, !type.isFloatingPoint else { return true }
        return !(CheckpointStep.markerNames + ["steps"]).contains(dataset.parts[0])
    }

    /// The tensors below a group, their parts given from there.
    static func tensors(_ inventory: FileInventory, below group: String) -> [FileInventory.Dataset] {
        below(group, inventory).filter { isTensor($0) }
    }

    /// All datasets below a group, their parts given from there, without training state.
    static func below(_ group: String, _ inventory: FileInventory) -> [FileInventory.Dataset] {
        let prefix = group.split(separator: "/").map(String.init)
        return inventory.datasets.compactMap { dataset in
            guard dataset.parts.starts(with: prefix), dataset.parts.count > prefix.count else { return nil }
            let parts = Array(dataset.parts.dropFirst(prefix.count))
            guard parts.count == 1 || mayHoldWeights([parts[0]]) else { return nil }
            return FileInventory.Dataset(
                parts: parts, shape: dataset.shape, elementType: dataset.elementType, skipped: dataset.skipped,
                name: dataset.name)
        }
    }

    /// The group below `group` that holds the weights: `group` itself, or the one called `model`, `state_dict` and so
    /// on if nothing but training state, steps and texts stands beside it.
    ///
    /// - Throws: `mismatch` if several are there.
    static func container(_ inventory: FileInventory, below group: String) throws(RunError) -> String {
        let tensors = tensors(inventory, below: group)
        let names = Set(tensors.filter { $0.parts.count > 1 }.map { $0.parts[0] })
        let containers = names.intersection(containerNames).sorted()
        guard let container = containers.first else { return group }
        let others = tensors.filter { !containerNames.contains($0.parts[0]) && $0.shape.rank > 0 }
        if !others.isEmpty || tensors.contains(where: { $0.parts == [container] }) { return group }
        guard containers.count == 1 else {
            throw RunError(
                .mismatch, "several groups may hold the weights: \(containers.list); keep one of them in the file",
                path: inventory.path)
        }
        return group == "/" ? "/\(container)" : "\(group)/\(container)"
    }

    /// Recognises the layout of a file that stands alone, or is the first of several.
    ///
    /// - Parameter isAlone: Whether the series has no other file; only then may a file hold several checkpoints.
    /// - Throws: `mismatch` if two readings fit.
    init(_ inventory: FileInventory, isAlone: Bool) throws(RunError) {
        if isAlone {
            if let (references, axis) = try CheckpointLayout.stacked(inventory) {
                self = .several(references, axis: axis)
                return
            }
            if let (references, axis) = try CheckpointLayout.grouped(inventory) {
                self = .several(references, axis: axis)
                return
            }
        }
        self = .single(group: try CheckpointLayout.container(inventory, below: "/"))
    }

    /// A leading axis of checkpoints, and their steps in a dataset `steps` or `step`.
    private static func stacked(
        _ inventory: FileInventory
    ) throws(RunError) -> ([CheckpointReference], CheckpointSeries.Axis)? {
        let group = try container(inventory, below: "/")
        for parent in group == "/" ? [""] : ["", "\(group.dropFirst())/"] {
            for name in ["steps", "step"] {
                guard let steps = inventory.stepVectors[parent + name] else { continue }
                guard !steps.isEmpty else {
                    throw RunError(
                        .malformed, "lists no step; expected one for each entry of the tensors' first axes",
                        path: inventory.path, object: parent + name)
                }
                let tensors = tensors(inventory, below: group)
                if let odd = tensors.first(where: { $0.shape.dimensions.first != steps.count }) {
                    throw RunError(
                        .mismatch,
                        "`\(parent + name)` lists \(steps.count) checkpoints, so every tensor's first axis must have "
                            + "\(steps.count) entries; its shape is \(odd.shape)", path: inventory.path,
                        object: odd.parts.joined(separator: "/"))
                }
                if let odd = steps.first(where: { !TrainingStep.isPossible($0) }) {
                    throw RunError(
                        .malformed, "holds \(odd); expected steps from 0 to 10¹⁴", path: inventory.path,
                        object: parent + name)
                }
                let references = steps.enumerated().map { row, step in
                    CheckpointReference(step: step, file: inventory.path, group: group, row: row)
                }
                return (references, .step)
            }
        }
        return nil
    }

    /// One group per checkpoint, at the root or below `checkpoints`.
    private static func grouped(
        _ inventory: FileInventory
    ) throws(RunError) -> ([CheckpointReference], CheckpointSeries.Axis)? {
        let tops = Set(tensors(inventory, below: "/").map { $0.parts.count > 1 ? $0.parts[0] : "" })
        let series = tops.intersection(seriesNames).sorted()
        let parent = tops.count == 1 ? series.first : nil
        let prefix = parent.map { "\($0)/" } ?? ""
        let groups = parent.map { name in Set(tensors(inventory, below: "/\(name)").map { $0.parts[0] }) } ?? tops
        guard !groups.isEmpty, !groups.contains("") else { return nil }

        var found: [(name: String, step: CheckpointStep.Found, isCertain: Bool)] = []
        for name in groups.sorted(by: precedes) {
            let markers = inventory.groupMarkers[prefix + name] ?? StepMarkers()
            guard let step = try CheckpointStep.find(markers, name: name, path: inventory.path) else { continue }
            let isBareNumber = markers == StepMarkers() && name.allSatisfy(\.isASCIIDigit)
            found.append((name, step, parent != nil || !isBareNumber))
        }
        guard !found.isEmpty else { return nil }
        guard found.count == groups.count else {
            if found.allSatisfy({ !$0.isCertain }) { return nil }
            let others = groups.subtracting(found.map(\.name)).sorted()
            throw RunError(
                .mismatch,
                "some groups are checkpoints (\(found.map(\.name).list)), others hold tensors too (\(others.list)); "
                    + "put the checkpoints into one group called `checkpoints`", path: inventory.path)
        }
        if found.contains(where: { !$0.isCertain }), try !numbersAreSteps(found.map(\.name), inventory) { return nil }
        let axes = Set(found.map(\.step.axis))
        guard axes.count == 1, let axis = axes.first else {
            throw RunError(
                .mismatch,
                "some groups tell a step, others an epoch: \(found.map(\.name).list); give each an attribute `step`",
                path: inventory.path)
        }
        var references: [CheckpointReference] = []
        for entry in found {
            let group = try container(inventory, below: "/\(prefix)\(entry.name)")
            references.append(CheckpointReference(step: entry.step.value, file: inventory.path, group: group))
        }
        return (references, axis)
    }

    /// Whether groups at the root named by bare numbers are steps and not the layers of one model.
    ///
    /// - Throws: `mismatch` where they may be either: all alike, and each as small as a single layer.
    private static func numbersAreSteps(_ names: [String], _ inventory: FileInventory) throws(RunError) -> Bool {
        let contents = names.map { name in
            tensors(inventory, below: "/\(name)").map { "\($0.parts.joined(separator: ".")) \($0.shape)" }
        }
        guard Set(contents).count == 1, names.count > 1 else { return false }
        guard contents[0].count > 2 else {
            throw RunError(
                .mismatch,
                "groups \(names.list) may be checkpoints by step or layers of one model; give each group an attribute "
                    + "`step` or put them into a group called `checkpoints` if they are checkpoints, or name the file "
                    + "under `steps:` in run.yaml if it is one", path: inventory.path)
        }
        return true
    }
}

import Foundation
import Tensors

/// The checkpoints of a run in the order of training.
///
/// Tensors are read one checkpoint at a time; each is compared with the first, so that a series never changes its
/// tensors midway unnoticed. A file that is damaged stays in the series where its name tells its step, and fails when
/// it is read: it does not stop what makes no use of it.
public struct CheckpointSeries: Sendable {
    /// What the horizontal axis counts.
    public enum Axis: String, Sendable, Codable {
        case step, epoch
    }

    /// What `CheckpointReference.step` counts.
    public let axis: Axis
    /// The checkpoints, ascending by step, each step once.
    public let references: [CheckpointReference]
    /// The tensors that every checkpoint holds, in the order in which `read` gives them.
    public let tensors: [TensorDescription]
    /// What was inferred or left out, for the reader of the report.
    public let notes: [String]
    private let reader: any CheckpointReader
    /// What tensors are called, by the names that their files give them.
    private let names: [String: String]
    private let mayBeNonFinite: Set<String>
    /// The step of the checkpoint that `tensors` describes: the first that is not damaged.
    private let describedStep: Int
    /// What was read and is not read again; nil holds nothing.
    private var held: HeldCheckpoints?

    /// Finds the checkpoints in files, and the tensors in the first of them that can be read.
    ///
    /// - Parameters:
    ///   - files: The files, in any order; one may hold several checkpoints if it is the only one.
    ///   - explicitSteps: The step of each file where the user says so; then nothing is inferred, and files of one step
    ///     are the parts of one checkpoint.
    ///   - names: What tensors are to be called, by the names that the files give them.
    ///   - mayBeNonFinite: Tensors that may hold NaN or infinities, such as attention masks.
    ///   - reader: What reads the files.
    ///   - opened: Is told how many of how many files have been opened to find their steps.
    /// - Throws: `notFound` without files or steps; `mismatch` for two checkpoints of one step, steps mixed with epochs,
    ///   several readings or names of tensors that are not there; what the reader throws.
    public init(
        files: [String], explicitSteps: [String: Int]? = nil, names: [String: String] = [:],
        mayBeNonFinite: Set<String> = [], reader: any CheckpointReader = CheckpointFileReader(),
        opened: (_ done: Int, _ of: Int) -> Void = { _, _ in }
    ) throws(RunError) {
        let files = files.sorted(by: precedes)
        var notes: [String] = []
        var damaged: [String: RunError] = [:]
        let groups = CheckpointSeries.groups(of: files, explicitSteps)
        let inventory = try CheckpointSeries.firstInventory(of: groups, reader, &damaged)
        let layout = try CheckpointLayout(inventory, isAlone: files.count == 1 && explicitSteps == nil)
        let found: [CheckpointReference]
        switch layout {
        case .several(let references, let axis):
            self.axis = axis
            found = references
            notes.append("\(name(inventory.path)): \(references.count) checkpoints in one file")
        case .single(let group):
            let steps = try CheckpointSeries.steps(of: files, explicitSteps, reader, &damaged, opened)
            axis = steps.axis
            let stepOfFile = Dictionary(zip(files, steps.values)) { first, _ in first }
            notes += steps.notes
            found = groups.compactMap { files in
                stepOfFile[files[0]].map {
                    CheckpointReference(step: $0, file: files[0], group: group, otherFiles: Array(files.dropFirst()))
                }
            }
            if groups.count < files.count { notes.append("\(files.count) files hold \(groups.count) checkpoints") }
            if group != "/" { notes.append("weights are taken from the group \(group)") }
        }
        references = found.sorted { $0.step < $1.step }
        for (earlier, later) in zip(references, references.dropFirst()) where earlier.step == later.step {
            let places = earlier.file == later.file ? [earlier.group, later.group] : [earlier.file, later.file]
            throw RunError(
                .mismatch,
                "two checkpoints have \(axis.rawValue) \(later.step): \(places.map(name).list); remove one, or list the "
                    + "files under `steps:` in run.yaml", path: later.file)
        }
        let shown =
            references.first?.file == inventory.path
            ? inventory
            : try CheckpointSeries.firstInventory(of: references.map { [$0.file] + $0.otherFiles }, reader, &damaged)
        let sample = references.first { $0.file == shown.path } ?? references[0]
        describedStep = sample.step
        let shownNames = try CheckpointSeries.names(in: shown, sample, wanted: names)
        (tensors, notes) = try CheckpointSeries.describe(shown, sample, shownNames, notes)
        for reference in references {
            for file in [reference.file] + reference.otherFiles {
                guard let error = damaged[file] else { continue }
                notes.append(
                    "\(axis.rawValue) \(reference.step): \(name(file)) \(error.reason); "
                        + (error.kind == .malformed ? "measuring leaves it out" : "what uses it will fail"))
            }
        }
        self.notes = notes
        self.names = shownNames
        self.reader = reader
        self.mayBeNonFinite = mayBeNonFinite
    }

    /// The files of each checkpoint: those that the user gives one step, else each by itself.
    private static func groups(of files: [String], _ explicitSteps: [String: Int]?) -> [[String]] {
        guard let explicitSteps else { return files.map { [$0] } }
        var groups: [[String]] = []
        var places: [Int: Int] = [:]
        for file in files {
            if let step = explicitSteps[file], let place = places[step] {
                groups[place].append(file)
            } else {
                if let step = explicitSteps[file] { places[step] = groups.count }
                groups.append([file])
            }
        }
        return groups
    }

    /// What the files of the first checkpoint that can be read hold; those that cannot are added to `damaged`.
    ///
    /// - Throws: `notFound` without files; what reading the first of them throws, if none can be read.
    private static func firstInventory(
        of groups: [[String]], _ reader: any CheckpointReader, _ damaged: inout [String: RunError]
    ) throws(RunError) -> FileInventory {
        var first: RunError?
        groups: for files in groups {
            var inventories: [FileInventory] = []
            for file in files {
                do throws(RunError) { inventories.append(try reader.inventory(of: file)) } catch {
                    damaged[file] = error
                    first = first ?? error
                    continue groups
                }
            }
            guard inventories.count > 1 else { return inventories[0] }
            return FileInventory(
                path: files[0], datasets: inventories.flatMap(\.datasets), groupMarkers: [:], stepVectors: [:])
        }
        throw first ?? RunError(.notFound, "a series needs at least one checkpoint file", path: ".")
    }

    private static func steps(
        of files: [String], _ explicit: [String: Int]?, _ reader: any CheckpointReader,
        _ damaged: inout [String: RunError], _ opened: (_ done: Int, _ of: Int) -> Void
    ) throws(RunError) -> (values: [Int], axis: Axis, notes: [String]) {
        if let explicit {
            var values: [Int] = []
            for file in files {
                guard let step = explicit[file] else {
                    throw RunError(.notFound, "has no step under `steps:` in run.yaml", path: file)
                }
                values.append(step)
            }
            return (values, .step, [])
        }
        var told: [String: CheckpointStep.Found] = [:]
        var untold: [String] = []
        // Those whose names say another step than they do.
        var others: [String] = []
        for (place, file) in files.enumerated() {
            opened(place, files.count)
            let markers: StepMarkers
            do throws(RunError) { markers = try reader.stepMarkers(of: file) } catch {
                damaged[file] = error
                untold.append(file)
                continue
            }
            guard
                let step = try CheckpointStep.find(
                    markers, name: CheckpointFile(file).stepName, path: file, isStrict: true)
            else {
                throw noStep(in: file)
            }
            told[file] = step
            let isTold = !markers.attributes.isEmpty || !markers.datasets.isEmpty
            if isTold, let named = stepInName(of: file), named.axis == step.axis, named.value != step.value {
                others.append("\(name(file)) \(step.value)")
            }
        }
        if let file = untold.first, let error = damaged[file] {
            // A name stands in for what the damaged file would say only where the names of the others are right.
            let isNamed = untold.allSatisfy { stepInName(of: $0) != nil }
            guard isNamed, !told.isEmpty, told.allSatisfy({ stepInName(of: $0.key) == $0.value }) else {
                throw error.advising("to leave it out, list the files to use under `steps:` in run.yaml")
            }
            for file in untold { told[file] = stepInName(of: file) }
        }
        let found = files.compactMap { told[$0] }
        let axis = found[0].axis
        guard found.allSatisfy({ $0.axis == axis }) else {
            let byAxis = [Axis.step, .epoch].map { axis in
                "\(axis.rawValue): \(zip(files, found).filter { $0.1.axis == axis }.map { name($0.0) }.list)"
            }
            throw RunError(
                .mismatch,
                "some checkpoints tell a step, others only an epoch (\(byAxis.joined(separator: "; "))); list the files "
                    + "under `steps:` in run.yaml",
                path: URL(fileURLWithPath: files[0]).deletingLastPathComponent().path)
        }
        let notes =
            others.isEmpty
            ? []
            : ["the \(axis.rawValue) is another in the file than in its name, and the file's is taken: \(others.list)"]
        return (found.map(\.value), axis, notes)
    }

    private static func stepInName(of file: String) -> CheckpointStep.Found? {
        try? CheckpointStep.find(StepMarkers(), name: CheckpointFile(file).stepName, path: file)
    }

    private static func noStep(in file: String) -> RunError {
        let numbers = CheckpointStep.numbersInName(CheckpointFile(file).stepName)
        guard numbers.count < 2 else {
            return RunError(
                .mismatch,
                "no training step found, and its name holds several candidates: \(numbers.list); put `step_` before the "
                    + "number that is meant, or list the files under `steps:` in run.yaml", path: file)
        }
        return RunError(
            .notFound,
            "no training step found: expected an attribute `step`, or a name such as step_100.h5; rename the "
                + "file, or list the files under `steps:` in run.yaml", path: file)
    }

    /// What the tensors are to be called, by the names that the file gives them: what the user says, else the producer.
    private static func names(
        in inventory: FileInventory, _ reference: CheckpointReference, wanted: [String: String]
    ) throws(RunError) -> [String: String] {
        let datasets = CheckpointLayout.below(reference.group, inventory)
        var names: [String: String] = [:]
        var known: Set<String> = []
        for dataset in datasets {
            let inFile = dataset.parts.joined(separator: ".")
            known.formUnion([inFile, dataset.name ?? inFile])
            names[inFile] = wanted[inFile] ?? dataset.name.map { wanted[$0] ?? $0 }
        }
        for name in wanted.keys.sorted(by: precedes) where !known.contains(name) {
            let nearest =
                nearestName(to: name, among: known.sorted(by: precedes)).map { "; did you mean \($0)?" }
                ?? "; there are \(known.sorted(by: precedes).list)"
            throw RunError(
                .mismatch, "stands under `names:` in run.yaml, and is no tensor of the checkpoint\(nearest)",
                path: reference.file, object: name)
        }
        return names
    }

    private static func describe(
        _ inventory: FileInventory, _ reference: CheckpointReference, _ names: [String: String], _ notes: [String]
    ) throws(RunError) -> ([TensorDescription], [String]) {
        var notes = notes
        var tensors: [TensorDescription] = []
        for dataset in CheckpointLayout.below(reference.group, inventory) {
            let inFile = dataset.parts.joined(separator: ".")
            let name = names[inFile] ?? inFile
            if let skipped = dataset.skipped {
                notes.append("\(name) is skipped: \(skipped) is not a tensor")
                continue
            }
            guard CheckpointLayout.isTensor(dataset) else { continue }
            // A form that is refused is left to `read`, whose message has the remedy.
            guard let type = dataset.elementType else { continue }
            let extents = dataset.shape.dimensions.dropFirst(reference.row == nil ? 0 : 1)
            tensors.append(TensorDescription(name: name, shape: Shape(Array(extents)), elementType: type))
        }
        guard !tensors.isEmpty else {
            throw RunError(
                .notFound, "holds no tensors: expected numbers, an entry per parameter; save it again",
                path: reference.file,
                object: reference.group)
        }
        tensors.sort { precedes($0.name, $1.name) }
        return (tensors, notes)
    }

    /// The same series, which keeps the first `count` checkpoints that are read of it in memory until `release`.
    func holding(_ count: Int) -> CheckpointSeries {
        var series = self
        series.held = HeldCheckpoints(limit: count)
        return series
    }

    /// The most checkpoints that are held now.
    public var heldLimit: Int { held?.limit ?? 0 }

    /// Lets go of what is held, and holds nothing any more.
    public func release() { held?.release() }

    /// Reads the checkpoint at `index` in `references`, unless it is held.
    ///
    /// - Throws: `mismatch` if its tensors are not those of the first checkpoint; `malformed` for NaN or infinity, or a
    ///   damaged file; `temporary` if the file is still being written.
    public func read(at index: Int) throws(RunError) -> Checkpoint {
        if let checkpoint = held?.checkpoint(at: index) { return checkpoint }
        let checkpoint = try readAnew(at: index)
        held?.keep(checkpoint, at: index)
        return checkpoint
    }

    /// The same for the last time: what is held is not held any longer, and what is read is not.
    public func take(at index: Int) throws(RunError) -> Checkpoint {
        if let checkpoint = held?.take(at: index) { return checkpoint }
        return try readAnew(at: index)
    }

    private func readAnew(at index: Int) throws(RunError) -> Checkpoint {
        let reference = references[index]
        let read = try tensors(at: reference).sorted { precedes($0.name, $1.name) }
        let place = reference.row.map { "row \($0)" } ?? (reference.group == "/" ? "" : reference.group)
        func mismatch(_ object: String, _ reason: String) -> RunError {
            let inside = place.isEmpty ? "" : "\(place): "
            return RunError(.mismatch, "\(inside)\(reason)", path: reference.file, object: object)
        }
        let firstStep = "\(axis.rawValue) \(describedStep)"
        for (one, next) in zip(read, read.dropFirst()) where one.name == next.name {
            let places =
                reference.otherFiles.isEmpty ? "two datasets have this name" : "two files hold it, or it stands twice"
            throw mismatch(one.name, "\(places) once `/` is read as `.`; rename one, or leave it out")
        }
        let found = Dictionary(uniqueKeysWithValues: read.map { ($0.name, $0.tensor) })
        let expected = Set(tensors.map(\.name))
        for description in tensors {
            guard let tensor = found[description.name] else {
                throw mismatch(
                    description.name,
                    "is missing, or holds no numbers, and is there at \(firstStep); save this checkpoint again or leave it out"
                )
            }
            guard tensor.shape == description.shape else {
                throw mismatch(
                    description.name,
                    "has shape \(tensor.shape), and \(description.shape) at \(firstStep); a series keeps its "
                        + "shapes: leave one out, or analyse them as two runs")
            }
            guard tensor.elementType == description.elementType else {
                throw mismatch(
                    description.name,
                    "is \(tensor.elementType.rawValue), and \(description.elementType.rawValue) at \(firstStep); save "
                        + "all checkpoints with one type")
            }
        }
        for tensor in read {
            guard expected.contains(tensor.name) else {
                throw mismatch(
                    tensor.name,
                    "is not there at \(firstStep); a series keeps its tensors: leave it out, or save it in "
                        + "all checkpoints")
            }
            if !mayBeNonFinite.contains(tensor.name), let value = tensor.tensor.firstNonFinite {
                let error = RunError(
                    .malformed,
                    "holds \(value) at \(axis.rawValue) \(reference.step); if it is a mask, list the tensor under "
                        + "`buffers:` in run.yaml; if training diverged, leave the checkpoint out",
                    path: reference.file, object: tensor.name)
                throw error
            }
        }
        return Checkpoint(step: reference.step, tensors: read)
    }

    private func tensors(at reference: CheckpointReference) throws(RunError) -> [NamedTensor] {
        var tensors: [NamedTensor] = []
        for file in [reference.file] + reference.otherFiles {
            let part = CheckpointReference(step: reference.step, file: file, group: reference.group, row: reference.row)
            tensors += try reader.tensors(at: part)
        }
        guard !names.isEmpty else { return tensors }
        return tensors.map { NamedTensor(name: names[$0.name] ?? $0.name, tensor: $0.tensor) }
    }

    /// The first checkpoint among `indices` that is not damaged.
    ///
    /// - Throws: As `read(at:)` of the first, where all are damaged.
    public func readFirst(of indices: [Int]) throws(RunError) -> Checkpoint {
        var first: RunError?
        for index in indices {
            do throws(RunError) { return try read(at: index) } catch {
                guard error.kind == .malformed else { throw error }
                first = first ?? error
            }
        }
        throw first ?? RunError(.notFound, "no checkpoint is selected", path: references[0].file)
    }
}

/// A file's name for messages.
private func name(_ path: String) -> String { CheckpointFile(path).shownName }

extension Tensor {
    /// The first NaN or infinity, as text; nil if all elements are finite.
    var firstNonFinite: String? {
        switch elements {
        case .float(let values): values.first { !$0.isFinite }.map { "\($0)" }
        case .double(let values): values.first { !$0.isFinite }.map { "\($0)" }
        case .integer: nil
        }
    }
}

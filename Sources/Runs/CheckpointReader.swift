import Foundation
import HDF5
public import Tensors

/// Reads checkpoint files. The one way to them, whatever their format.
public protocol CheckpointReader: Sendable {
    /// What a file holds, without the values of its tensors.
    func inventory(of path: String) throws(RunError) -> FileInventory
    /// What a file's root, and the group of weights in it, say about its step.
    func stepMarkers(of path: String) throws(RunError) -> StepMarkers
    /// All tensors of a checkpoint, in no particular order.
    func tensors(at reference: CheckpointReference) throws(RunError) -> [NamedTensor]
}

/// The integers in a file that may tell the step: attributes, and datasets of one element.
public struct StepMarkers: Sendable, Equatable, Codable {
    /// By name (`step`, `global_step`, `iteration`, `iter`, `epoch`).
    public var attributes: [String: Int] = [:]
    /// By name, as attributes; Keras's optimizer counter is `iteration`.
    public var datasets: [String: Int] = [:]
    /// What attributes of such names hold that is no whole number, in words.
    public var unreadable: [String: String] = [:]

    /// Creates markers of nothing.
    public init() {}
}

/// What a checkpoint file holds, without values.
public struct FileInventory: Sendable, Codable {
    /// A dataset.
    public struct Dataset: Sendable, Codable {
        /// The parts of its path from the root.
        public let parts: [String]
        /// Its extents.
        public let shape: Shape
        /// Its type; nil if it is not a number in a form that is read.
        public let elementType: ElementType?
        /// Why it is no tensor, e.g. "text"; nil for numbers, also for those in a form that is refused.
        public let skipped: String?
        /// The name that its producer gives it, where the file says so and it is another than the path.
        public var name: String?
    }

    /// The file.
    public let path: String
    /// Every dataset, in the order of their names' bytes, groups of optimizers and the like left out.
    public let datasets: [Dataset]
    /// The steps that groups of the first two levels carry as attributes or datasets, by path (`checkpoints/000100`).
    public let groupMarkers: [String: StepMarkers]
    /// The values of one-dimensional integer datasets called `step` or `steps`, by path.
    public let stepVectors: [String: [Int]]
}

/// Reads HDF5 checkpoints, in a process of their own where there is one (see `ForeignFile`).
public struct ForeignCheckpointReader: CheckpointReader {
    /// Creates a reader.
    public init() {}

    /// What a file holds, without the values of its tensors.
    public func inventory(of path: String) throws(RunError) -> FileInventory { try ForeignFile(path).inventory() }

    /// What a file's root, and the group of weights in it, say about its step.
    public func stepMarkers(of path: String) throws(RunError) -> StepMarkers { try ForeignFile(path).stepMarkers() }

    /// All tensors below the reference's group, whole or its row of each.
    public func tensors(at reference: CheckpointReference) throws(RunError) -> [NamedTensor] {
        try ForeignFile.tensors(at: reference)
    }
}

/// Reads checkpoints in this process, through libhdf5.
struct HDF5CheckpointReader {

    /// What a file holds, without the values of its tensors.
    func inventory(of path: String) throws(RunError) -> FileInventory {
        try readingHDF5 { () throws(HDF5Error) in
            let root = try HDF5File(reading: path).root()
            var datasets: [FileInventory.Dataset] = []
            var stepVectors: [String: [Int]] = [:]
            try root.forEachDataset(descends: { CheckpointLayout.mayHoldWeights($0) }) { parts throws(HDF5Error) in
                let dataset = try root.dataset(parts.joined(separator: "/"))
                datasets.append(FileInventory.Dataset(parts: parts, dataset))
                if ["step", "steps"].contains(parts[parts.count - 1]), dataset.shape.rank == 1,
                    case .numbers(let type) = dataset.content, !type.isFloatingPoint
                {
                    stepVectors[parts.joined(separator: "/")] = try dataset.read().integers?.map { Int($0) }
                }
            }
            var groupMarkers: [String: StepMarkers] = [:]
            for member in try root.members() where member.kind == .group {
                let group = try root.group(member.name)
                groupMarkers[member.name] = try StepMarkers(of: group)
                guard CheckpointLayout.seriesNames.contains(member.name) else { continue }
                for child in try group.members() where child.kind == .group {
                    groupMarkers["\(member.name)/\(child.name)"] = try StepMarkers(of: try group.group(child.name))
                }
            }
            let names = try KerasLayout.names(in: root)
            for index in datasets.indices { datasets[index].name = names[datasets[index].parts] }
            return FileInventory(
                path: path, datasets: datasets, groupMarkers: groupMarkers, stepVectors: stepVectors)
        }
    }

    /// What a file's root, the group of weights in it and Keras's optimizer say about its step.
    func stepMarkers(of path: String) throws(RunError) -> StepMarkers {
        try readingHDF5 { () throws(HDF5Error) in
            let root = try HDF5File(reading: path).root()
            var markers = try StepMarkers(of: root)
            let members = try root.members()
            for member in members
            where member.kind == .group && CheckpointLayout.containerNames.contains(member.name) {
                markers.merge(try StepMarkers(of: try root.group(member.name)))
            }
            if let iteration = try KerasLayout.iteration(in: root, members) {
                markers.datasets["iteration"] = iteration
            }
            return markers
        }
    }

    /// Calls `body` with the name of every tensor below the reference's group, and the dataset that holds it.
    func forEachTensor(
        at reference: CheckpointReference, _ body: (String, HDF5Dataset) throws(HDF5Error) -> Void
    ) throws(RunError) {
        try readingHDF5 { () throws(HDF5Error) in
            let group = try HDF5File(reading: reference.file).root().groupOrSelf(reference.group)
            try group.forEachDataset(descends: { CheckpointLayout.mayHoldWeights($0) }) { parts throws(HDF5Error) in
                let dataset = try group.dataset(parts.joined(separator: "/"))
                guard CheckpointLayout.isTensor(FileInventory.Dataset(parts: parts, dataset)) else { return }
                try body(parts.joined(separator: "."), dataset)
            }
        }
    }
}

extension FileInventory.Dataset {
    fileprivate init(parts: [String], _ dataset: HDF5Dataset) {
        self.parts = parts
        shape = dataset.shape
        switch dataset.content {
        case .numbers(let type): (elementType, skipped) = (type, nil)
        case .texts: (elementType, skipped) = (nil, "text")
        case .refused: (elementType, skipped) = (nil, nil)
        case .notNumeric(let what): (elementType, skipped) = (nil, what)
        }
    }
}

extension HDF5Group {
    fileprivate func groupOrSelf(_ path: String) throws(HDF5Error) -> HDF5Group {
        path == "/" ? self : try group(String(path.drop { $0 == "/" }))
    }
}

extension HDF5Dataset {
    /// The value of a dataset of one integer; nil for others.
    func singleInteger() throws(HDF5Error) -> Int? {
        guard shape.elementCount == 1, case .numbers(let type) = content, !type.isFloatingPoint else { return nil }
        return try read().integers?.first.map { Int($0) }
    }
}

extension StepMarkers {
    /// Adds what a text says, where no number says anything.
    mutating func add(_ name: String, text: String) {
        add(name, Int(text.trimmingCharacters(in: .whitespaces)), "\"\(text.abridged(to: MessageLimit.name))\"")
    }

    private mutating func add(_ name: String, _ value: Int?, _ words: String) {
        if let value { attributes[name] = value } else { unreadable[name] = words }
    }

    /// Adds what another place says that this one does not.
    mutating func merge(_ other: StepMarkers) {
        attributes.merge(other.attributes) { first, _ in first }
        datasets.merge(other.datasets) { first, _ in first }
        unreadable.merge(other.unreadable) { first, _ in first }
    }

    /// The markers of one group.
    fileprivate init(of group: HDF5Group) throws(HDF5Error) {
        var texts: [(name: String, text: String)] = []
        for name in CheckpointStep.markerNames {
            do throws(HDF5Error) {
                switch try group.attribute(name) {
                case .integer(let value)?: attributes[name] = value
                case .number(let value)?: add(name, Int(exactly: value), "\(value)")
                case .text(let text)?: texts.append((name, text))
                case .texts?: unreadable[name] = "a list of texts"
                case nil: break
                }
            } catch  where error.kind == .unsupported {
                unreadable[name] = "of a type that is not read (\(error.reason))"
            }
        }
        if attributes.isEmpty { for (name, text) in texts { add(name, text: text) } }
        for member in try group.members()
        where member.kind == .dataset && CheckpointStep.markerNames.contains(member.name) {
            datasets[member.name] = try group.dataset(member.name).singleInteger()
        }
    }
}

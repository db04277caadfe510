public import Tensors

/// The examples that a run was trained on and is probed with.
///
/// The file has one dataset per graph input, named as the input, and `targets`; the first axis of each counts
/// examples. `subsets/NAME` lists indices of examples; λ̂ refers to the subset `train`, or to all where there is none.
public struct Examples: Sendable {
    /// Indices of some of the examples.
    public struct Subset: Sendable, Equatable {
        /// Its name.
        public let name: String
        /// Indices into the examples, each at most once.
        public let indices: [Int]
    }

    /// What the model gave at a training step, as its trainer recorded it.
    public struct RecordedOutput: Sendable, Equatable {
        /// The training step.
        public let step: Int
        /// The outputs; the first axis counts the first training examples.
        public let outputs: Tensor
    }

    /// The file.
    public let path: String
    /// The number of examples.
    public let count: Int
    /// The values of each graph input; first axis `count`.
    public let inputs: [String: Tensor]
    /// What the outputs are compared with; first axis `count`; nil where the file has none.
    public let targets: Tensor?
    /// The subsets in the order of their names.
    public let subsets: [Subset]
    /// The recorded outputs, ascending by step.
    public let recordedOutputs: [RecordedOutput]

    /// The training examples: the subset `train`, or all.
    public var trainingIndices: [Int] { subsets.first { $0.name == "train" }?.indices ?? Array(0..<count) }

    /// The indices of some of the examples, for a measurement restricted to them.
    ///
    /// - Parameter name: The name of a subset; or, for indices kept elsewhere, `FILE:DATASET` with the path of another HDF5
    ///   file and that of the dataset in it, e.g. `probes.h5:rare/tokens`. A subset of that very name comes first.
    /// - Returns: Indices into the examples, each at most once, in the order stored.
    /// - Throws: `notFound` for a subset, file or dataset that is not there, with those that are; `mismatch` for a dataset
    ///   that is no list of indices, or has none, one twice or one outside the examples; what reading the file throws.
    public func indices(named name: String) throws(RunError) -> [Int] {
        if let subset = subsets.first(where: { $0.name == name }) { return subset.indices }
        guard let colon = name.lastIndex(of: ":") else {
            let names = subsets.map(\.name)
            let meant = nearestName(to: name, among: names).map { "did you mean \($0)? " } ?? ""
            throw RunError(
                .notFound,
                "is no subset; \(meant)"
                    + (names.isEmpty ? "the file has none, which would lie under subsets/" : "there are \(names.list)")
                    + "; indices in another HDF5 file are written FILE:DATASET",
                path: path, object: "subsets/\(name)")
        }
        let (file, dataset) = (String(name[..<colon]), String(name[name.index(after: colon)...]))
        return try Examples.indices(try ForeignFile(file).dataset(dataset), dataset, count: count, path: file)
    }

    /// SHA-256 over all of the above but the path and the recorded outputs, as hexadecimal digits.
    public var digest: String {
        var digest = Digest()
        for (name, tensor) in inputs.sorted(by: { $0.key < $1.key }) { digest.update(name, tensor) }
        if let targets { digest.update("targets", targets) }
        for subset in subsets {
            let indices = Tensor(subset.indices.map { Int64($0) }, shape: [subset.indices.count])
            digest.update("subsets/\(subset.name)", indices)
        }
        return digest.hex
    }

    /// Reads a file of examples.
    ///
    /// - Throws: `notFound` without the file; `mismatch` if two datasets have different numbers of examples, or an index
    ///   lies outside; `malformed` for NaN or infinity, or a damaged file; `temporary` if it is still being written.
    public init(at path: String) throws(RunError) {
        self.path = path
        var inputs: [String: Tensor] = [:]
        var targets: Tensor?
        var subsets: [(name: String, tensor: Tensor)] = []
        var recorded: [(name: String, tensor: Tensor)] = []
        for dataset in try ForeignFile(path).datasets() {
            let (name, tensor) = (dataset.name, dataset.tensor)
            let parts = name.split(separator: "/").map(String.init)
            switch (parts[0], parts.count) {
            case ("targets", 1): targets = tensor
            case ("subsets", 2...): subsets.append((parts.dropFirst().joined(separator: "/"), tensor))
            case ("recorded_outputs", 2): recorded.append((parts[1], tensor))
            default: inputs[name] = tensor
            }
        }
        count = try Examples.commonCount(inputs, targets, path: path)
        self.inputs = inputs
        self.targets = targets
        var checkedSubsets: [Subset] = []
        for subset in subsets.sorted(by: { $0.name < $1.name }) {
            let indices = try Examples.indices(subset.tensor, "subsets/\(subset.name)", count: count, path: path)
            checkedSubsets.append(Subset(name: subset.name, indices: indices))
        }
        self.subsets = checkedSubsets
        let trainingCount = checkedSubsets.first { $0.name == "train" }?.indices.count ?? count
        var outputs: [RecordedOutput] = []
        for (name, tensor) in recorded {
            outputs.append(try Examples.recordedOutput(name, tensor, trainingCount: trainingCount, path: path))
        }
        recordedOutputs = outputs.sorted { $0.step < $1.step }
    }

    private static func commonCount(
        _ inputs: [String: Tensor], _ targets: Tensor?, path: String
    ) throws(RunError) -> Int {
        let sorted = inputs.sorted { $0.key < $1.key }
        guard let first = sorted.first else {
            throw RunError(
                .notFound, "holds no examples: expected one dataset per graph input, named as the input", path: path)
        }
        for (name, _) in sorted {
            let group = name.split(separator: "/").first.map(String.init) ?? name
            if group != name, let meant = nearestName(to: group, among: ["subsets", "recorded_outputs"]) {
                throw RunError(
                    .malformed, "is taken for a graph input; did you mean the group \(meant)?", path: path, object: name
                )
            }
        }
        let all = sorted.map { ($0.key, $0.value) } + (targets.map { [("targets", $0)] } ?? [])
        for (name, tensor) in all {
            guard let count = tensor.shape.dimensions.first, count > 0 else {
                throw RunError(
                    .mismatch, "expected a first axis of examples, found shape \(tensor.shape)", path: path,
                    object: name)
            }
            guard count == first.value.shape.dimensions.first else {
                throw RunError(
                    .mismatch,
                    "has \(count.counted("example")), \(first.key) has \(first.value.shape.dimensions.first ?? 0); the first axis "
                        + "of every dataset counts the same examples", path: path, object: name)
            }
            if let value = tensor.firstNonFinite {
                throw RunError(.malformed, "holds \(value); leave such examples out", path: path, object: name)
            }
        }
        return first.value.shape.dimensions[0]
    }

    private static func indices(
        _ tensor: Tensor, _ object: String, count: Int, path: String
    ) throws(RunError) -> [Int] {
        guard let values = tensor.integers, tensor.shape.rank == 1, !values.isEmpty, tensor.elementType != .bool else {
            throw RunError(
                .mismatch,
                "expected a list of indices of examples, found \(tensor.elementType.rawValue) of shape \(tensor.shape)",
                path: path, object: object)
        }
        var seen = Set<Int64>()
        for value in values {
            guard value >= 0, value < count else {
                throw RunError(
                    .mismatch,
                    "holds the index \(value); expected 0 to \(count - 1), as there are \(count.counted("example"))",
                    path: path, object: object)
            }
            guard seen.insert(value).inserted else {
                throw RunError(
                    .mismatch, "holds the index \(value) twice; list each example once", path: path, object: object)
            }
        }
        return values.map { Int($0) }
    }

    private static func recordedOutput(
        _ name: String, _ tensor: Tensor, trainingCount: Int, path: String
    ) throws(RunError) -> RecordedOutput {
        let object = "recorded_outputs/\(name)"
        guard let step = Int(name), step >= 0 else {
            throw RunError(.malformed, "expected a training step as its name", path: path, object: object)
        }
        guard tensor.elementType.isFloatingPoint, let count = tensor.shape.dimensions.first, count > 0,
            count <= trainingCount
        else {
            throw RunError(
                .mismatch,
                "expected floats for the first 1 to \(trainingCount) training examples, found "
                    + "\(tensor.elementType.rawValue) of shape \(tensor.shape)", path: path, object: object)
        }
        return RecordedOutput(step: step, outputs: tensor)
    }
}

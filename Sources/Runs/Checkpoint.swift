public import Tensors

/// A tensor and its name in a checkpoint.
public struct NamedTensor: Sendable, Equatable {
    /// The name; the parts of a path inside the file are joined by dots.
    public let name: String
    /// Its values.
    public let tensor: Tensor

    /// Creates a named tensor.
    public init(name: String, tensor: Tensor) {
        self.name = name
        self.tensor = tensor
    }
}

/// What a checkpoint says of a tensor without its values.
public struct TensorDescription: Sendable, Equatable {
    /// The name, as `NamedTensor.name`.
    public let name: String
    /// The extents.
    public let shape: Shape
    /// The type stored.
    public let elementType: ElementType

    /// Creates a description.
    public init(name: String, shape: Shape, elementType: ElementType) {
        self.name = name
        self.shape = shape
        self.elementType = elementType
    }
}

/// The weights of a run at one training step.
public struct Checkpoint: Sendable {
    /// The training step, or the epoch where the series counts those.
    public let step: Int
    /// The tensors by name, numbers in names compared as numbers: `layers.2` before `layers.10`.
    public let tensors: [NamedTensor]

    /// Creates a checkpoint.
    public init(step: Int, tensors: [NamedTensor]) {
        self.step = step
        self.tensors = tensors
    }

    /// The tensor called `name`.
    public subscript(name: String) -> Tensor? { tensors.first { $0.name == name }?.tensor }

    /// SHA-256 over names, types, shapes and values, as hexadecimal digits; the step does not enter.
    public var digest: String {
        var digest = Digest()
        for tensor in tensors { digest.update(tensor.name, tensor.tensor) }
        return digest.hex
    }
}

/// Where a checkpoint lies.
public struct CheckpointReference: Sendable, Equatable, Codable {
    /// The training step, or the epoch where the series counts those.
    public let step: Int
    /// The file.
    public let file: String
    /// The group that holds the tensors, `/` for the root.
    public let group: String
    /// The row of every tensor's first axis where the file stacks the checkpoints; nil elsewhere.
    public let row: Int?
    /// The other files where the run lists several for this step; each has the same group.
    public let otherFiles: [String]

    /// Creates a reference.
    public init(step: Int, file: String, group: String = "/", row: Int? = nil, otherFiles: [String] = []) {
        self.step = step
        self.file = file
        self.group = group
        self.row = row
        self.otherFiles = otherFiles
    }
}

import Tensors

/// Reads checkpoints in safetensors files, each of which holds one.
public struct SafetensorsCheckpointReader: CheckpointReader {
    /// Creates a reader.
    public init() {}

    /// What a file holds, without the values of its tensors.
    public func inventory(of path: String) throws(RunError) -> FileInventory {
        let tensors = try SafetensorsFile(reading: path).tensors
        let datasets = tensors.map {
            FileInventory.Dataset(parts: [$0.name], shape: $0.shape, elementType: $0.elementType, skipped: nil)
        }
        return FileInventory(
            path: path, datasets: datasets.sorted { $0.parts[0].utf8.lexicographicallyPrecedes($1.parts[0].utf8) },
            groupMarkers: [:], stepVectors: [:])
    }

    /// What a file's metadata and tensors of one integer say about its step.
    public func stepMarkers(of path: String) throws(RunError) -> StepMarkers {
        let file = try SafetensorsFile(reading: path)
        var markers = StepMarkers()
        for name in CheckpointStep.markerNames {
            if let text = file.metadata[name] { markers.add(name, text: text) }
            let isMarker = file.tensors.contains {
                $0.name == name && $0.shape.elementCount == 1 && !$0.elementType.isFloatingPoint
            }
            if isMarker { markers.datasets[name] = try file.read(name).integers?.first.map { Int($0) } }
        }
        return markers
    }

    /// All tensors of a file.
    public func tensors(at reference: CheckpointReference) throws(RunError) -> [NamedTensor] {
        try SafetensorsFile(reading: reference.file).read {
            CheckpointLayout.isTensor(
                FileInventory.Dataset(parts: [$0.name], shape: $0.shape, elementType: $0.elementType, skipped: nil))
        }
    }
}

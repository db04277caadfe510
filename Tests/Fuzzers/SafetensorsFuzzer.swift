import Foundation
import Runs

/// Reads the bytes as a safetensors file with all its tensors, and as the index of a checkpoint in several files.
func fuzzSafetensors(_ bytes: [UInt8]) {
    let folder = FileManager.default.temporaryDirectory
    let file = folder.appending(path: "fuzzed-\(getpid()).safetensors")
    let index = folder.appending(path: "fuzzed-\(getpid()).safetensors.index.json")
    guard (try? Data(bytes).write(to: file)) != nil, (try? Data(bytes).write(to: index)) != nil else { return }
    // Not the reader of every format, which waits for files cut short a moment ago.
    let reader = SafetensorsCheckpointReader()
    _ = try? reader.inventory(of: file.path())
    _ = try? reader.stepMarkers(of: file.path())
    _ = try? reader.tensors(at: CheckpointReference(step: 0, file: file.path()))
    _ = try? CheckpointFileReader().inventory(of: index.path())
}

import Runs

/// Reads the bytes as `run.yaml`.
func fuzzManifest(_ bytes: [UInt8]) {
    guard let text = String(validating: bytes, as: UTF8.self),
        let yaml = try? YAMLMapping(text: text, path: "run.yaml")
    else { return }
    _ = yaml.flattened
    _ = try? Manifest(yaml)
}

import Foundation

/// What a training run left behind: checkpoints, and what else there is beside them.
///
/// What `run.yaml` does not say is inferred from names; `inferences` tells how. What is ambiguous is an error.
public struct RunDirectory: Sendable {
    /// The directory.
    public let path: String
    /// The name shown: that of the manifest, or of the directory.
    public let name: String
    /// What `run.yaml` says; empty where there is none.
    public let manifest: Manifest
    /// The checkpoints.
    public private(set) var series: CheckpointSeries
    /// The ONNX graph; nil where there is none.
    public let modelPath: String?
    /// The file of examples; nil where there is none.
    public let examplesPath: String?
    /// The run's own series.
    public let recordedSeries: [MetricSeries]
    /// What was inferred, left out or skipped, in words for the reader.
    public let inferences: [String]
    /// What is not there and what its absence means, in words for the reader.
    public let missing: [String]

    /// Opens a run directory; of the checkpoints, only names, steps and shapes are read.
    ///
    /// - Parameters:
    ///   - excluded: Checkpoint files to leave out, such as one that is still being written.
    ///   - reader: What reads the checkpoints.
    ///   - opened: Is told how many of how many checkpoint files have been opened to find their steps.
    /// - Throws: `notFound` without the directory, without checkpoints or without a file that `run.yaml` names;
    ///   `mismatch` where several candidates fit; what reading the manifest, metrics and checkpoints throws.
    public init(
        at path: String, excluding excluded: Set<String> = [], reader: any CheckpointReader = CheckpointFileReader(),
        opened: (_ done: Int, _ of: Int) -> Void = { _, _ in }
    ) throws(RunError) {
        let folder = try RunFolder(path)
        let manifestPath = folder.path(of: "run.yaml")
        let yaml =
            folder.names.contains("run.yaml")
            ? try YAMLMapping.load(path: manifestPath) : YAMLMapping(path: manifestPath)
        manifest = try Manifest(yaml)
        self.path = path
        name = manifest.name ?? URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent

        var inferences: [String] = []
        var missing: [String] = []
        modelPath = try folder.choose(
            "model", manifest.model, usual: ["model.onnx"], ending: ".onnx", &inferences)
        examplesPath = try folder.choose("data", manifest.data, usual: ["data.h5"], ending: nil, &inferences)
        if modelPath == nil { missing.append("no model.onnx: the loss and λ̂ are not measured") }
        if examplesPath == nil { missing.append("no data.h5: the loss and λ̂ are not measured") }
        if modelPath == nil, examplesPath == nil, !folder.names.contains("run.yaml"),
            let file = RunDirectory.inputAbove(path)
        {
            missing.append("the folder above holds \(file): is that the run directory?")
        }

        let files = try folder.checkpointFiles(manifest, besides: examplesPath, excluding: excluded, &inferences)
        let explicitSteps = try folder.explicitSteps(manifest)
        series = try CheckpointSeries(
            files: files, explicitSteps: explicitSteps, names: manifest.names,
            mayBeNonFinite: Set(manifest.buffers + manifest.ignored), reader: reader, opened: opened)
        if explicitSteps == nil, series.axis == .epoch {
            inferences.append("no checkpoint tells a step: the axis counts epochs")
        }
        inferences += series.notes

        let metricsPath = try folder.choose(
            "metrics", manifest.metrics, usual: ["metrics.csv", "metrics.jsonl"], ending: nil, &inferences)
        if let metricsPath {
            let (series, notes) = try MetricSeries.read(metricsPath, axis: series.axis, mayGrow: true)
            recordedSeries = series
            inferences += notes
        } else {
            recordedSeries = []
        }
        self.inferences = inferences
        self.missing = missing
    }

    /// A file of a run directory beside a folder, such as its folder of checkpoints; nil where there is none.
    private static func inputAbove(_ path: String) -> String? {
        let above = URL(fileURLWithPath: path).standardizedFileURL.deletingLastPathComponent().path
        return ["model.onnx", "data.h5", "run.yaml"].first { FileManager.default.fileExists(atPath: "\(above)/\($0)") }
    }

    /// The same run, which keeps the first `count` checkpoints that are read of it in memory until its series releases them.
    public func holding(_ count: Int) -> RunDirectory {
        var run = self
        run.series = series.holding(count)
        return run
    }
}

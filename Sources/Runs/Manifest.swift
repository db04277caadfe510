import Tensors

/// What `run.yaml` says about a run. Everything may be left out.
public struct Manifest: Sendable {
    /// The loss that is sampled.
    public enum Loss: Sendable, Equatable {
        /// A built-in head over the graph's output, such as `cross-entropy`.
        case named(String)
        /// The graph's output of this name holds per-example losses.
        case output(String)
    }

    /// A hyperparameter of the training run, for display and comparison.
    public struct Hyperparameter: Sendable, Equatable {
        /// Its name; nested names are joined by dots.
        public let name: String
        /// Its value as written.
        public let value: String
    }

    /// A checkpoint file and the step it belongs to; files of one step are its parts.
    public struct ExplicitStep: Sendable, Equatable {
        /// The file, relative to the run directory.
        public let file: String
        /// The training step.
        public let step: Int
    }

    /// The name shown for the run.
    public let name: String?
    /// The ONNX graph, relative to the run directory.
    public let model: String?
    /// The examples, relative to the run directory.
    public let data: String?
    /// The folder or file of the checkpoints, relative to the run directory.
    public let checkpoints: String?
    /// The run's own series, relative to the run directory.
    public let metrics: String?
    /// The loss.
    public let loss: Loss?
    /// The names of the tensors that training changes; nil where it does not say.
    public let trainable: [String]?
    /// Tensors that are fed to the graph and never sampled.
    public let buffers: [String]
    /// Tensors of the checkpoints that the graph need not use.
    public let ignored: [String]
    /// What tensors of the checkpoints are called from here on, by the names that they have there.
    public let names: [String: String]
    /// Initializers of the graph that no checkpoint needs to hold.
    public let constants: [String]
    /// Hyperparameters in the order written.
    public let hyperparameters: [Hyperparameter]
    /// The checkpoint files and their steps, where neither files nor names tell; nil where it does not say.
    public let steps: [ExplicitStep]?

    /// What is shown on every page, and drawn beside lines.
    private static let greatestNameLength = 400
    private static let greatestHyperparameterCount = 1_000

    private static let keys = [
        "name", "model", "data", "checkpoints", "metrics", "loss", "trainable", "buffers", "ignored", "constants",
        "names", "hyperparameters", "steps",
    ]

    /// Reads the keys of `run.yaml`.
    ///
    /// - Throws: `malformed` for an unknown key, with the nearest known one, or a value of another form.
    public init(_ yaml: YAMLMapping) throws(RunError) {
        try yaml.rejectUnknownKeys(known: Manifest.keys)
        name = try yaml.text("name")
        if let name, name.utf8.count > Self.greatestNameLength {
            throw yaml.error(
                "name", "expected at most \(Self.greatestNameLength) bytes of text, found \(name.utf8.count)")
        }
        model = try yaml.text("model")
        data = try yaml.text("data")
        checkpoints = try yaml.text("checkpoints")
        metrics = try yaml.text("metrics")
        trainable = try yaml.texts("trainable")
        buffers = try yaml.texts("buffers") ?? []
        ignored = try yaml.texts("ignored") ?? []
        constants = try yaml.texts("constants") ?? []
        var names: [String: String] = [:]
        if let mapping = try yaml.mapping("names") {
            for entry in mapping.entries {
                guard let name = try mapping.text(entry.key), !name.isEmpty else {
                    throw mapping.error(entry.key, "expected what the tensor is to be called, found nothing")
                }
                names[entry.key] = name
            }
        }
        self.names = names
        hyperparameters = (try yaml.mapping("hyperparameters")?.flattened ?? []).map(Hyperparameter.init)
        guard hyperparameters.count <= Self.greatestHyperparameterCount else {
            throw yaml.error(
                "hyperparameters",
                "expected at most \(Self.greatestHyperparameterCount), found \(hyperparameters.count)")
        }

        if case .mapping(let loss)? = yaml.value("loss") {
            try loss.rejectUnknownKeys(known: ["output"])
            guard let output = try loss.text("output") else {
                throw yaml.error("loss", "expected a name or `output: NAME`, found an empty mapping")
            }
            self.loss = .output(output)
        } else {
            loss = try yaml.text("loss").map(Loss.named)
        }

        if let steps = try yaml.mapping("steps") {
            var explicit: [ExplicitStep] = []
            for entry in steps.entries {
                guard let step = try steps.integer(entry.key), TrainingStep.isPossible(step) else {
                    throw steps.error(entry.key, "expected the file's training step, a whole number from 0 to 10¹⁴")
                }
                explicit.append(ExplicitStep(file: entry.key, step: step))
            }
            self.steps = explicit
        } else {
            steps = nil
        }
    }
}

public import ArgumentParser
import Development
import Foundation
import Pipeline
import Runs
public import Sampling

/// The options that decide what is measured and how. Every long name is also a key of the settings file.
struct MeasuringOptions: ParsableArguments {
    @Option(help: "The folder results go to (default: RUN/instar).")
    var output: String?
    @Option(help: "A YAML file with any of these options by their long names, restrictions as a list; flags win.")
    var config: String?
    @Option(name: .customLong("set"), help: "KEY=VALUE as in the settings file; wins over it, flags win over this.")
    var assignments: [String] = []

    @Option(
        help:
            "sgld (default), rmsprop-sgld, sgnht, or the exact mala and hmc, which take all examples at every step.")
    var sampler: SamplingMethod?
    @Option(help: "Chains per checkpoint (default 4). At least 2 are needed to see whether they agree.")
    var chains: Int?
    @Option(help: "Draws per chain that count (default 1000). The error falls with the root of their number.")
    var draws: Int?
    @Option(
        help:
            "Draws per chain before those (default 1000). All chains start at the checkpoint, which is not typical of the posterior."
    )
    var burnIn: Int?
    @Option(help: "Steps of the sampler from one draw to the next (default 1).")
    var stepsPerDraw: Int?
    @Option(
        help: "Examples per minibatch (default: 512, or all when there are fewer). Larger: less noise, slower draws.")
    var batch: Int?
    @Option(
        help: "iid draws or shuffled epochs (default iid). The choice moves the LLC; compare only with equal settings.")
    var minibatches: SamplingSettings.Minibatches?
    @Option(
        help:
            "ε (default 0.2/(nβ·h + γ), h the largest curvature at a few checkpoints). Too large diverges, too small does not mix."
    )
    var stepSize: Double?
    @Flag(
        help:
            "Let every second chain take half steps and extrapolate λ̂ to ε = 0: removes the bias of the step, at about three times the error."
    )
    var extrapolate = false
    @Option(
        help: "nβ (default n/ln n with n the number of training examples). The scale at which the loss is looked at.")
    var nBeta: Double?
    @Option(
        help:
            "γ, the pull towards the checkpoint (default: what keeps weights near their size and lets chains settle within burn-in). Larger keeps chains closer and lowers the LLC; smaller takes longer chains."
    )
    var localization: Double?
    @Option(help: "The seed of all random numbers (default 0).")
    var seed: UInt64?
    @Option(help: "float or double (default float).")
    var precision: SamplingSettings.Precision?

    @Option(help: "Lengthen chains until the standard error of λ̂ is at most this.")
    var targetError: Double?
    @Option(help: "The most draws of a chain for --target-error (default: 20 times --draws).")
    var maxDraws: Int?
    @Option(
        help:
            "Evaluate all examples at every K-th draw: gives WBIC and the singular fluctuation (default 0: never).")
    var observeEvery: Int?
    @Option(help: "Keep the losses of the first N examples at those draws, in the units' files (default 0).")
    var traceExamples: Int?
    @Option(help: "Leading eigenvalues of the posterior covariance to keep (default 0).")
    var covariance: Int?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Measure λ̂ with these parameters alone sampled, beside the whole. Globs, !PATTERN to exclude, slices: 'blocks.0.attn.*' 'blocks.0.attn.W_Q[3]' '!*.bias'. A settings file can list several under `restrictions`.",
            valueName: "pattern"))
    var parameters: [String] = []
    @Option(
        help:
            "Measure λ̂ on a subset of data.h5, or on the indices in FILE:DATASET, beside the whole; with --parameters, both."
    )
    var examples: String?

    @Option(help: "Only these training steps, e.g. 0,100,5000.")
    var steps: StepList?
    @Option(help: "Every K-th checkpoint of the series, and the last.")
    var every: Int?
    @Option(
        help:
            "Units (checkpoint and chain) worked on at once (default: one per processor). Results do not depend on it.")
    var jobs: Int?
    @Option(
        help:
            "The most memory to take, as in 4G or 800M (default: three quarters of the machine's). Fewer units are worked on at once where they would take more; results do not depend on it."
    )
    var memory: ByteCount?
    @Flag(help: "Say what would be done, with memory and time, and do nothing.")
    var dryRun = false

    /// Flags over --set over the settings file.
    func resolved() throws -> MeasureOptions {
        let settings = try Configuration(file: config, assignments: assignments)
        var options = MeasureOptions()
        options.output = try output ?? settings.text("output")
        options.sampling.method = try sampler ?? settings.value("sampler")
        options.sampling.chainCount = try chains ?? settings.value("chains")
        options.sampling.drawCount = try draws ?? settings.value("draws")
        options.sampling.burnInCount = try burnIn ?? settings.value("burn-in")
        options.sampling.stepsPerDraw = try stepsPerDraw ?? settings.value("steps-per-draw")
        options.sampling.batchSize = try batch ?? settings.value("batch")
        options.sampling.minibatches = try minibatches ?? settings.value("minibatches")
        options.sampling.stepSize = try stepSize ?? settings.value("step-size")
        options.sampling.extrapolates = try extrapolate ? true : settings.value("extrapolate")
        options.sampling.nBeta = try nBeta ?? settings.value("n-beta")
        options.sampling.localization = try localization ?? settings.value("localization")
        options.sampling.seed = try seed ?? settings.value("seed")
        options.sampling.precision = try precision ?? settings.value("precision")
        options.sampling.targetError = try targetError ?? settings.value("target-error")
        options.sampling.drawLimit = try maxDraws ?? settings.value("max-draws")
        options.sampling.observationInterval = try observeEvery ?? settings.value("observe-every")
        options.sampling.tracedExampleCount = try traceExamples ?? settings.value("trace-examples")
        options.sampling.covarianceRank = try covariance ?? settings.value("covariance")
        options.restrictions = try settings.restrictions()
        if !parameters.isEmpty || examples != nil {
            options.restrictions.append(Restriction(parameters: parameters, examples: examples))
        }
        options.steps = try (steps ?? settings.value("steps"))?.steps
        options.every = try every ?? settings.value("every")
        options.jobs = try jobs ?? settings.value("jobs")
        options.memory = try (memory ?? settings.value("memory"))?.bytes
        return options
    }

    /// Runs `body` with a stream that is shown on stderr until it is done.
    func withProgress<Value: Sendable>(
        _ body: (AsyncStream<WorkProgress>.Continuation) async throws -> Value
    ) async throws -> Value {
        let (stream, continuation) = AsyncStream.makeStream(
            of: WorkProgress.self, bufferingPolicy: .bufferingNewest(1))
        let printer = Task { await ProgressPrinter().follow(stream) }
        do {
            let value = try await body(continuation)
            continuation.finish()
            await printer.value
            return value
        } catch {
            continuation.finish()
            await printer.value
            throw error
        }
    }
}

/// Training steps as `0,100,5000`.
struct StepList: ExpressibleByArgument {
    let steps: [Int]

    init?(argument: String) {
        let parts = argument.split(separator: ",").map { Int($0.trimmingCharacters(in: .whitespaces)) }
        let steps = parts.compactMap(\.self)
        guard !steps.isEmpty, steps.count == parts.count else { return nil }
        self.steps = steps
    }
}

/// A size in bytes as `800M`, `4G` or `4GiB`; multiples of 1,024 throughout.
struct ByteCount: ExpressibleByArgument {
    let bytes: Int

    init?(argument: String) {
        let digits = argument.prefix { $0.isNumber || $0 == "." }
        let unit = argument.dropFirst(digits.count).lowercased()
        let powers = ["": 0, "k": 1, "m": 2, "g": 3, "t": 4]
        let endings = ["ib", "b", ""]
        let letter = String(unit.dropLast(endings.first(where: unit.hasSuffix)?.count ?? 0))
        guard let number = Double(digits), let power = powers[letter] else { return nil }
        let product = number * pow(1024, Double(power))
        // From a mebibyte, the unit of messages, to a pebibyte, so that sums of sizes stay within an Int.
        guard let bytes = Int(exactly: product.rounded()), 1 << 20...1 << 50 ~= bytes else { return nil }
        self.bytes = bytes
    }
}

extension SamplingMethod: ExpressibleByArgument {}
extension SamplingSettings.Minibatches: ExpressibleByArgument {}
extension SamplingSettings.Precision: ExpressibleByArgument {}

public import Development
import Foundation
public import Sampling

/// What the user asked for; whatever is nil is inferred or resolved, printed and stored.
public struct MeasureOptions: Sendable {
    /// The folder results are kept in; nil: `instar` in the run directory.
    public var output: String?
    /// The wanted sampling settings.
    public var sampling = SamplingRequest()
    /// Restrictions of λ̂ that are measured beside the whole, and beside those measured before.
    public var restrictions: [Restriction] = []
    /// Only these training steps; nil: all.
    public var steps: [Int]?
    /// Every k-th checkpoint of the series, the last one included; nil: all.
    public var every: Int?
    /// How many units are worked on at once; nil: one per processor the process may use.
    public var jobs: Int?
    /// The bytes that measuring may take; nil: three quarters of the machine's memory, or of what a
    /// container allows. Fewer units are worked on at once where they would take more; results do not depend on it.
    public var memory: Int?
    /// Whether a checkpoint that was replaced since it was measured is measured again; else it is an error.
    public var remeasuresReplaced = false

    /// Creates options that leave everything open.
    public init() {}

    /// The number of workers: what was asked for, or one per processor.
    var jobCount: Int { jobs ?? ProcessInfo.processInfo.activeProcessorCount }

    /// The bytes that measuring may take, and every process that reads for it.
    public var memoryLimit: Int { memory ?? defaultMemoryLimit }

    /// Throws a usage failure where something is asked for that stored traces cannot give any more.
    func requireNothingToSample(_ path: String) throws(Failure) {
        guard sampling == SamplingRequest(), restrictions.isEmpty, steps == nil, every == nil else {
            throw Failure(
                .usage,
                "\(path) holds chains that were sampled already: settings of the sampler, restrictions, --steps and --every "
                    + "do not apply to them. Leave them out")
        }
    }

    /// Throws a usage failure that names the first option that makes no sense.
    func validate() throws(Failure) {
        try sampling.validate()
        guard jobs ?? 1 >= 1 else { throw Failure(.usage, "--jobs must be at least 1") }
        guard memory ?? 1 >= 1 else { throw Failure(.usage, "--memory must be a size above zero, as in 4G") }
        guard steps == nil || every == nil else { throw Failure(.usage, "--steps and --every exclude each other") }
    }
}

/// Sampling settings as far as the user stated them; nil fields are resolved from the run.
public struct SamplingRequest: Sendable, Equatable {
    /// The sampler.
    public var method: SamplingMethod?
    /// Chains per checkpoint.
    public var chainCount: Int?
    /// Draws per chain that count.
    public var drawCount: Int?
    /// Draws per chain before those.
    public var burnInCount: Int?
    /// Steps of the sampler from one draw to the next.
    public var stepsPerDraw: Int?
    /// Examples per minibatch.
    public var batchSize: Int?
    /// How minibatches are drawn.
    public var minibatches: SamplingSettings.Minibatches?
    /// ε.
    public var stepSize: Double?
    /// Whether every second chain takes half steps.
    public var extrapolates: Bool?
    /// nβ.
    public var nBeta: Double?
    /// γ.
    public var localization: Double?
    /// The seed.
    public var seed: UInt64?
    /// The precision.
    public var precision: SamplingSettings.Precision?
    /// All examples are evaluated at every k-th draw; 0: never.
    public var observationInterval: Int?
    /// The first examples whose losses are kept at those draws.
    public var tracedExampleCount: Int?
    /// Leading eigenvalues of the posterior covariance.
    public var covarianceRank: Int?
    /// The standard error of λ̂ at which chains are long enough.
    public var targetError: Double?
    /// The most draws of a chain for that.
    public var drawLimit: Int?

    /// Creates a request that leaves everything open.
    public init() {}

    /// Throws a usage failure that names the first setting that makes no sense.
    func validate() throws(Failure) {
        func require<Number>(
            _ option: String, _ value: Number?, _ expected: String, _ holds: (Number) -> Bool
        ) throws(Failure) {
            if let value, !holds(value) { throw Failure(.usage, "--\(option): expected \(expected), found \(value)") }
        }
        let chains = 1...SamplingSettings.greatestChainCount
        try require("chains", chainCount, "1 to \(chains.upperBound); 4 is usual, and R-hat needs 2") { chains ~= $0 }
        try require("draws", drawCount, "4 to 10⁸; hundreds are usual") { 4...100_000_000 ~= $0 }
        try require("burn-in", burnInCount, "0 to 10⁸") { 0...100_000_000 ~= $0 }
        try require("batch", batchSize, "1 to 10⁹") { 1...1_000_000_000 ~= $0 }
        try require("steps-per-draw", stepsPerDraw, "1 to 10⁹") { 1...1_000_000_000 ~= $0 }
        try require("observe-every", observationInterval, "0 to 10⁸") { 0...100_000_000 ~= $0 }
        try require("trace-examples", tracedExampleCount, "0 to 10⁹") { 0...1_000_000_000 ~= $0 }
        try require("covariance", covarianceRank, "0 to 10⁴") { 0...10_000 ~= $0 }
        try require("target-error", targetError, "a number above 0") { $0 > 0 && $0.isFinite }
        try require("max-draws", drawLimit, "4 to 10⁹") { 4...1_000_000_000 ~= $0 }
        try require("step-size", stepSize, "a number above 0") { $0 > 0 && $0.isFinite }
        try require("n-beta", nBeta, "a number above 0") { $0 > 0 && $0.isFinite }
        try require("localization", localization, "a number of 0 or more") { $0 >= 0 && $0.isFinite }
    }
}

/// The bytes that may be used where nothing is stated: three quarters of the machine's memory, or of what a container
/// allows.
public var defaultMemoryLimit: Int { machineMemory() / 4 * 3 }

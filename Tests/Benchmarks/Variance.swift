import ArgumentParser
import Development
import Foundation
import Pipeline
import Runs
import Sampling

/// `benchmarks variance RUN:STEP …`: the standard error of λ̂ by several estimators at equal cost.
///
/// The error is the spread of the means of many independent chains, which assumes nothing about autocorrelation; an MCSE
/// of noisy draws would hide slow fluctuations under the noise. Cost is processor time.
struct Variance: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Standard errors of estimators of λ̂ at equal cost.")

    @Argument(help: "RUN:STEP, a run directory and a checkpoint of it.") var places: [String]
    @Option(help: "nβ (default: that of `instar measure`).") var nBeta: Double?
    @Option(help: "γ (default: that of `instar measure`).") var localization: Double?
    @Option(help: "ε (default: that of `instar measure`).") var stepSize: Double?
    @Option(help: "Independent chains.") var chains = 48
    @Option(help: "Draws of a chain that count.") var draws = 1000
    @Option(help: "Draws of a chain before those.") var burnIn = 1000
    @Option(help: "All examples are evaluated at every K-th draw.") var every = 20

    func run() async throws {
        print("| run, step | estimator | λ̂ | SE of one chain | cost | SE ratio to plain at equal cost |")
        print("|---|---|---|---|---|---|")
        for place in places {
            guard let colon = place.lastIndex(of: ":"), let step = Int(place[place.index(after: colon)...]) else {
                throw ValidationError("expected RUN:STEP, found \(place)")
            }
            try await table(run: String(place[..<colon]), step: step)
        }
    }

    private func table(run: String, step: Int) async throws {
        let (_, alone) = try await sampled(run, step, observeEvery: 0)
        let (measurements, observed) = try await sampled(run, step, observeEvery: every)
        guard let checkpoint = measurements.checkpoints.first, let settings = measurements.settings,
            let conditions = measurements.chainConditions, let loss = checkpoint.loss
        else { throw BenchmarkError("\(run): nothing was sampled") }
        let traces = checkpoint.chains.filter { $0.outcome == .completed }
        func kept(_ values: [Double]) -> [Double] { Array(values.dropFirst(settings.burnInCount)) }
        let skipped = placesBefore(settings.burnInCount, every: every)
        let estimators: [(name: String, draws: [[Double]], cost: Double)] = [
            ("plain: L_B(w) − L(w*)", traces.map { kept($0.losses).map { settings.nBeta * ($0 - loss) } }, 1),
            ("paired: L_B(w) − L_B(w*)", traces.map { kept($0.lossDifferences).map { settings.nBeta * $0 } }, 1),
            (
                "paired, control variate\(LLCEstimate(traces: traces, conditions: conditions).isAdjusted ? "" : " (not used: the identity fails)")",
                LLCEstimate.draws(traces: traces, conditions: conditions).draws, 1
            ),
            (
                "all examples, every \(every) draws",
                traces.map { $0.fullLossDifferences.dropFirst(skipped).map { settings.nBeta * $0 } }, observed / alone
            ),
        ]
        var plain: Double?
        for (name, draws, cost) in estimators {
            let means = draws.map { $0.reduce(0, +) / Double($0.count) }
            let mean = means.reduce(0, +) / Double(means.count)
            let variance = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(means.count - 1)
            let error = (variance * cost).squareRoot()
            plain = plain ?? error
            print(
                "| \(URL(fileURLWithPath: run).lastPathComponent), \(step) | \(name) |",
                String(
                    format: "%.3f ± %.3f | %.3f | %.2f | %.2f |", mean,
                    (variance / Double(means.count)).squareRoot(), variance.squareRoot(), cost,
                    error / (plain ?? error)))
        }
    }

    /// The measurements of one checkpoint, and the processor seconds they took.
    private func sampled(_ run: String, _ step: Int, observeEvery: Int) async throws -> (Measurements, Double) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var options = MeasureOptions()
        options.output = folder
        options.steps = [step]
        options.sampling.chainCount = chains
        options.sampling.drawCount = draws
        options.sampling.burnInCount = burnIn
        options.sampling.nBeta = nBeta
        options.sampling.localization = localization
        options.sampling.stepSize = stepSize
        options.sampling.observationInterval = observeEvery
        var measured: Measurements?
        let use = try await MachineUse.during {
            measured = try await measure(RunDirectory(at: run), options: options)
        }
        guard let measured else { throw BenchmarkError("\(run): nothing was measured") }
        return (measured, use.own)
    }
}

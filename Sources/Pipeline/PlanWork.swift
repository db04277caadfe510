import Development
import Foundation
import Graphs
import Runs
public import Sampling
import Tensors

/// What a run would take: the answer of `--dry-run`.
public struct PlannedWork: Sendable {
    /// Steps of the checkpoints that would be measured.
    public var steps: [Int]
    /// The settings, all resolved; nil where no LLC can be measured.
    public var settings: SamplingSettings?
    /// The names of the restrictions that would be measured beside the whole.
    public var targets: [String] = []
    /// Units found in the store, of `unitCount`.
    public var storedUnitCount: Int
    /// Units (checkpoint, restriction, chain) in all.
    public var unitCount: Int
    /// Workers at once.
    public var jobCount: Int
    /// Bytes of the examples, and of all workers' workspaces and parameter vectors; 0 where nothing is sampled.
    public var memory: Int
    /// Seconds, from timing a few draws; nil where nothing is sampled.
    public var seconds: Double?
    /// Where results would go.
    public var folder: String
    /// Where the settings come from.
    public var notes: [String] = []
    /// What is missing and what that narrows.
    public var limitations: [String]

    /// The plan as text.
    public var text: String {
        var lines = [
            "checkpoints: \(steps.count), from step \(steps.first ?? 0) to \(steps.last ?? 0)",
            "results: \(folder)",
        ]
        if let settings, let seconds {
            lines += [
                "draws: \(settings.chainCount) chains × (\(settings.burnInCount) burn-in + \(settings.drawCount)) "
                    + "× \(steps.count) checkpoints, batches of \(settings.batchSize) (\(settings.minibatches.rawValue))",
                "step size ε = \(short(settings.stepSize)), nβ = \(short(settings.nBeta)), "
                    + "localization γ = \(short(settings.localization)), sampler \(settings.method.rawValue), seed \(settings.seed), \(settings.precision.rawValue)",
                "restrictions beside the whole: \(targets.isEmpty ? "none" : targets.joined(separator: ", "))",
                "units: \(unitCount), of which \(storedUnitCount) are stored",
                "memory: about \(memory.mebibytes) for \(jobCount) workers, the examples included",
                "time: about \(Int(seconds.rounded(.up))) s with \(jobCount) workers",
            ]
        }
        return (lines + notes + limitations).joined(separator: "\n")
    }

    private func short(_ number: Double) -> String { String(format: "%.4g", number) }
}

/// Decides everything that `measure` would decide, and does nothing.
///
/// - Throws: What `measure` would throw before it starts to work.
public func planWork(at path: String, options: MeasureOptions) throws -> PlannedWork {
    guard !StoredTraces.isTraces(at: path) else {
        throw Failure(.usage, "\(path) holds chains that were sampled already: nothing would be sampled")
    }
    let run = try RunDirectory(at: path)
    let store = MeasurementStore(run: path, output: options.output)
    let work = try prepareWork(run, options: options, store: store)
    let jobs = try work.jobCount(options)
    let steps = work.selection.map { run.series.references[$0].step }
    var plan = PlannedWork(
        steps: steps, settings: work.settings.sampling, storedUnitCount: 0, unitCount: 0, jobCount: jobs, memory: 0,
        seconds: nil, folder: store.folder, limitations: work.limitations)
    guard let model = work.model, let settings = work.settings.sampling else { return plan }
    plan.notes = work.settingsNotes
    plan.targets = work.targets.compactMap { $0.restriction?.name }
    plan.unitCount = steps.count * settings.chainCount * work.targets.count
    let wanted = settings.totalDrawCount
    var missingDraws = 0
    for step in steps {
        for (target, chain) in work.targets.flatMap({ target in (0..<settings.chainCount).map { (target, $0) } }) {
            let path = store.chainPath(step: step, restriction: target.key, chain: chain)
            let stored = try Chain<Double>.read(path)?.value.trace
            let isFinished = stored.map { $0.outcome != .completed || $0.drawCount >= wanted } ?? false
            if isFinished { plan.storedUnitCount += 1 } else { missingDraws += wanted - (stored?.drawCount ?? 0) }
        }
    }
    let checkpoint = try run.series.read(at: work.selection[0])
    let secondsPerDraw =
        switch settings.precision {
        case .float: try drawTime(Float.self, model: model, checkpoint: checkpoint, batch: settings.batchSize)
        case .double: try drawTime(Double.self, model: model, checkpoint: checkpoint, batch: settings.batchSize)
        }
    plan.seconds =
        Double(missingDraws) * settings.gradientsPerDraw(exampleCount: model.trainingIndices.count) * secondsPerDraw
        / Double(min(jobs, ProcessInfo.processInfo.activeProcessorCount))
    plan.memory = try work.memoryNeed()?.total(workers: jobs) ?? 0
    return plan
}

/// Seconds that one gradient takes, over a third of a second's worth of them.
func drawTime<Scalar: Real>(
    _ type: Scalar.Type, model: LoadedModel, checkpoint: Checkpoint, batch: Int
) throws -> Double {
    let center = try model.center(of: checkpoint, as: Scalar.self)
    let loss = try model.loss(as: Scalar.self)
    let evaluator = try loss.makeEvaluator(capacity: batch)
    let examples = (0..<batch).map { $0 % loss.exampleCount }
    var losses = [Double](repeating: 0, count: batch)
    var gradient = [Scalar](repeating: 0, count: center.count)
    let clock = ContinuousClock()
    let start = clock.now
    var count = 0
    repeat {
        evaluator.lossesAndGradient(at: center, examples: examples, losses: &losses, gradient: &gradient)
        count += 1
    } while clock.now - start < .milliseconds(300)
    return (clock.now - start) / .seconds(1) / Double(count)
}

extension SamplingSettings {
    /// What a draw costs, in gradients of a minibatch; an evaluation of the loss alone costs a third of a gradient.
    fileprivate func gradientsPerDraw(exampleCount: Int) -> Double {
        let perStep: Double =
            switch method {
            case .sgld, .rmspropSGLD, .adaptiveRMSpropSGLD, .sgnht: 1
            case .mala: 2
            // One at the start, and the mean of 5 to 10 leapfrog steps.
            case .hmc: 8.5
            }
        let interval = observations.interval
        let observed = interval > 0 ? Double(exampleCount) / Double(3 * batchSize * interval) : 0
        return perStep * Double(stepsPerDraw) + observed
    }
}

/// The folder that results of a run go to.
public func outputFolder(run: String, output: String?) -> String {
    MeasurementStore(run: run, output: output).folder
}

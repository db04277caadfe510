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
    /// A unit of work.
    public struct Unit: Sendable, Codable, Equatable {
        /// What `measure --unit` takes.
        public var name: String
        /// The checkpoint's step.
        public var step: Int
        /// The restriction; nil for the whole, and for what is measured without sampling.
        public var restriction: String?
        /// The chain; nil for what is measured without sampling.
        public var chain: Int?
        /// What it is estimated to take, in gradients of one example.
        public var cost: Double
        /// The file it is stored in.
        public var output: String
        /// Whether it is stored and finished.
        public var isStored: Bool
    }

    /// What would be measured and stored one by one.
    public var units: [Unit]
    /// Workers at once.
    public var jobCount: Int
    /// The most bytes that are taken at once, and what each phase takes.
    public var memory: Int
    /// What each phase takes, in words.
    public var memoryByPhase: String
    /// Seconds of sampling, from timing a few draws; nil where nothing is sampled.
    public var seconds: Double?
    /// Seconds of reading and surveying all checkpoints, from timing the first.
    public var surveySeconds = 0.0
    /// Seconds of the inner products of all pairs of checkpoints, from timing some.
    public var productSeconds = 0.0
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
                "units: \(units.count), of which \(units.count(where: \.isStored)) are stored",
                "time of sampling: about \(Int(seconds.rounded(.up))) s with \(jobCount) workers",
            ]
        }
        lines += [
            "memory: at most about \(memory.mebibytes) with \(jobCount) workers (\(memoryByPhase))",
            "time of reading and surveying: about \(Int(surveySeconds.rounded(.up))) s; of the inner products of "
                + "\(steps.count * (steps.count + 1) / 2) pairs of checkpoints: about \(Int(productSeconds.rounded(.up))) s",
        ]
        return (lines + notes + limitations).joined(separator: "\n")
    }

    /// The plan as one JSON document.
    public func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(
            decoding: try encoder.encode(
                Document(
                    folder: folder, jobs: jobCount, limitations: limitations, memory: memory, notes: notes,
                    seconds: seconds, settings: settings.map(entries) ?? [], units: units)), as: UTF8.self)
    }

    /// What `--dry-run --json` prints.
    private struct Document: Codable {
        var schema = "instar-plan-1"
        var folder: String
        var jobs: Int
        var limitations: [String]
        var memory: Int
        var notes: [String]
        var seconds: Double?
        var settings: [Entry]
        var units: [Unit]
    }

    private func entries(_ settings: SamplingSettings) -> [Entry] {
        let counts = [
            ("chains", settings.chainCount), ("draws", settings.drawCount), ("burn-in", settings.burnInCount),
        ]
        let fixed = settings.fixedEntries.filter { $0.name != "burn-in" }
        return counts.map { Entry(name: $0, value: "\($1)") } + fixed
    }

    private func short(_ number: Double) -> String { String(format: "%.4g", number) }
}

/// Decides everything that `measure` would decide, and does nothing.
///
/// - Parameter share: The share whose units are planned; nil: all.
/// - Throws: What `measure` would throw before it starts to work.
public func planWork(at path: String, options: MeasureOptions, share: Share? = nil) throws -> PlannedWork {
    guard !StoredTraces.isTraces(at: path) else {
        throw Failure(
            .usage,
            "\(path) holds chains that were sampled already: nothing would be sampled. "
                + "`instar analyze` without --dry-run reads them")
    }
    let run = try RunDirectory(at: path)
    let store = MeasurementStore(run: path, output: options.output)
    // As measuring does, a share of it excepted.
    let work = try prepareWork(
        share == nil ? run.holdingChecked() : run, options: options, store: store)
    let jobs = try work.jobCount(options, isShare: share != nil)
    let need = try work.memoryNeed(isShare: share != nil)
    // What follows is timed.
    work.run.series.release()
    let all = work.units(store)
    let units = try share.map { try work.units(of: $0, in: all) } ?? all
    let progress = try work.progress(of: units, store: store)
    var plan = PlannedWork(
        steps: work.selection.map { run.series.references[$0].step }, settings: work.settings.sampling,
        units: units.map { unit in
            PlannedWork.Unit(
                name: unit.name, step: unit.step,
                restriction: unit.chain == nil ? nil : work.targets[unit.target].restriction?.name,
                chain: unit.chain, cost: unit.cost, output: store.unitPath(unit.name),
                isStored: progress.finished.contains(unit.name))
        }, jobCount: jobs, memory: need.total(workers: jobs), memoryByPhase: need.text(workers: jobs), seconds: nil,
        folder: store.folder, limitations: work.limitations)
    (plan.surveySeconds, plan.productSeconds) =
        switch work.settings.sampling?.precision ?? .float {
        case .float: try work.surveyTimes(Float.self, workers: jobs)
        case .double: try work.surveyTimes(Double.self, workers: jobs)
        }
    guard work.model != nil, work.settings.sampling != nil else { return plan }
    plan.notes = work.settingsNotes
    plan.targets = work.targets.compactMap { $0.restriction?.name }
    plan.seconds =
        try progress.missingCost * work.secondsPerCost()
        / Double(min(jobs, ProcessInfo.processInfo.activeProcessorCount))
    return plan
}

extension Work {
    /// Seconds that a unit takes for each gradient of one example, from timing a few draws; 0 where nothing is sampled.
    func secondsPerCost() throws -> Double {
        guard let model, let settings = settings.sampling else { return 0 }
        let checkpoint = try run.series.readFirst(of: selection)
        let batch = settings.batchSize
        return switch settings.precision {
        case .float: try drawTime(Float.self, model: model, checkpoint: checkpoint, batch: batch) / Double(batch)
        case .double: try drawTime(Double.self, model: model, checkpoint: checkpoint, batch: batch) / Double(batch)
        }
    }

    /// Seconds of all surveys, from one of the first checkpoints, and of all inner products, from those of some vectors.
    fileprivate func surveyTimes<Scalar: Real>(
        _ type: Scalar.Type, workers: Int
    ) throws -> (surveys: Double, products: Double) {
        let surveyor = try Surveyor<Scalar>(model: model, tensors: tensors)
        let clock = ContinuousClock()
        var start = clock.now
        var window: [Checkpoint] = []
        var vectors: [Survey.Vector: [Float]] = [:]
        for index in selection.prefix(3) {
            start = clock.now
            // One that is damaged is left out when it is measured.
            guard let checkpoint = try? run.series.read(at: index) else { continue }
            window.append(checkpoint)
            let before = window.dropLast().reversed()
            let survey = try surveyor.survey(
                window[window.count - 1], digest: window[window.count - 1].digest, previous: before.first,
                earlier: before.dropFirst().first)
            vectors = [.weights: survey.weights, .outputs: survey.outputs]
        }
        let count = Double(selection.count)
        let atOnce = Double(min(workers, ProcessInfo.processInfo.activeProcessorCount))
        let surveys = (clock.now - start) / .seconds(1) * count / atOnce
        let some = min(selection.count, 64)
        var products = 0.0
        for vector in vectors.values where !vector.isEmpty {
            start = clock.now
            _ = innerProducts(of: Array(repeating: vector, count: some), with: Array(repeating: vector, count: some))
            products += (clock.now - start) / .seconds(1) * count * count / 2 / Double(some * some)
        }
        return (surveys, products)
    }
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
    func gradientsPerDraw(exampleCount: Int) -> Double {
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

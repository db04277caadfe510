public import Sampling
import Tensors

extension Comparison.Difference {
    /// All that differs between the runs, settings that bear on λ̂ first.
    static func between(_ runs: [Measurements]) -> [Comparison.Difference] {
        let named: [(Subject, [[Entry]])] = [
            (.measurement, runs.map(\.conditions)),
            (.effort, runs.map { $0.settings.map(Self.effort) ?? [] }),
            (.hyperparameter, runs.map(\.hyperparameters)),
            (.provenance, runs.map { [Entry(name: "version", value: $0.provenance.version)] + $0.provenance.digests }),
        ]
        return named.flatMap { subject, entries -> [Comparison.Difference] in
            var names: [String] = []
            for name in entries.joined().map(\.name) where !names.contains(name) { names.append(name) }
            return names.compactMap { name -> Comparison.Difference? in
                let values = entries.map { run in run.first { $0.name == name }?.value }
                guard Set(values).count > 1 else { return nil }
                return Comparison.Difference(subject: subject, name: name, values: values)
            }
        }
    }

    /// What the chains cost, field by field.
    private static func effort(of settings: SamplingSettings) -> [Entry] {
        [
            Entry(name: "chains", value: String(settings.chainCount)),
            Entry(name: "draws", value: String(settings.drawCount)),
            Entry(name: "burn-in", value: String(settings.burnInCount)),
            Entry(name: "seed", value: String(settings.seed)),
        ]
    }
}

extension SamplingSettings {
    /// The options of `instar measure` that set all of this, for a command that measures the same.
    public var options: [String] {
        let counts = [
            ("--chains", chainCount), ("--draws", drawCount), ("--burn-in", burnInCount),
            ("--steps-per-draw", stepsPerDraw),
        ]
        var options = counts.map { "\($0.0) \($0.1)" } + conditions.map { "\($0.option) \($0.entry.value)" }
        options.append("--seed \(seed)")
        if extrapolates { options.append("--extrapolate") }
        if let targetError { options.append("--target-error \(Format.exact(targetError)) --max-draws \(drawLimit)") }
        let observed = [
            ("--observe-every", observations.interval), ("--trace-examples", observations.tracedExampleCount),
            ("--covariance", observations.covarianceRank),
        ]
        options += observed.filter { $0.1 > 0 }.map { "\($0.0) \($0.1)" }
        return options
    }

    /// The settings that λ̂ depends on, each with the option of `instar measure` that sets it.
    var conditions: [(entry: Entry, option: String)] {
        [
            (Entry(name: "nβ", value: Format.exact(nBeta)), "--n-beta"),
            (Entry(name: "step size ε", value: Format.exact(stepSize)), "--step-size"),
            (Entry(name: "localization γ", value: Format.exact(localization)), "--localization"),
            (Entry(name: "sampler", value: method.rawValue), "--sampler"),
            (Entry(name: "batch size", value: String(batchSize)), "--batch"),
            (Entry(name: "minibatches", value: minibatches.rawValue), "--minibatches"),
            (Entry(name: "precision", value: precision.rawValue), "--precision"),
        ]
    }
}

extension Measurements {
    /// Everything that λ̂ depends on beside the weights and the examples, field by field.
    var conditions: [Entry] {
        var entries: [Entry] = []
        func add(_ name: String, _ value: String?) {
            if let value { entries.append(Entry(name: name, value: value)) }
        }
        add("loss", loss.map { "\($0.name) in \($0.unit)" })
        add("examples n", exampleCount.map(String.init))
        add("parameters sampled", tensors.contains(where: \.isSampled) ? String(sampledCount) : nil)
        add("sampled by", imported?.source)
        add("nβ", imported.map { Format.exact($0.nBeta) })
        add("step size ε", imported?.stepSize.map(Format.exact))
        add("localization γ", imported?.localization.map(Format.exact))
        return entries + (settings?.conditions.map(\.entry) ?? [])
    }

    /// d, the number of sampled coordinates.
    public var sampledCount: Int {
        tensors.filter(\.isSampled).reduce(0) { $0 + $1.shape.elementCount }
    }
}

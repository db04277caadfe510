import Development
import Sampling

extension RunReport {
    /// The sampler's settings with what they mean, and the run's own hyperparameters.
    var settingsSection: Page.Section? {
        var tables: [Table] = []
        if let settings = analysis.measurements.settings {
            tables.append(
                Table(
                    "Settings of the chains, the same at every checkpoint", columns: ["Setting", "Value", "Meaning"],
                    numeric: [1], isShortened: true, rows: settings.entries.map { [$0.name, $0.value, $0.meaning] }))
        }
        if let imported = analysis.measurements.imported {
            let rows =
                [
                    ["Sampled by", imported.source], ["nβ", Format.exact(imported.nBeta)],
                    ["Chains", Format.count(imported.chainCount)], ["Draws", Format.count(imported.drawCount)],
                    ["Burn-in", Format.count(imported.burnInCount)],
                    ["Step size ε", imported.stepSize.map(Format.exact) ?? "not stated"],
                    ["Localization γ", imported.localization.map(Format.exact) ?? "not stated"],
                ] + imported.stated.map { [$0.name, $0.value] }
            tables.append(
                Table(
                    "How another program ran the chains, as far as its file says", columns: ["Setting", "Value"],
                    isShortened: true, rows: rows))
        }
        let hyperparameters = analysis.measurements.hyperparameters
        if !hyperparameters.isEmpty {
            tables.append(
                Table(
                    "The run's own hyperparameters, as it recorded them", columns: ["Name", "Value"],
                    isShortened: true, rows: hyperparameters.map { [$0.name, $0.value] }))
        }
        guard !tables.isEmpty else { return nil }
        return Page.Section(anchor: "settings", heading: "Settings", blocks: [Page.Block(tables: tables)])
    }

    /// What the numbers were made from and by.
    var provenanceSection: Page.Section? {
        let provenance = analysis.measurements.provenance
        var rows = [["Instar", provenance.version]]
        if let settings = analysis.measurements.settings {
            rows.append([
                "Command that measures the same", "instar measure RUN \(settings.options.joined(separator: " "))",
            ])
            rows.append(["Seed", "\(settings.seed)"])
        }
        rows += provenance.processors.map { ["Processor", $0] }
        rows += provenance.digests.map { ["SHA-256 of \($0.name)", $0.value] }
        return Page.Section(
            anchor: "provenance", heading: "Provenance",
            blocks: [
                Page.Block(tables: [
                    Table(
                        "Equal digests and settings give equal numbers on one kind of processor",
                        columns: ["What", "Value"], isShortened: true, rows: rows)
                ])
            ])
    }
}

extension SamplingSettings {
    /// The settings as text, each with what it means.
    var entries: [(name: String, value: String, meaning: String)] {
        [
            ("Sampler", method.rawValue, method.meaning),
            ("Chains", Format.count(chainCount), "Independent chains at each checkpoint, all started there"),
            ("Draws", Format.count(drawCount), "Draws of each chain that count"),
            ("Burn-in", Format.count(burnInCount), "Draws of each chain before those, left out of λ̂"),
            ("Steps per draw", Format.count(stepsPerDraw), "Steps of the sampler from one draw to the next"),
            ("Batch size", Format.count(batchSize), "Examples in each minibatch"),
            (
                "Minibatches", minibatches.rawValue,
                minibatches == .iid
                    ? "Each drawn independently, with replacement" : "Shuffled passes over the examples"
            ),
            ("Step size ε", Format.exact(stepSize), "Squared scale of the noise added at each draw"),
            (
                "Extrapolation", extrapolates ? "yes" : "no",
                extrapolates
                    ? "Every second chain takes ε/2; λ̂ is extrapolated to ε = 0" : "All chains take the same step"
            ),
            (
                "nβ", Format.exact(nBeta),
                "Number of examples over temperature: how sharply the posterior follows the loss"
            ),
            ("Localization γ", Format.exact(localization), "Strength of the pull back to the checkpoint"),
            ("Seed", "\(seed)", "Key of all random numbers"),
            ("Precision", precision.rawValue, "Of weights and gradients; sums are in double precision"),
            (
                "Target error", targetError.map(Format.exact) ?? "none",
                targetError == nil
                    ? "All chains have the same number of draws"
                    : "Chains are lengthened until λ̂ is as sure as this, to at most \(Format.count(drawLimit)) draws"
            ),
        ]
    }
}

extension SamplingMethod {
    /// The sampler in a few words.
    fileprivate var meaning: String {
        switch self {
        case .sgld: "Langevin steps on minibatches"
        case .rmspropSGLD: "Langevin steps scaled by the gradients' size, frozen after burn-in"
        case .adaptiveRMSpropSGLD: "The same, adapting throughout: does not sample the posterior"
        case .sgnht: "Momentum and a thermostat, on minibatches"
        case .mala: "Langevin steps accepted or rejected, on all examples"
        case .hmc: "Hamiltonian trajectories accepted or rejected, on all examples"
        }
    }
}

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
        let rows =
            [["Instar", provenance.version]] + provenance.processors.map { ["Processor", $0] }
            + provenance.digests.map { ["SHA-256 of \($0.name)", $0.value] }
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
            ("Chains", Format.count(chainCount), "Independent chains at each checkpoint, all started there"),
            ("Draws", Format.count(drawCount), "Draws of each chain that count"),
            ("Burn-in", Format.count(burnInCount), "Draws of each chain before those, left out of λ̂"),
            ("Batch size", Format.count(batchSize), "Examples in each minibatch"),
            (
                "Minibatches", minibatches.rawValue,
                minibatches == .iid
                    ? "Each drawn independently, with replacement" : "Shuffled passes over the examples"
            ),
            ("Step size ε", Format.exact(stepSize), "Squared scale of the noise added at each draw"),
            (
                "nβ", Format.exact(nBeta),
                "Number of examples over temperature: how sharply the posterior follows the loss"
            ),
            ("Localization γ", Format.exact(localization), "Strength of the pull back to the checkpoint"),
            ("Seed", "\(seed)", "Key of all random numbers"),
            ("Precision", precision.rawValue, "Of weights and gradients; sums are in double precision"),
        ]
    }
}

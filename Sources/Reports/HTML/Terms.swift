import Development

extension Page {
    /// What the verdict's terms and the main figure's marks mean, for a reader who knows machine learning but not
    /// singular learning theory: what occurs and no more. Empty when there is nothing to explain.
    ///
    /// - Parameters:
    ///   - drawnQualities: The qualities of the points that the figure draws.
    ///   - showsTypes: Whether the types of stages stand beside the verdict.
    static func terms(of analyses: [Analysis], drawnQualities: Set<Mark.Quality>, showsTypes: Bool) -> [String] {
        guard analyses.contains(where: { $0.measurements.checkpoints.contains { $0.llc != nil } }) else {
            return analyses.contains { $0.stages != nil }
                ? [
                    "The LLC, or local learning coefficient (λ̂), is the effective complexity of the model at a checkpoint. "
                        + "It was not measured here, so where stages end is told from what was."
                ] : []
        }
        var sentences = [
            "λ̂ estimates the local learning coefficient (LLC), the effective complexity of the model at a checkpoint: "
                + "the more ways the weights can change without raising the loss, the lower it is and the simpler the model"
                + (Set(analyses.map(\.measurements.sampledCount)).count == 1
                    ? analyses.first.flatMap(greatestLLC) ?? "" : "") + ".",
            "± is one standard error.",
        ]
        let findings = analyses.compactMap(\.stages)
        if findings.contains(where: { $0.method == .llc && !$0.boundaries.isEmpty }) {
            sentences.append(
                "A stage is a stretch of the training over which the LLC changes; it ends at a boundary, where the LLC comes "
                    + "to rest.")
        }
        if findings.contains(where: { !$0.boundaries.isEmpty || !($0.search?.rejected.isEmpty ?? true) }) {
            sentences.append(
                "[a, b] holds a boundary with 95\u{A0}% probability, and its support is the share of plausible LLC curves "
                    + "that have it.")
        }
        let kinds = Set(findings.flatMap { $0.stages.map(\.kind) })
        if showsTypes, !kinds.isDisjoint(with: [.lossFallsComplexityRises, .lossFallsComplexityFalls]) {
            sentences.append("In a stage of type A the loss falls and the LLC rises; in type B both fall.")
        }
        let marks = [(Mark.Quality.doubtful, "a hollow point is doubtful"), (.unusable, "a cross is unusable")]
            .filter { drawnQualities.contains($0.0) }.map(\.1)
        if !marks.isEmpty { sentences.append("In the figure below, \(Format.list(marks)).") }
        return [sentences.joined(separator: " ")]
    }

    /// The LLC of a regular minimum, half the number of sampled parameters (Watanabe 2009); nil where that is not known.
    private static func greatestLLC(_ analysis: Analysis) -> String? {
        let count = analysis.measurements.sampledCount
        return count > 0
            ? "; without any, it is half the number of sampled parameters, here \(Format.exact(Double(count) / 2))"
            : nil
    }
}

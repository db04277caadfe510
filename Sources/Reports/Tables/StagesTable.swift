public import Development

/// `stages.csv`: one row per stage.
///
/// Columns: `stage`, `start`, `end`, the end's 95 % interval (`end_low`, `end_high`) and `end_support` when it is a
/// boundary, `loss_change`, `loss_change_error`, `llc_change`, `llc_change_error`, `kind` (`A`, `B`, in words what loss and LLC do, or empty).
/// Without stages there is only the header.
public struct StagesTable: Sendable {
    private let finding: StageFinding?

    /// Lays out the stages of an analysis.
    public init(_ analysis: Analysis) { finding = analysis.stages }

    /// The table as RFC 4180 text.
    public var csv: String {
        let columns = [
            "stage", "start", "end", "end_low", "end_high", "end_support", "loss_change", "loss_change_error",
            "llc_change", "llc_change_error", "kind",
        ]
        let rows = (finding?.stages ?? []).enumerated().map { index, stage in
            let end = finding.flatMap { index < $0.boundaries.count ? $0.boundaries[index] : nil }
            return [
                "\(index + 1)", exact(stage.start), exact(stage.end), exact(end?.interval.lowerBound),
                exact(end?.interval.upperBound), exact(end?.support), exact(stage.lossChange?.value),
                exact(stage.lossChange?.standardError), exact(stage.llcChange?.value),
                exact(stage.llcChange?.standardError), stage.kind == .undecided ? "" : stage.kind.rawValue,
            ]
        }
        return commaSeparated(columns: columns, rows: rows)
    }

    /// The heads of the table as readers see it.
    static func headings(_ measurements: Measurements) -> [String] {
        let word = measurements.axis.rawValue
        return ["Stage", "From \(word)", "To \(word)", "Δ loss", "Δλ̂", "Kind", "Meaning"]
    }

    /// The cells of the table as readers see it.
    static func cells(_ finding: StageFinding) -> [[String]] {
        finding.stages.enumerated().map { index, stage in
            [
                "\(index + 1)", Format.step(stage.start), Format.step(stage.end),
                stage.lossChange.map { Format.change($0) } ?? "not measured",
                stage.llcChange.map { Format.change($0) } ?? "not measured", stage.kind.symbol,
                stage.kind.meaning,
            ]
        }
    }
}

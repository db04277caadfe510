public import Development
import Sampling

/// `series.csv`: one row per checkpoint with all that was measured there.
///
/// Columns: `step`, `loss`, `llc`, `llc_error` (MCSE), `r_hat`, `ess_bulk`, `ess_tail`, `gradient_norm`, one
/// `loss_NAME` for each subset, then the scores `pc1`, `pc2`, … of the outputs' essential dynamics.
public struct SeriesTable: Sendable {
    /// The names of the columns.
    public let columns: [String]
    /// Axes `[checkpoint, column]`; nil where a number is missing.
    public let rows: [[Double?]]

    /// Lays out the series of an analysis.
    public init(_ analysis: Analysis) {
        let measurements = analysis.measurements
        let subsets = measurements.subsetNames
        let components = analysis.essentialDynamics?.components ?? []
        let positions = Dictionary(
            (analysis.essentialDynamics?.steps ?? []).enumerated().map { ($1, $0) },
            uniquingKeysWith: { first, _ in first })
        columns =
            ["step", "loss", "llc", "llc_error", "r_hat", "ess_bulk", "ess_tail", "gradient_norm"]
            + subsets.map { "loss_\($0)" } + components.indices.map { "pc\($0 + 1)" }
        rows = measurements.checkpoints.map { checkpoint in
            let estimate = checkpoint.llc
            let measured: [Double?] = [
                Double(checkpoint.step), checkpoint.loss, estimate?.value, estimate?.standardError, estimate?.rHat,
                estimate?.bulkESS, estimate?.tailESS, checkpoint.gradientNorm,
            ]
            let position = positions[checkpoint.step]
            return measured + subsets.map { checkpoint.subsetLoss(named: $0) }
                + components.map { component in position.map { component.scores[$0] } }
        }
    }

    /// The table as RFC 4180 text; numbers in full precision, missing ones empty, steps as integers.
    public var csv: String {
        commaSeparated(
            columns: columns,
            rows: rows.map { row in
                row.enumerated().map { index, value in
                    index == 0 ? value.map { "\(Int($0))" } ?? "" : exact(value)
                }
            })
    }
}

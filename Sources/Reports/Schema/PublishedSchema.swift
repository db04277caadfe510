/// The JSON Schemas (draft 2020-12) of the documents that Instar writes.
///
/// Each is complete in itself. They allow no key that they do not name, so that a change of a document that its schema
/// does not follow fails the tests; consumers should ignore keys that they do not know.
public enum PublishedSchema: String, Sendable, CaseIterable {
    /// `analysis.json`, and what `analyze`, `report` and `stages` print with `--json`.
    case analysis
    /// `comparison.json`, and what `compare --json` prints.
    case comparison
    /// What `inspect --json` prints.
    case inspection
    /// `calibration.json`.
    case calibration
    /// What `measure --dry-run --json` prints.
    case plan
    /// What `status --json` prints.
    case status

    /// The schema as JSON text.
    public var text: String {
        let bytes =
            switch self {
            case .analysis: PackageResources.analysis_schema_json
            case .comparison: PackageResources.comparison_schema_json
            case .inspection: PackageResources.inspection_schema_json
            case .calibration: PackageResources.calibration_schema_json
            case .plan: PackageResources.plan_schema_json
            case .status: PackageResources.status_schema_json
            }
        return String(decoding: bytes, as: UTF8.self)
    }
}

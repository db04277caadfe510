import Foundation
import Tensors

/// Numbers over training from elsewhere: a table of columns (CSV, or JSON lines) or an HDF5 file of one-dimensional
/// datasets, with a column `step` (or `epoch`).
///
/// Columns are told by their names, or by a mapping: λ̂ (`llc`, `llc_mean`, `lambda`), its standard error (`llc_error`,
/// `llc_se`, `llc_sem`, `llc_stderr`, `llc_mcse`, `llc_standard_error`) and a loss (`loss`, `train_loss`,
/// `training_loss`, `test_loss`, `val_loss`; the first of these). A spread (`…_std`, `…_sd`, `…_var`) is never taken for
/// an error: it is left out, and a note says so. All other columns are further series.
public struct SeriesFile: Sendable, Equatable {
    /// What a column can be.
    public enum Role: String, Sendable, CaseIterable {
        case step, llc, loss
        case llcError = "llc_error"

        fileprivate var usualNames: [String] {
            switch self {
            case .step: ["step", "steps", "epoch"]
            case .llc: ["llc", "llc_mean", "lambda", "lambda_hat"]
            case .llcError:
                ["llc_error", "llc_se", "llc_sem", "llc_stderr", "llc_mcse", "llc_standard_error"]
            case .loss: ["loss", "train_loss", "training_loss", "test_loss", "val_loss"]
            }
        }
    }

    /// What the column of steps counts.
    public let axis: CheckpointSeries.Axis
    /// λ̂; nil without such a column.
    public let llc: MetricSeries?
    /// Its standard errors, above zero; nil without such a column.
    public let llcErrors: MetricSeries?
    /// The loss; nil without such a column.
    public let loss: MetricSeries?
    /// All other series, in the order of the file.
    public let others: [MetricSeries]
    /// What was left out, and why, for the reader.
    public let notes: [String]

    /// Reads a file.
    ///
    /// - Parameter columns: The names of columns by what they are, where they are not the usual ones.
    /// - Throws: `mismatch` for a stated column that is not there, with those that are, for a column stated twice, and for
    ///   datasets of different lengths; `malformed` for a file without steps or numbers and for cells that cannot be meant
    ///   (steps that are negative or not whole, negative errors); what reading throws.
    public init(at path: String, columns: [Role: String] = [:]) throws(RunError) {
        for (name, roles) in Dictionary(grouping: columns.keys, by: { columns[$0] ?? "" }) where roles.count > 1 {
            let both = roles.map { "`\($0.rawValue)`" }.sorted().joined(separator: " and ")
            throw RunError(.mismatch, "the column `\(name)` cannot be \(both) at once", path: path)
        }
        let (table, stepColumn) = try Self.table(path, stepColumn: columns[.step])
        axis = stepColumn.lowercased().hasPrefix("epoch") ? .epoch : .step
        var notes = table.notes
        let names = table.series.map(\.name)
        var remaining = table.series
        func take(_ role: Role) throws(RunError) -> MetricSeries? {
            let wanted =
                columns[role].map { [$0] } ?? role.usualNames.filter { !columns.values.contains($0) }
            guard let name = wanted.first(where: names.contains) else {
                guard let stated = columns[role] else { return nil }
                throw RunError(
                    .mismatch, "has no numbers in a column `\(stated)` for \(role.rawValue); there are \(names.list)",
                    path: path)
            }
            let taken = remaining.first { $0.name == name }
            remaining.removeAll { $0.name == name }
            return taken
        }
        llc = try take(.llc)
        let errors = try take(.llcError)
        loss = try take(.loss)
        if let negative = errors.flatMap({ zip($0.steps, $0.values).first { $0.1 < 0 } }) {
            throw RunError(
                .malformed,
                "the standard error at \(axis.rawValue) \(negative.0) is \(negative.1); expected a number above zero, "
                    + "or a blank cell where none is known", path: path)
        }
        let known = errors.map { zip($0.steps, $0.values).filter { $0.1 > 0 } } ?? []
        if let errors, known.count < errors.values.count {
            notes.append("standard errors of zero are taken as unknown: \(errors.values.count - known.count)")
        }
        llcErrors = errors.map { MetricSeries(name: $0.name, steps: known.map(\.0), values: known.map(\.1)) }
        let otherErrors = remaining.filter { Role.llcError.usualNames.contains($0.name) }.map(\.name)
        if !otherErrors.isEmpty {
            notes.append("\(otherErrors.list) left out: the standard errors are those of \(llcErrors?.name ?? "none")")
        }
        remaining.removeAll { otherErrors.contains($0.name) }
        if llc == nil, let errors { notes.append("\(errors.name) left out: there is no λ̂ that it belongs to") }
        let spreads = remaining.filter { Self.isSpread($0.name) }
        if !spreads.isEmpty {
            notes.append(
                "\(spreads.map(\.name).list) left out: a spread of draws is not a standard error "
                    + "(if it is one, state it with --column llc_error=NAME)")
        }
        others = remaining.filter { !Self.isSpread($0.name) }
        self.notes = notes
        guard !table.series.isEmpty else {
            throw RunError(.malformed, "holds no numbers beside its column `\(stepColumn)`", path: path)
        }
        for series in table.series {
            if let step = series.steps.first, step < 0 {
                throw RunError(.malformed, "\(axis.rawValue) \(step) is negative; expected 0 or more", path: path)
            }
        }
    }

    /// Whether the file begins as an HDF5 file does (HDF5 file format, superblock: the signature).
    private static func isHDF5(_ path: String) -> Bool {
        let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
        return (try? FileBytes(path).read(at: 0, count: signature.count)) == signature
    }

    private static func isSpread(_ name: String) -> Bool {
        let lowered = name.lowercased()
        return ["_std", "_sd", "_var", "/std", ".std", "_stdev", "_spread"].contains { lowered.hasSuffix($0) }
    }

    /// All numeric columns by the name of the column of steps.
    private static func table(
        _ path: String, stepColumn stated: String?
    ) throws(RunError) -> (table: (series: [MetricSeries], notes: [String]), stepColumn: String) {
        if isHDF5(path) { return try datasets(path, stepColumn: stated) }
        let names = try MetricSeries.columnNames(path).filter { !$0.isEmpty }
        let name = stepColumn(among: names, stated: stated)
        guard names.isEmpty || names.contains(name) else {
            throw missing("column `\(name)`", names: names, path: path)
        }
        return (try MetricSeries.read(path, stepColumn: name), name)
    }

    private static func missing(_ wanted: String, names: [String], path: String) -> RunError {
        RunError(
            .malformed,
            "expected a \(wanted), found \(names.isEmpty ? "none" : names.list); "
                + "if it has another name, state it with --column step=NAME", path: path)
    }

    /// The column of steps: as stated, else the first usual name that is there, else the one to ask for.
    private static func stepColumn(among names: [String], stated: String?) -> String {
        stated ?? Role.step.usualNames.first(where: names.contains) ?? Role.step.rawValue
    }

    private static func datasets(
        _ path: String, stepColumn stated: String?
    ) throws(RunError) -> (table: (series: [MetricSeries], notes: [String]), stepColumn: String) {
        let columns = try ForeignFile(path).columns().map { (name: $0.name, values: $0.tensor.values(as: Double.self)) }
        let names = columns.map(\.name)
        let stepColumn = stepColumn(among: names, stated: stated)
        guard let steps = columns.first(where: { $0.name == stepColumn })?.values else {
            throw missing("one-dimensional dataset `\(stepColumn)` of numbers", names: names, path: path)
        }
        var table = MetricTable(path: path, stepColumn: stepColumn)
        for (name, values) in columns where name != stepColumn {
            guard values.count == steps.count else {
                throw RunError(
                    .mismatch, "has \(values.count) numbers where `\(stepColumn)` has \(steps.count)", path: path,
                    object: name)
            }
            try table.addColumn(name, steps: steps, values: values)
        }
        return (table.result, stepColumn)
    }
}

import Foundation

/// A series that the training run recorded itself, from `metrics.csv` or `metrics.jsonl`.
public struct MetricSeries: Sendable, Equatable {
    /// The column's name.
    public let name: String
    /// Training steps, ascending, each once.
    public let steps: [Int]
    /// The finite value at each step.
    public let values: [Double]

    /// Reads all numeric columns of a file.
    ///
    /// Cells of a CSV are separated by commas, semicolons (a comma may then be the decimal one) or tabs, whichever the
    /// header has most of. The column `step` (or `epoch`, as the axis says) counts training; cells that are blank or not finite numbers
    /// are left out, and of two values at one step the later row's is kept. Lines of JSON may hold the bare words `NaN`
    /// and `Infinity` that Python's `json` writes, and the last may be cut short, as by a run that was killed.
    ///
    /// - Returns: The series in the order of the columns, and notes on what was left out.
    /// - Throws: `malformed`, with the line, if there is no such column, a step is not a whole number, a row has more
    ///   cells than there are columns, or a line is not a JSON object.
    public static func read(
        _ path: String, axis: CheckpointSeries.Axis
    ) throws(RunError) -> (series: [MetricSeries], notes: [String]) {
        try read(path, stepColumn: axis.rawValue)
    }

    /// The same with another name for the column that counts training.
    static func read(
        _ path: String, stepColumn: String
    ) throws(RunError) -> (series: [MetricSeries], notes: [String]) {
        let text = try readText(path)
        var table = MetricTable(path: path, stepColumn: stepColumn)
        if path.hasSuffix(".jsonl") {
            try table.addJSONLines(text)
        } else {
            try table.addCSV(text)
        }
        return table.result
    }
}

/// Collects the cells of a table of metrics by column.
struct MetricTable {
    let path: String
    let stepColumn: String
    private var columns: [String] = []
    private var cells: [String: [Int: Double]] = [:]
    private var skipped: [String: Int] = [:]
    private var replaced: [String: Int] = [:]
    private var isCutShort = false

    init(path: String, stepColumn: String) {
        self.path = path
        self.stepColumn = stepColumn
    }

    mutating func addCSV(_ text: String) throws(RunError) {
        // "\r\n" is one Character in Swift.
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        guard let header = lines.first else { return }
        let separator =
            [",", ";", "\t"].max { a, b in
                header.filter { $0 == a }.count < header.filter { $0 == b }.count
            } ?? ","
        let names = csvCells(header, separator: separator)
        guard names.contains(stepColumn) else {
            throw error(1, "expected a column `\(stepColumn)`, found \(names.list)")
        }
        guard Set(names).count == names.count else { throw error(1, "two columns have one name") }
        for (index, line) in lines.enumerated().dropFirst() where !line.allSatisfy(\.isWhitespace) {
            let values = csvCells(line, separator: separator)
            guard values.count <= names.count else {
                throw error(index + 1, "has \(values.count) cells, the header has \(names.count)")
            }
            let row = Array(zip(names, values))
            let stepText = row.first { $0.0 == stepColumn }?.1 ?? ""
            guard let step = wholeNumber(stepText) else {
                throw error(index + 1, "expected a whole number as \(stepColumn), found \"\(stepText)\"")
            }
            for (name, value) in row where name != stepColumn {
                let number = Double(separator == "," ? value : value.replacing(",", with: "."))
                add(name, step, number, isBlank: value.isEmpty)
            }
        }
    }

    mutating func addJSONLines(_ text: String) throws(RunError) {
        let decoder = JSONDecoder()
        // JSON5 is JSON with, among others, the words NaN and Infinity.
        decoder.allowsJSON5 = true
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, line) in lines.enumerated() where !line.allSatisfy(\.isWhitespace) {
            guard let row = try? decoder.decode([String: JSONCell].self, from: Data(line.utf8)) else {
                // What follows the last line break was never finished.
                if index == lines.count - 1 {
                    isCutShort = true
                    return
                }
                throw error(index + 1, "expected a JSON object, found \"\(line.prefix(40))\"")
            }
            guard let step = row[stepColumn]?.number.flatMap({ Int(exactly: $0) }) else {
                throw error(index + 1, "expected a whole number as `\(stepColumn)`, found \(row.keys.sorted().list)")
            }
            for (name, cell) in row.sorted(by: { $0.key < $1.key }) where name != stepColumn {
                add(name, step, cell.number, isBlank: cell.isNull)
            }
        }
    }

    /// Adds a column of numbers beside its steps.
    mutating func addColumn(_ name: String, steps: [Double], values: [Double]) throws(RunError) {
        for (step, value) in zip(steps, values) {
            guard let whole = Int(exactly: step) else {
                throw RunError(.malformed, "expected whole numbers as \(stepColumn), found \(step)", path: path)
            }
            add(name, whole, value, isBlank: false)
        }
    }

    private mutating func add(_ name: String, _ step: Int, _ value: Double?, isBlank: Bool) {
        if cells[name] == nil {
            columns.append(name)
            cells[name] = [:]
        }
        guard let value, value.isFinite else {
            if !isBlank { skipped[name, default: 0] += 1 }
            return
        }
        if cells[name]?.updateValue(value, forKey: step) != nil { replaced[name, default: 0] += 1 }
    }

    var result: (series: [MetricSeries], notes: [String]) {
        let file = URL(fileURLWithPath: path).lastPathComponent
        var notes: [String] = []
        var series: [MetricSeries] = []
        if isCutShort { notes.append("\(file): the last line is cut short and left out") }
        for name in columns {
            if let count = skipped[name] {
                notes.append("\(file): cells of \(name) that are not finite numbers: \(count)")
            }
            if let count = replaced[name] {
                notes.append("\(file): values of \(name) replaced by later ones at the same \(stepColumn): \(count)")
            }
            let rows = (cells[name] ?? [:]).sorted { $0.key < $1.key }
            guard !rows.isEmpty else { continue }
            series.append(MetricSeries(name: name, steps: rows.map(\.key), values: rows.map(\.value)))
        }
        return (series, notes)
    }

    private func wholeNumber(_ text: String) -> Int? { Int(text) ?? Double(text).flatMap { Int(exactly: $0) } }

    private func error(_ line: Int, _ reason: String) -> RunError {
        RunError(.malformed, "line \(line): \(reason)", path: path)
    }
}

/// The cells of a line, RFC 4180: a cell in quotes may hold separators and doubled quotes.
private func csvCells(_ line: Substring, separator: Character) -> [String] {
    var cells = [""]
    var isQuoted = false
    for character in line {
        if character == "\"" {
            // The second quote of a doubled one closes and reopens: what stands between is the quote itself.
            if !isQuoted, cells[cells.count - 1].last != nil { cells[cells.count - 1].append(character) }
            isQuoted.toggle()
        } else if character == separator, !isQuoted {
            cells.append("")
        } else {
            cells[cells.count - 1].append(character)
        }
    }
    return cells.map { $0.trimmingCharacters(in: .whitespaces) }
}

/// A value of a JSON object: a number, nothing, or something that is no number.
private struct JSONCell: Decodable {
    let number: Double?
    let isNull: Bool

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        isNull = container.decodeNil()
        number = try? container.decode(Double.self)
    }
}

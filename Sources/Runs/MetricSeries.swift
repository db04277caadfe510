import Foundation
import Tensors

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
    /// Cells of a CSV are separated by commas, semicolons or tabs, whichever the header has most of; beside semicolons and
    /// tabs a comma may be the decimal one. The column `step` (or `epoch`, as the axis says) counts training; cells that
    /// are blank or not finite numbers are left out, and of two values at one step the later row's is kept. Lines of JSON
    /// may hold the bare words `NaN` and `Infinity` that Python's `json` writes, and the last may be cut short, as by a run
    /// that was killed.
    ///
    /// - Parameter mayGrow: Whether training may be writing the file: then a last line without its end, written in the last
    ///   seconds, is left out.
    /// - Returns: The series in the order of the columns, and notes on what was left out.
    /// - Throws: `malformed`, with the line, if there is no such column, a step is not a whole number of at most 10¹⁴ (beyond,
    ///   neighbours cannot be told apart by their logarithms), a row has more cells than there are columns, or a line is
    ///   not a JSON object.
    public static func read(
        _ path: String, axis: CheckpointSeries.Axis, mayGrow: Bool = false
    ) throws(RunError) -> (series: [MetricSeries], notes: [String]) {
        try read(path, stepColumn: axis.rawValue, mayGrow: mayGrow)
    }

    /// The same with another name for the column that counts training.
    static func read(
        _ path: String, stepColumn: String, mayGrow: Bool = false
    ) throws(RunError) -> (series: [MetricSeries], notes: [String]) {
        let text = try readText(path)
        var table = MetricTable(path: path, stepColumn: stepColumn)
        if isJSONLines(path) {
            try table.addJSONLines(text)
        } else {
            try table.addCSV(text, isGrowing: mayGrow && FileStamp(path)?.isRecent == true)
        }
        return table.result
    }

    /// The names of a file's columns; of JSON lines, those of the first that can be read.
    static func columnNames(_ path: String) throws(RunError) -> [String] {
        let text = try readText(path)
        guard isJSONLines(path) else { return csvRows(text, limit: 1).rows.first?.cells ?? [] }
        return lines(of: text).lazy.compactMap(jsonCells).first?.keys.sorted() ?? []
    }

    private static func isJSONLines(_ path: String) -> Bool { path.hasSuffix(".jsonl") }
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
    private var shortRowCount = 0

    init(path: String, stepColumn: String) {
        self.path = path
        self.stepColumn = stepColumn
    }

    /// - Parameter isGrowing: Whether a last line without its end may be the beginning of one; with fewer cells than the
    ///   header it is in any case.
    mutating func addCSV(_ text: String, isGrowing: Bool = false) throws(RunError) {
        let (separator, rows, end) = csvRows(text)
        guard let header = rows.first else {
            throw RunError(.malformed, "is empty; expected a header with a column `\(stepColumn)`", path: path)
        }
        let names = header.cells
        guard names.contains(stepColumn) else {
            throw error(header.line, "expected a column `\(stepColumn)`, found \(names.list)")
        }
        if let name = Dictionary(grouping: names, by: \.self).first(where: { $0.value.count > 1 })?.key {
            throw error(header.line, "two columns are called `\(name)`; rename one")
        }
        for (index, (line, values)) in rows.enumerated().dropFirst() {
            if index == rows.count - 1, end != .lineBreak {
                guard end != .quoteOverLines else {
                    throw error(line, "a quote is opened here and never closed; close it, or leave it out")
                }
                if isGrowing || values.count < names.count || end == .quote {
                    isCutShort = true
                    return
                }
            }
            guard values.count <= names.count else {
                throw error(line, "has \(values.count.counted("cell")), the header has \(names.count)")
            }
            if values.count < names.count { shortRowCount += 1 }
            let row = Array(zip(names, values))
            let stepText = row.first { $0.0 == stepColumn }?.1 ?? ""
            guard let step = wholeNumber(decimal(stepText, separator)) else {
                throw error(line, "expected \(Self.wholeNumbers) as \(stepColumn), found \"\(stepText)\"")
            }
            for (name, value) in row where name != stepColumn {
                add(name, step, number(decimal(value, separator)), isBlank: value.isEmpty)
            }
        }
    }

    mutating func addJSONLines(_ text: String) throws(RunError) {
        let lines = lines(of: text)
        for (index, line) in lines.enumerated() where !line.allSatisfy(\.isWhitespace) {
            guard let row = jsonCells(line) else {
                // What follows the last line break was never finished.
                if index == lines.count - 1 {
                    isCutShort = true
                    return
                }
                throw error(index + 1, "expected a JSON object on a line of its own, found \"\(line.prefix(40))\"")
            }
            guard let step = row[stepColumn]?.number.flatMap(wholeNumber) else {
                let found = row[stepColumn] == nil ? "only \(row.keys.sorted().list)" : "something else"
                throw error(index + 1, "expected \(Self.wholeNumbers) as `\(stepColumn)`, found \(found)")
            }
            for (name, cell) in row.sorted(by: { $0.key < $1.key }) where name != stepColumn {
                add(name, step, cell.number, isBlank: cell.isNull)
            }
        }
    }

    /// Adds a column of numbers beside its steps.
    mutating func addColumn(_ name: String, steps: [Double], values: [Double]) throws(RunError) {
        for (step, value) in zip(steps, values) {
            guard let whole = wholeNumber(step) else {
                throw RunError(
                    .malformed, "expected \(Self.wholeNumbers) as \(stepColumn), found \(step)", path: path)
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
        if shortRowCount > 0 {
            notes.append(
                "\(file): rows with fewer cells than the header, whose missing ones count as blank: \(shortRowCount)")
        }
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

    /// What a step can be, in words. The doubles log(t + 1) of neighbouring whole numbers differ up to here.
    private static let wholeNumbers = "a whole number of at most 10¹⁴"

    private func wholeNumber(_ text: String) -> Int? { number(text).flatMap(wholeNumber) }

    /// The number that a cell holds; Swift's own rule takes C's hexadecimal numbers as well, which no table means, and stops
    /// at a byte of zero.
    private func number(_ text: String) -> Double? {
        text.utf8.contains { [0, UInt8(ascii: "x"), UInt8(ascii: "X")].contains($0) } ? nil : Double(text)
    }

    private func wholeNumber(_ number: Double) -> Int? {
        number.magnitude <= Double(TrainingStep.greatest) ? Int(exactly: number) : nil
    }

    /// The cell with a decimal point; a comma that separates cells is none of a number's.
    private func decimal(_ cell: String, _ separator: Character) -> String {
        separator == "," ? cell : cell.replacing(",", with: ".")
    }

    private func error(_ line: Int, _ reason: String) -> RunError {
        RunError(.malformed, "line \(line): \(reason)", path: path)
    }
}

/// The members of a line of JSON; nil if it is not an object.
private func jsonCells(_ line: Substring) -> [String: JSONCell]? {
    let decoder = JSONDecoder()
    // JSON5 is JSON with, among others, the words NaN and Infinity.
    decoder.allowsJSON5 = true
    return try? decoder.decode([String: JSONCell].self, from: Data(line.utf8))
}

/// The lines of a text. Only carriage returns and line feeds end them: Unicode's other line ends may stand in texts of JSON
/// and CSV.
private func lines(of text: String) -> [Substring] {
    text.split(omittingEmptySubsequences: false, whereSeparator: isLineEnd)
}

/// Whether a character ends a line; "\r\n" is one Character in Swift.
private func isLineEnd(_ character: Character) -> Bool {
    character == "\n" || character == "\r\n" || character == "\r"
}

/// How a table ends.
private enum TableEnd {
    case lineBreak, cell
    /// Within a quote, on the line that opened it or after it.
    case quote, quoteOverLines
}

/// The rows of a table that are not blank, each with the number of its first line, RFC 4180: a cell in quotes may hold
/// separators, line breaks and doubled quotes. The separator is the one of comma, semicolon and tab that the first line has
/// most of outside quotes.
///
/// - Parameter limit: The most rows that are wanted.
private func csvRows(
    _ text: String, limit: Int = .max
) -> (separator: Character, rows: [(line: Int, cells: [String])], end: TableEnd) {
    func cells(_ separator: Character) -> Int {
        csvRows(text, separator: separator, limit: 1).rows.first?.cells.count ?? 0
    }
    let separator = [",", ";", "\t"].max { cells($0) < cells($1) } ?? ","
    let (rows, end) = csvRows(text, separator: separator, limit: limit)
    return (separator, rows, end)
}

private func csvRows(
    _ text: String, separator: Character, limit: Int
) -> (rows: [(line: Int, cells: [String])], end: TableEnd) {
    var rows: [(line: Int, cells: [String])] = []
    var (cells, cell, line, firstLine) = ([String](), "", 1, 1)
    var (isQuoted, isClosed) = (false, false)
    func isBlank(_ text: String) -> Bool { text.allSatisfy(\.isWhitespace) }
    func endCell() {
        cells.append(cell.trimmingCharacters(in: .whitespaces))
        (cell, isClosed) = ("", false)
    }
    func endRow() {
        endCell()
        if cells.count > 1 || !isBlank(cells[0]) { rows.append((firstLine, cells)) }
        cells = []
    }
    for character in text {
        if rows.count == limit { break }
        if isLineEnd(character) { line += 1 }
        if isQuoted {
            if character == "\"" { (isQuoted, isClosed) = (false, true) } else { cell.append(character) }
        } else if character == "\"", isClosed {
            // The second quote of a doubled one.
            cell.append(character)
            isQuoted = true
        } else if character == "\"", isBlank(cell) {
            (cell, isQuoted) = ("", true)
        } else if character == separator {
            endCell()
        } else if isLineEnd(character) {
            endRow()
            firstLine = line
        } else {
            cell.append(character)
            isClosed = false
        }
    }
    guard rows.count < limit, !cells.isEmpty || !isBlank(cell) || isQuoted || isClosed else {
        return (rows, .lineBreak)
    }
    let end: TableEnd = isQuoted ? (line > firstLine ? .quoteOverLines : .quote) : .cell
    endRow()
    return (rows, end)
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

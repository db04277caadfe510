/// A table of text as RFC 4180 has it: CRLF line ends, quotes only where a cell needs them, quotes doubled.
func commaSeparated(columns: [String], rows: [[String]]) -> String {
    ([columns] + rows).map { $0.map(quoted).joined(separator: ",") + "\r\n" }.joined()
}

private func quoted(_ cell: String) -> String {
    let needsQuotes = cell.unicodeScalars.contains { [",", "\"", "\r", "\n"].contains($0) }
    return needsQuotes ? "\"" + cell.replacing("\"", with: "\"\"") + "\"" : cell
}

/// A number in the shortest form that reads back as the same value; empty when it is missing or not finite.
func exact(_ value: Double?) -> String {
    guard let value, value.isFinite else { return "" }
    return "\(value)"
}

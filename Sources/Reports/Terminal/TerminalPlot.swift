/// A small plot of one series over training in characters: braille dots, or dots and colons in ASCII.
struct TerminalPlot {
    /// Points in order of `x`; a line is drawn from each to the next.
    var points: [Mark.Point]
    var horizontal: Scale
    var vertical: Scale
    /// Where vertical lines stand.
    var boundaries: [Double]
    /// The rows of characters.
    var height: Int
    var isUnicode: Bool

    /// The rows, each as wide as stated, without axes; `isBoundary` tells the characters of vertical lines.
    func rows(width: Int) -> [[(character: Character, isBoundary: Bool)]] {
        let cell = isUnicode ? (columns: 2, rows: 4) : (columns: 1, rows: 2)
        let (dotColumns, dotRows) = (width * cell.columns, height * cell.rows)
        var dots = Array(repeating: Array(repeating: false, count: dotColumns), count: dotRows)
        let places = points.map { point in
            (
                column: Int((horizontal.fraction(point.x) * Double(dotColumns - 1)).rounded()),
                row: Int(((1 - vertical.fraction(point.y)) * Double(dotRows - 1)).rounded())
            )
        }
        for place in places { dots[place.row][place.column] = true }
        for (start, end) in zip(places, places.dropFirst()) {
            let count = max(abs(end.column - start.column), abs(end.row - start.row))
            for step in 0..<count {
                let share = Double(step) / Double(count)
                let row = start.row + Int((Double(end.row - start.row) * share).rounded())
                let column = start.column + Int((Double(end.column - start.column) * share).rounded())
                dots[row][column] = true
            }
        }
        let lines = Set(boundaries.map { Int((horizontal.fraction($0) * Double(width - 1)).rounded()) })
        return (0..<height).map { row in
            (0..<width).map { column in
                var set: [Bool] = []
                for (right, down) in isUnicode ? Self.brailleOrder : Self.colonOrder {
                    set.append(dots[row * cell.rows + down][column * cell.columns + right])
                }
                guard set.contains(true) else {
                    return lines.contains(column) ? (isUnicode ? "│" : "|", true) : (" ", false)
                }
                return (isUnicode ? Self.braille(set) : Self.colon(set), false)
            }
        }
    }

    /// The dots of a braille character in the order of its bits (Unicode 2800–28FF), as columns and rows.
    private static let brailleOrder = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]
    private static let colonOrder = [(0, 0), (0, 1)]

    private static func braille(_ set: [Bool]) -> Character {
        let bits = set.enumerated().reduce(UInt32(0)) { $1.element ? $0 | 1 << UInt32($1.offset) : $0 }
        return Unicode.Scalar(0x2800 + bits).map(Character.init) ?? " "
    }

    private static func colon(_ set: [Bool]) -> Character { set == [true, true] ? ":" : set[0] ? "'" : "." }
}

/// A long series as what a chart can show of it: the mean and the range within cells of equal width.
struct Envelope: Sendable {
    /// The mean x of the points in each cell that has any.
    var x: [Double] = []
    var mean: [Double] = []
    var lowest: [Double] = []
    var highest: [Double] = []

    /// Collects finite points into at most `cellCount` cells of equal width on `scale`; no point is left out.
    init(x: [Double], y: [Double], scale: Scale, cellCount: Int) {
        precondition(x.count == y.count && cellCount > 0, "one y for each x and at least one cell")
        var cells = [(count: Int, x: Double, y: Double, low: Double, high: Double)?](repeating: nil, count: cellCount)
        for (x, y) in zip(x, y) where x.isFinite && y.isFinite {
            let index = min(Int(scale.fraction(x) * Double(cellCount)), cellCount - 1)
            let cell = cells[index] ?? (0, 0, 0, y, y)
            cells[index] = (cell.count + 1, cell.x + x, cell.y + y, min(cell.low, y), max(cell.high, y))
        }
        for case let cell? in cells {
            self.x.append(cell.x / Double(cell.count))
            mean.append(cell.y / Double(cell.count))
            lowest.append(cell.low)
            highest.append(cell.high)
        }
    }

    /// The means as points of a line.
    var points: [Mark.Point] { zip(x, mean).map { Mark.Point(x: $0, y: $1) } }
}

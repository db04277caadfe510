import Development
import Tensors

extension RunReport {
    /// The most rows that a heat map is readable with.
    private static let rowLimit = 60

    /// How far each tensor moved between checkpoints, relative to its norm; nil with fewer than two checkpoints.
    var tensorSection: Page.Section? {
        let measurements = analysis.measurements
        guard measurements.checkpoints.count > 1, !measurements.tensors.isEmpty else { return nil }
        let movements = measurements.tensors.indices.map { measurements.relativeMovements(ofTensor: $0) }
        let shown = Set(
            movements.indices.sorted { total(movements[$0]) > total(movements[$1]) }.prefix(Self.rowLimit)
        ).sorted()
        let steps = measurements.checkpoints.map { Double($0.step) }
        var cells: [Mark.Cell] = []
        for (row, tensor) in shown.enumerated() {
            for (index, movement) in movements[tensor].enumerated() {
                guard let movement, steps[index] < steps[index + 1] else { continue }
                cells.append(
                    Mark.Cell(x: steps[index]...steps[index + 1], row: row, level: Self.heatLevel(movement)))
            }
        }
        let chart = Chart(
            title: "Movement of each tensor between checkpoints",
            summary: "Darker cells are larger movements relative to the tensor's norm; the numbers are in the table.",
            horizontal: measurements.stepAxis,
            panels: [
                Chart.Panel(
                    label: "Tensor", vertical: .rows(shown.map { measurements.tensors[$0].name }),
                    height: Double(shown.count) * 15, marks: [.cells(cells)])
            ],
            stages: StageMarks(analysis.stages), legend: Self.heatLegend)
        var caption =
            "Euclidean distance between consecutive checkpoints over the larger of the tensor's two norms. "
            + "A cell spans the interval it belongs to."
        if shown.count < movements.count {
            caption +=
                " Shown are the \(shown.count) of \(movements.count) tensors that moved most; "
                + "the table has all."
        }
        return Page.Section(
            anchor: "tensors", heading: "Movement of the weights",
            blocks: [
                Page.Block(
                    figures: [Page.Figure(full: chart, caption: caption, numbers: [tensorTable(movements)])])
            ])
    }

    private static let heatThresholds = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1]

    private static func heatLevel(_ movement: Double) -> Int {
        heatThresholds.firstIndex { movement < $0 } ?? heatThresholds.count
    }

    private static let heatLegend: [LegendEntry] =
        [LegendEntry(symbol: .heat(level: 0), label: "below 0.1 %")]
        + zip(1..., ["0.1 %", "0.3 %", "1 %", "3 %", "10 %", "30 %", "100 % and more"]).map {
            LegendEntry(symbol: .heat(level: $0), label: $0 == 7 ? $1 : "from \($1)")
        }

    private func tensorTable(_ movements: [[Double?]]) -> Table {
        let measurements = analysis.measurements
        let rows = measurements.tensors.enumerated().map { index, tensor in
            let norms = measurements.checkpoints.map { $0.tensorNorms[index] }
            let largest = movements[index].enumerated().max { ($0.element ?? 0) < ($1.element ?? 0) }
            let until = largest.map { Format.count(measurements.checkpoints[$0.offset + 1].step) } ?? ""
            return [
                tensor.name, tensor.shape.description, tensor.isSampled ? "yes" : "no",
                norms.first.map(Format.number) ?? "", norms.last.map(Format.number) ?? "",
                largest?.element.map(Format.share) ?? "", until,
            ]
        }
        return Table(
            "Tensors",
            columns: [
                "Tensor", "Shape", "Sampled", "First norm", "Last norm", "Largest movement",
                "Until \(measurements.axis.rawValue)",
            ], numeric: [3, 4, 5, 6], rows: rows)
    }
}

/// The sum of the movements that are known.
private func total(_ movements: [Double?]) -> Double { movements.reduce(0) { $0 + ($1 ?? 0) } }

extension Measurements {
    /// A tensor's movement in each interval between checkpoints over the larger of its norms at both ends;
    /// nil where it is not a number. A tensor that stays zero does not move.
    func relativeMovements(ofTensor index: Int) -> [Double?] {
        zip(checkpoints, checkpoints.dropFirst()).map { before, after in
            let norm = max(before.tensorNorms[index], after.tensorNorms[index])
            let movement = norm == 0 ? 0 : after.tensorMovements[index] / norm
            return movement.isFinite ? movement : nil
        }
    }
}

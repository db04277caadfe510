import Development
import Tensors

extension RunReport {
    /// The most rows that a heat map is readable with.
    private static let rowLimit = 60

    /// How far each tensor moved between checkpoints, relative to its norm, how the path of the weights turns, and the
    /// ranks of matrices; nil with fewer than two checkpoints.
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
        let readings = shown.map { tensor in
            Chart.Reading(
                name: measurements.tensors[tensor].name, steps: Array(steps.dropFirst()),
                values: movements[tensor].map { $0.map { ($0 * 1e6).rounded() / 1e6 } })
        }
        let chart = Chart(
            identifier: "movement", title: "Movement of each tensor between checkpoints",
            summary: "Darker cells are larger movements relative to the tensor's norm; the numbers are in the table.",
            horizontal: measurements.stepAxis,
            panels: [
                Chart.Panel(
                    label: "Tensor", vertical: .rows(shown.map { measurements.tensors[$0].name }),
                    height: Double(shown.count) * 15, marks: [.cells(cells)], readings: readings)
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
                    figures: [Page.Figure(full: chart, caption: caption, numbers: [tensorTable(movements)])]),
                Page.Block(
                    paragraphs: rankedTensors.isEmpty ? [] : [rankParagraph],
                    figures: [turnFigure].compactMap(\.self) + rankFigures, arrangement: "grid"),
            ].filter { !$0.figures.isEmpty })
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

    /// The most matrices that have a figure.
    private static let rankFigureLimit = 11

    /// How much the path of all sampled weights bends at each checkpoint.
    private var turnFigure: Page.Figure? {
        let measurements = analysis.measurements
        let points = zip(measurements.checkpoints, measurements.weightTurns).compactMap { checkpoint, turn in
            turn.map { Mark.Point(x: Double(checkpoint.step), y: $0.degrees) }
        }
        guard !points.isEmpty else { return nil }
        return smallFigure(
            identifier: "turn", title: "Turn of the weights", label: "Turn, degrees", points: points,
            scale: Scale(.linear, 0...180),
            level: 90,
            caption:
                "The angle between the movement up to a checkpoint and the one before it, over all sampled weights: "
                + "0 is straight on, 180 back, and 90 what a random walk in many dimensions gives.")
    }

    private var rankParagraph: String {
        let all = rankedTensors.count
        return "A matrix's effective rank is exp of the entropy of its normalised singular values (Roy and Vetterli "
            + "2007): 1 where one direction has all, as many as there are where they are equal."
            + (all > Self.rankFigureLimit
                ? " Shown are the \(Self.rankFigureLimit) of \(all) matrices in which it changes most; the table has all."
                : "")
    }

    /// The tensors whose effective rank can change and was measured more than once.
    private var rankedTensors: [Int] {
        let measurements = analysis.measurements
        return measurements.tensors.indices.filter { tensor in
            (MatrixRank.largest(of: measurements.tensors[tensor].shape) ?? 0) > 1
                && measurements.rankPoints(ofTensor: tensor).count > 1
        }
    }

    /// The effective rank of the matrices in which it changes most, in the order of the tensors.
    private var rankFigures: [Page.Figure] {
        let measurements = analysis.measurements
        let changes = Dictionary(
            uniqueKeysWithValues: rankedTensors.map { tensor in
                let ranks = measurements.rankPoints(ofTensor: tensor).map(\.y)
                return (tensor, (ranks.max() ?? 1) / (ranks.min() ?? 1))
            })
        let shown = changes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(Self.rankFigureLimit)
        return shown.map(\.key).sorted().compactMap { tensor in
            let name = measurements.tensors[tensor].name
            let points = measurements.rankPoints(ofTensor: tensor)
            guard let scale = Scale.linear(fitting: points.map(\.y)),
                let largest = MatrixRank.largest(of: measurements.tensors[tensor].shape)
            else { return nil }
            return smallFigure(
                identifier: "rank-\(tensor + 1)", title: "Effective rank of \(name)", label: name.abbreviated(to: 44),
                points: points, scale: scale,
                level: nil, caption: "Effective rank; at most \(Format.count(largest)).")
        }
    }

    private func smallFigure(
        identifier: String, title: String, label: String, points: [Mark.Point], scale: Scale, level: Double?,
        caption: String
    ) -> Page.Figure {
        let chart = Chart(
            identifier: identifier, title: title, summary: caption, horizontal: analysis.measurements.stepAxis,
            panels: [
                Chart.Panel(
                    label: label, vertical: .scale(scale), height: 130,
                    marks: (level.map { [.level($0)] } ?? []) + [
                        .line(points, SeriesStyle(index: 0, role: .thin)),
                        .markers(points.map(analysis.measurements.marker), SeriesStyle(index: 0)),
                    ], readings: [analysis.measurements.reading(label, points)])
            ], stages: StageMarks(analysis.stages))
        return Page.Figure(small: chart, caption: caption)
    }

    private func tensorTable(_ movements: [[Double?]]) -> Table {
        let measurements = analysis.measurements
        let rows = measurements.tensors.enumerated().map { index, tensor in
            func rank(_ ranks: KeyPath<CheckpointMeasurement, [Double?]>, at place: CheckpointMeasurement?) -> String {
                place?[keyPath: ranks][index].map(Format.number) ?? ""
            }
            let norms = measurements.checkpoints.map { $0.tensorNorms[index] }
            let largest = movements[index].enumerated().max { ($0.element ?? 0) < ($1.element ?? 0) }
            let until = largest.map { Format.count(measurements.checkpoints[$0.offset + 1].step) } ?? ""
            return [
                tensor.name, tensor.shape.description, tensor.isSampled ? "yes" : "no",
                norms.first.map(Format.number) ?? "", norms.last.map(Format.number) ?? "",
                largest?.element.map(Format.share) ?? "", until,
                measurements.checkpoints.compactMap { $0.tensorTurns[index] }.median.map { Format.number($0.degrees) }
                    ?? "",
                rank(\.tensorEffectiveRanks, at: measurements.checkpoints.first),
                rank(\.tensorEffectiveRanks, at: measurements.checkpoints.last),
                rank(\.tensorStableRanks, at: measurements.checkpoints.last),
            ]
        }
        return Table(
            "Tensors",
            columns: [
                "Tensor", "Shape", "Sampled", "First norm", "Last norm", "Largest movement",
                "Until \(measurements.axis.rawValue)", "Median turn, degrees", "First effective rank",
                "Last effective rank", "Last stable rank",
            ], numeric: [3, 4, 5, 6, 7, 8, 9, 10], rows: rows)
    }
}

/// The sum of the movements that are known.
private func total(_ movements: [Double?]) -> Double { movements.reduce(0) { $0 + ($1 ?? 0) } }

extension Measurements {
    /// The effective rank of a tensor at the checkpoints that have it.
    fileprivate func rankPoints(ofTensor tensor: Int) -> [Mark.Point] {
        points { $0.tensorEffectiveRanks[tensor] }.filter(\.y.isFinite)
    }

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

extension Double {
    /// An angle in radians in degrees.
    fileprivate var degrees: Double { self * 180 / .pi }
}

extension Array where Element == Double {
    /// The middle of the sorted numbers, the mean of the middle two where they are even in number; nil without any.
    fileprivate var median: Double? {
        guard !isEmpty else { return nil }
        let sorted = sorted()
        return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
    }
}

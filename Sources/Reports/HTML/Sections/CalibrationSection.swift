import Development
import Foundation
import Sampling

extension Calibration {
    /// What was chosen and how sure it is.
    var verdict: [String] {
        let values = SweptSetting.allCases.map { "\($0.symbol) = \(Format.value(settings[keyPath: $0.inSettings]))" }
        let chains =
            "burn-in \(Format.count(settings.burnInCount)) and \(Format.count(settings.drawCount, "draw")) a chain"
        let choice =
            chosen == nil
            ? "No setting was acceptable; the defaults stand: \(Format.list(values))."
            : "\(isShort ? "A short calibration chose" : "Chosen:") \(Format.list(values)); \(chains)."
        let sureness =
            switch confidence {
            case .high: "The confidence is high: clean at every checkpoint, and λ̂ hardly moves with any setting."
            case .moderate: "The confidence is moderate, with the reservations below."
            case .low: "The confidence is low."
            }
        return [choice, sureness]
    }

    /// What the reader of λ̂ must know of its settings.
    var notices: [Page.Notice] {
        if chosen == nil {
            return [
                Page.Notice(
                    severity: "warning", finding: Format.sentence(reasons.first ?? "No setting was acceptable"),
                    remedy: [
                        isShort
                            ? "Run `instar calibrate`, whose chains are longer, before you rely on λ̂."
                            : "Read every λ̂ with care; allow longer chains by --max-draws, take larger minibatches, or state "
                                + "--n-beta and --localization, and calibrate again."
                    ],
                    concerned: [])
            ]
        }
        guard isShort else { return [] }
        return [
            Page.Notice(
                severity: "note", finding: "The settings are those of a short calibration.",
                remedy: ["instar calibrate sweeps ε, nβ and γ in full and says what would change the choice."],
                concerned: [])
        ]
    }

    /// The sweep: why, what would change it, heat maps and every cell.
    var section: Page.Section {
        Page.Section(
            anchor: "calibration", heading: isShort ? "Short calibration" : "Calibration",
            blocks: [
                Page.Block(subheadings: ["Why these settings"], paragraphs: reasons.map(Format.sentence)),
                reservations.isEmpty
                    ? nil : Page.Block(subheadings: ["Reservations"], paragraphs: reservations.map(Format.sentence)),
                Page.Block(subheadings: ["What would change it"], tables: [sensitivityTable, alternativeTable]),
                mapBlock(.estimate), mapBlock(.acceptance),
                Page.Block(foldedTables: checkpoints.indices.map(cellTable)),
            ].compactMap { $0 })
    }

    private var sensitivityTable: Table {
        Table(
            "How λ̂ answers to each setting at the choice: d ln λ̂/d ln(setting), 0 where it does not matter",
            columns: ["Setting", "Slope", "±"], numeric: [1, 2],
            rows: sensitivities.map {
                [$0.setting.symbol, Format.value($0.slope.value), Format.value($0.slope.error, significantDigits: 2)]
            })
    }

    private var alternativeTable: Table {
        Table(
            "The cells next to the choice", columns: ["Setting", "Value", "Verdict"], numeric: [1],
            rows: alternatives.map { [$0.setting.symbol, Format.value($0.value), $0.verdict] })
    }

    private func cellTable(at checkpoint: Int) -> Table {
        Table(
            "All cells at step \(Format.count(checkpoints[checkpoint].step))",
            columns: [
                "Cell", "ε", "nβ", "γ", "λ̂", "±", "Acceptance", "R-hat", "ESS", "Relaxation, draws", "Draws made",
                "Judgement",
            ], numeric: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
            rows: cells.enumerated().compactMap { index, cell in
                guard let result = cell.results[checkpoint] else { return nil }
                func text(_ value: Double?, _ digits: Int = 3) -> String {
                    value.map { Format.value($0, significantDigits: digits) } ?? ""
                }
                let judgement =
                    result.isClean
                    ? (index == chosen ? "chosen" : "clean") : result.rejections.map(\.finding).joined(separator: "; ")
                return (
                    [
                        "\(index + 1)", text(cell.stepSize), text(cell.nBeta), text(cell.localization),
                        text(result.value), text(result.standardError, 2), text(result.acceptance),
                        text(result.rHat, 4), text(result.effectiveDraws, 2), text(result.relaxation, 2),
                        Format.count(result.drawCount), judgement,
                    ], result.isClean ? "" : "doubtful"
                )
            })
    }
}

extension Calibration.Sensitivity {
    /// The slope in words.
    var words: String {
        "d ln λ̂/d ln \(setting.symbol) = \(Format.value(slope.value)) ± \(Format.value(slope.error, significantDigits: 2))"
    }
}

extension Calibration.Alternative {
    /// The cell in words.
    var words: String { "\(setting.symbol) = \(Format.value(value)): \(verdict)" }
}

/// What a heat map of the sweep shows.
private enum MapQuantity {
    /// λ̂ at the last checkpoint.
    case estimate
    /// The least acceptance over the checkpoints.
    case acceptance
}

extension Calibration {
    /// Small multiples, one per γ, of ε by nβ.
    private func mapBlock(_ quantity: MapQuantity) -> Page.Block {
        let places = Set(cells.map(\.place.localization)).sorted()
        let bounds = bounds(of: quantity)
        let figures = places.map { place in
            Page.Figure(small: map(of: quantity, localization: place, bounds: bounds), caption: "")
        }
        let last = "step \(Format.count(checkpoints[mappedCheckpoint].step))"
        let letters = Rejection.Reason.allCases.filter { reason in
            cells.contains { decidingRejection(of: $0)?.reason == reason }
        }
        let key = letters.map { "\($0.letter): \($0.meaning)" }.joined(separator: "; ")
        let what =
            switch quantity {
            case .estimate: "λ̂ at \(last), darker is larger"
            case .acceptance: "The least acceptance over the checkpoints, darker is larger; 0.9 to 0.95 is wanted"
            }
        return Page.Block(
            subheadings: [quantity == .estimate ? "λ̂ by step size and nβ" : "Acceptance by step size and nβ"],
            paragraphs: [
                "\(what). The framed cell is the choice. Hatched cells were rejected at \(last), or at any checkpoint for "
                    + "divergence or acceptance, for the reason that the letter names: \(key.isEmpty ? "none was" : key)."
            ],
            figures: figures, arrangement: "grid")
    }

    /// The checkpoint whose λ̂ is mapped: the one that decided.
    private var mappedCheckpoint: Int { decidingCheckpoint ?? checkpoints.count - 1 }

    /// Why a cell was no candidate: what makes it unstable anywhere, else what speaks against it where it is decided.
    private func decidingRejection(of cell: CalibrationCell) -> Rejection? {
        let all = cell.results.compactMap { $0 }.flatMap(\.rejections)
        return all.last { $0.reason == .diverged || $0.reason == .lowAcceptance }
            ?? cell.results[mappedCheckpoint]?.rejections.first
    }

    private func value(of cell: CalibrationCell, _ quantity: MapQuantity) -> Double? {
        switch quantity {
        case .estimate: cell.results[mappedCheckpoint]?.value
        case .acceptance: cell.acceptance
        }
    }

    /// The values at the ends of the colour scale: those of cells without a rejection, so that no diverging one decides.
    private func bounds(of quantity: MapQuantity) -> ClosedRange<Double> {
        guard quantity == .estimate else { return 0...1 }
        let sound = cells.filter { $0.isClean(at: mappedCheckpoint) }.compactMap { value(of: $0, quantity) }
        let shown = sound.isEmpty ? cells.compactMap { value(of: $0, quantity) } : sound
        guard let high = shown.max(), high > 0 else { return 0...1 }
        return 0...high
    }

    private func map(of quantity: MapQuantity, localization: Int, bounds: ClosedRange<Double>) -> Chart {
        let shown = cells.indices.filter { cells[$0].place.localization == localization }
        // The same columns for every γ.
        let columns = Set(cells.map(\.place.nBeta)).sorted()
        // Largest step size on top, as an axis would have it.
        let rows = Set(shown.map { cells[$0].place.stepSize }).sorted(by: >)
        let edges = columnEdges(columns)
        let tiles = shown.compactMap { index -> Mark.Tile? in
            let cell = cells[index]
            guard let row = rows.firstIndex(of: cell.place.stepSize), let x = edges[cell.place.nBeta] else {
                return nil
            }
            let value = value(of: cell, quantity)
            let rejection = decidingRejection(of: cell)
            let share = value.map { ($0 - bounds.lowerBound) / (bounds.upperBound - bounds.lowerBound) }
            let number = value.map { quantity == .estimate ? short($0) : String(format: "%.2f", $0) }
            return Mark.Tile(
                x: x, row: row, level: share.map { min(4, max(0, Int($0 * 4.999))) }, label: number ?? "",
                letter: rejection?.reason.letter, isChosen: index == chosen, tooltip: tooltip(of: cell))
        }
        let gamma = cells[shown[0]].localization
        let names = rows.map { row in
            Format.value(
                scales.settings(at: .init(stepSize: row, nBeta: 0, localization: 0)).stepSize, significantDigits: 2)
        }
        let low = columns.compactMap { edges[$0]?.lowerBound }.min() ?? 1
        let high = columns.compactMap { edges[$0]?.upperBound }.max() ?? 10
        return Chart(
            identifier: "sweep-\(quantity == .estimate ? "llc" : "acceptance")-\(localization)",
            title: "\(quantity == .estimate ? "λ̂" : "Acceptance") at γ = \(Format.value(gamma))",
            summary: "Cells by step size and nβ; all numbers are in the tables of cells.",
            horizontal: Chart.Axis(label: "nβ", scale: Scale(.logarithmic, low...high)),
            panels: [
                Chart.Panel(
                    label: "γ = \(Format.value(gamma)); rows: ε", vertical: .rows(names),
                    height: Double(rows.count) * 34, marks: [.tiles(tiles)])
            ])
    }

    /// The span of nβ that each column takes: halfway to its neighbours.
    private func columnEdges(_ columns: [Int]) -> [Int: ClosedRange<Double>] {
        func nBeta(_ place: Double) -> Double { scales.referenceNBeta * pow(10, place / 2) }
        var edges: [Int: ClosedRange<Double>] = [:]
        for (index, column) in columns.enumerated() {
            let before = index > 0 ? Double(column + columns[index - 1]) / 2 : nil
            let after = index + 1 < columns.count ? Double(column + columns[index + 1]) / 2 : nil
            let lower = before ?? Double(column) - ((after ?? Double(column) + 1) - Double(column))
            let upper = after ?? Double(column) + (Double(column) - lower)
            edges[column] = nBeta(lower)...nBeta(upper)
        }
        return edges
    }

    private func tooltip(of cell: CalibrationCell) -> String {
        let place =
            "ε = \(Format.value(cell.stepSize)), nβ = \(Format.value(cell.nBeta)), γ = \(Format.value(cell.localization))"
        let results = zip(checkpoints, cell.results).compactMap { checkpoint, result -> String? in
            guard let result else { return nil }
            let estimate =
                result.value.map { "λ̂ = \(Format.value($0)) ± \(result.standardError.map { Format.value($0) } ?? "?")" }
                ?? "no λ̂"
            let judgement = result.isClean ? "clean" : result.rejections.map(\.finding).joined(separator: ", ")
            return "step \(Format.count(checkpoint.step)): \(estimate); \(judgement)"
        }
        return ([place] + results).joined(separator: "\n")
    }

    /// At most five characters.
    private func short(_ value: Double) -> String {
        let magnitude = abs(value)
        let digits = magnitude >= 10_000 ? "%.0e" : magnitude >= 100 ? "%.0f" : magnitude >= 10 ? "%.1f" : "%.2f"
        return String(format: digits, value).replacingOccurrences(of: "-", with: "−").replacingOccurrences(
            of: "e+0", with: "e")
    }
}

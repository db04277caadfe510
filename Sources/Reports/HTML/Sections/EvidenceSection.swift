import Development
import Sampling

extension RunReport {
    /// What speaks for and against the boundaries beside λ̂: witnesses, power laws, trades, two solutions.
    func evidenceBlocks(_ finding: StageFinding) -> [Page.Block] {
        [witnessBlock(finding), powerLawBlock(finding), tradeBlock(finding), solutionsBlock].compactMap(\.self)
    }

    /// Boundaries × witnesses; nil without either.
    private func witnessBlock(_ finding: StageFinding) -> Page.Block? {
        guard let table = analysis.evidence.table, !table.witnesses.isEmpty else { return nil }
        let unit = analysis.measurements.axis.rawValue
        var tables: [Table] = []
        if !finding.boundaries.isEmpty {
            let rows = table.witnesses.indices.map { witness in
                [
                    table.witnesses[witness].name,
                    table.witnesses[witness].kind.rawValue + (table.witnesses[witness].sharesData ? ", same data" : ""),
                ]
                    + table.testimonies.map { $0[witness].cell(unit: unit) }
            }
            let sums = table.confirmations.map { $0.words(of: table.independentCount) }
            tables.append(
                Table(
                    "Boundaries × witnesses. A witness confirms a boundary where their intervals meet; else its nearest "
                        + "place is given. In brackets, the probability that they would meet by chance. What looks at "
                        + "the boundaries' own data is not counted, and a series counts once; p is the probability that as many "
                        + "would confirm a boundary anywhere in the run.",
                    columns: ["Witness", "By"] + finding.boundaries.map { "\(unit) \(Format.step($0.step))" },
                    numeric: [], rows: rows + [["Series that confirm", ""] + sums]))
        }
        let unclaimed = table.witnesses.indices.flatMap { index in
            table.unclaimed(byWitness: index, boundaries: finding.boundaries).map { place in
                [
                    table.witnesses[index].name, table.witnesses[index].kind.rawValue, Format.step(place.step),
                    Format.interval(place.interval),
                ]
            }
        }
        let folded =
            unclaimed.isEmpty
            ? []
            : [
                Table(
                    "Places that a witness names and no boundary meets (\(unclaimed.count))",
                    columns: ["Witness", "By", "At", "Within"], numeric: [2, 3], rows: unclaimed)
            ]
        return tables.isEmpty && folded.isEmpty ? nil : Page.Block(tables: tables, foldedTables: folded)
    }

    /// The loss of each stage as a power law.
    private func powerLawBlock(_ finding: StageFinding) -> Page.Block? {
        guard !analysis.evidence.powerLaws.isEmpty else { return nil }
        let rows = zip(finding.stages, analysis.evidence.powerLaws).enumerated().map { index, pair in
            let (stage, fit) = pair
            let place = ["\(index + 1)", Format.step(stage.start), Format.step(stage.end)]
            switch fit {
            case .fitted(let law):
                return place + [
                    law.offset.text, law.amplitude.text, law.exponent.text,
                    (law.doubts.map(\.meaning) + (law.lineDoesAsWell ? ["a line in log–log does as well"] : []))
                        .joined(separator: "; "),
                ]
            case .absent(let reason):
                return place + ["–", "–", "–", reason.meaning]
            }
        }
        return Page.Block(foldedTables: [
            Table(
                "The loss of each stage as a power law of the \(analysis.measurements.axis.rawValue) t, E + A·t^−α, "
                    + "with 95 % intervals",
                columns: ["Stage", "From", "To", "E", "A", "α", "Note"], numeric: [0, 1, 2, 3, 4, 5], rows: rows)
        ])
    }

    /// What each stage trades of loss against complexity.
    private func tradeBlock(_ finding: StageFinding) -> Page.Block? {
        let trades = zip(finding.stages, analysis.evidence.trades).enumerated().compactMap { index, pair in
            pair.1.map { ["\(index + 1)", Format.step(pair.0.start), Format.step(pair.0.end)] + $0.cells }
        }
        guard !trades.isEmpty else { return nil }
        return Page.Block(
            paragraphs: [FreeEnergyTrade.caution],
            foldedTables: [
                Table(
                    "Free energy of each stage's end against its start: n·Δℓ + Δλ·log n, in nats; below zero the end is "
                        + "preferred at this n",
                    columns: ["Stage", "From", "To", "n·Δℓ + Δλ·log n", "Tips at n"], numeric: [0, 1, 2, 3, 4],
                    rows: trades)
            ])
    }

    /// Two solutions of one training loss.
    private var solutionsBlock: Page.Block? {
        guard let pair = analysis.evidence.equalLossPair else { return nil }
        func row(_ name: String, _ group: EqualLossPair.Group) -> [String] {
            [
                name, group.steps.map(Format.step).joined(separator: ", "), Format.estimate(group.trainingLoss),
                Format.estimate(group.heldOutLoss), Format.estimate(group.llc),
            ]
        }
        var sentence =
            "λ̂ differs by \(Format.change(pair.llcDifference)) between them, "
            + pair.judgement
        if let p = pair.pValue {
            // The normal law's tail is below the smallest number there is.
            sentence += p > 0 ? " (p = \(Format.value(p, significantDigits: 2)))" : " (p below 10⁻³⁰⁰)"
        }
        if let smallest = pair.smallestVisibleDifference {
            sentence +=
                ". The smallest difference that would have been seen in four of five such runs is "
                + Format.value(smallest)
        }
        sentence +=
            ". Free energy of the second against the first: \(Format.change(pair.trade.difference)) nats"
            + " at n = \(Format.step(pair.trade.exampleCount)); it tips \(pair.trade.tipping.text). "
            + FreeEnergyTrade.caution
        return Page.Block(
            paragraphs: [sentence],
            tables: [
                Table(
                    "Two solutions of nearly one training loss: checkpoints that fail on held-out examples and "
                        + "checkpoints that do not",
                    columns: ["Solution", "Checkpoints", "Training loss", "Held-out loss", "λ̂"], numeric: [2, 3, 4],
                    rows: [row("memorises", pair.memorising), row("generalises", pair.generalising)])
            ])
    }
}

extension Testimony {
    /// Yes or no, with the nearest place and what chance would give.
    fileprivate func cell(unit: String) -> String {
        guard let nearest else { return "no: none found" }
        let odds = " (\(Format.value(chance, significantDigits: 2)))"
        return (confirms ? "yes: " : "no: ") + Format.step(nearest.step) + odds
    }
}

extension PowerLaw.Parameter {
    /// The value with its interval; "open" for an end that the data do not give.
    fileprivate var text: String {
        let ends = [lower, upper].map { $0.map { Format.value($0) } ?? "open" }
        return "\(Format.value(value)) [\(ends[0]), \(ends[1])]"
    }
}

extension FreeEnergyTrade {
    fileprivate var cells: [String] { [Format.change(difference), tipping.text] }
}

extension FreeEnergyTrade.Tipping {
    /// Where the trade tips, in words.
    var text: String {
        switch self {
        case .at(let count):
            let ends = [count.lower, count.upper].map { $0.map { Format.value($0) } ?? "open" }
            return "at \(Format.value(count.value)) [\(ends[0]), \(ends[1])]"
        case .neverSameSense: return "at no n: by their values, loss and complexity agree"
        case .neverLossDecides: return "at no n: by their values, the loss decides at every n"
        case .neverComplexityDecides: return "at no n: by their values, complexity decides at every n"
        }
    }
}

extension PowerLaw.Doubt {
    /// The doubt in words.
    fileprivate var meaning: String {
        switch self {
        case .offsetNotIdentified: "E may be zero"
        case .amplitudeNotIdentified: "A is not determined"
        case .exponentNotIdentified: "α is not determined"
        case .systematicResiduals: "the loss departs from the law systematically, so there are no intervals"
        }
    }
}

extension PowerLaw.Absence {
    /// The reason in words.
    fileprivate var meaning: String {
        switch self {
        case .tooFewPoints: "fewer than eight losses"
        case .flat: "no better than a constant"
        case .rising: "the loss rises"
        case .abrupt: "a sudden drop, no power"
        }
    }
}

extension Confirmation {
    /// How many series of how many confirm the boundary, beside what chance would give.
    func words(of count: Int) -> String {
        "\(names.count) of \(count) series; by chance \(Format.value(expectedByChance, significantDigits: 2)) "
            + "(p = \(Format.value(pValue, significantDigits: 2)))"
    }
}

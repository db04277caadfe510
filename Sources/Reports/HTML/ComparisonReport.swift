public import Development

/// The report of two to twenty runs side by side: a single HTML file like `RunReport`'s.
///
/// The verdict and the matched stages come first, then what differs between the runs, their series on shared axes with
/// signed differences from the baseline, λ̂ against loss, principal components, groups, and advisories. The first run is
/// the baseline.
public struct ComparisonReport: Sendable {
    /// What is reported.
    public let comparison: Comparison

    /// Whether series are drawn over the baseline's training, step by matched stage.
    public let isAlignedByStage: Bool

    private let stageMaps: [StageMap]

    /// Creates the report of a comparison.
    ///
    /// - Parameter isAlignedByStage: Whether each run's steps are mapped onto the baseline's through the matched boundaries.
    public init(comparison: Comparison, isAlignedByStage: Bool = false) {
        self.comparison = comparison
        self.isAlignedByStage = isAlignedByStage
        stageMaps = comparison.stageMaps
    }

    /// The page as HTML text.
    ///
    /// - Throws: A template error, which is a defect of this module; never because of the comparison.
    public func html() throws -> String { try page.html() }

    var page: Page {
        let names = comparison.runNames
        let notices = comparison.advisories.map { $0.notice(axis: axis) }
        return Page(
            eyebrow: "\(names.count) training runs compared",
            title: names.count > 4 ? "\(names[0]) and \(names.count - 1) other runs" : names.joined(separator: " · "),
            verdict: comparison.verdict,
            summary: [stageTable.map(upright)].compactMap(\.self),
            terms: Page.terms(of: comparison.analyses, drawnQualities: [], showsTypes: false),
            facts: zip(names, comparison.analyses).prefix(4).map { name, analysis in
                let count = Format.counted(analysis.measurements.checkpoints.count, "checkpoint")
                let unusable = analysis.measurements.unusableSteps.count
                return Page.Fact(
                    factName: name,
                    factValue:
                        "\(count)\(unusable > 0 ? " (λ̂ unusable at \(unusable))" : ""), \(analysis.stageCountWords)")
            }
                + (names.count > 4
                    ? [Page.Fact(factName: "And \(names.count - 4) more", factValue: "in the tables below")] : []),
            notices: notices.filter { $0.severity == Advisory.Severity.warning.rawValue }.map(\.withoutRemedy),
            sections: [
                differenceSection, courseSection, stageSection, phaseSection, dynamicsSection, groupSection,
                notices.isEmpty
                    ? nil
                    : Page.Section(anchor: "advisories", heading: "Advisories", blocks: [Page.Block(notices: notices)]),
            ].compactMap { $0 },
            word: axis.rawValue,
            imprint: Page.imprint(versions: comparison.analyses.map(\.measurements.provenance.version)))
    }

    /// What the shared horizontal axis counts: that of the first run.
    var axis: Measurements.Axis { comparison.analyses[0].measurements.axis }

    /// More runs than this are drawn as lines alone: bands and markers would cover each other.
    private static let crowd = 6

    /// Whether there are so many runs that only their lines are drawn.
    var isCrowded: Bool { comparison.analyses.count > Self.crowd }

    /// The style of each run, the same in all charts.
    func style(ofRun index: Int) -> SeriesStyle { SeriesStyle(index: index, key: comparison.runNames[index]) }

    /// Where a step of a run stands on the shared axis, to six digits.
    func place(_ step: Int, ofRun run: Int) -> Double {
        guard isAlignedByStage else { return Double(step) }
        let place = stageMaps[run](Double(step))
        let unit = Scale.power(below: place, digits: 6)
        return (place / unit).rounded() * unit
    }

    /// The horizontal axis that spans the checkpoints of all runs.
    var stepAxis: Chart.Axis {
        let ends = comparison.analyses.enumerated().flatMap { run, analysis in
            [analysis.measurements.checkpoints.first, analysis.measurements.checkpoints.last].compactMap { checkpoint in
                checkpoint.map { place($0.step, ofRun: run) }
            }
        }
        let label = comparison.analyses[0].measurements.axisLabel
        return Chart.Axis(
            label: isAlignedByStage
                ? "Where \(comparison.runNames[0].abbreviated(to: 30)) is in the same stage: \(label)" : label,
            scale: Scale(.logStep, (ends.min() ?? 0)...(ends.max() ?? 1)), kind: .checkpoints)
    }

    /// One line per run.
    var legend: [LegendEntry] {
        comparison.runNames.enumerated().map { index, name in
            let label = name.abbreviated(to: 40) + (index == 0 ? " (baseline)" : "")
            return LegendEntry(
                symbol: isCrowded ? .line(style(ofRun: index)) : .series(style(ofRun: index)), label: label)
        }
    }

    /// The matched stages as RFC 4180 text, with the names of the runs in the headings; only those without stages.
    public var csv: String {
        let table = matchedTexts
        return commaSeparated(columns: table.columns, rows: table.rows)
    }

    /// The same as a LaTeX table.
    public var latex: String {
        let table = matchedTexts
        return LaTeXTable(
            columns: table.columns, numeric: [], rows: table.rows,
            comment: ["Matched boundaries: step, 95 % interval; ratio to the baseline. Needs \\usepackage{booktabs}."]
        ).text
    }

    private var matchedTexts: (columns: [String], rows: [[String]]) {
        guard let table = stageTable else { return (["Boundary"] + comparison.runNames, []) }
        return (table.headings, table.texts)
    }
}

extension Analysis {
    /// The number of stages in words, or why there is none.
    var stageCountWords: String {
        guard let stages else {
            return measurements.checkpoints.contains { $0.llc != nil }
                ? "too few usable λ̂ for stages" : "λ̂ not measured"
        }
        return Format.counted(stages.stages.count, "stage")
    }
}

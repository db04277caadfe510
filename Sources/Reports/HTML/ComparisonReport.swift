public import Development

/// The report of two or more runs side by side: a single HTML file like `RunReport`'s.
///
/// The verdict comes first, then the runs on shared axes: λ̂ with errors, loss and boundaries, principal components,
/// stages, and what differs in settings and hyperparameters. Changes refer to the first run.
public struct ComparisonReport: Sendable {
    /// What is reported.
    public let comparison: Comparison

    /// Creates the report of a comparison.
    public init(comparison: Comparison) { self.comparison = comparison }

    /// The page as HTML text.
    ///
    /// - Throws: A template error, which is a defect of this module; never because of the comparison.
    public func html() throws -> String { try page.html() }

    var page: Page {
        let names = comparison.runNames
        return Page(
            eyebrow: "\(names.count) training runs compared",
            title: names.joined(separator: " · "),
            verdict: comparison.verdict,
            terms: Page.terms(of: comparison.analyses, drawnQualities: []),
            facts: zip(names, comparison.analyses).map { name, analysis in
                let count = Format.counted(analysis.measurements.checkpoints.count, "checkpoint")
                return Page.Fact(factName: name, factValue: "\(count), \(analysis.stageCountWords)")
            },
            notices: comparison.advisories.map { $0.notice(axis: axis) },
            sections: [courseSection, stageSection, dynamicsSection, differenceSection].compactMap { $0 },
            imprint: Page.imprint(versions: comparison.analyses.map(\.measurements.provenance.version)))
    }

    /// What the shared horizontal axis counts: that of the first run.
    var axis: Measurements.Axis { comparison.analyses.first?.measurements.axis ?? .step }

    /// The style of each run, the same in all charts.
    func style(ofRun index: Int) -> SeriesStyle { SeriesStyle(index: index) }

    /// The horizontal axis that spans the checkpoints of all runs.
    var stepAxis: Chart.Axis {
        let domains = comparison.analyses.map(\.measurements.stepScale.domain)
        let low = domains.map(\.lowerBound).min() ?? 0
        let high = domains.map(\.upperBound).max() ?? 1
        return Chart.Axis(
            label: comparison.analyses.first?.measurements.axisLabel ?? "", scale: Scale(.logStep, low...high))
    }

    /// One line per run.
    var legend: [LegendEntry] {
        comparison.runNames.enumerated().map { index, name in
            LegendEntry(symbol: .line(style(ofRun: index)), label: name.abbreviated(to: 40))
        }
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

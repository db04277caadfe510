public import Development
public import Sampling
import Tensors

/// The report of one run: a single HTML file that asks for nothing, runs nothing and can be printed.
///
/// The verdict comes first, then the evidence: loss and λ̂ over the training, essential dynamics, the movement of
/// tensors, the run's own series, diagnostics and chain traces, settings and provenance. What was not measured
/// is left out, and the page says so.
public struct RunReport: Sendable {
    /// What is reported.
    public let analysis: Analysis

    /// The calibration that the settings are of; nil where there was none.
    public let calibration: Calibration?

    /// Creates the report of an analysis.
    ///
    /// - Parameter calibration: A calibration of the run; shown where ε, nβ and γ of the chains are what it chose.
    public init(analysis: Analysis, calibration: Calibration? = nil) {
        self.analysis = analysis
        let isUsed = SweptSetting.allCases.allSatisfy {
            calibration?.settings[keyPath: $0.inSettings] == analysis.measurements.settings?[keyPath: $0.inSettings]
        }
        self.calibration = isUsed && analysis.measurements.settings != nil ? calibration : nil
    }

    /// The page as HTML text.
    ///
    /// - Throws: A template error, which is a defect of this module; never because of the analysis.
    public func html() throws -> String { try page.html() }

    var page: Page {
        Page(
            eyebrow: "Development of one training run",
            title: analysis.measurements.runName,
            verdict: analysis.verdict,
            terms: Page.terms(
                of: [analysis], drawnQualities: Set(analysis.measurements.checkpoints.compactMap { $0.llc?.quality })),
            facts: facts,
            notices: analysis.advisories.map { $0.notice(axis: analysis.measurements.axis) }
                + (calibration?.notices ?? []),
            sections: [
                stageSection, restrictionSection, dynamicsSection, tensorSection, recordedSection, diagnosticsSection,
                settingsSection,
                calibration?.section,
                provenanceSection, methodsSection,
            ].compactMap { $0 },
            imprint: Page.imprint(versions: [analysis.measurements.provenance.version]))
    }

    private var facts: [Page.Fact] {
        let measurements = analysis.measurements
        var facts: [Page.Fact] = []
        if let first = measurements.checkpoints.first, let last = measurements.checkpoints.last {
            let word = measurements.axis.rawValue
            let range =
                first.step == last.step
                ? "\(word) \(Format.count(first.step))"
                : "\(word)s \(Format.count(first.step)) to \(Format.count(last.step))"
            facts.append(
                .init(factName: "Checkpoints", factValue: "\(Format.count(measurements.checkpoints.count)), \(range)"))
        }
        let total = measurements.tensors.reduce(0) { $0 + $1.shape.elementCount }
        let sampled = measurements.sampledCount
        let parameters =
            sampled == total ? Format.count(total) : "\(Format.count(sampled)) sampled of \(Format.count(total))"
        if total > 0 { facts.append(.init(factName: "Parameters", factValue: parameters)) }
        if let count = measurements.exampleCount {
            facts.append(.init(factName: "Training examples", factValue: Format.count(count)))
        }
        if let loss = measurements.loss {
            facts.append(.init(factName: "Loss", factValue: "\(loss.name), in \(loss.unit)"))
        }
        if let settings = measurements.settings {
            let draws =
                Format.counted(settings.chainCount, "chain") + " × " + Format.counted(settings.drawCount, "draw")
            facts.append(.init(factName: "Sampling", factValue: draws))
        }
        return facts
    }
}

extension Advisory {
    /// The advisory as the page shows it, with at most eight of its steps named.
    func notice(axis: Measurements.Axis) -> Page.Notice {
        Page.Notice(
            severity: severity.rawValue, finding: Format.sentence(finding), remedy: Format.sentence(remedy),
            concerned: steps.isEmpty ? [] : ["(\(stepList(axis: axis)))"])
    }

    /// The steps it concerns, at most eight of them named, e.g. "steps 0, 100 and 3 more".
    func stepList(axis: Measurements.Axis) -> String {
        let named = steps.prefix(8).map(Format.count).joined(separator: ", ")
        let more = steps.count > 8 ? " and \(steps.count - 8) more" : ""
        return (steps.count == 1 ? axis.rawValue : axis.rawValue + "s") + " \(named)\(more)"
    }
}

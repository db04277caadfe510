public import Development
public import Sampling
import Tensors

/// The report of one run: a single HTML file that asks for nothing, can be printed and needs no script to be read.
///
/// The verdict and the table of stages come first, then the evidence: loss and λ̂ over the training, essential dynamics,
/// restricted λ̂, the movement of tensors, the run's own series, diagnostics and chain traces, calibration, settings,
/// provenance, methods and advisories. What was not measured is left out, and the page says so.
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
        let measurements = analysis.measurements
        let notices = analysis.advisories.map { $0.notice(axis: measurements.axis) } + (calibration?.notices ?? [])
        return Page(
            eyebrow: "Development of one training run",
            title: measurements.runName,
            verdict: analysis.verdict,
            summary: [stageSummary].compactMap(\.self),
            terms: Page.terms(
                of: [analysis], drawnQualities: Set(measurements.checkpoints.compactMap { $0.llc?.quality }),
                showsTypes: true),
            facts: facts,
            notices: notices.filter { $0.severity == Advisory.Severity.warning.rawValue }.map(\.withoutRemedy),
            sections: [
                stageSection, dynamicsSection, restrictionSection, tensorSection, recordedSection, diagnosticsSection,
                calibration?.section, settingsSection, provenanceSection, methodsSection, advisorySection(notices),
            ].compactMap { $0 },
            axes: measurements.recordedSeries.filter(\.isClock).map {
                PageData.Axis(name: $0.name, steps: $0.steps.map(Double.init), values: $0.values)
            },
            word: measurements.axis.rawValue,
            imprint: Page.imprint(versions: [measurements.provenance.version]))
    }

    /// All that the reader must know, gravest first, each with what to do about it; nil when there is nothing.
    private func advisorySection(_ notices: [Page.Notice]) -> Page.Section? {
        notices.isEmpty
            ? nil
            : Page.Section(anchor: "advisories", heading: "Advisories", blocks: [Page.Block(notices: notices)])
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
            severity: severity.rawValue, finding: Format.sentence(finding), remedy: [Format.sentence(remedy)],
            concerned: steps.isEmpty ? [] : ["(\(stepList(axis: axis)))"])
    }

    /// The steps it concerns, at most eight of them named, e.g. "steps 0, 100 and 3 more".
    func stepList(axis: Measurements.Axis) -> String {
        let named = steps.prefix(8).map(Format.count).joined(separator: ", ")
        let more = steps.count > 8 ? " and \(steps.count - 8) more" : ""
        return (steps.count == 1 ? axis.rawValue : axis.rawValue + "s") + " \(named)\(more)"
    }
}

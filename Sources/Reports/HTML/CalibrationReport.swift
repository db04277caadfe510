import Development
public import Sampling

/// The report of a calibration: a single HTML file with the choice, why, and the whole sweep.
public struct CalibrationReport: Sendable {
    /// What is reported.
    public let calibration: Calibration
    /// The run's name.
    public let runName: String
    /// The version of the program that calibrated.
    public let version: String

    /// Creates the report of a calibration.
    public init(calibration: Calibration, runName: String, version: String) {
        self.calibration = calibration
        self.runName = runName
        self.version = version
    }

    /// The page as HTML text.
    ///
    /// - Throws: A template error, which is a defect of this module; never because of the calibration.
    public func html() throws -> String { try page.html() }

    var page: Page {
        Page(
            eyebrow: "Settings for one training run", title: runName, verdict: calibration.verdict, terms: [],
            facts: facts,
            notices: calibration.notices, sections: [calibration.section], imprint: Page.imprint(versions: [version]))
    }

    private var facts: [Page.Fact] {
        let settings = calibration.settings
        let steps = calibration.checkpoints.map { Format.count($0.step) }
        return [
            .init(factName: "Step size ε", factValue: Format.value(settings.stepSize)),
            .init(factName: "nβ", factValue: Format.value(settings.nBeta)),
            .init(factName: "Localization γ", factValue: Format.value(settings.localization)),
            .init(factName: "Burn-in", factValue: Format.count(settings.burnInCount)),
            .init(factName: "Draws", factValue: Format.count(settings.drawCount)),
            .init(factName: "Checkpoints looked at", factValue: Format.list(steps)),
            .init(factName: "Cost", factValue: "\(Format.count(calibration.drawCount)) draws"),
        ]
    }
}

/// A calibration as text, for the terminal.
public struct CalibrationSummary: Sendable {
    /// The lines, ending without a newline.
    public let text: String

    /// Creates the summary of a calibration.
    public init(_ calibration: Calibration) {
        var lines = calibration.verdict + ["", "Why"]
        lines += calibration.reasons.map { "  \($0)" }
        if !calibration.reservations.isEmpty { lines += ["Reservations"] + calibration.reservations.map { "  \($0)" } }
        if !calibration.sensitivities.isEmpty {
            lines += ["How λ̂ answers"] + calibration.sensitivities.map { "  \($0.words)" }
        }
        if !calibration.alternatives.isEmpty {
            lines += ["What would change it"] + calibration.alternatives.map { "  \($0.words)" }
        }
        text = lines.joined(separator: "\n")
    }
}

/// Settings found for one run, with all that led to them.
public struct Calibration: Sendable, Codable, Equatable {
    /// One of the checkpoints that were looked at.
    public struct Checkpoint: Sendable, Codable, Equatable {
        /// The training step.
        public var step: Int
        /// h, the largest curvature there.
        public var curvature: Double

        /// Creates it.
        public init(step: Int, curvature: Double) {
            self.step = step
            self.curvature = curvature
        }
    }

    /// How far the choice can be relied on.
    public enum Confidence: String, Sendable, Codable {
        /// Clean at every checkpoint, on the plateau, and λ̂ hardly moves with any setting.
        case high
        /// Acceptable, with reservations that `reservations` lists.
        case moderate
        /// Nothing was acceptable: the settings are the defaults.
        case low
    }

    /// How λ̂ answers to one setting near the choice.
    public struct Sensitivity: Sendable, Codable, Equatable {
        /// The setting.
        public var setting: SweptSetting
        /// d ln λ̂/d ln(setting), the mean over the checkpoints at which the cells compared are clean.
        public var slope: Slope
    }

    /// A neighbouring cell, and what became of it.
    public struct Alternative: Sendable, Codable, Equatable {
        /// The setting that differs.
        public var setting: SweptSetting
        /// Its value there.
        public var value: Double
        /// Why it was not chosen.
        public var verdict: String
    }

    /// The checkpoints, ascending.
    public var checkpoints: [Checkpoint]
    /// What the grid was scaled by.
    public var scales: CalibrationScales
    /// Every cell that was measured.
    public var cells: [CalibrationCell]
    /// The place in `cells` of the choice; nil where no cell was acceptable.
    public var chosen: Int?
    /// The place in `checkpoints` of the one that decided; nil where no cell was acceptable at any.
    public var decidingCheckpoint: Int?
    /// The settings for the whole series, chains included.
    public var settings: SamplingSettings
    /// Why these, in sentences.
    public var reasons: [String]
    /// What keeps the confidence from being high, in sentences.
    public var reservations: [String]
    /// How λ̂ answers to each setting, where that could be told.
    public var sensitivities: [Sensitivity]
    /// What the cells next to the choice would do.
    public var alternatives: [Alternative]
    /// How far the choice can be relied on.
    public var confidence: Confidence
    /// Whether only the default and its neighbours were looked at.
    public var isShort: Bool

    /// Draws that all chains made, burn-in included.
    public var drawCount: Int { cells.reduce(0) { $0 + $1.results.reduce(0) { $0 + ($1?.drawCount ?? 0) } } }
}

/// A setting that calibration sweeps.
public enum SweptSetting: String, Sendable, Codable, CaseIterable {
    /// ε.
    case stepSize
    /// nβ.
    case nBeta
    /// γ.
    case localization

    /// The symbol.
    public var symbol: String {
        switch self {
        case .stepSize: "ε"
        case .nBeta: "nβ"
        case .localization: "γ"
        }
    }

    /// Where settings hold it.
    package var inSettings: KeyPath<SamplingSettings, Double> {
        switch self {
        case .stepSize: \.stepSize
        case .nBeta: \.nBeta
        case .localization: \.localization
        }
    }

    var value: KeyPath<CalibrationCell, Double> {
        switch self {
        case .stepSize: \.stepSize
        case .nBeta: \.nBeta
        case .localization: \.localization
        }
    }
}

extension Calibration {
    /// Effective draws of λ̂ that each chain is to have; with four chains the 400 that R-hat and ESS themselves need.
    ///
    /// Source: Vehtari et al. 2021, section 4.
    static let wantedEffectiveDraws = 100.0
    /// Relaxation times that burn-in is to hold: what is left of the start is then e⁻⁵, below 1 %.
    static let relaxationsOfBurnIn = 5.0

    /// Chooses one setting for the series from measured cells.
    ///
    /// - Parameters:
    ///   - search: The search, at its end.
    ///   - checkpoints: The checkpoints, in the order of the cells' results.
    ///   - settings: The rest of the settings; ε, nβ, γ and the lengths of chains are replaced, the lengths only where
    ///     a cell was acceptable.
    public init(_ search: CalibrationSearch, checkpoints: [Checkpoint], settings: SamplingSettings) {
        let choice = CalibrationChoice(cells: search.cells, scales: search.scales)
        var settings = settings
        if let cell = choice.chosen.map({ choice.cells[$0] }) {
            settings.stepSize = cell.stepSize
            settings.nBeta = cell.nBeta
            settings.localization = cell.localization
            (settings.burnInCount, settings.drawCount) = Calibration.lengths(of: cell)
        } else {
            settings.nBeta = search.scales.referenceNBeta
            settings.localization = search.scales.referenceLocalization
            settings.stepSize = search.scales.referenceStepSize
        }
        let account = CalibrationAccount(
            choice: choice, steps: checkpoints.map(\.step), scales: search.scales, settings: settings,
            isShort: search.shortEffort != nil)
        self.init(
            checkpoints: checkpoints, scales: search.scales, cells: choice.cells, chosen: choice.chosen,
            decidingCheckpoint: choice.decidingCheckpoint, settings: settings, reasons: account.reasons,
            reservations: account.reservations,
            sensitivities: account.sensitivities, alternatives: account.alternatives, confidence: account.confidence,
            isShort: search.shortEffort != nil)
    }

    /// Burn-in of five relaxation times and draws for 100 effective ones a chain, both as the slowest checkpoint at
    /// which the cell is clean needs them, rounded up to fifties.
    private static func lengths(of cell: CalibrationCell) -> (burnIn: Int, draws: Int) {
        let results = cell.cleanResults
        let relaxation = results.compactMap(\.relaxation).max() ?? 0
        // Effective draws per draw.
        let efficiency = results.compactMap { result -> Double? in
            guard let effective = result.effectiveDraws, result.drawCount > 0 else { return nil }
            return effective / (Double(result.drawCount) / 2)
        }.min()
        func fifties(_ count: Double) -> Int { Int((max(count, 1) / 50).rounded(.up)) * 50 }
        return (
            fifties(relaxationsOfBurnIn * relaxation),
            fifties(max(200, wantedEffectiveDraws / (efficiency ?? 1)))
        )
    }
}

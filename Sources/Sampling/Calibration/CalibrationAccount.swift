/// What there is to say about a choice: why, how sure, and what would change it.
struct CalibrationAccount {
    private let choice: CalibrationChoice
    private let steps: [Int]
    private let scales: CalibrationScales
    private let settings: SamplingSettings
    private let isShort: Bool

    let sensitivities: [Calibration.Sensitivity]

    init(
        choice: CalibrationChoice, steps: [Int], scales: CalibrationScales, settings: SamplingSettings, isShort: Bool
    ) {
        self.choice = choice
        self.steps = steps
        self.scales = scales
        self.settings = settings
        self.isShort = isShort
        sensitivities =
            choice.chosen.map { index in
                SweptSetting.allCases.compactMap { setting in
                    Self.slope(of: setting, at: index, choice: choice).map { .init(setting: setting, slope: $0) }
                }
            } ?? []
    }

    var confidence: Calibration.Confidence {
        choice.chosen == nil ? .low : reservations.isEmpty ? .high : .moderate
    }

    var reasons: [String] {
        guard let index = choice.chosen else {
            return [
                "no cell was acceptable at any checkpoint (\(mostFrequentRejection)); the settings are the defaults: "
                    + "nβ = \(text(settings.nBeta)), γ = \(text(settings.localization)), ε = 0.2/(nβ·h + γ)"
            ]
        }
        let cell = choice.cells[index]
        let share = scales.shareOfStabilityLimit(
            stepSize: cell.stepSize, nBeta: cell.nBeta, localization: cell.localization)
        var reasons = [nBetaReason(cell)]
        reasons.append(
            scales.statedLocalization != nil
                ? "γ = \(text(cell.localization)), as stated"
                : "γ = \(text(cell.localization)): the smallest at which chains settle and stay in place, "
                    + "\(text(cell.localization / scales.weakLocalization)) of d/|w*|²")
        let acceptance = cell.acceptance.map { ", acceptance \(text($0)) at least" } ?? ""
        reasons.append(
            "ε = \(text(cell.stepSize)): the largest that is clean there, \(percent(share)) of the stability limit"
                + acceptance)
        let relaxation = cell.cleanResults.compactMap(\.relaxation).max() ?? 0
        reasons.append(
            "burn-in \(settings.burnInCount): five relaxation times of the slowest trace, \(text(relaxation)) draws; "
                + "\(settings.drawCount) draws: 100 effective ones in every chain where they are slowest")
        return reasons
    }

    private func nBetaReason(_ cell: CalibrationCell) -> String {
        let value = "at nβ = \(text(cell.nBeta))"
        guard scales.statedNBeta == nil else { return "at nβ = \(text(cell.nBeta)), as stated" }
        let ratio = cell.nBeta / scales.referenceNBeta
        let place = "\(value), \(cell.place.nBeta == 0 ? "n/ln n" : "\(text(ratio)) of n/ln n")"
        guard let slope = cell.slope else {
            return "\(place), the nearest to n/ln n that was acceptable; no neighbour could tell a plateau"
        }
        guard abs(slope.value) - slope.error <= CalibrationChoice.flatSlope else {
            return "\(place), λ̂ is flattest among the acceptable cells, but has no plateau: "
                + "|d ln λ̂/d ln nβ| = \(text(slope.value)) ± \(text(slope.error))"
        }
        return "\(place), λ̂ has its plateau: |d ln λ̂/d ln nβ| = \(text(slope.value)) ± \(text(slope.error)), "
            + "and of the values on it this is the nearest to n/ln n that is clean at the most checkpoints"
    }

    var reservations: [String] {
        guard let index = choice.chosen, let deciding = choice.decidingCheckpoint else {
            return ["nothing was acceptable: read every λ̂ of this run with care"]
        }
        let cell = choice.cells[index]
        var reservations: [String] = []
        if isShort {
            reservations.append(
                "only the default settings and their neighbours were tried; `instar calibrate` tries all")
        }
        if deciding < steps.count - 1 {
            reservations.append("no cell was clean at the last checkpoint, so that step \(steps[deciding]) decided")
        }
        for (checkpoint, result) in cell.results.enumerated() {
            guard let result, !result.isClean else { continue }
            let findings = result.rejections.map(\.finding).joined(separator: ", ")
            let isLeft =
                result.rejections.contains(where: \.reason.isOfCheckpoint)
                && !choice.cells.contains { $0.isStable && $0.isClean(at: checkpoint) }
            reservations.append(
                "step \(steps[checkpoint]) had no vote: \(findings)"
                    + (isLeft ? "; no stable cell is clean there, as where training is still leaving a checkpoint" : "")
            )
        }
        if let weaker = weakerInNeedOfLength {
            reservations.append(
                "γ = \(text(weaker)) and below would take longer chains; a larger --max-draws allows them, and the λ̂ "
                    + "found is then nearer to that without a pull")
        }
        for sensitivity in sensitivities
        where abs(sensitivity.slope.value) - sensitivity.slope.error > CalibrationChoice.flatSlope {
            reservations.append(
                "λ̂ moves with \(sensitivity.setting.symbol): d ln λ̂/d ln \(sensitivity.setting.symbol) = "
                    + "\(text(sensitivity.slope.value)) ± \(text(sensitivity.slope.error)); compare only equal settings"
            )
        }
        return reservations
    }

    /// The next weaker γ, where nothing but the length of the chains speaks against it at the deciding checkpoint.
    private var weakerInNeedOfLength: Double? {
        guard !isShort, let index = choice.chosen, let deciding = choice.decidingCheckpoint else { return nil }
        let chosen = choice.cells[index]
        return Self.neighbours(of: index, along: .localization, among: Array(choice.cells.indices), choice: choice)
            .map { choice.cells[$0] }
            .first { cell in
                guard cell.localization < chosen.localization, let result = cell.results[deciding] else { return false }
                return !result.isClean && result.rejections.allSatisfy(\.reason.isCuredByLength)
            }?.localization
    }

    /// The nearest measured cells in both directions of each setting.
    var alternatives: [Calibration.Alternative] {
        guard let index = choice.chosen else { return [] }
        return SweptSetting.allCases.flatMap { setting in
            Self.neighbours(of: index, along: setting, among: Array(choice.cells.indices), choice: choice).map {
                Calibration.Alternative(
                    setting: setting, value: choice.cells[$0][keyPath: setting.value],
                    verdict: verdict(of: choice.cells[$0], chosen: choice.cells[index]))
            }
        }
    }

    private func verdict(of cell: CalibrationCell, chosen: CalibrationCell) -> String {
        let isCandidate = choice.decidingCheckpoint.map { cell.isStable && cell.isClean(at: $0) } ?? false
        if !isCandidate || cell.cleanCheckpoints.count < chosen.cleanCheckpoints.count && !cell.results.contains(nil) {
            let found = cell.results.indices.reversed().compactMap { checkpoint in
                cell.results[checkpoint]?.rejections.first.map { "\($0.finding) at step \(steps[checkpoint])" }
            }
            return "rejected: \(found.first ?? "not clean")"
        }
        let last = choice.decidingCheckpoint.flatMap { checkpoint -> String? in
            guard let result = cell.results[checkpoint], let value = result.value, let error = result.standardError
            else { return nil }
            return "λ̂ = \(text(value)) ± \(text(error)) at step \(steps[checkpoint])"
        }
        return "acceptable" + (last.map { ", \($0)" } ?? "")
    }

    /// d ln λ̂/d ln(setting) between the nearest candidates on both sides, or one side and the choice.
    private static func slope(of setting: SweptSetting, at index: Int, choice: CalibrationChoice) -> Slope? {
        let stable = choice.cells.indices.filter {
            choice.cells[$0].isStable && !choice.cells[$0].cleanCheckpoints.isEmpty
        }
        let near = neighbours(of: index, along: setting, among: stable, choice: choice)
        let ends = (near + [index]).sorted {
            choice.cells[$0][keyPath: setting.value] < choice.cells[$1][keyPath: setting.value]
        }
        guard let low = ends.first, let high = ends.last, low != high else { return nil }
        return Slope(
            meanOf: choice.cells[index].cleanCheckpoints.compactMap {
                CalibrationCell.slope(of: setting.value, from: choice.cells[low], to: choice.cells[high], at: $0)
            })
    }

    /// The nearest cells below and above along one setting; ε of another nβ or γ is that with the most alike part of
    /// the stability limit.
    private static func neighbours(
        of index: Int, along setting: SweptSetting, among cells: [Int], choice: CalibrationChoice
    ) -> [Int] {
        let center = choice.cells[index].place
        func isOnLine(_ place: CalibrationPlace) -> Bool {
            switch setting {
            case .stepSize: place.nBeta == center.nBeta && place.localization == center.localization
            case .nBeta: place.localization == center.localization
            case .localization: place.nBeta == center.nBeta
            }
        }
        func position(_ place: CalibrationPlace) -> Int {
            switch setting {
            case .stepSize: place.stepSize
            case .nBeta: place.nBeta
            case .localization: place.localization
            }
        }
        // Where nβ·h is most of the total curvature, ε·nβ is the part of the stability limit.
        func stepDistance(_ place: CalibrationPlace) -> Int {
            setting == .nBeta
                ? abs(place.stepSize + place.nBeta - center.stepSize - center.nBeta)
                : setting == .localization ? abs(place.stepSize - center.stepSize) : 0
        }
        let line = cells.filter {
            isOnLine(choice.cells[$0].place) && position(choice.cells[$0].place) != position(center)
        }
        return [-1, 1].compactMap { sign in
            line.filter { sign * (position(choice.cells[$0].place) - position(center)) > 0 }.min {
                let (a, b) = (choice.cells[$0].place, choice.cells[$1].place)
                return (abs(position(a) - position(center)), stepDistance(a))
                    < (abs(position(b) - position(center)), stepDistance(b))
            }
        }
    }

    private var mostFrequentRejection: String {
        let reasons = choice.cells.flatMap { $0.results.flatMap { $0?.rejections.map(\.reason) ?? [] } }
        let counts = Dictionary(grouping: reasons) { $0 }.mapValues(\.count)
        let most = Rejection.Reason.allCases.max { counts[$0, default: 0] < counts[$1, default: 0] }
        return most.map { "most often: \($0.meaning)" } ?? "none was measured"
    }

    private func text(_ number: Double) -> String { number.readable(significantDigits: 3) }

    private func percent(_ share: Double) -> String { "\((100 * share).readable(significantDigits: 2)) %" }
}

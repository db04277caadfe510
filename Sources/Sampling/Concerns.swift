/// Where a finding becomes a concern.
///
/// A difference counts only if it is both more than chance and large enough to matter: with many draws the first
/// alone would flag trifles, with few the second alone would flag noise.
enum Threshold {
    /// R-hat above which chains may disagree; Vehtari et al. 2021.
    static let rHat = 1.01
    /// Effective draws of the bulk below which a standard error is itself unsure by 14 % (1/√(2·ESS)) or more.
    static let effectiveDraws = 25.0
    /// Effective draws below which neither λ̂ nor its error means anything: the error is unsure by 22 % or more, and
    /// chains that have not mixed pass for a handful of draws.
    static let meaninglessDraws = 10.0
    /// Standard errors beyond which a difference is more than chance: one in 370 for a normal one.
    static let standardErrors = 3.0
    /// Part of a quantity below which a difference is too small to matter.
    static let relativeDifference = 0.05
    /// Standard errors below zero at which a negative λ̂ is a finding: one in 44 by chance.
    static let negativeStandardErrors = 2.0
    /// λ̂ below which a negative value means nothing: λ̂ = −1 says that the chains' typical loss lies a whole unit of
    /// temperature, 1/nβ, below the checkpoint's, which is then no typical point of its own posterior.
    static let meaninglessValue = -1.0
    /// The first and the last part of a trace that are compared. Geweke 1992 takes a tenth and a half; a fifth
    /// leaves enough draws for an error at a few hundred draws.
    static let firstPart = 0.2
    static let lastPart = 0.5
}

extension Concern {
    /// All that speaks against an estimate, the worst first.
    ///
    /// - Parameters:
    ///   - estimate: The estimate, its concerns apart.
    ///   - draws: nβ times the paired differences of the completed chains, burn-in left out. Axes `[chain, draw]`.
    ///   - dimension: d.
    ///   - pull: (ε/8)·γd.
    static func all(about estimate: LLCEstimate, draws: [[Double]], dimension: Int, pull: Double) -> [Concern] {
        let concerns = [
            divergence(estimate), tooFewDraws(estimate, draws), singleChain(estimate), disagreement(estimate, draws),
            drift(estimate, draws), instationarity(estimate), inflation(estimate, dimension, pull), negative(estimate),
        ]
        return concerns.compactMap { $0 }.sorted { $0.severity == .unusable && $1.severity == .doubtful }
    }

    private static func divergence(_ estimate: LLCEstimate) -> Concern? {
        let stops = estimate.divergedAtDraw.compactMap { $0 }
        guard let first = stops.min() else { return nil }
        let count = estimate.divergedAtDraw.count
        return Concern(
            kind: .diverged, severity: 2 * stops.count > count ? .unusable : .doubtful,
            finding: "\(stops.count) of \(count) chains diverged, the first at draw \(first)",
            remedy: "lower the step size, or raise the localization")
    }

    private static func tooFewDraws(_ estimate: LLCEstimate, _ draws: [[Double]]) -> Concern? {
        let remedy = "raise the number of draws or of chains"
        guard estimate.value != nil else {
            guard estimate.divergedAtDraw.contains(nil) || estimate.divergedAtDraw.isEmpty else { return nil }
            return Concern(
                kind: .fewEffectiveDraws, severity: .unusable, finding: "no finite draw is left after burn-in",
                remedy: remedy)
        }
        let count = draws.reduce(0) { $0 + $1.count }
        guard let effective = estimate.bulkESS else {
            return Concern(
                kind: .fewEffectiveDraws, severity: .unusable,
                finding: "\(count) draws are too few, or too alike, to count how many are independent", remedy: remedy)
        }
        guard effective < Threshold.effectiveDraws else { return nil }
        let isMeaningless = effective < Threshold.meaninglessDraws
        return Concern(
            kind: .fewEffectiveDraws, severity: isMeaningless ? .unusable : .doubtful,
            finding: "\(count) draws are worth \(text(effective)) independent ones; "
                + (isMeaningless
                    ? "below \(Int(Threshold.meaninglessDraws)) neither λ̂ nor its standard error means anything"
                    : "below \(Int(Threshold.effectiveDraws)) the standard error itself is unsure"),
            remedy: remedy)
    }

    private static func singleChain(_ estimate: LLCEstimate) -> Concern? {
        guard estimate.chainValues.compactMap({ $0 }).count == 1 else { return nil }
        return Concern(
            kind: .singleChain, severity: .doubtful, finding: "one chain only, so that no other can contradict it",
            remedy: "sample at least two chains, better four")
    }

    private static func disagreement(_ estimate: LLCEstimate, _ draws: [[Double]]) -> Concern? {
        guard let rHat = estimate.rHat, let value = estimate.value, rHat > Threshold.rHat else { return nil }
        let spread = draws.map(\.mean).sampleVariance.squareRoot()
        let errors = draws.compactMap { Diagnostics.meanMCSE([$0]) }
        let chance = errors.map { $0 * $0 }.mean.squareRoot()
        guard isFinding(spread, error: chance, scale: value) else { return nil }
        return Concern(
            kind: .chainsDisagree, severity: .doubtful,
            finding: "R-hat is \(text(rHat)): the chains' values spread by ±\(text(spread)) around \(text(value)), "
                + "where their own errors are ±\(text(chance))",
            remedy: "raise burn-in and draws; if R-hat stays, chains sit in different basins: raise the localization")
    }

    private static func drift(_ estimate: LLCEstimate, _ draws: [[Double]]) -> Concern? {
        guard let value = estimate.value else { return nil }
        let first = draws.map { Array($0.prefix(Int(Threshold.firstPart * Double($0.count)))) }
        let last = draws.map { Array($0.suffix(Int(Threshold.lastPart * Double($0.count)))) }
        guard let firstError = Diagnostics.meanMCSE(first), let lastError = Diagnostics.meanMCSE(last) else {
            return nil
        }
        let start = first.joined().map { $0 }.mean
        let end = last.joined().map { $0 }.mean
        let error = (firstError * firstError + lastError * lastError).squareRoot()
        guard isFinding(end - start, error: error, scale: value) else { return nil }
        return Concern(
            kind: .drifting, severity: .doubtful,
            finding: "the first fifth of the draws gives \(text(start)) and the last half \(text(end)), "
                + "a difference of \(text(abs(end - start) / error)) standard errors",
            remedy: end > start
                ? "raise burn-in and draws, or the localization: the chains still move away from the checkpoint"
                : "raise burn-in and draws: the chains still find lower losses")
    }

    private static func instationarity(_ estimate: LLCEstimate) -> Concern? {
        guard let identity = estimate.identity else { return nil }
        let difference = identity.left - identity.right
        guard isFinding(difference, error: identity.standardError, scale: identity.right) else { return nil }
        return Concern(
            kind: .notStationary, severity: .doubtful,
            finding: "E[δ·g] = \(text(identity.left)) but d + (ε/4)E|g|² = \(text(identity.right)) "
                + "± \(text(identity.standardError)); a chain that has settled has both equal",
            remedy: difference < 0
                ? "raise burn-in and draws, or the localization: directions the loss hardly holds have not settled"
                : "raise burn-in and draws: the chains still come back towards the checkpoint")
    }

    /// At a quadratic, λ̂ + (γ/2)E|δ|² is d/2 + (ε/8)E|g|², and finite steps and minibatch noise share the last term
    /// between λ̂ and the pull: a direction of total curvature p = nβ·h + γ has E|g|² ≥ p, of which γ falls to the pull.
    private static func inflation(_ estimate: LLCEstimate, _ dimension: Int, _ pull: Double) -> Concern? {
        guard let value = estimate.value, let error = estimate.standardError, let identity = estimate.identity
        else { return nil }
        let inflation = identity.inflation(dimension: dimension) - pull
        guard inflation > 0, isFinding(inflation, error: error, scale: value) else { return nil }
        return Concern(
            kind: .stepSizeTooLarge, severity: .doubtful,
            finding: "finite steps and minibatch noise add up to (ε/8)(E|g|² − γd) = \(text(inflation)) to λ̂, "
                + "\((100 * inflation / abs(value)).readable(significantDigits: 2)) % of it",
            remedy: "lower the step size")
    }

    private static func negative(_ estimate: LLCEstimate) -> Concern? {
        guard let value = estimate.value, let error = estimate.standardError,
            value < -Threshold.negativeStandardErrors * error
        else { return nil }
        return Concern(
            kind: .negative, severity: value < Threshold.meaninglessValue ? .unusable : .doubtful,
            finding: "λ̂ = \(text(value)) ± \(text(error)): the chains find lower losses than the checkpoint's",
            remedy:
                "the checkpoint is no local minimum at this scale: raise the localization or lower nβ, or read it as "
                + "a sign that training was still descending")
    }

    /// Whether a difference is both more than chance and large enough to matter.
    private static func isFinding(_ difference: Double, error: Double, scale: Double) -> Bool {
        abs(difference) > Threshold.standardErrors * error
            && abs(difference) > Threshold.relativeDifference * abs(scale)
    }

    private static func text(_ number: Double) -> String { number.readable(significantDigits: 4) }
}

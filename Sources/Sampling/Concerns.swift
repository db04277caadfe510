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
    /// Mean Metropolis acceptance below which steps are too large; the recipe of calibration wants 0.9 to 0.95.
    static let acceptance = 0.8
    /// The same for a sampler that does reject: about 0.57 is best for MALA and 0.65 for HMC (Roberts and Rosenthal 1998;
    /// Beskos et al. 2013), and far below them chains stay where they are.
    static let exactAcceptance = 0.3
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
    ///   - sample: What it was made of.
    static func all(about estimate: LLCEstimate, sample: PosteriorSample) -> [Concern] {
        let draws = sample.pairedDraws
        let concerns = [
            divergence(estimate), tooFewDraws(estimate, draws), singleChain(estimate), disagreement(estimate, draws),
            drift(estimate, draws), instationarity(estimate, sample), escape(estimate, sample),
            inflation(estimate), lowAcceptance(estimate, sample), negative(estimate),
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
            remedy: Kind.diverged.remedy)
    }

    private static func tooFewDraws(_ estimate: LLCEstimate, _ draws: [[Double]]) -> Concern? {
        let remedy = Kind.fewEffectiveDraws.remedy
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
            remedy: Kind.singleChain.remedy)
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

    private static func instationarity(_ estimate: LLCEstimate, _ sample: PosteriorSample) -> Concern? {
        guard let identity = estimate.identity else { return nil }
        let difference = identity.left - identity.right
        guard isFinding(difference, error: identity.standardError, scale: identity.right) else { return nil }
        if sample.conditions.method == .adaptiveRMSpropSGLD {
            return Concern(
                kind: .adaptationBias, severity: .doubtful,
                finding: "preconditioning that adapts throughout moves λ̂ by about half of E[δ·g] − d − (ε/4)E[gᵀGg], "
                    + "\((difference / 2).readable(standardError: identity.standardError / 2))",
                remedy: "use rmsprop-sgld, which is frozen after burn-in, or sgld")
        }
        return Concern(
            kind: .notStationary, severity: .doubtful,
            finding:
                "E[δ·g] = \(text(identity.left)) but "
                + "\(identity.right.readable(standardError: identity.standardError)) was "
                + "expected; a chain that has settled has both equal",
            remedy: difference < 0
                ? "raise burn-in and draws, or the localization: directions the loss hardly holds have not settled"
                : "raise burn-in and draws: the chains still come back towards the checkpoint")
    }

    /// γE|δ|² = d − nβE[δ·∇L] + (the step's share): more than d means that the loss pushes outwards on average.
    private static func escape(_ estimate: LLCEstimate, _ sample: PosteriorSample) -> Concern? {
        guard let distance = estimate.distance, let localization = sample.conditions.localization, localization > 0,
            let identity = estimate.identity
        else { return nil }
        let pull = localization * distance * distance
        guard isFinding(pull - identity.right, error: identity.standardError, scale: identity.right),
            pull > identity.right
        else { return nil }
        return Concern(
            kind: .escaping, severity: .doubtful,
            finding:
                "γE|w − w*|² is \(text(pull)), more than the \(text(identity.right)) that localization alone would "
                + "give: the loss falls away from the checkpoint",
            remedy: "raise the localization, or read the checkpoint as one that training was still leaving")
    }

    private static func inflation(_ estimate: LLCEstimate) -> Concern? {
        guard let value = estimate.value, let error = estimate.standardError, let bias = estimate.stepBias,
            isFinding(bias, error: error, scale: value)
        else { return nil }
        return Concern(
            kind: .stepSizeTooLarge, severity: .doubtful,
            finding: "finite steps and minibatch noise add up to (ε/8)(E|g|² − γd) = \(text(bias)) to λ̂, "
                + "\((100 * bias / abs(value)).readable(significantDigits: 2)) % of it",
            remedy: Kind.stepSizeTooLarge.remedy)
    }

    private static func lowAcceptance(_ estimate: LLCEstimate, _ sample: PosteriorSample) -> Concern? {
        let isExact = sample.conditions.method?.isExact ?? false
        let least = isExact ? Threshold.exactAcceptance : Threshold.acceptance
        guard let acceptance = estimate.acceptance, acceptance < least else { return nil }
        return Concern(
            kind: .lowAcceptance, severity: .doubtful,
            finding: "a Metropolis step would accept \(text(acceptance)) of the steps; "
                + "\(text(least)) is the least",
            remedy: Kind.lowAcceptance.remedy)
    }

    private static func negative(_ estimate: LLCEstimate) -> Concern? {
        guard let value = estimate.value, let error = estimate.standardError,
            value < -Threshold.negativeStandardErrors * error
        else { return nil }
        return Concern(
            kind: .negative, severity: value < Threshold.meaninglessValue ? .unusable : .doubtful,
            finding: "λ̂ = \(value.readable(standardError: error)): the chains find lower losses than the checkpoint's",
            remedy:
                "the checkpoint is no local minimum at this scale: raise the localization or lower nβ, or read it as "
                + "a sign that training was still descending")
    }

    /// The concern of an estimate whose error stayed above what was asked for.
    ///
    /// - Parameters:
    ///   - error: The standard error reached.
    ///   - target: The one asked for.
    ///   - drawCount: The draws of each chain that counted.
    public static func targetMissed(error: Double?, target: Double, drawCount: Int) -> Concern {
        Concern(
            kind: .targetMissed, severity: .doubtful,
            finding:
                "the standard error is \(error.map(text) ?? "unknown") after \(drawCount) draws a chain; "
                + "\(text(target)) was asked for",
            remedy: Kind.targetMissed.remedy)
    }

    /// Whether a difference is both more than chance and large enough to matter.
    private static func isFinding(_ difference: Double, error: Double, scale: Double) -> Bool {
        abs(difference) > Threshold.standardErrors * error
            && abs(difference) > Threshold.relativeDifference * abs(scale)
    }

    private static func text(_ number: Double) -> String { number.readable(significantDigits: 4) }
}

extension Concern.Kind {
    /// When the concern is raised, for readers.
    public var threshold: String {
        switch self {
        case .diverged: "a loss or weight that is not finite; unusable above half of the chains"
        case .chainsDisagree: "R-hat above \(Threshold.rHat), and chains apart by 3 standard errors and 5 % of λ̂"
        case .fewEffectiveDraws:
            "bulk ESS below \(Int(Threshold.effectiveDraws)); unusable below \(Int(Threshold.meaninglessDraws))"
        case .notStationary: "E[δ·g] off by 3 standard errors and 5 %"
        case .drifting: "first fifth and last half apart by 3 standard errors and 5 % of λ̂"
        case .stepSizeTooLarge: "(ε/8)(E|g|² − γd) above 3 standard errors and 5 % of λ̂"
        case .lowAcceptance:
            "mean acceptance below \(Threshold.acceptance), of mala and hmc below \(Threshold.exactAcceptance)"
        case .adaptationBias: "E[δ·g] off by 3 standard errors and 5 %"
        case .escaping: "γE|w − w*|² above d by 3 standard errors and 5 %"
        case .negative: "λ̂ below zero by 2 standard errors; unusable below −1"
        case .singleChain: "one completed chain"
        case .targetMissed: "a standard error above --target-error at --max-draws"
        }
    }

    /// What it means when the concern is raised, for readers.
    public var meaning: String {
        switch self {
        case .diverged: "chains diverged"
        case .chainsDisagree: "the chains disagree"
        case .fewEffectiveDraws: "too few effective draws"
        case .notStationary: "the chains have not settled into the posterior"
        case .drifting: "the chains drift"
        case .stepSizeTooLarge: "the step size is too large"
        case .lowAcceptance: "the steps are too large for the curvature"
        case .adaptationBias: "the sampler adapts and does not sample the posterior"
        case .escaping: "the chains leave the checkpoint"
        case .negative: "λ̂ is negative"
        case .singleChain: "one chain only"
        case .targetMissed: "the standard error asked for was not reached"
        }
    }

    /// What to do, for readers.
    public var remedy: String {
        switch self {
        case .diverged: "lower the step size, or raise the localization"
        case .chainsDisagree: "raise burn-in and draws; if it stays, raise the localization"
        case .fewEffectiveDraws: "raise the number of draws or of chains"
        case .notStationary, .drifting: "raise burn-in and draws, or the localization"
        case .stepSizeTooLarge: "lower the step size, take larger minibatches, or use --extrapolate or --sampler mala"
        case .lowAcceptance: "lower the step size"
        case .adaptationBias: "use rmsprop-sgld or sgld"
        case .escaping: "raise the localization"
        case .negative: "raise the localization or lower nβ"
        case .singleChain: "sample at least two chains, better four"
        case .targetMissed: "raise --max-draws, add chains, or ask for less"
        }
    }
}

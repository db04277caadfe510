/// A reason why a cell of a calibration cannot be used at a checkpoint, with the number that says so.
public struct Rejection: Sendable, Codable, Equatable {
    /// What was found.
    public enum Reason: String, Sendable, Codable, CaseIterable {
        /// A chain diverged.
        case diverged
        /// A Metropolis step would accept too few of the steps.
        case lowAcceptance
        /// Finite steps and minibatch noise add too much to λ̂.
        case stepBias
        /// The stationary identity fails.
        case notSettled
        /// The first and the last part of the trace differ.
        case drifting
        /// R-hat, with chain values that differ by enough to matter.
        case chainsDisagree
        /// Too few effective draws of λ̂'s trace, or of |w − w\*|², within the longest chains allowed.
        case fewDraws
        /// λ̂ is below zero.
        case negative
        /// Most draws have a loss below that at the checkpoint.
        case belowStart
        /// The loss pushes the chains outwards.
        case escaping

        /// One letter for charts.
        public var letter: String {
            switch self {
            case .diverged: "D"
            case .lowAcceptance: "A"
            case .stepBias: "B"
            case .notSettled: "S"
            case .drifting: "F"
            case .chainsDisagree: "R"
            case .fewDraws: "E"
            case .negative: "N"
            case .belowStart: "L"
            case .escaping: "O"
            }
        }

        /// What the letter stands for, for readers.
        public var meaning: String {
            switch self {
            case .diverged: "a chain diverged"
            case .lowAcceptance: "acceptance below 0.8"
            case .stepBias: "finite steps add over 5 % to λ̂"
            case .notSettled: "the stationary identity fails by over 5 %"
            case .drifting: "the loss trace still drifts"
            case .chainsDisagree: "the chains disagree"
            case .fewDraws: "too few effective draws"
            case .negative: "λ̂ is negative"
            case .belowStart: "most losses lie below the checkpoint's"
            case .escaping: "the chains are pushed outwards"
            }
        }

        /// Whether longer chains may cure it.
        var isCuredByLength: Bool {
            switch self {
            case .notSettled, .drifting, .chainsDisagree, .fewDraws: true
            case .diverged, .lowAcceptance, .stepBias, .negative, .belowStart, .escaping: false
            }
        }

        /// Whether it speaks of a checkpoint that training was still leaving rather than of the sampler.
        public var isOfCheckpoint: Bool { self == .negative || self == .belowStart || self == .escaping }
    }

    /// What was found.
    public var reason: Reason
    /// The number that was found; see `finding` for what it is.
    public var found: Double
    /// The bound that it passed.
    public var bound: Double

    /// Creates a rejection.
    public init(_ reason: Reason, found: Double, bound: Double) {
        self.reason = reason
        self.found = found
        self.bound = bound
    }

    /// The finding in words, with its numbers.
    public var finding: String {
        let found = self.found.readable(significantDigits: 3)
        let bound = self.bound.readable(significantDigits: 3)
        return switch reason {
        case .diverged: "a chain diverged at draw \(found)"
        case .lowAcceptance: "acceptance is \(found), at least \(bound) is wanted"
        case .stepBias: "finite steps add \((100 * self.found).readable(significantDigits: 2)) % to λ̂"
        case .notSettled: "E[δ·g] is \(found) of what a settled chain has"
        case .drifting: "the loss trace drifts (Geweke \(found))"
        case .chainsDisagree: "R-hat is \(found)"
        case .fewDraws: "\(found) effective draws, at least \(bound) are wanted"
        case .negative: "λ̂ = \(found)"
        case .belowStart:
            "\((100 * self.found).readable(significantDigits: 2)) % of the losses lie below the checkpoint's"
        case .escaping: "γE|δ|² is \(found) of what localization alone would give"
        }
    }
}

extension Rejection {
    /// All that speaks against an estimate in a calibration; the findings of ``Concern`` are taken over, but for the
    /// step's bias, which is rejected from one standard error on: short chains know their errors less well. For the same
    /// reason the slowest trace is to have ten effective draws.
    static func all(
        of estimate: LLCEstimate, slowestEffectiveDraws: Double?, localization: Double
    ) -> [Rejection] {
        if let draw = estimate.divergedAtDraw.compactMap({ $0 }).min() {
            return [Rejection(.diverged, found: Double(draw), bound: 0)]
        }
        guard let value = estimate.value, let error = estimate.standardError else {
            return [Rejection(.fewDraws, found: estimate.bulkESS ?? 0, bound: Threshold.effectiveDraws)]
        }
        let kinds = Set(estimate.concerns.map(\.kind))
        var rejections: [Rejection] = []
        if let acceptance = estimate.acceptance, acceptance < Threshold.acceptance {
            rejections.append(Rejection(.lowAcceptance, found: acceptance, bound: Threshold.acceptance))
        }
        if let bias = estimate.stepBias, bias > max(error, Threshold.relativeDifference * abs(value)) {
            rejections.append(Rejection(.stepBias, found: bias / abs(value), bound: Threshold.relativeDifference))
        }
        if kinds.contains(.notStationary), let identity = estimate.identity {
            rejections.append(Rejection(.notSettled, found: identity.left / identity.right, bound: 1))
        }
        if kinds.contains(.drifting) {
            rejections.append(Rejection(.drifting, found: estimate.geweke ?? 0, bound: Threshold.standardErrors))
        }
        if kinds.contains(.chainsDisagree), let rHat = estimate.rHat {
            rejections.append(Rejection(.chainsDisagree, found: rHat, bound: Threshold.rHat))
        }
        if kinds.contains(.fewEffectiveDraws) {
            rejections.append(Rejection(.fewDraws, found: estimate.bulkESS ?? 0, bound: Threshold.effectiveDraws))
        } else if let slowestEffectiveDraws, slowestEffectiveDraws < Threshold.meaninglessDraws {
            // Chains that have crossed the posterior a few times only may not have seen what counts.
            rejections.append(
                Rejection(.fewDraws, found: slowestEffectiveDraws, bound: Threshold.meaninglessDraws))
        }
        if kinds.contains(.negative) { rejections.append(Rejection(.negative, found: value, bound: 0)) }
        if let share = estimate.shareBelowStart, share > Threshold.shareBelowStart {
            rejections.append(Rejection(.belowStart, found: share, bound: Threshold.shareBelowStart))
        }
        if kinds.contains(.escaping), let distance = estimate.distance, let identity = estimate.identity {
            let pull = localization * distance * distance
            rejections.append(Rejection(.escaping, found: pull / identity.right, bound: 1))
        }
        return rejections
    }
}

extension Threshold {
    /// The share of draws below the checkpoint's loss from which the typical draw lies there: with minibatches a
    /// smaller share is their noise, of which the paired difference at a true minimum keeps the first-order part.
    fileprivate static let shareBelowStart = 0.5
}

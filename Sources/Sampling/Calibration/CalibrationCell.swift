import Tensors

/// One combination of ε, nβ and γ, and what short chains said of it at each of the chosen checkpoints.
public struct CalibrationCell: Sendable, Codable, Equatable {
    /// Where it stands in the grid.
    public var place: CalibrationPlace
    /// ε.
    public var stepSize: Double
    /// nβ.
    public var nBeta: Double
    /// γ.
    public var localization: Double
    /// What was found, in the order of ``Calibration/checkpoints``; nil where it was not measured. Axes `[checkpoint]`.
    public var results: [CellResult?]
    /// The mean over the checkpoints of |d ln λ̂/d ln nβ|, where this cell and its neighbours in nβ are clean; nil for
    /// a cell that does not stand for its nβ and γ, and without neighbours.
    public var slope: Slope?

    /// Creates a cell.
    public init(place: CalibrationPlace, scales: CalibrationScales, results: [CellResult?] = []) {
        self.place = place
        (stepSize, nBeta, localization) = scales.settings(at: place)
        self.results = results
    }

    /// The places of the checkpoints at which nothing speaks against it.
    public var cleanCheckpoints: [Int] { results.indices.filter { isClean(at: $0) } }

    /// Whether it was measured at a checkpoint, and nothing speaks against it there.
    public func isClean(at checkpoint: Int) -> Bool { results[checkpoint]?.isClean ?? false }

    /// The results at the checkpoints at which it is clean.
    var cleanResults: [CellResult] { results.compactMap { $0 }.filter(\.isClean) }

    /// Whether no chain diverged and enough steps would be accepted, at every checkpoint.
    public var isStable: Bool {
        !results.compactMap { $0 }.contains {
            $0.rejections.contains { $0.reason == .diverged || $0.reason == .lowAcceptance }
        }
    }

    /// The least acceptance over the checkpoints; nil where a chain diverged before any was recorded.
    public var acceptance: Double? { results.compactMap { $0?.acceptance }.min() }
}

/// A logarithmic derivative with its standard error.
public struct Slope: Sendable, Codable, Equatable {
    /// The derivative.
    public var value: Double
    /// Its standard error.
    public var error: Double

    /// Creates a slope.
    public init(value: Double, error: Double) {
        self.value = value
        self.error = error
    }
}

/// What short chains with one combination of settings said at one checkpoint.
public struct CellResult: Sendable, Codable, Equatable {
    /// λ̂.
    public var value: Double?
    /// Its MCSE.
    public var standardError: Double?
    /// The mean Metropolis acceptance.
    public var acceptance: Double?
    /// Rank-normalised split R-hat.
    public var rHat: Double?
    /// Effective draws of the bulk, over all chains.
    public var effectiveDraws: Double?
    /// The chains' Geweke score farthest from zero.
    public var geweke: Double?
    /// The share of draws with a loss below the checkpoint's.
    public var shareBelowStart: Double?
    /// What finite steps and minibatch noise add to λ̂.
    public var stepBias: Double?
    /// The draws in which the slower of λ̂'s trace and |w − w\*|² forgets all but 1/e of where it was.
    public var relaxation: Double?
    /// Draws of each chain that counted; as many more were left out as burn-in.
    public var countedDraws: Int
    /// Draws that all chains made, burn-in included: the cost.
    public var drawCount: Int
    /// What speaks against the settings here.
    public var rejections: [Rejection]

    /// Creates a result from its parts.
    public init(
        value: Double?, standardError: Double?, acceptance: Double? = nil, rHat: Double? = nil,
        effectiveDraws: Double? = nil, geweke: Double? = nil, shareBelowStart: Double? = nil, stepBias: Double? = nil,
        relaxation: Double? = nil, countedDraws: Int = 0, drawCount: Int = 0, rejections: [Rejection] = []
    ) {
        self.value = value
        self.standardError = standardError
        self.acceptance = acceptance
        self.rHat = rHat
        self.effectiveDraws = effectiveDraws
        self.geweke = geweke
        self.shareBelowStart = shareBelowStart
        self.stepBias = stepBias
        self.relaxation = relaxation
        self.countedDraws = countedDraws
        self.drawCount = drawCount
        self.rejections = rejections
    }

    /// Whether nothing speaks against the settings here.
    public var isClean: Bool { rejections.isEmpty }

    /// λ̂ where it can be compared on a logarithmic scale: positive by two standard errors.
    var comparable: (value: Double, relativeError: Double)? {
        guard let value, let standardError, value > 2 * standardError, standardError > 0 else { return nil }
        return (value, standardError / value)
    }
}

/// How much one cell may cost at one checkpoint.
public struct CalibrationEffort: Sendable, Codable, Equatable {
    /// Chains; at least two, so that one can contradict the other.
    public var chainCount: Int
    /// Draws of each chain at first, burn-in included, which takes half of them.
    public var firstLength: Int
    /// The most draws that a chain is lengthened to, by doubling.
    public var lengthLimit: Int

    /// Creates an effort.
    public init(chainCount: Int = 2, firstLength: Int, lengthLimit: Int) {
        precondition(chainCount > 1 && firstLength >= 8 && lengthLimit >= firstLength, "chains that can be judged")
        self.chainCount = chainCount
        self.firstLength = firstLength
        self.lengthLimit = lengthLimit
    }

    /// Of the coarse grid.
    static let coarse = CalibrationEffort(firstLength: 128, lengthLimit: 512)
    /// The longest chains, if nothing else is said.
    public static let defaultLengthLimit = 4096

    /// The most draws that one cell makes at one checkpoint.
    public var drawLimit: Int { chainCount * lengthLimit }
}

extension CellResult {
    /// Runs short chains, lengthened by doubling until nothing speaks against the settings that longer chains could
    /// cure, and judges them. Chains that diverge end it at once.
    ///
    /// - Parameters:
    ///   - settings: The settings to judge; numbers of chains and draws are the effort's.
    ///   - effort: How long the chains may be.
    ///   - evaluator: An evaluator with room for a minibatch.
    ///   - center: w\*, the whole flat vector.
    ///   - centerLosses: The loss of every example there. Axes `[example]`.
    ///   - subset: The sampled coordinates.
    ///   - trainingStep: The checkpoint's step. Chains of all cells at one checkpoint share their random numbers, so
    ///     that cells differ by their settings more than by chance.
    /// - Throws: `CancellationError` when the task is cancelled.
    public static func measure<Evaluator: LossEvaluator>(
        _ settings: SamplingSettings, effort: CalibrationEffort, evaluator: Evaluator, center: [Evaluator.Scalar],
        centerLosses: [Double], subset: ParameterSubset, trainingStep: Int
    ) throws -> CellResult {
        let posterior = LocalPosterior(
            center: center, nBeta: settings.nBeta, localization: settings.localization, subset: subset)
        var settings = settings
        settings.chainCount = effort.chainCount
        var chains = (0..<effort.chainCount).map {
            Chain(chain: $0, posterior: posterior, settings: settings, trainingStep: trainingStep)
        }
        var length = effort.firstLength
        while true {
            settings.burnInCount = length / 2
            settings.drawCount = length - length / 2
            for index in chains.indices where !chains.contains(where: { $0.trace.outcome != .completed }) {
                try chains[index].advance(
                    to: length, evaluator: evaluator, centerLosses: centerLosses, posterior: posterior,
                    settings: settings, trainingStep: trainingStep)
            }
            let result = CellResult(
                traces: chains.map(\.trace), conditions: ChainConditions(settings, dimension: subset.count))
            let isCurable = !result.isClean && result.rejections.allSatisfy(\.reason.isCuredByLength)
            guard isCurable, 2 * length <= effort.lengthLimit else { return result }
            length *= 2
        }
    }

    private init(traces: [ChainTrace], conditions: ChainConditions) {
        let estimate = LLCEstimate(traces: traces, conditions: conditions)
        let total = estimate.drawCount + conditions.burnInCount
        let squares = traces.filter { $0.outcome == .completed }
            .map { Array($0.squaredDistances.prefix(total).dropFirst(conditions.burnInCount)) }
        let counted = Double(traces.count * estimate.drawCount)
        let effective = [Diagnostics.meanESS(squares), estimate.bulkESS].compactMap { $0 }.min()
        self.init(
            value: estimate.value, standardError: estimate.standardError, acceptance: estimate.acceptance,
            rHat: estimate.rHat, effectiveDraws: estimate.bulkESS, geweke: estimate.geweke,
            shareBelowStart: estimate.shareBelowStart, stepBias: estimate.stepBias,
            // An autocorrelation that falls like exp(−t/r) sums to 2r.
            relaxation: effective.map { counted / $0 / 2 }, countedDraws: estimate.drawCount,
            drawCount: traces.reduce(0) { $0 + $1.drawCount },
            rejections: Rejection.all(
                of: estimate, slowestEffectiveDraws: effective, localization: conditions.localization ?? 0))
    }
}

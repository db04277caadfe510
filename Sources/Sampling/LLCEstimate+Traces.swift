import Foundation

extension LLCEstimate {
    /// Estimates λ̂ from the chains of one checkpoint.
    ///
    /// λ̂ = nβ·(mean over completed chains and draws after burn-in of L_B(w) − L_B(w\*)), with the Monte Carlo standard
    /// error of that mean; R-hat and effective sample sizes are those of the same draws. Where the stationary
    /// identity holds within three standard errors, and what directions that have not settled may add to it costs less than
    /// is won, the draws are adjusted by its control variate first; the error then holds both. Where every
    /// second chain took half steps, λ̂ = 2·λ̂(ε/2) − λ̂(ε), free of the step's bias to first order. Diverged chains take no
    /// part. Where nothing can be computed the values are nil and a concern says why.
    ///
    /// - Parameters:
    ///   - traces: One per chain, in the order of chains. Chains are cut to the shortest completed one. A
    ///     trace without drifts, as another sampler stores it, gives no stationary identity.
    ///   - conditions: How the chains were run.
    ///
    /// Source: Lau et al. 2023, arXiv:2308.12108; Hoogland et al. 2024, arXiv:2402.02364, eqs. 5–6.
    public init(traces: [ChainTrace], conditions: ChainConditions) {
        let sample = PosteriorSample(traces: traces, conditions: conditions)
        // Whole steps first, then half ones.
        let groups = sample.groups.map { $0.map { sample.draws[$0] } }
        let means = groups.map { $0.joined().map { $0 }.mean }
        let errors = zip(groups, sample.unsettledBiases).map { draws, bias in
            Diagnostics.meanMCSE(draws).map { hypot($0, bias) }
        }
        let unadjusted = sample.groups.map { Diagnostics.meanMCSE($0.map { sample.pairedDraws[$0] }) }

        let pooled = Self.extrapolated(means)
        value = pooled.isFinite ? pooled : nil
        standardError = value == nil ? nil : Self.extrapolatedError(errors)
        removedBias = means.count > 1 && value != nil ? means[0] - pooled : nil
        unadjustedError = value == nil ? nil : Self.extrapolatedError(unadjusted)
        isAdjusted = sample.isAdjusted
        rHat = groups.compactMap(Diagnostics.rHat).max()
        bulkESS = groups.compactMap(Diagnostics.bulkESS).min()
        tailESS = groups.compactMap(Diagnostics.tailESS).min()
        drawCount = sample.drawCount
        identity = sample.identity
        stepBias = sample.stepBias
        chains = traces.map { ChainEvidence($0, of: sample) }
        concerns = []
        concerns = Concern.all(about: self, sample: sample)
    }

    /// The draws of λ̂ that an estimate is the mean of, for the chains that completed, with their indices; burn-in left
    /// out. Axes `[chain, draw]`.
    public static func draws(
        traces: [ChainTrace], conditions: ChainConditions
    ) -> (chains: [Int], draws: [[Double]]) {
        let sample = PosteriorSample(traces: traces, conditions: conditions)
        return (sample.completed.map(\.chain), sample.draws)
    }

    private static func extrapolated(_ means: [Double]) -> Double {
        means.count == 2 ? 2 * means[1] - means[0] : means.first ?? .nan
    }

    private static func extrapolatedError(_ errors: [Double?]) -> Double? {
        guard errors.count == 2 else { return errors.first ?? nil }
        guard let whole = errors[0], let half = errors[1] else { return nil }
        return (4 * half * half + whole * whole).squareRoot()
    }
}

/// The completed chains of one checkpoint, cut alike, burn-in left out.
struct PosteriorSample {
    let conditions: ChainConditions
    let completed: [ChainTrace]
    /// Draws of each chain after burn-in.
    let drawCount: Int
    /// nβ·(L_B(w) − L_B(w\*)). Axes `[chain, draw]`.
    let pairedDraws: [[Double]]
    /// The same, adjusted where that is sound.
    let draws: [[Double]]
    let isAdjusted: Bool
    /// What unsettled directions may have added to the mean of the adjusted draws of each group; 0 where none are.
    let unsettledBiases: [Double]
    let identity: StationaryIdentity?
    /// What finite steps and minibatch noise add to λ̂.
    let stepBias: Double?
    /// Places of the chains with one step size each: all, or whole steps and half steps.
    let groups: [[Int]]

    init(traces: [ChainTrace], conditions: ChainConditions) {
        self.conditions = conditions
        completed = traces.filter { $0.outcome == .completed }
        let total = completed.map(\.drawCount).min() ?? 0
        drawCount = max(0, total - conditions.burnInCount)
        let kept = { (values: [Double]) in Array(values.prefix(total).dropFirst(conditions.burnInCount)) }

        pairedDraws = drawCount > 0 ? completed.map { kept($0.lossDifferences).map { conditions.nBeta * $0 } } : []
        let places = Array(pairedDraws.indices)
        let chains = completed
        groups =
            conditions.extrapolates
            ? [
                places.filter { chains[$0].chain.isMultiple(of: 2) },
                places.filter { !chains[$0].chain.isMultiple(of: 2) },
            ]
            : [places]
        let squares = completed.map { kept($0.squaredDrifts) }
        let controls = PosteriorSample.controls(
            completed.map { kept($0.driftProducts) }, squares, chains: completed.map(\.chain), conditions)
        identity = controls.flatMap(PosteriorSample.identity)
        stepBias = PosteriorSample.stepBias(squares, chains: completed.map(\.chain), conditions)

        let distances = completed.map { kept($0.squaredDistances) }
        var adjusted: [[Double]]?
        var biases = groups.map { _ in 0.0 }
        if let controls, let score = identity?.score, abs(score) <= Threshold.standardErrors,
            conditions.method != .sgnht, conditions.method != .adaptiveRMSpropSGLD
        {
            let paired = pairedDraws
            var all = paired
            var isComplete = true
            for (index, group) in groups.enumerated() {
                guard
                    let result = ControlVariate.adjusted(
                        group.map { paired[$0] }, by: group.map { controls.differences[$0] })
                else {
                    isComplete = false
                    continue
                }
                biases[index] =
                    abs(result.slope)
                    * PosteriorSample.identityDeficit(
                        group.map { distances[$0] }, chains: group.map { chains[$0] }, conditions)
                // At slow mixing the slope is noise, and the adjusted draws are no better.
                let error = Diagnostics.meanMCSE(result.draws).map { hypot($0, biases[index]) } ?? .infinity
                if !(error < Diagnostics.meanMCSE(group.map { paired[$0] }) ?? 0) { isComplete = false }
                for (place, draws) in zip(group, result.draws) { all[place] = draws }
            }
            adjusted = isComplete ? all : nil
        }
        draws = adjusted ?? pairedDraws
        isAdjusted = adjusted != nil
        unsettledBiases = isAdjusted ? biases : groups.map { _ in 0 }
    }

    private typealias Controls = (left: [[Double]], right: [[Double]], differences: [[Double]])

    /// δ·g and d + f·gᵀGg of each draw; nil without drifts, or where no identity holds.
    private static func controls(
        _ products: [[Double]], _ squares: [[Double]], chains: [Int], _ conditions: ChainConditions
    ) -> Controls? {
        guard let dimension = conditions.dimension, products.contains(where: { !$0.isEmpty }) else { return nil }
        var right: [[Double]] = []
        for (chain, values) in zip(chains, squares) {
            guard let factor = conditions.identityFactor(ofChain: chain) else { return nil }
            right.append(values.map { Double(dimension) + factor * $0 })
        }
        return (products, right, zip(products, right).map { zip($0, $1).map { $0 - $1 } })
    }

    /// What may be missing in E[δ·g] because chains have not settled in directions in which the loss is flat or nearly so: a
    /// share r of the end's γE|δ|², of which 1 − r is seen. No more is missing in others.
    ///
    /// The control variate would take as much for chance and lift λ̂ by β times it, unseen by a test of the identity whose own
    /// error is larger than that of the adjusted mean.
    private static func identityDeficit(
        _ squaredDistances: [[Double]], chains: [ChainTrace], _ conditions: ChainConditions
    ) -> Double {
        guard let localization = conditions.localization, let drawCount = squaredDistances.first?.count else {
            return .infinity
        }
        let acceptances = chains.flatMap(\.acceptances)
        let share =
            chains.map {
                conditions.unsettledShare(
                    ofChain: $0.chain, drawCount: drawCount, acceptance: acceptances.isEmpty ? nil : acceptances.mean)
            }.max() ?? 1
        return share < 1 ? localization * squaredDistances.joined().map { $0 }.mean * share / (1 - share) : .infinity
    }

    private static func identity(_ controls: Controls) -> StationaryIdentity? {
        let left = controls.left.joined().map { $0 }.mean
        let right = controls.right.joined().map { $0 }.mean
        guard left.isFinite, right.isFinite, let error = Diagnostics.meanMCSE(controls.differences) else { return nil }
        return StationaryIdentity(left: left, right: right, standardError: error)
    }

    /// (ε/8)(E|g|² − γd).
    ///
    /// At a quadratic, λ̂ + (γ/2)E|δ|² = ½E[δ·g] = d/2 + (ε/8)E|g|², and finite steps and minibatch noise share the last
    /// term between λ̂ and the pull: a direction of total curvature p = nβ·h + γ has E|g|² ≥ p, of which γ falls to the pull.
    /// Extrapolation leaves none to first order.
    private static func stepBias(_ squares: [[Double]], chains: [Int], _ conditions: ChainConditions) -> Double? {
        switch conditions.method {
        case .mala, .hmc: return 0
        case .sgnht, nil: return nil
        case .sgld, .rmspropSGLD, .adaptiveRMSpropSGLD: break
        }
        guard !conditions.extrapolates else { return 0 }
        guard let dimension = conditions.dimension, let stepSize = conditions.stepSize else { return nil }
        // With a preconditioner, whose trace is not recorded, nothing is left to the pull: an upper bound.
        let pull = conditions.method == .sgld ? (conditions.localization ?? 0) * Double(dimension) : 0
        let bias = stepSize / 8 * (squares.joined().map { $0 }.mean - pull)
        return bias.isFinite ? max(0, bias) : nil
    }
}

extension ChainEvidence {
    fileprivate init(_ trace: ChainTrace, of sample: PosteriorSample) {
        guard let place = sample.completed.firstIndex(where: { $0.chain == trace.chain }), sample.drawCount > 0 else {
            if case .diverged(let draw) = trace.outcome {
                self.init(value: nil, divergedAtDraw: draw)
            } else {
                self.init(value: nil)
            }
            return
        }
        let conditions = sample.conditions
        let paired = sample.pairedDraws[place]
        let total = conditions.burnInCount + sample.drawCount
        func mean(_ values: some Collection<Double>) -> Double? {
            let mean = values.mean
            return mean.isFinite ? mean : nil
        }
        let checks = trace.acceptances.prefix(placesBefore(total, every: conditions.acceptanceInterval))
            .dropFirst(placesBefore(conditions.burnInCount, every: conditions.acceptanceInterval))
        let squares = trace.squaredDistances.prefix(total).dropFirst(conditions.burnInCount)
        self.init(
            value: mean(sample.draws[place]), acceptance: mean(checks), geweke: Diagnostics.geweke(paired),
            shareBelowStart: Double(paired.count { $0 < 0 }) / Double(paired.count),
            distance: mean(squares)?.squareRoot())
    }
}

extension LLCEstimate {
    /// Estimates λ̂ from the chains of one checkpoint.
    ///
    /// λ̂ = nβ·(mean over completed chains and draws after burn-in of L_B(w) − L_B(w\*)), with the Monte Carlo standard
    /// error of that mean; R-hat and effective sample sizes are those of the paired differences. Diverged
    /// chains take no part. Where nothing can be computed the values are nil and a concern says why.
    ///
    /// - Parameters:
    ///   - traces: One per chain, in the order of chains. Chains are cut to the shortest completed one. A
    ///     trace without drifts, as another sampler stores it, gives no stationary identity.
    ///   - nBeta: nβ of the posterior that was sampled.
    ///   - localization: Its γ.
    ///   - dimension: d, the number of sampled coordinates.
    ///   - stepSize: ε.
    ///   - burnInCount: Draws left out at each chain's start.
    ///
    /// Source: Lau et al. 2023, arXiv:2308.12108; Hoogland et al. 2024, arXiv:2402.02364, eqs. 5–6.
    public init(
        traces: [ChainTrace], nBeta: Double, localization: Double, dimension: Int, stepSize: Double, burnInCount: Int
    ) {
        let completed = traces.filter { $0.outcome == .completed }
        let drawCount = completed.map(\.drawCount).min() ?? 0
        func kept(_ values: [Double]) -> [Double] { Array(values.prefix(drawCount).dropFirst(burnInCount)) }

        let draws = completed.map { kept($0.lossDifferences).map { nBeta * $0 } }
        let hasDraws = drawCount > burnInCount
        let pooled = hasDraws ? draws.joined().map { $0 }.mean : .nan
        value = pooled.isFinite ? pooled : nil
        standardError = value == nil ? nil : Diagnostics.meanMCSE(draws)
        rHat = Diagnostics.rHat(draws)
        bulkESS = Diagnostics.bulkESS(draws)
        tailESS = Diagnostics.tailESS(draws)
        chainValues = traces.map { trace in
            guard trace.outcome == .completed, hasDraws else { return nil }
            let mean = nBeta * kept(trace.lossDifferences).mean
            return mean.isFinite ? mean : nil
        }
        divergedAtDraw = traces.map { if case .diverged(let draw) = $0.outcome { draw } else { nil } }
        identity = StationaryIdentity(
            driftProducts: completed.map { kept($0.driftProducts) },
            squaredDrifts: completed.map { kept($0.squaredDrifts) }, dimension: dimension, stepSize: stepSize)
        concerns = []
        concerns = Concern.all(
            about: self, draws: draws, dimension: dimension, pull: stepSize / 8 * localization * Double(dimension))
    }
}

extension StationaryIdentity {
    /// Both sides from drifts with axes `[chain, draw]`, burn-in left out; nil where there are too few for an error.
    init?(driftProducts: [[Double]], squaredDrifts: [[Double]], dimension: Int, stepSize: Double) {
        let left = driftProducts.joined().map { $0 }.mean
        let right = Double(dimension) + stepSize / 4 * squaredDrifts.joined().map { $0 }.mean
        let differences = zip(driftProducts, squaredDrifts).map { products, squares in
            zip(products, squares).map { $0 - Double(dimension) - stepSize / 4 * $1 }
        }
        guard left.isFinite, right.isFinite, let error = Diagnostics.meanMCSE(differences) else { return nil }
        self.init(left: left, right: right, standardError: error)
    }
}

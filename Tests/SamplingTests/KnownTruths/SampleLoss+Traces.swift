import Sampling

extension SamplingSettings {
    /// SGLD for 20 relaxation times of the directions that γ alone holds, 2/(εγ) steps each, after 3 of burn-in; some
    /// 400,000 draws per chain.
    static func slow(stepSize: Double, nBeta: Double, localization: Double) -> SamplingSettings {
        let relaxation = 2 / (stepSize * localization)
        let stepsPerDraw = max(1, Int(relaxation / 20_000))
        let draws = relaxation / Double(stepsPerDraw)
        var settings = testSettings(
            draws: Int(20 * draws), burnIn: Int(3 * draws), stepSize: stepSize, nBeta: nBeta,
            localization: localization)
        settings.stepsPerDraw = stepsPerDraw
        return settings
    }
}

extension SampleLoss {
    /// Samples from a center and returns the traces without burn-in as means over 400 blocks of draws per chain.
    ///
    /// Means stay as they are. Many blocks fall within the slowest relaxation time, but each is long enough to average
    /// over fast fluctuations: in their noise Geyer's criterion would lose the slow ones that make the error.
    func traces(center: [Double], settings: SamplingSettings) throws -> [ChainTrace] {
        let posterior = LocalPosterior(
            center: center, nBeta: settings.nBeta, localization: settings.localization,
            subset: ParameterSubset(all: center.count))
        let evaluator = makeEvaluator(capacity: 1)
        return try (0..<settings.chainCount).map { index in
            var chain = Chain(chain: index, posterior: posterior, settings: settings, trainingStep: 0)
            try chain.advance(
                to: settings.burnInCount + settings.drawCount, evaluator: evaluator,
                centerLosses: [value(at: center)], posterior: posterior, settings: settings, trainingStep: 0)
            return chain.trace.blockMeans(of: max(1, settings.drawCount / 400), after: settings.burnInCount)
        }
    }

    /// The estimate from such traces.
    func estimate(_ traces: [ChainTrace], settings: SamplingSettings) -> LLCEstimate {
        var conditions = ChainConditions(settings, dimension: parameterCount)
        conditions.burnInCount = 0
        conditions.acceptanceInterval = 0
        return LLCEstimate(traces: traces, conditions: conditions)
    }
}

extension [ChainTrace] {
    /// The mean of nβ(Lₙ(w) − Lₙ(w\*)) over all draws and its MCSE.
    func plainEstimate(nBeta: Double) -> (value: Double, error: Double)? {
        let draws = map { $0.lossDifferences.map { nBeta * $0 } }
        guard let error = Diagnostics.meanMCSE(draws) else { return nil }
        return (draws.joined().reduce(0, +) / Double(draws.joined().count), error)
    }
}

extension ChainTrace {
    /// The trace without burn-in and with runs of draws replaced by their means.
    fileprivate func blockMeans(of size: Int, after burnInCount: Int) -> ChainTrace {
        func means(_ values: [Double]) -> [Double] {
            stride(from: burnInCount, to: values.count - size + 1, by: size).map { start in
                values[start..<start + size].reduce(0, +) / Double(size)
            }
        }
        var result = ChainTrace(chain: chain)
        result.losses = means(losses)
        result.lossDifferences = means(lossDifferences)
        result.driftProducts = means(driftProducts)
        result.squaredDrifts = means(squaredDrifts)
        result.squaredDistances = means(squaredDistances)
        result.outcome = outcome
        return result
    }
}

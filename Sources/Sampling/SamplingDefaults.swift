import Foundation
import Tensors

extension SamplingSettings {
    /// nβ = n/ln n, the inverse temperature β = 1/ln n of Watanabe's WBIC with the true number of examples.
    ///
    /// Source: Watanabe 2013, JMLR 14; Lau et al. 2023, arXiv:2308.12108. One or two examples give 1 and 2.9.
    public static func defaultNBeta(exampleCount: Int) -> Double {
        precondition(exampleCount > 0, "there are examples")
        return exampleCount == 1 ? 1 : Double(exampleCount) / log(Double(exampleCount))
    }

    /// ε = 0.2/(nβ·h + γ), a twentieth of where SGLD becomes unstable along the sharpest direction.
    ///
    /// A direction of total curvature p = nβ·h + γ has its part of λ̂ inflated by 1/(1 − εp/4), so by 5 % in the
    /// sharpest one and by less in all others.
    ///
    /// - Parameters:
    ///   - nBeta: nβ.
    ///   - curvature: h, the largest over the checkpoints of the series, which share one step size.
    ///   - localization: γ.
    /// - Throws: `SamplingError` where nβ·h + γ is zero: the loss is flat and nothing keeps the chain in place.
    public static func defaultStepSize(
        nBeta: Double, curvature: Double, localization: Double
    ) throws(SamplingError) -> Double {
        let total = nBeta * curvature + localization
        guard total > 0 && total.isFinite else {
            throw SamplingError(
                .malformed,
                "0.2/(nβ·h + γ) needs a positive nβ·h + γ, found \(total); give --step-size or --localization",
                location: "step size")
        }
        return 0.2 / total
    }

    /// γ, the larger of two bounds.
    ///
    /// d/|w\*|², with the mean of |w\*|² over the centers: where the loss is flat the posterior is N(w\*, 1/γ), so a
    /// weight that the loss does not hold wanders no further than the weights' own root mean square. And a fiftieth of
    /// nβ·h + γ: such a direction, which only γ pulls back, relaxes like exp(−εγt/2), with ε = 0.2/(nβ·h + γ) in 500
    /// draws, so that the default burn-in holds two relaxation times. A direction of curvature h′ counts in λ̂ with the
    /// part nβ·h′/(nβ·h′ + γ): a weaker γ sees flatter directions, and takes longer chains.
    ///
    /// - Parameters:
    ///   - squaredSizes: |w\*|² over the sampled coordinates, of one or several checkpoints, which share one γ. Zeros
    ///     count as d.
    ///   - dimension: d, the number of sampled coordinates.
    ///   - nBeta: nβ.
    ///   - curvature: h, the largest over the checkpoints of the series.
    public static func defaultLocalization(
        squaredSizes: [Double], dimension: Int, nBeta: Double, curvature: Double
    ) -> Double {
        precondition(!squaredSizes.isEmpty, "there is a checkpoint")
        let width = squaredSizes.mean > 0 ? Double(dimension) / squaredSizes.mean : 1
        return max(width, nBeta * curvature / 49)
    }

    /// The most chains of a checkpoint.
    public static let greatestChainCount = 1_000

    private func require(
        _ condition: Bool, _ setting: String, _ expected: String, _ found: Any
    ) throws(SamplingError) {
        guard condition else {
            throw SamplingError(.malformed, "expected \(expected), found \(found)", location: setting)
        }
    }

    /// Checks that settings can be used at all, whatever the examples.
    ///
    /// - Throws: `SamplingError` of kind `malformed` for a value out of its range.
    public func validate() throws(SamplingError) {
        try require(
            1...Self.greatestChainCount ~= chainCount, "chains", "1 to \(Self.greatestChainCount)", chainCount)
        try require(drawCount > 0, "draws", "at least 1", drawCount)
        try require(burnInCount >= 0, "burn-in", "at least 0", burnInCount)
        // Beyond any machine, and still to be multiplied by what a model has.
        let most = 1_000_000_000
        try require(1...most ~= batchSize, "batch", "1 to 10⁹", batchSize)
        for (name, count) in [
            ("observe-every", observations.interval), ("trace-examples", observations.tracedExampleCount),
            ("covariance", observations.covarianceRank),
        ] { try require(0...most ~= count, name, "0 to 10⁹", count) }
        try require(stepSize > 0 && stepSize.isFinite, "step size", "a positive number", stepSize)
        try require(nBeta > 0 && nBeta.isFinite, "nβ", "a positive number", nBeta)
        try require(localization >= 0 && localization.isFinite, "localization", "a number of at least 0", localization)
        try require(stepsPerDraw > 0, "steps per draw", "at least 1", stepsPerDraw)
        try require(
            targetError.map { $0 > 0 && $0.isFinite } ?? true, "target error", "a positive number", targetError ?? 0)
        // The random numbers of a chain are told apart by 32 bits of the step.
        let stepCount = Double(burnInCount) + Double(max(drawCount, drawLimit))
        try require(
            stepCount * Double(stepsPerDraw) < 4_294_967_296, "draws",
            "fewer than 2³² steps of a chain, burn-in and --steps-per-draw included", stepCount * Double(stepsPerDraw))
        if extrapolates {
            try require(
                !method.isExact, "extrapolate", "sgld or another sampler with an error of the step to remove",
                method.rawValue)
            try require(
                chainCount >= 4 && chainCount.isMultiple(of: 2), "chains",
                "an even number from 4 on with --extrapolate", chainCount)
        }
    }

    /// Checks that settings can be used with so many examples, before anything is computed.
    ///
    /// - Throws: `SamplingError` of kind `malformed` for a value out of its range, and `mismatch` where an epoch holds
    ///   no minibatch.
    public func validate(exampleCount: Int) throws(SamplingError) {
        try validate()
        if method.isExact {
            try require(
                batchSize == exampleCount, "batch", "all \(exampleCount) examples for \(method.rawValue)", batchSize)
            try require(minibatches == .epochs, "minibatches", "epochs for \(method.rawValue)", minibatches.rawValue)
        }
        guard minibatches == .iid || batchSize <= exampleCount else {
            throw SamplingError(
                .mismatch,
                "an epoch of \(exampleCount) examples holds no minibatch of \(batchSize); "
                    + "lower --batch or use --minibatches iid",
                location: "batch")
        }
    }
}

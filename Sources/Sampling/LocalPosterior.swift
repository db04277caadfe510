public import Tensors

/// The tempered posterior localised at a checkpoint,
/// p(w) ∝ exp(−nβ·Lₙ(w) − (γ/2)|w − w\*|²).
///
/// The one value that both the sampler and the estimator are given; nβ is stated nowhere else.
/// Source: Lau et al. 2023, arXiv:2308.12108, eq. 7; Hoogland et al. 2024, arXiv:2402.02364, eqs. 5–6.
public struct LocalPosterior<Scalar: Real>: Sendable {
    /// w\*, the whole flat parameter vector of the checkpoint.
    public let center: [Scalar]
    /// nβ, the number of examples times the inverse temperature; dimensionless.
    public let nBeta: Double
    /// γ, the strength of the pull towards the center.
    public let localization: Double
    /// The coordinates that are sampled.
    public let subset: ParameterSubset

    /// Creates a posterior; nβ must be positive and γ not negative.
    public init(center: [Scalar], nBeta: Double, localization: Double, subset: ParameterSubset) {
        precondition(nBeta > 0 && localization >= 0, "nβ is positive and γ is not negative")
        precondition(subset.ranges.last.map { $0.upperBound <= center.count } ?? true, "the subset fits the center")
        self.center = center
        self.nBeta = nBeta
        self.localization = localization
        self.subset = subset
    }
}

import CKernels
public import Tensors

/// Stochastic gradient Langevin dynamics: Δw = −(ε/2)[nβ·∇L_B(w) + γ(w − w\*)] + √ε·ξ, ξ standard normal.
///
/// The convention is that of Welling and Teh 2011, eq. 4, and of Lau et al. 2023, arXiv:2308.12108, where the drift
/// has the factor ε/2 and the noise the variance ε; some libraries write ε and 2ε. On a quadratic with curvature h it
/// is unstable from ε(nβ·h + γ) = 4.
public struct SGLD: Sampler, Equatable {
    /// ε.
    public let stepSize: Double

    /// Creates a sampler; the step size must be positive and finite.
    public init(stepSize: Double) {
        precondition(stepSize > 0 && stepSize.isFinite, "a step size is positive and finite")
        self.stepSize = stepSize
    }

    /// The position alone.
    public func start<Scalar: Real>(
        at position: [Scalar], posterior: LocalPosterior<Scalar>, randomness: SamplerRandomness
    ) -> SamplerState<Scalar> { SamplerState(position: position) }

    /// One step in one pass over position, gradient and center; the sums are kept in Double.
    public func step<Scalar: Real>(
        _ state: inout SamplerState<Scalar>, loss: Double, gradient: [Scalar], posterior: LocalPosterior<Scalar>,
        randomness: SamplerRandomness, step: Int, evaluate: ([Scalar], inout [Scalar]) -> Double
    ) -> StepInfo {
        precondition(
            state.position.count == posterior.center.count && gradient.count == posterior.center.count,
            "position, gradient and center are equally long")
        var sums = instar_step_sums()
        state.position.withUnsafeMutableBufferPointer { position in
            gradient.withUnsafeBufferPointer { gradient in
                posterior.center.withUnsafeBufferPointer { center in
                    for range in posterior.subset.ranges {
                        Kernels.sgldStep(
                            randomness.noise.words, row: UInt32(step), range: range, position: position,
                            gradient: gradient, posterior: posterior, center: center, stepSize: stepSize, sums: &sums)
                    }
                }
            }
        }
        return StepInfo(
            driftProduct: sums.drift_product, squaredDrift: sums.squared_drift,
            squaredDistance: sums.squared_distance)
    }
}

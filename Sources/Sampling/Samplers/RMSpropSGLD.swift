import CKernels
public import Tensors

/// SGLD with a diagonal preconditioner learnt from the gradients, as devinterp defines it:
/// V ← αV + (1 − α)ĝ², G = 1/(√V + e), Δw = −(ε/2)G[nβ·ĝ + γ(w − w\*)] + √(εG)·ξ, with ĝ = ∇L_B(w) and ξ standard
/// normal.
///
/// V is the running mean of the raw minibatch gradient's square, without nβ, without localization and without a
/// correction for its start at 0; it takes in a step's gradient before the step. G is not normalised: it lies between
/// 1/(√V + e) and 1/e, so that the first steps, where V is small, are SGLD's with up to 10ε, and on a quadratic with
/// curvature h the sampler is stable while (ε/e)(nβ·h + γ) < 4, whatever V is.
///
/// V adapts for a number of steps that belong to burn-in, and is then frozen. From there on this is SGLD in
/// coordinates stretched by √G: it samples the posterior up to the step's bias, where
/// E[δ·g] = d + (ε/4)·E[gᵀGg]. While V adapts it does not: G then depends on w, and the term (ε/2)∇·G that would make
/// up for it is left out, as in devinterp. Where G follows w closely the density sampled is the posterior's divided by
/// G, which doubles λ̂ of a quadratic with gradients much above e.
///
/// Source: Li, Chen, Carlson, Carin 2016, "Preconditioned stochastic gradient Langevin dynamics for deep neural
/// networks", AAAI, algorithm 1; devinterp 1.3, `SGMCMC.rmsprop_sgld`, whose defaults α = 0.99 and e = 0.1 are used.
public struct RMSpropSGLD: Sampler, Equatable {
    /// α, the share that V keeps at each step while it adapts.
    public static let decay = 0.99
    /// e, in the gradient's unit.
    public static let offset = 0.1

    /// ε.
    public let stepSize: Double
    /// The number of steps for which V adapts; nil for all, which does not sample the posterior.
    public let adaptationCount: Int?

    /// Creates a sampler; the step size must be positive and finite.
    ///
    /// - Parameters:
    ///   - stepSize: ε.
    ///   - adaptationCount: The number of steps for which V adapts, to be left out as burn-in. With 0, V stays 0 and
    ///     the sampler is SGLD with ε/e. With nil, V adapts always and the posterior is not sampled.
    public init(stepSize: Double, adaptationCount: Int?) {
        precondition(stepSize > 0 && stepSize.isFinite, "a step size is positive and finite")
        precondition(adaptationCount ?? 0 >= 0, "a count is not negative")
        self.stepSize = stepSize
        self.adaptationCount = adaptationCount
    }

    /// The diagonal of G at a state; 1/e where V is 0, as it is at coordinates that are not sampled.
    @_specialize(where Scalar == Float)
    @_specialize(where Scalar == Double)
    public static func preconditioner<Scalar: Real>(of state: SamplerState<Scalar>) -> [Scalar] {
        state.squaredGradients.map { 1 / ($0.squareRoot() + Scalar(offset)) }
    }

    /// The position, and V = 0.
    public func start<Scalar: Real>(
        at position: [Scalar], posterior: LocalPosterior<Scalar>, randomness: SamplerRandomness
    ) -> SamplerState<Scalar> {
        var state = SamplerState(position: position)
        state.squaredGradients = [Scalar](repeating: 0, count: position.count)
        return state
    }

    /// One step in one pass; the sums are kept in Double.
    public func step<Scalar: Real>(
        _ state: inout SamplerState<Scalar>, loss: Double, gradient: [Scalar], posterior: LocalPosterior<Scalar>,
        randomness: SamplerRandomness, step: Int, evaluate: ([Scalar], inout [Scalar]) -> Double
    ) -> StepInfo {
        let count = posterior.center.count
        precondition(
            state.position.count == count && state.squaredGradients.count == count && gradient.count == count,
            "position, squared gradients, gradient and center are equally long")
        let adapts = adaptationCount.map { step < $0 } ?? true
        var sums = instar_step_sums()
        state.position.withUnsafeMutableBufferPointer { position in
            state.squaredGradients.withUnsafeMutableBufferPointer { squaredGradients in
                gradient.withUnsafeBufferPointer { gradient in
                    posterior.center.withUnsafeBufferPointer { center in
                        for range in posterior.subset.ranges {
                            Kernels.rmspropStep(
                                randomness.noise.words, row: UInt32(step), range: range, position: position,
                                squaredGradients: squaredGradients, gradient: gradient, posterior: posterior,
                                center: center, stepSize: stepSize, decay: adapts ? Self.decay : 1,
                                offset: Self.offset, sums: &sums)
                        }
                    }
                }
            }
        }
        return StepInfo(
            driftProduct: sums.drift_product, squaredDrift: sums.squared_drift,
            squaredDistance: sums.squared_distance)
    }
}

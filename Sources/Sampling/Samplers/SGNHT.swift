import CKernels
import Foundation
public import Tensors

/// The stochastic gradient Nosé–Hoover thermostat: Langevin dynamics with momentum p, whose friction ξ adapts until
/// the momentum has its temperature, and so takes up the heat that minibatch noise brings:
/// dw = p·dt, dp = −g·dt − ξp·dt + √(2A)·dW, dξ = (|p|² − d)/μ·dt, with g = nβ·∇L_B(w) + γ(w − w\*).
///
/// A step is of time h = √ε, so that ε is the same squared scale as SGLD's: on a quadratic with curvature k, stable
/// below ε(nβ·k + γ) = 4. It is the symmetric splitting BADODAB with the two half-kicks that meet between steps made
/// one, so that a step takes one gradient; positions are BADODAB's. Over a quadratic they have the posterior's
/// variance at any stable ε, but for what the thermostat's own splitting adds, which vanishes with hA: 4 % with two
/// coordinates at hA = 1, nothing that could be measured at 0.1. Over other losses the bias is of the order of ε, and
/// so is that of E[δ·g] = d, which has no correction here.
///
/// What is free is chosen in units of the step, so that it suits any loss that ε suits. The diffusion is hA, the
/// friction per step where gradients have no noise; with 0.1 momentum lasts for ten steps, and a direction of curvature
/// k relaxes by ε(nβ·k + γ)/0.1 per step, twenty times SGLD's rate, though by no more than 0.05. The thermostat's mass
/// is μ = d/A², so that it is as fast as the friction (Ding et al. take μ = d, in a unit of time that depends on the
/// scale of the loss). Friction then varies around its mean by A/√d, and one that is negative for a time is no error.
///
/// One friction serves all coordinates: minibatch noise is made up for on average, not where it is uneven.
///
/// Source: Ding, Fang, Babbush, Chen, Skeel, Neven 2014, "Bayesian sampling using stochastic gradient thermostats",
/// NIPS 27; Leimkuhler and Shang 2016, "Adaptive thermostats for noisy gradient systems", SIAM J. Sci. Comput.
/// 38(2), arXiv:1505.06889, for the splitting and the general mass.
public struct SGNHT: Sampler, Equatable {
    /// ε = h².
    public let stepSize: Double
    /// hA, dimensionless: the friction per step where gradients have no noise.
    public let diffusion: Double

    /// Creates a sampler; both numbers must be positive and finite.
    ///
    /// - Parameters:
    ///   - stepSize: ε = h², the squared time of a step.
    ///   - diffusion: hA, the friction per step where gradients have no noise.
    public init(stepSize: Double, diffusion: Double = 0.1) {
        precondition(stepSize > 0 && stepSize.isFinite, "a step size is positive and finite")
        precondition(diffusion > 0 && diffusion.isFinite, "a diffusion is positive and finite")
        self.stepSize = stepSize
        self.diffusion = diffusion
    }

    /// The position, a standard normal momentum at sampled coordinates and 0 at others, and the friction hA.
    public func start<Scalar: Real>(
        at position: [Scalar], posterior: LocalPosterior<Scalar>, randomness: SamplerRandomness
    ) -> SamplerState<Scalar> {
        var state = SamplerState(position: position)
        state.momentum = [Scalar](repeating: 0, count: position.count)
        state.momentum.withUnsafeMutableBufferPointer { momentum in
            for range in posterior.subset.ranges {
                Kernels.normals(
                    randomness.start.words, row: 0, first: range.lowerBound,
                    into: UnsafeMutableBufferPointer(rebasing: momentum[range]))
            }
        }
        state.friction = diffusion
        return state
    }

    /// One step in two passes, with the state's friction ξh in units of the step; the sums are kept in Double.
    ///
    /// The state's momentum is the one before the half-kick that ends a step.
    public func step<Scalar: Real>(
        _ state: inout SamplerState<Scalar>, loss: Double, gradient: [Scalar], posterior: LocalPosterior<Scalar>,
        randomness: SamplerRandomness, step: Int, evaluate: ([Scalar], inout [Scalar]) -> Double
    ) -> StepInfo {
        let count = posterior.center.count
        precondition(
            state.position.count == count && state.momentum.count == count && gradient.count == count,
            "position, momentum, gradient and center are equally long")
        let time = stepSize.squareRoot()
        var sums = instar_step_sums()
        var friction = state.friction
        state.position.withUnsafeMutableBufferPointer { position in
            state.momentum.withUnsafeMutableBufferPointer { momentum in
                gradient.withUnsafeBufferPointer { gradient in
                    posterior.center.withUnsafeBufferPointer { center in
                        var squaredMomentum = 0.0
                        for range in posterior.subset.ranges {
                            Kernels.kick(
                                range: range, position: position, momentum: momentum, gradient: gradient,
                                posterior: posterior, center: center, kick: step == 0 ? time / 2 : time,
                                time: time / 2, sums: &sums, squaredMomentum: &squaredMomentum)
                        }
                        friction += frictionChange(squaredMomentum, dimension: posterior.subset.count)
                        // ∫ of the noise over a step: 2A(1 − e^(−2ξh))/(2ξ), 2hA where there is no friction.
                        let noise = friction == 0 ? 2 * diffusion : -diffusion / friction * expm1(-2 * friction)
                        squaredMomentum = 0
                        for range in posterior.subset.ranges {
                            Kernels.friction(
                                randomness.noise.words, row: UInt32(step), range: range, position: position,
                                momentum: momentum, decay: exp(-friction), noiseScale: noise.squareRoot(),
                                time: time / 2, squaredMomentum: &squaredMomentum)
                        }
                        friction += frictionChange(squaredMomentum, dimension: posterior.subset.count)
                    }
                }
            }
        }
        state.friction = friction
        return StepInfo(
            driftProduct: sums.drift_product, squaredDrift: sums.squared_drift,
            squaredDistance: sums.squared_distance)
    }

    /// What half a step adds to the friction: h·(h/2)(|p|² − d)/μ with μ = d/A².
    private func frictionChange(_ squaredMomentum: Double, dimension: Int) -> Double {
        dimension == 0 ? 0 : diffusion * diffusion / 2 * (squaredMomentum / Double(dimension) - 1)
    }
}

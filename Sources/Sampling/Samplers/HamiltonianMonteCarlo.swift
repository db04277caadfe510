import Foundation
public import Tensors

/// Hamiltonian Monte Carlo: a trajectory of leapfrog steps from a fresh momentum, accepted or rejected, so that the
/// posterior is sampled exactly at any step size; for that every step must see all examples.
///
/// A leapfrog step is of time h = √ε. One of them makes the proposal SGLD's, w − (ε/2)g + √ε·ξ with the same ξ: that
/// is MALA, the Metropolis-adjusted Langevin algorithm. More of them carry further between two random momenta, but
/// a trajectory of fixed length comes back to where it began in a direction whose period divides it; so their number
/// is drawn anew for each, from half of `leapfrogCount` up to it.
///
/// Meant as a reference for small models: a step costs as many gradients as there are leapfrog steps, and with d
/// coordinates ε must fall like d^(−1/3) (MALA) or d^(−1/2) (longer trajectories) for steps to be accepted.
///
/// Source: Neal 2011, "MCMC using Hamiltonian dynamics", Handbook of Markov Chain Monte Carlo, ch. 5, arXiv:1206.1901;
/// Roberts and Tweedie 1996, Bernoulli 2(4), for MALA.
public struct HamiltonianMonteCarlo: Sampler, Equatable {
    /// The largest number of leapfrog steps where none is stated.
    public static let usualLeapfrogCount = 10

    /// ε = h².
    public let stepSize: Double
    /// The largest number of leapfrog steps of a trajectory.
    public let leapfrogCount: Int

    /// Creates a sampler; the step size must be positive and finite, the count positive.
    ///
    /// - Parameters:
    ///   - stepSize: ε = h², the squared time of a leapfrog step.
    ///   - leapfrogCount: The largest number of leapfrog steps of a trajectory; each has at least half as many.
    public init(stepSize: Double, leapfrogCount: Int = HamiltonianMonteCarlo.usualLeapfrogCount) {
        precondition(stepSize > 0 && stepSize.isFinite, "a step size is positive and finite")
        precondition(leapfrogCount > 0, "a trajectory has a leapfrog step")
        self.stepSize = stepSize
        self.leapfrogCount = leapfrogCount
    }

    /// The position alone.
    public func start<Scalar: Real>(
        at position: [Scalar], posterior: LocalPosterior<Scalar>, randomness: SamplerRandomness
    ) -> SamplerState<Scalar> { SamplerState(position: position) }

    /// One trajectory; the position stays where it is rejected.
    ///
    /// A trajectory that ends where the energy is not a number is rejected, with acceptance 0; so is every one from a
    /// place where it is not a number. Momentum and energies are kept in Double.
    @_specialize(where Scalar == Float)
    @_specialize(where Scalar == Double)
    public func step<Scalar: Real>(
        _ state: inout SamplerState<Scalar>, loss: Double, gradient: [Scalar], posterior: LocalPosterior<Scalar>,
        randomness: SamplerRandomness, step: Int, evaluate: ([Scalar], inout [Scalar]) -> Double
    ) -> StepInfo {
        let count = posterior.center.count
        precondition(
            state.position.count == count && gradient.count == count,
            "position, gradient and center are equally long")
        var uniforms = randomness.uniforms.generator(row: step)
        let threshold = Double(uniforms.next() >> 11) * 0x1p-53
        let steps = leapfrogCount - uniforms.uniform(below: leapfrogCount / 2 + 1)
        var noise = [Scalar](repeating: 0, count: count)
        randomness.noise.fillNormals(&noise, row: step)

        var info = StepInfo(driftProduct: 0, squaredDrift: 0, squaredDistance: 0)
        for range in posterior.subset.ranges {
            for index in range {
                let delta = Double(state.position[index]) - Double(posterior.center[index])
                let drift = posterior.nBeta * Double(gradient[index]) + posterior.localization * delta
                info.driftProduct += delta * drift
                info.squaredDrift += drift * drift
                info.squaredDistance += delta * delta
            }
        }

        let time = stepSize.squareRoot()
        var position = state.position
        var newGradient = gradient
        var newLoss = loss
        var momentum = noise.map { Double($0) }
        for leap in 0..<steps {
            Self.kick(
                &momentum, at: position, gradient: newGradient, posterior: posterior,
                time: leap == 0 ? time / 2 : time)
            Self.drift(&position, momentum: momentum, posterior: posterior, time: time)
            newLoss = evaluate(position, &newGradient)
        }
        Self.kick(&momentum, at: position, gradient: newGradient, posterior: posterior, time: time / 2)

        var energyChange = posterior.nBeta * (newLoss - loss)
        for range in posterior.subset.ranges {
            for index in range {
                let (before, after) = (Double(state.position[index]), Double(position[index]))
                let (start, end) = (Double(noise[index]), momentum[index])
                energyChange +=
                    posterior.localization / 2 * (after - before)
                    * (after + before - 2 * Double(posterior.center[index])) + (end - start) * (end + start) / 2
            }
        }
        let acceptance = energyChange.isFinite ? exp(min(0, -energyChange)) : 0
        if threshold < acceptance { state.position = position }
        info.acceptance = acceptance
        return info
    }

    /// p −= time·(nβ·∇L + γδ).
    @_specialize(where Scalar == Float)
    @_specialize(where Scalar == Double)
    private static func kick<Scalar: Real>(
        _ momentum: inout [Double], at position: [Scalar], gradient: [Scalar], posterior: LocalPosterior<Scalar>,
        time: Double
    ) {
        for range in posterior.subset.ranges {
            for index in range {
                let delta = Double(position[index]) - Double(posterior.center[index])
                momentum[index] -=
                    time * (posterior.nBeta * Double(gradient[index]) + posterior.localization * delta)
            }
        }
    }

    /// w += time·p.
    @_specialize(where Scalar == Float)
    @_specialize(where Scalar == Double)
    private static func drift<Scalar: Real>(
        _ position: inout [Scalar], momentum: [Double], posterior: LocalPosterior<Scalar>, time: Double
    ) {
        for range in posterior.subset.ranges {
            for index in range { position[index] = Scalar(Double(position[index]) + time * momentum[index]) }
        }
    }
}

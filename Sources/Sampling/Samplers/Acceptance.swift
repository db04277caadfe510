import Foundation
public import Tensors

/// How probably the Metropolis–Hastings rule would accept a Langevin step: what says whether SGLD's steps, which are
/// always taken, are small enough.
///
/// Source: Roberts and Rosenthal 1998, "Optimal scaling of discrete approximations to Langevin diffusions", JRSS B
/// 60(1), for the rule; that a preconditioner leaves it this simple follows from the proposal's density.
public enum Acceptance {
    /// A place, and what the loss is there.
    public typealias Place<Scalar: Real> = (position: [Scalar], gradient: [Scalar], loss: Double)

    /// log a = U(w) − U(w′) + log q(w′→w) − log q(w→w′), with U = nβ·L + (γ/2)|δ|² and q SGLD's proposal,
    /// N(w − (ε/2)G∇U(w), εG), over the sampled coordinates.
    ///
    /// Computed as nβ[L − L′ + ½(w′ − w)·(∇L + ∇L′)] + (ε/8)[∇Uᵀ·G·∇U − ∇U′ᵀ·G·∇U′], which is the same: the
    /// localization's part of U cancels, and nothing is divided by ε.
    ///
    /// - Parameters:
    ///   - before: w, ∇L(w) and L(w).
    ///   - after: w′, ∇L(w′) and L(w′), on the same minibatch.
    ///   - posterior: Center, nβ, γ and the sampled coordinates.
    ///   - stepSize: ε.
    ///   - preconditioner: The diagonal of a G that is the same at both places, as long as the position; empty for
    ///     the identity.
    /// - Returns: log a; above 0 where the rule accepts for certain, and not finite where a loss or a gradient is not.
    @_specialize(where Scalar == Float)
    @_specialize(where Scalar == Double)
    public static func logRatio<Scalar: Real>(
        from before: Place<Scalar>, to after: Place<Scalar>, posterior: LocalPosterior<Scalar>, stepSize: Double,
        preconditioner: [Scalar] = []
    ) -> Double {
        let count = posterior.center.count
        precondition(
            [before.position, before.gradient, after.position, after.gradient].allSatisfy { $0.count == count }
                && (preconditioner.isEmpty || preconditioner.count == count),
            "positions, gradients, preconditioner and center are equally long")
        var work = 0.0
        var squaredDrifts = 0.0
        for range in posterior.subset.ranges {
            for index in range {
                let center = Double(posterior.center[index])
                let (position, gradient) = (Double(before.position[index]), Double(before.gradient[index]))
                let (newPosition, newGradient) = (Double(after.position[index]), Double(after.gradient[index]))
                work += (newPosition - position) * (gradient + newGradient)
                let drift = posterior.nBeta * gradient + posterior.localization * (position - center)
                let newDrift = posterior.nBeta * newGradient + posterior.localization * (newPosition - center)
                let factor = preconditioner.isEmpty ? 1 : Double(preconditioner[index])
                squaredDrifts += factor * (drift + newDrift) * (drift - newDrift)
            }
        }
        return posterior.nBeta * (before.loss - after.loss + work / 2) + stepSize / 8 * squaredDrifts
    }

    /// min(1, a); see ``logRatio(from:to:posterior:stepSize:preconditioner:)``. 0 where a is not a number.
    public static func probability<Scalar: Real>(
        from before: Place<Scalar>, to after: Place<Scalar>, posterior: LocalPosterior<Scalar>, stepSize: Double,
        preconditioner: [Scalar] = []
    ) -> Double {
        let logRatio = logRatio(
            from: before, to: after, posterior: posterior, stepSize: stepSize, preconditioner: preconditioner)
        return logRatio.isNaN ? 0 : exp(min(0, logRatio))
    }
}

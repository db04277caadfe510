public import Tensors

/// A Markov chain kernel for a localised posterior: position and gradient in, new position and what happened out.
///
/// Randomness is an argument and no state is hidden, so a step is a function of what it is given. A sampler knows
/// nothing of networks or data.
public protocol Sampler: Sendable {
    /// Moves the sampled coordinates of `position` by one step; all others stay as they are.
    ///
    /// - Parameters:
    ///   - position: w, the whole flat vector, as long as the posterior's center.
    ///   - gradient: ∇L_B(w), the gradient of the minibatch's mean loss; read at sampled coordinates only.
    ///   - posterior: Center, nβ, γ and the sampled coordinates.
    ///   - noise: The chain's stream of noise.
    ///   - draw: The draw's index: the row of `noise` that is used.
    /// - Returns: Sums over the sampled coordinates at the position *before* the step.
    func step<Scalar: Real>(
        _ position: inout [Scalar], gradient: [Scalar], posterior: LocalPosterior<Scalar>, noise: RandomStream,
        draw: Int
    ) -> StepSums
}

/// What a step adds up over the sampled coordinates: δ = w − w\*, g = nβ·∇L_B(w) + γδ at the position before it.
public struct StepSums: Sendable, Equatable {
    /// δ·g.
    public var driftProduct: Double
    /// |g|².
    public var squaredDrift: Double
    /// |δ|².
    public var squaredDistance: Double

    /// Creates the sums.
    public init(driftProduct: Double, squaredDrift: Double, squaredDistance: Double) {
        self.driftProduct = driftProduct
        self.squaredDrift = squaredDrift
        self.squaredDistance = squaredDistance
    }

    /// Whether gradient and position are numbers.
    public var areFinite: Bool {
        driftProduct.isFinite && squaredDrift.isFinite && squaredDistance.isFinite
    }
}

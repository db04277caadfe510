public import Tensors

/// A Markov chain kernel for a localised posterior: state in, state and what happened out.
///
/// Randomness is an argument, and all that lasts from step to step is in the state, so a step is a function of what it
/// is given and a chain can be stored and continued at any of them. A sampler knows nothing of networks or data.
public protocol Sampler: Sendable {
    /// The state that a chain starts in.
    ///
    /// - Parameters:
    ///   - position: w, the whole flat vector.
    ///   - posterior: What will be sampled.
    ///   - randomness: The chain's random numbers; row 0 of `start` is free for the start.
    func start<Scalar: Real>(
        at position: [Scalar], posterior: LocalPosterior<Scalar>, randomness: SamplerRandomness
    ) -> SamplerState<Scalar>

    /// Moves the sampled coordinates of the state's position by one step; all others stay as they are.
    ///
    /// - Parameters:
    ///   - state: The state before and after.
    ///   - loss: L_B(w), the mean loss of the step's minibatch at the position before the step.
    ///   - gradient: ∇L_B(w); read at sampled coordinates only.
    ///   - posterior: Center, nβ, γ and the sampled coordinates.
    ///   - randomness: The chain's random numbers.
    ///   - step: The step's index from 0: the row of the random numbers that is used.
    ///   - evaluate: Writes the gradient at another position, on the same minibatch, and returns the loss there; not to
    ///     be called by samplers that need only the gradient they are given.
    /// - Returns: Sums over the sampled coordinates at the position *before* the step, and the acceptance.
    func step<Scalar: Real>(
        _ state: inout SamplerState<Scalar>, loss: Double, gradient: [Scalar], posterior: LocalPosterior<Scalar>,
        randomness: SamplerRandomness, step: Int, evaluate: ([Scalar], inout [Scalar]) -> Double
    ) -> StepInfo
}

/// All that a chain carries from step to step.
public struct SamplerState<Scalar: Real>: Sendable, Codable, Equatable {
    /// w, the whole flat vector.
    public var position: [Scalar]
    /// The momentum of a sampler that keeps one, as long as the position; empty for others.
    public var momentum: [Scalar] = []
    /// The friction that a thermostat has reached; 0 without one.
    public var friction: Double = 0
    /// The running mean of squared gradients of a sampler that preconditions with them, as long as the position; empty
    /// for others.
    public var squaredGradients: [Scalar] = []

    /// Whether every vector is of so many parameters, or empty where it may be.
    public func isOf(parameterCount: Int) -> Bool {
        position.count == parameterCount
            && [momentum, squaredGradients].allSatisfy { $0.isEmpty || $0.count == parameterCount }
    }

    /// A state of nothing but a position.
    public init(position: [Scalar]) { self.position = position }
}

/// The random numbers of one chain at one checkpoint.
public struct SamplerRandomness: Sendable {
    /// Normals: one row per step, one column per coordinate of the whole flat vector.
    public let noise: RandomStream
    /// Uniform numbers: one row per step.
    public let uniforms: RandomStream
    /// Normals for the state at the start, in row 0.
    public let start: RandomStream

    /// The chain's random numbers.
    public init(seed: UInt64, trainingStep: Int, chain: Int) {
        func stream(_ purpose: RandomStream.Purpose) -> RandomStream {
            RandomStream(seed: seed, trainingStep: trainingStep, chain: chain, purpose: purpose)
        }
        noise = stream(.noise)
        uniforms = stream(.acceptance)
        start = stream(.start)
    }
}

/// What a step adds up over the sampled coordinates: δ = w − w\*, g = nβ·∇L_B(w) + γδ at the position before it.
public struct StepInfo: Sendable, Equatable {
    /// δ·g.
    public var driftProduct: Double
    /// gᵀGg, with G the step's preconditioner: |g|² without one.
    public var squaredDrift: Double
    /// |δ|².
    public var squaredDistance: Double
    /// The probability with which the step was accepted, where it could be rejected.
    public var acceptance: Double?

    /// Creates the sums.
    public init(driftProduct: Double, squaredDrift: Double, squaredDistance: Double, acceptance: Double? = nil) {
        self.driftProduct = driftProduct
        self.squaredDrift = squaredDrift
        self.squaredDistance = squaredDistance
        self.acceptance = acceptance
    }

    /// Whether gradient and position are numbers.
    public var areFinite: Bool {
        driftProduct.isFinite && squaredDrift.isFinite && squaredDistance.isFinite
    }
}

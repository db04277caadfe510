public import Tensors

/// What one chain's draws after burn-in say of the posterior beside λ̂: recorded at every k-th of them, on request.
public struct ChainObservations<Scalar: Real>: Sendable, Codable, Equatable {
    /// Of every example's ℓ(w) − ℓ(w\*), mean and scatter over the draws.
    public var moments: ExampleLossMoments?
    /// The losses of the traced examples, `[observation, example]`.
    public var tracedLosses: [[Float]] = []
    /// The displacements' sketch; nil where no spectrum was asked for.
    public var covariance: CovarianceSketch<Scalar>?
    /// The examples whose losses are traced: the first ones.
    public let tracedExampleCount: Int

    /// Nothing observed yet; nil where nothing is to be.
    init?(_ wanted: SamplingSettings.Observations, dimension: Int) {
        guard wanted.interval > 0 else { return nil }
        tracedExampleCount = wanted.tracedExampleCount
        if wanted.covarianceRank > 0 {
            covariance = CovarianceSketch(dimension: dimension, rowCount: 2 * wanted.covarianceRank)
        }
    }

    /// Restores what was stored.
    public init(
        moments: ExampleLossMoments?, tracedLosses: [[Float]], covariance: CovarianceSketch<Scalar>?,
        tracedExampleCount: Int
    ) {
        self.moments = moments
        self.tracedLosses = tracedLosses
        self.covariance = covariance
        self.tracedExampleCount = tracedExampleCount
    }

    /// Adds a draw.
    mutating func add(
        losses: [Double], differences: [Double], position: [Scalar], posterior: LocalPosterior<Scalar>
    ) throws(LinearAlgebraError) {
        var moments = moments ?? ExampleLossMoments(exampleCount: losses.count)
        self.moments = nil
        moments.add(differences)
        self.moments = moments
        if tracedExampleCount > 0 { tracedLosses.append(losses.prefix(tracedExampleCount).map { Float($0) }) }
        if covariance != nil { try covariance?.add(posterior.displacement(of: position)) }
    }
}

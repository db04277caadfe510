public import Sampling

/// A restriction of λ̂ to some of the parameters, to some of the examples, or to both.
///
/// Parameters outside are frozen: no gradient, no noise and no localization there; nβ, γ and ε are those of the whole
/// series. Source: Wang et al. 2024, arXiv:2410.02984.
public struct Restriction: Sendable, Codable, Equatable {
    /// What it is called in reports.
    public var name: String
    /// Patterns of parameter names, as `--parameters` takes them; empty: all that is sampled.
    public var parameters: [String]
    /// The subset of the examples; nil: the training examples.
    public var examples: String?

    /// Creates a restriction; without a name, it is called by what it restricts.
    public init(name: String? = nil, parameters: [String] = [], examples: String? = nil) {
        let parts = [parameters.joined(separator: " "), examples.map { "on \($0)" } ?? ""].filter { !$0.isEmpty }
        self.name = name ?? (parts.isEmpty ? "all" : parts.joined(separator: " "))
        self.parameters = parameters
        self.examples = examples
    }
}

/// λ̂ under one restriction at every checkpoint.
public struct RestrictedSeries: Sendable {
    /// What was restricted.
    public var restriction: Restriction
    /// d, the number of coordinates that were sampled.
    public var sampledCount: Int
    /// The number of examples of the loss.
    public var exampleCount: Int
    /// One per checkpoint of the measurements, in their order. Axes `[checkpoint]`.
    public var points: [PosteriorMeasurement]

    /// Creates a series.
    public init(restriction: Restriction, sampledCount: Int, exampleCount: Int, points: [PosteriorMeasurement]) {
        self.restriction = restriction
        self.sampledCount = sampledCount
        self.exampleCount = exampleCount
        self.points = points
    }
}

/// What the chains at one checkpoint gave.
public struct PosteriorMeasurement: Sendable {
    /// Lₙ(w\*) over the examples of the loss; nil where it is not known.
    public var loss: Double?
    /// λ̂ with errors and diagnostics.
    public var llc: LLCEstimate
    /// The chains behind it, by chain index.
    public var chains: [ChainTrace]
    /// What else was asked for.
    public var observations: PosteriorObservations?

    /// Creates a measurement.
    public init(loss: Double?, llc: LLCEstimate, chains: [ChainTrace], observations: PosteriorObservations?) {
        self.loss = loss
        self.llc = llc
        self.chains = chains
        self.observations = observations
    }
}

/// What the draws say of the posterior beside λ̂; recorded on request.
public struct PosteriorObservations: Sendable, Codable, Equatable {
    /// n·E[Lₙ(w)].
    public var wbic: WBIC?
    /// ν̂.
    public var singularFluctuation: SingularFluctuation?
    /// The leading eigenvalues of the covariance of the sampled weights, descending; empty where not asked for.
    public var covarianceEigenvalues: [Double]
    /// By how much each of them may be too small.
    public var covarianceErrorBound: Double?
    /// The covariance's trace.
    public var totalVariance: Double?

    /// Creates observations.
    public init(
        wbic: WBIC?, singularFluctuation: SingularFluctuation?, covarianceEigenvalues: [Double],
        covarianceErrorBound: Double?, totalVariance: Double?
    ) {
        self.wbic = wbic
        self.singularFluctuation = singularFluctuation
        self.covarianceEigenvalues = covarianceEigenvalues
        self.covarianceErrorBound = covarianceErrorBound
        self.totalVariance = totalVariance
    }
}

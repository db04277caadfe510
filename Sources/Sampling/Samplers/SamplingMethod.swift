/// The samplers by the names that users give them.
public enum SamplingMethod: String, Sendable, Codable, CaseIterable {
    /// ``SGLD``.
    case sgld
    /// ``RMSpropSGLD``, adapting during burn-in and frozen after it.
    case rmspropSGLD = "rmsprop-sgld"
    /// ``RMSpropSGLD``, adapting throughout: it does not sample the posterior, and its bias is reported.
    case adaptiveRMSpropSGLD = "rmsprop-sgld-adaptive"
    /// ``SGNHT``.
    case sgnht
    /// ``HamiltonianMonteCarlo`` of one leapfrog step.
    case mala
    /// ``HamiltonianMonteCarlo``.
    case hmc

    /// Whether steps can be rejected, so that the posterior is sampled without a bias of the step; each step then takes
    /// all examples.
    public var isExact: Bool { self == .mala || self == .hmc }

    /// The sampler of this name.
    ///
    /// - Parameters:
    ///   - stepSize: ε, positive and finite.
    ///   - adaptationCount: The number of steps, all of them burn-in, for which a preconditioner adapts; of meaning to
    ///     ``rmspropSGLD`` only.
    public func sampler(stepSize: Double, adaptationCount: Int) -> any Sampler {
        switch self {
        case .sgld: SGLD(stepSize: stepSize)
        case .rmspropSGLD: RMSpropSGLD(stepSize: stepSize, adaptationCount: adaptationCount)
        case .adaptiveRMSpropSGLD: RMSpropSGLD(stepSize: stepSize, adaptationCount: nil)
        case .sgnht: SGNHT(stepSize: stepSize)
        case .mala: HamiltonianMonteCarlo(stepSize: stepSize, leapfrogCount: 1)
        case .hmc: HamiltonianMonteCarlo(stepSize: stepSize)
        }
    }
}

import Foundation

/// The widely applicable Bayesian information criterion, n·E[Lₙ(w)] at nβ = n/ln n, in the loss's unit.
///
/// For a log loss it estimates the free energy −ln ∫ exp(−n·Lₙ(w))·φ(w) dw to leading orders, n·Lₙ(w\*) + λ·ln n; here
/// the prior φ is the pull towards the center, so it is the free energy of the neighbourhood that the chains explored.
///
/// Source: Watanabe 2013, JMLR 14, "A widely applicable Bayesian information criterion".
public struct WBIC: Sendable, Codable, Equatable {
    /// n times the mean loss over chains and draws.
    public let value: Double
    /// n times the MCSE of the mean loss; nil for fewer than four draws per chain.
    public let standardError: Double?
    /// Whether nβ is n/ln n to one part in a thousand; if not, the value is a tempered mean of n·Lₙ(w) and no WBIC.
    public let isAtItsTemperature: Bool

    /// Computes n·E[Lₙ(w)].
    ///
    /// Nil without draws, without examples and where a loss is not finite.
    ///
    /// - Parameters:
    ///   - losses: Lₙ(w) over all examples, not over minibatches; axes `[chain, draw]`, burn-in and diverged chains
    ///     left out.
    ///   - exampleCount: n.
    ///   - nBeta: nβ of the posterior that was sampled.
    public init?(losses: [[Double]], exampleCount: Int, nBeta: Double) {
        let n = Double(exampleCount)
        let value = n * losses.flatMap { $0 }.mean
        guard value.isFinite, exampleCount > 0 else { return nil }
        self.value = value
        standardError = Diagnostics.meanMCSE(losses).map { n * $0 }
        // Another nβ changes the term λ·ln n by the same part of itself.
        isAtItsTemperature = abs(nBeta * log(n) / n - 1) <= 1e-3
    }
}

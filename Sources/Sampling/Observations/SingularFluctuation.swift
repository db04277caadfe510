/// The singular fluctuation ν̂ = (β/2)·Σᵢ Var[ℓᵢ(w)] = (nβ/2)·mean over examples of Var[ℓᵢ(w)], dimensionless.
///
/// Together with λ it governs generalisation: the Bayes generalisation error exceeds the Bayes training error by 2ν/n
/// in the mean. A regular model that can realise the data has ν = d/2 = λ.
///
/// Draws of one chain are alike, so the variance within a chain of T draws is too small, by about τ/T of itself where τ
/// is the autocorrelation time. Over several chains the variance is taken as ((T − 1)/T)·W + B/T, W and B being the
/// variances within and between chains: unbiased whatever τ is, if the chains are independent and stationary. Chains
/// that have not left the center yet still give too small a value.
///
/// Source: Watanabe 2010, JMLR 11, "Asymptotic equivalence of Bayes cross validation and widely applicable information
/// criterion in singular learning theory"; Gelman & Rubin 1992, Statistical Science 7(4), for the variance; Efron &
/// Stein 1981, Annals of Statistics 9(3), for the jackknife.
public struct SingularFluctuation: Sendable, Codable, Equatable {
    /// ν̂ over all chains.
    public let value: Double
    /// The jackknife standard error over C chains, with C − 1 degrees of freedom; nil below three chains.
    ///
    /// Its square is 1 to 2(C − 1)/(C − 2) times the variance in the mean: it errs on the safe side.
    public let standardError: Double?
    /// ν̂ from each chain's own variance alone, too small by its autocorrelation. Axes `[chain]`.
    public let chainValues: [Double]

    /// Computes ν̂ from the chains of one checkpoint.
    ///
    /// With one chain the value is that chain's own. Nil without chains or examples, where a chain has fewer than two
    /// draws, and where a loss was not finite.
    ///
    /// - Parameters:
    ///   - chains: Each chain's moments over all n examples, equally many draws each; burn-in and diverged chains left
    ///     out.
    ///   - nBeta: nβ of the posterior that was sampled.
    public init?(chains: [ExampleLossMoments], nBeta: Double) {
        let chainValues = chains.compactMap(\.meanVariance).map { nBeta / 2 * $0 }
        guard let first = chains.first, chainValues.count == chains.count else { return nil }
        precondition(chains.allSatisfy { $0.drawCount == first.drawCount }, "chains are equally long")
        self.chainValues = chainValues
        guard chains.count > 1 else {
            (value, standardError) = (chainValues[0], nil)
            return
        }
        let count = Double(chains.count)
        let center = chains.dropFirst().reduce(first) { $0.merging($1) }.means
        let scale = nBeta / 2 / Double(first.exampleCount)
        let within = chains.map { scale * $0.squaredDeviations.compensatedSum / Double($0.drawCount) }
        let distances = chains.map { chain in
            scale * zip(chain.means, center).map { ($0 - $1) * ($0 - $1) }.compensatedSum
        }
        let between = distances.compensatedSum
        value = within.mean + between / (count - 1)
        guard value.isFinite else { return nil }
        guard chains.count > 2 else {
            standardError = nil
            return
        }
        // The value without one chain: the center of the others is off by that chain's distance.
        let withoutOne = zip(within, distances).map { own, distance in
            (within.compensatedSum - own + between - distance + (between - 2 * distance) / (count - 2)) / (count - 1)
        }
        standardError = (count - 1) * (withoutOne.sampleVariance / count).squareRoot()
    }
}

import Foundation

/// Convergence diagnostics of Markov chains, with the definitions and the numbers of ArviZ 0.23.
///
/// Draws have axes `[chain, draw]`, chains are equally long and burn-in is left out. Every function gives nil for
/// fewer than four draws per chain, for values that are not finite and where the quantity does not exist.
///
/// Source: Vehtari, Gelman, Simpson, Carpenter, Bürkner 2021, "Rank-normalization, folding, and localization: an
/// improved R-hat", Bayesian Analysis 16(2), doi:10.1214/20-BA1221.
public enum Diagnostics {
    /// Rank-normalised split R-hat: the larger of that of the draws and that of their distances from the median.
    ///
    /// Nil with one chain, and for draws that are all equal.
    public static func rHat(_ draws: [[Double]]) -> Double? {
        guard draws.count >= 2, areUsable(draws) else { return nil }
        let halves = splitChains(draws)
        let median = quantile(halves, 0.5)
        let folded = halves.map { $0.map { abs($0 - median) } }
        let value = max(plainRHat(normalScores(halves)), plainRHat(normalScores(folded)))
        return value.isFinite ? value : nil
    }

    /// Effective sample size of the bulk: that of the rank-normalised draws.
    public static func bulkESS(_ draws: [[Double]]) -> Double? {
        areUsable(draws) ? effectiveSampleSize(normalScores(splitChains(draws))) : nil
    }

    /// Effective sample size of the tails: the smaller of those of the 5 % and the 95 % quantile.
    ///
    /// ArviZ from 1.0 takes 11 % and 89 % by default; these are the probabilities of Vehtari et al.
    public static func tailESS(_ draws: [[Double]]) -> Double? {
        guard areUsable(draws) else { return nil }
        return [0.05, 0.95].compactMap { probability in
            let bound = quantile(draws, probability)
            return effectiveSampleSize(splitChains(draws.map { $0.map { $0 <= bound ? 1 : 0 } }))
        }.min()
    }

    /// Effective sample size of the mean.
    public static func meanESS(_ draws: [[Double]]) -> Double? {
        areUsable(draws) ? effectiveSampleSize(splitChains(draws)) : nil
    }

    /// The Monte Carlo standard error of the mean over all draws: standard deviation over √(ESS of the mean).
    public static func meanMCSE(_ draws: [[Double]]) -> Double? {
        guard let size = meanESS(draws) else { return nil }
        let error = (draws.flatMap { $0 }.sampleVariance / size).squareRoot()
        return error.isFinite ? error : nil
    }

    /// Geweke's score of one chain: the difference between the means of its first tenth and of its last half, in its
    /// standard errors, each from that part's own effective sample size.
    ///
    /// Source: Geweke 1992, "Evaluating the accuracy of sampling-based approaches to the calculation of posterior
    /// moments", Bayesian Statistics 4; the parts' spectral densities at zero are those of `meanMCSE`.
    public static func geweke(_ draws: [Double]) -> Double? {
        let first = Array(draws.prefix(draws.count / 10))
        let last = Array(draws.suffix(draws.count / 2))
        guard let firstError = meanMCSE([first]), let lastError = meanMCSE([last]) else { return nil }
        let score = (first.mean - last.mean) / (firstError * firstError + lastError * lastError).squareRoot()
        return score.isFinite ? score : nil
    }

    private static func areUsable(_ draws: [[Double]]) -> Bool {
        guard let count = draws.first?.count, count >= 4 else { return false }
        return draws.allSatisfy { $0.count == count && $0.allSatisfy(\.isFinite) }
    }

    /// R̂ = √((B/W + n − 1)/n), B and W the variances between and within chains.
    private static func plainRHat(_ draws: [[Double]]) -> Double {
        let count = Double(draws[0].count)
        let between = count * draws.map(\.mean).sampleVariance
        let within = draws.map(\.sampleVariance).mean
        return ((between / within + count - 1) / count).squareRoot()
    }

    /// mn/τ with τ the autocorrelation time by Geyer's initial monotone sequence; mn for draws that are all equal.
    ///
    /// Source: Vehtari et al. 2021; Geyer 1992, Statistical Science 7(4).
    private static func effectiveSampleSize(_ draws: [[Double]]) -> Double? {
        let count = draws[0].count
        let size = Double(draws.count * count)
        let first = draws[0][0]
        if draws.allSatisfy({ $0.allSatisfy { $0 == first } }) { return size }

        let means = draws.map(\.mean)
        let centered = zip(draws, means).map { chain, mean in chain.map { $0 - mean } }
        let autocovariances = autocovarianceSums(centered).map { $0 / size }
        let biased = autocovariances[0]
        let within = biased * Double(count) / Double(count - 1)
        let total = biased + (draws.count > 1 ? means.sampleVariance : 0)
        func autocorrelation(_ lag: Int) -> Double { 1 - (within - autocovariances[lag]) / total }

        // Pairs (ρ₂ₖ, ρ₂ₖ₊₁) while their sum is positive.
        var pairs = [(1.0, autocorrelation(1))]
        var last = pairs[0]
        while 2 * pairs.count < count - 2 && sum(last) > 0 {
            last = (autocorrelation(2 * pairs.count), autocorrelation(2 * pairs.count + 1))
            pairs.append(last)
        }
        // The last pair ends the sequence; its even member still counts once, unless both fell below zero.
        pairs.removeLast()
        let end = sum(last) >= 0 ? last.0 : max(last.0, 0)
        for index in pairs.indices.dropFirst() where sum(pairs[index]) > sum(pairs[index - 1]) {
            let half = sum(pairs[index - 1]) / 2
            pairs[index] = (half, half)
        }
        let time = -1 + 2 * pairs.reduce(0) { $0 + sum($1) } + end
        let effective = size / max(time, 1 / log10(size))
        return effective.isFinite ? effective : nil
    }

    private static func sum(_ pair: (Double, Double)) -> Double { pair.0 + pair.1 }
}

/// The mean and the spread over draws of each example's loss, without the draws.
///
/// What is added may be the losses ℓᵢ(w) or the differences ℓᵢ(w) − ℓᵢ(w\*): the variance is the same, and the
/// differences lose less to rounding. Memory is two numbers per example, whatever the number of draws.
///
/// Source: Welford 1962, Technometrics 4(3), for a draw; Chan, Golub, LeVeque 1983, The American Statistician 37(3),
/// for merging.
public struct ExampleLossMoments: Sendable, Codable, Equatable {
    /// The number of draws added.
    public private(set) var drawCount: Int
    /// The mean over draws; axes `[example]`, unit of the loss.
    public private(set) var means: [Double]
    /// The sum over draws of (loss − mean)²; axes `[example]`.
    public private(set) var squaredDeviations: [Double]

    /// Creates the moments of no draws.
    public init(exampleCount: Int) {
        drawCount = 0
        means = [Double](repeating: 0, count: exampleCount)
        squaredDeviations = means
    }

    /// Creates moments from stored parts.
    ///
    /// - Throws: `SamplingError` of kind `mismatch` where the arrays differ in length, and `malformed` for a negative
    ///   number of draws or a negative sum of squares.
    public init(drawCount: Int, means: [Double], squaredDeviations: [Double]) throws(SamplingError) {
        guard means.count == squaredDeviations.count else {
            throw SamplingError(
                .mismatch,
                "\(means.count) means stand beside \(squaredDeviations.count) sums of squared deviations; expected one "
                    + "of each per example; measure again", location: "per-example losses")
        }
        guard drawCount >= 0, squaredDeviations.allSatisfy({ !($0 < 0) }) else {
            throw SamplingError(
                .malformed, "the number of draws or a sum of squared deviations is negative; measure again",
                location: "per-example losses")
        }
        self.drawCount = drawCount
        self.means = means
        self.squaredDeviations = squaredDeviations
    }

    /// The number of examples.
    public var exampleCount: Int { means.count }

    /// The mean over examples of the sample variance over draws (divisor draws − 1).
    ///
    /// Unbiased for independent draws; too small by the draws' autocorrelation otherwise. Nil without examples, below
    /// two draws and where a loss was not finite.
    public var meanVariance: Double? {
        guard drawCount >= 2, exampleCount > 0 else { return nil }
        let value = squaredDeviations.mean / Double(drawCount - 1)
        return value.isFinite ? value : nil
    }

    /// Adds one draw.
    ///
    /// - Parameter losses: One loss per example, always of the same examples in the same order.
    public mutating func add(_ losses: [Double]) {
        precondition(losses.count == exampleCount, "\(losses.count) losses against \(exampleCount) examples")
        drawCount += 1
        let share = 1 / Double(drawCount)
        for (example, loss) in losses.enumerated() {
            let before = loss - means[example]
            means[example] += before * share
            squaredDeviations[example] += before * (loss - means[example])
        }
    }

    /// The moments of both sets of draws, of the same examples.
    public func merging(_ other: ExampleLossMoments) -> ExampleLossMoments {
        precondition(other.exampleCount == exampleCount, "moments of the same examples are merged")
        guard other.drawCount > 0 else { return self }
        var merged = self
        merged.drawCount += other.drawCount
        let share = Double(other.drawCount) / Double(merged.drawCount)
        for example in means.indices {
            let distance = other.means[example] - means[example]
            merged.means[example] += share * distance
            merged.squaredDeviations[example] +=
                other.squaredDeviations[example] + Double(drawCount) * share * distance * distance
        }
        return merged
    }
}

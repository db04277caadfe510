import Foundation
public import Tensors

/// Where a noisy series over training comes to rest: the search for boundaries in one series of numbers.
///
/// A `GaussianProcess` is fitted over x = log(step + 1). A boundary is a local minimum of |dy/dx| that stands out
/// (`DipRule`), zero crossings included; the ends of the series are none, nor is a place in a gap between points. Its
/// support is the share of 400 draws of the slope from the posterior that have such a minimum in the candidate's basin,
/// which reaches to where the curve is under way on both sides; its intervals are quantiles of the place over those
/// draws. The fitted kernel is taken as known. Deterministic.
public struct BoundarySearch: Sendable, Codable, Equatable {
    /// The fitted curve on a grid, for drawing.
    public struct Curve: Sendable, Codable, Equatable {
        /// Training steps of the grid (real-valued, evenly spaced in log(t+1)).
        public var steps: [Double]
        /// Posterior mean of the series at each.
        public var mean: [Double]
        /// Posterior standard deviation of the curve at each.
        public var deviation: [Double]
        /// Posterior mean of its derivative over log(t+1) at each.
        public var slope: [Double]
        /// Creates a curve.
        public init(steps: [Double], mean: [Double], deviation: [Double], slope: [Double]) {
            self.steps = steps
            self.mean = mean
            self.deviation = deviation
            self.slope = slope
        }

        /// The mean at the place of the grid that is nearest to a step.
        func mean(near step: Double) -> Double {
            let (first, last) = (log1p(steps[0]), log1p(steps[steps.count - 1]))
            let place = (log1p(step) - first) / (last - first) * Double(steps.count - 1)
            return mean[min(max(0, Int(place.rounded())), steps.count - 1)]
        }
    }

    /// Boundaries in order of step, those above the support threshold only.
    public var boundaries: [Boundary]
    /// Candidates below the threshold, for the reader who asks why something is not a boundary.
    public var rejected: [Boundary]
    /// The fitted curve.
    public var curve: Curve
    /// The share of posterior draws a boundary needs.
    public var supportThreshold: Double
    /// The learnt noise: the standard deviation of a value about the curve that its standard error does not explain.
    public var noise: Double
    /// The standard deviation of the noise that neighbouring points share; zero where the series shows none.
    public var sharedNoise: Double
    /// Gaps between points, in steps, too wide to tell whether the series comes to rest within them.
    public var unresolved: [ClosedRange<Double>]

    /// Creates the result of a search.
    public init(
        boundaries: [Boundary], rejected: [Boundary], curve: Curve, supportThreshold: Double, noise: Double,
        sharedNoise: Double = 0, unresolved: [ClosedRange<Double>]
    ) {
        self.boundaries = boundaries
        self.rejected = rejected
        self.curve = curve
        self.supportThreshold = supportThreshold
        self.noise = noise
        self.sharedNoise = sharedNoise
        self.unresolved = unresolved
    }

    /// Fewer usable points than this hold no evidence for three parameters of a curve and a minimum of its slope.
    public static let minimumPointCount = 8

    /// A boundary must be there in at least this share of the posterior draws: more likely than not.
    public static let defaultSupportThreshold = 0.5

    /// What a posterior draw must show to have a boundary.
    ///
    /// Half: the LLC changes at most half as fast as on either side. Three standard deviations: the slope is
    /// searched at some ten independent places, so that two would be exceeded by chance every other time. A tenth:
    /// a fit of one smoothness throughout leaves ripples of a few per cent beside a sharp rise.
    static let rule = DipRule(largestRatio: 0.5, significance: 3, smallestShare: 0.1)

    /// What the mean curve must show for a place to be a candidate at all: weaker than `rule`, so that the
    /// draws decide.
    static let candidateRule = DipRule(largestRatio: 0.8, significance: 1.5, smallestShare: 0.1)

    /// The slope is resolved where its posterior deviation is below this share of its prior one.
    static let resolutionShare = 0.5

    static let drawCount = 400

    /// Looks for boundaries in a series; nil with fewer than eight points.
    ///
    /// - Parameters:
    ///   - steps: Training steps, ascending, not negative.
    ///   - values: One value per step.
    /// - Throws: `LinearAlgebraError` when a number is not finite.
    public init?(steps: [Int], values: [Double]) throws(LinearAlgebraError) {
        guard steps.count >= Self.minimumPointCount else { return nil }
        self.init(
            try GaussianProcess(
                inputs: steps.map(Self.logStep), values: values, standardErrors: steps.map { _ in 0 }))
    }

    /// Looks for places where a loss comes to rest on logarithmic axes: minima of |d log L/d log(t + 1)|. Losses that are
    /// not positive are left out; nil where fewer than eight are left.
    ///
    /// - Throws: `LinearAlgebraError` when a loss is not finite.
    init?(losses: [(step: Int, loss: Double)]) throws(LinearAlgebraError) {
        let positive = losses.filter { $0.loss > 0 }
        try self.init(steps: positive.map(\.step), values: positive.map { log($0.loss) })
    }

    /// Looks for boundaries on a fitted curve over x = log(step + 1).
    init(_ process: GaussianProcess) {
        let inputs = process.inputs
        let grid = Self.grid(over: inputs, length: process.length)
        let curve = process.curve(at: grid)
        let candidates = Self.candidates(on: grid, curve: curve, process: process)
        self.init(
            boundaries: candidates.filter { ($0.support ?? 0) >= Self.defaultSupportThreshold },
            rejected: candidates.filter { ($0.support ?? 0) < Self.defaultSupportThreshold },
            curve: Curve(
                steps: grid.map(Self.step), mean: curve.mean, deviation: curve.deviation, slope: curve.slope),
            supportThreshold: Self.defaultSupportThreshold, noise: process.noise, sharedNoise: process.wander,
            unresolved: Self.unresolvedGaps(between: inputs, process: process))
    }

    /// x = log(t + 1).
    static func logStep(_ step: some BinaryInteger) -> Double { log1p(Double(step)) }

    /// t of x = log(t + 1).
    static func step(_ input: Double) -> Double { expm1(input) }

    /// An even grid over x, twenty points per length of the kernel, between 200 and 400 points in all.
    private static func grid(over inputs: [Double], length: Double) -> [Double] {
        let (first, last) = (inputs[0], inputs[inputs.count - 1])
        let count = min(400, max(200, Int(20 * (last - first) / length)))
        return (0..<count).map { $0 == count - 1 ? last : first + (last - first) * Double($0) / Double(count - 1) }
    }

    /// Places that may be boundaries, with their support; those in fewer than one draw in twenty are left out.
    private static func candidates(
        on grid: [Double], curve: GaussianProcess.Curve, process: GaussianProcess
    ) -> [Boundary] {
        let priorDeviation = process.priorSlopeDeviation
        // A deviation of zero, as for exact data, would make every wiggle of rounding significant.
        let deviations = curve.slopeDeviation.map { max($0, 1e-9 * priorDeviation) }
        let isResolved = deviations.map { $0 < resolutionShare * priorDeviation }
        let candidates = candidateRule.dips(of: curve.slope, deviations: deviations, isResolved: isResolved)
        guard !candidates.isEmpty else { return [] }
        let draws = process.slopeDraws(drawCount, at: grid).map {
            rule.dips(of: $0, deviations: deviations, isResolved: isResolved).map(\.position)
        }
        func step(at position: Double) -> Double {
            let index = min(Int(position), grid.count - 2)
            return Self.step(grid[index] + (position - Double(index)) * (grid[index + 1] - grid[index]))
        }
        return candidates.compactMap { candidate in
            let positions = draws.compactMap { draw in
                draw.filter { Double(candidate.left) <= $0 && $0 <= Double(candidate.right) }
                    .min { abs($0 - candidate.position) < abs($1 - candidate.position) }
            }.sorted()
            guard positions.count * 20 >= drawCount else { return nil }
            func interval(_ probability: Double) -> ClosedRange<Double> {
                let tail = (1 - probability) / 2
                return step(at: quantile(tail, of: positions))...step(at: quantile(1 - tail, of: positions))
            }
            let flanks = [candidate.left, candidate.right].map { abs(curve.slope[$0]) }
            return Boundary(
                step: step(at: candidate.position), interval: interval(0.95), innerInterval: interval(0.5),
                support: Double(positions.count) / Double(drawCount),
                relativeSlope: candidate.slope / max(flanks[0], flanks[1]),
                sharpness: 1 / width(of: candidate, below: min(flanks[0], flanks[1]) / 2, slopes: curve.slope, on: grid)
            )
        }
    }

    /// The width in x of the rest about a dip: of the stretch within its flanks where |slope| is below a limit.
    private static func width(of dip: Dip, below limit: Double, slopes: [Double], on grid: [Double]) -> Double {
        func distance(_ indices: some Sequence<Int>) -> Double {
            let end = indices.first { abs(slopes[$0]) >= limit } ?? Int(dip.position)
            return abs(grid[end] - (grid[0] + dip.position * (grid[1] - grid[0])))
        }
        let center = Int(dip.position)
        return distance(stride(from: center, through: dip.left, by: -1))
            + distance((center + 1)...max(center + 1, dip.right))
    }

    /// The quantile of sorted numbers, by linear interpolation.
    private static func quantile(_ probability: Double, of sorted: [Double]) -> Double {
        let position = probability * Double(sorted.count - 1)
        let index = min(Int(position), max(0, sorted.count - 2))
        let next = min(index + 1, sorted.count - 1)
        return sorted[index] + (position - Double(index)) * (sorted[next] - sorted[index])
    }

    /// Gaps between neighbouring checkpoints, wider than half the kernel's length, where the slope is not resolved
    /// at one of three places.
    private static func unresolvedGaps(between inputs: [Double], process: GaussianProcess) -> [ClosedRange<Double>] {
        zip(inputs, inputs.dropFirst()).filter { $1 - $0 > process.length / 2 }.compactMap { start, end in
            let places = [0.25, 0.5, 0.75].map { start + $0 * (end - start) }
            let isResolved = process.curve(at: places).slopeDeviation.allSatisfy {
                $0 < resolutionShare * process.priorSlopeDeviation
            }
            return isResolved ? nil : step(start)...step(end)
        }
    }
}

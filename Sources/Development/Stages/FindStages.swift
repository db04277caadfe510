import Foundation
public import Tensors

extension StageFinding {
    /// One checkpoint of the series in which stages are looked for.
    public struct Point: Sendable, Equatable {
        /// The training step; not negative.
        public var step: Int
        /// λ̂; a standard error of zero means that none is known, and the learnt noise stands for it.
        public var llc: Estimate
        /// The training loss, if it was measured.
        public var loss: Double?
        /// Creates a point.
        public init(step: Int, llc: Estimate, loss: Double?) {
            self.step = step
            self.llc = llc
            self.loss = loss
        }
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

    /// Finds the stages of a series of λ̂; nil with fewer than eight points.
    ///
    /// A `GaussianProcess` is fitted over x = log(step + 1). A boundary is a local minimum of |dλ/dx| that stands
    /// out (`DipRule`), zero crossings included; the ends of the series are none, nor is a place in a gap between
    /// checkpoints. Its support is the share of 400 draws of the slope from the posterior that have such a minimum
    /// in the candidate's basin, which reaches to where the curve is under way on both sides; its intervals are
    /// quantiles of the place over those draws. The fitted kernel is taken as known, so intervals are somewhat
    /// narrow when there are few points. Deterministic.
    ///
    /// - Parameters:
    ///   - points: The usable checkpoints, ascending by step.
    ///   - excludedSteps: Checkpoints that were left out, for the record; a stage that ends at one has no kind.
    /// - Throws: `LinearAlgebraError` when a number is not finite.
    public init?(points: [Point], excludedSteps: [Int] = []) throws(LinearAlgebraError) {
        guard points.count >= Self.minimumPointCount else { return nil }
        let inputs = points.map { Self.logStep($0.step) }
        precondition(zip(inputs, inputs.dropFirst()).allSatisfy { $0 < $1 }, "points ascend by step")
        let process = try GaussianProcess(
            inputs: inputs, values: points.map(\.llc.value), standardErrors: points.map(\.llc.standardError))

        let grid = Self.grid(over: inputs, length: process.length)
        let slopes = process.posterior(of: grid.map { .slope($0) })
        let candidates = try Self.candidates(on: grid, slopes: slopes, priorDeviation: process.priorSlopeDeviation)
        let boundaries = candidates.filter { $0.support >= Self.defaultSupportThreshold }
        let values = process.posterior(of: grid.map { .value($0) })
        self.init(
            boundaries: boundaries,
            rejected: candidates.filter { $0.support < Self.defaultSupportThreshold },
            stages: Self.stages(
                between: boundaries, of: points, excludedSteps: excludedSteps, process: process),
            curve: Curve(
                steps: grid.map(Self.step), mean: values.mean, deviation: values.deviation, slope: slopes.mean),
            supportThreshold: Self.defaultSupportThreshold, excludedSteps: excludedSteps, noise: process.noise,
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
        on grid: [Double], slopes: GaussianPosterior, priorDeviation: Double
    ) throws(LinearAlgebraError) -> [Boundary] {
        // A deviation of zero, as for exact data, would make every wiggle of rounding significant.
        let deviations = slopes.deviation.map { max($0, 1e-9 * priorDeviation) }
        let isResolved = deviations.map { $0 < resolutionShare * priorDeviation }
        let candidates = candidateRule.dips(of: slopes.mean, deviations: deviations, isResolved: isResolved)
        guard !candidates.isEmpty else { return [] }
        let draws = try slopes.draws(drawCount).map {
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
            let speed = max(abs(slopes.mean[candidate.left]), abs(slopes.mean[candidate.right]))
            return Boundary(
                step: step(at: candidate.position), interval: interval(0.95), innerInterval: interval(0.5),
                support: Double(positions.count) / Double(drawCount), relativeSlope: candidate.slope / speed)
        }
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
            let places = [0.25, 0.5, 0.75].map { GaussianProcess.Quantity.slope(start + $0 * (end - start)) }
            let isResolved = process.posterior(of: places).deviation.allSatisfy {
                $0 < resolutionShare * process.priorSlopeDeviation
            }
            return isResolved ? nil : step(start)...step(end)
        }
    }
}

import Foundation

/// What one run brings to the question whether several runs go through the same stages.
public struct RunStages: Sendable, Codable, Equatable {
    /// A quantity over training, known at some steps.
    public struct Curve: Sendable, Codable, Equatable {
        /// Training steps, strictly ascending, not negative.
        public var steps: [Double]
        /// The value at each.
        public var values: [Double]

        /// Creates a curve; as many steps as values.
        public init(steps: [Double], values: [Double]) {
            precondition(steps.count == values.count, "\(steps.count) steps against \(values.count) values")
            precondition(zip(steps, steps.dropFirst()).allSatisfy { $0 < $1 }, "a curve's steps ascend")
            self.steps = steps
            self.values = values
        }

        /// The value at a step, on the straight line over log(t + 1) between the two neighbours; nil outside the curve
        /// and where a neighbour is not finite.
        public func value(at step: Double) -> Double? {
            guard let first = steps.first, let last = steps.last, first <= step, step <= last else { return nil }
            var (lower, upper) = (0, steps.count - 1)
            while upper - lower > 1 {
                let middle = (lower + upper) / 2
                if steps[middle] <= step { lower = middle } else { upper = middle }
            }
            if steps[upper] == step { lower = upper }
            guard steps[lower] != step else { return values[lower].isFinite ? values[lower] : nil }
            let share = (log1p(step) - log1p(steps[lower])) / (log1p(steps[upper]) - log1p(steps[lower]))
            let value = values[lower] + share * (values[upper] - values[lower])
            return value.isFinite ? value : nil
        }
    }

    /// The run's name.
    public var name: String
    /// The first and the last step between which a boundary could have been found. Random boundaries are spread over
    /// it: a stretch without checkpoints, such as between step 0 and the next, would make agreement look rarer than it
    /// is.
    public var range: ClosedRange<Double>
    /// The boundaries, in order of step.
    public var boundaries: [Boundary]
    /// The training loss, if it is known.
    public var loss: Curve?
    /// The smoothed LLC, if it is known.
    public var llc: Curve?

    /// Creates a run's stages.
    public init(
        name: String, range: ClosedRange<Double>, boundaries: [Boundary], loss: Curve? = nil, llc: Curve? = nil
    ) {
        precondition(range.lowerBound >= 0, "a run starts at step 0 or later")
        self.name = name
        self.range = range
        self.boundaries = boundaries
        self.loss = loss
        self.llc = llc
    }

    /// Where a step lies on a coordinate; nil where the run does not know.
    func place(of step: Double, on coordinate: Universality.Coordinate) -> Double? {
        switch coordinate {
        case .logStep: log1p(step)
        case .loss: loss?.value(at: step)
        case .llc: llc?.value(at: step)
        }
    }

    /// The least and the largest value of a coordinate over the run; nil where the run has no such curve.
    func extent(on coordinate: Universality.Coordinate) -> ClosedRange<Double>? {
        let values: [Double] =
            switch coordinate {
            case .logStep: [log1p(range.lowerBound), log1p(range.upperBound)]
            case .loss: loss?.values.filter(\.isFinite) ?? []
            case .llc: llc?.values.filter(\.isFinite) ?? []
            }
        guard let least = values.min(), let largest = values.max() else { return nil }
        return least...largest
    }
}

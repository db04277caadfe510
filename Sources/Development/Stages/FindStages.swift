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

    /// Finds the stages of a series of λ̂; nil with fewer than eight points.
    ///
    /// - Parameters:
    ///   - points: The usable checkpoints, ascending by step.
    ///   - excludedSteps: Checkpoints that were left out, for the record; a stage that ends at one has no kind.
    /// - Throws: `LinearAlgebraError` when a number is not finite.
    public init?(points: [Point], excludedSteps: [Int] = []) throws(LinearAlgebraError) {
        guard points.count >= BoundarySearch.minimumPointCount else { return nil }
        let process = try GaussianProcess(
            inputs: points.map { BoundarySearch.logStep($0.step) }, values: points.map(\.llc.value),
            standardErrors: points.map(\.llc.standardError))
        let search = BoundarySearch(process)
        self.init(
            boundaries: search.boundaries, search: search,
            stages: Self.stages(
                between: search.boundaries, of: points, excludedSteps: excludedSteps, process: process),
            excludedSteps: excludedSteps)
    }

    /// The stages that another witness's boundaries delimit; nil without a loss or a usable λ̂ at two checkpoints.
    ///
    /// - Parameters:
    ///   - boundaries: The boundaries, ascending.
    ///   - method: The witness they are of.
    ///   - points: The usable checkpoints, ascending by step; at least eight give the changes of λ̂.
    ///   - losses: The training loss at checkpoints, ascending by step.
    ///   - span: The first and last step of the run.
    /// - Throws: `LinearAlgebraError` when a number is not finite.
    init(
        boundaries: [Boundary], method: Method, points: [Point], losses: [(step: Int, loss: Double)],
        span: ClosedRange<Double>, excludedSteps: [Int]
    ) throws(LinearAlgebraError) {
        var process: GaussianProcess?
        if points.count >= BoundarySearch.minimumPointCount {
            process = try GaussianProcess(
                inputs: points.map { BoundarySearch.logStep($0.step) }, values: points.map(\.llc.value),
                standardErrors: points.map(\.llc.standardError))
        }
        self.init(
            method: method, boundaries: boundaries, search: process.map { BoundarySearch($0) },
            stages: Self.stages(
                between: boundaries, span: span, losses: losses, process: process, steps: points.map(\.step),
                negativeSteps: points.filter(\.isNegative).map(\.step), excludedSteps: excludedSteps),
            excludedSteps: excludedSteps)
    }
}

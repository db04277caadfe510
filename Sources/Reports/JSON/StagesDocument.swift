import Development

extension AnalysisDocument {
    /// Boundaries and stages; both documents use it.
    public struct Stages: Sendable, Codable, Equatable {
        /// The witness whose boundaries these are: `llc`, `loss`, `change-points` or the name of a series.
        public var method: String
        /// The boundaries found, in order.
        public var boundaries: [Boundary]
        /// Candidates below the threshold of support.
        public var rejected: [Boundary]
        /// The stages between the boundaries; at least one.
        public var stages: [Stage]
        /// The support that a boundary needs.
        public var supportThreshold: Nullable
        /// Steps of the checkpoints that took no part.
        public var excludedSteps: [Int]
        /// The standard deviation of λ̂ about the curve that its standard errors do not explain.
        public var noise: Nullable
        /// Lower and upper end of each gap between checkpoints that is too wide to tell.
        public var unresolved: [[Nullable]]
        /// The fitted curve on a grid.
        public var curve: [CurvePoint]

        init(_ finding: StageFinding) {
            method = finding.method.name
            boundaries = finding.boundaries.map(Boundary.init)
            let search = finding.search
            rejected = (search?.rejected ?? []).map(Boundary.init)
            stages = finding.stages.map(Stage.init)
            supportThreshold = Nullable(search?.supportThreshold)
            excludedSteps = finding.excludedSteps
            noise = Nullable(search?.noise)
            unresolved = (search?.unresolved ?? []).map(ends)
            curve = search.map { search in search.curve.steps.indices.map { CurvePoint(search.curve, at: $0) } } ?? []
        }
    }

    /// A boundary with what is known of its place.
    public struct Boundary: Sendable, Codable, Equatable {
        /// The training step.
        public var step: Nullable
        /// Lower and upper end of the 95 % interval.
        public var interval: [Nullable]
        /// Lower and upper end of the 50 % interval.
        public var innerInterval: [Nullable]
        /// The fraction of posterior draws that have it.
        public var support: Nullable
        /// |dλ̂/d log(t+1)| there over the larger of the neighbouring maxima.
        public var relativeSlope: Nullable
        /// One over the width of the rest in log(t+1).
        public var sharpness: Nullable

        init(_ boundary: Development.Boundary) {
            step = Nullable(boundary.step)
            interval = ends(boundary.interval)
            innerInterval = ends(boundary.innerInterval)
            support = Nullable(boundary.support)
            relativeSlope = Nullable(boundary.relativeSlope)
            sharpness = Nullable(boundary.sharpness)
        }
    }

    /// A stage with its changes.
    public struct Stage: Sendable, Codable, Equatable {
        /// The first step.
        public var start: Nullable
        /// The last step.
        public var end: Nullable
        /// The change of the training loss.
        public var lossChange: Uncertain?
        /// The change of λ̂.
        public var llcChange: Uncertain?
        /// `A`: loss falls, LLC rises. `B`: both fall. Else in words what both do. `undecided`: cannot be said.
        public var kind: String

        init(_ stage: Development.Stage) {
            start = Nullable(stage.start)
            end = Nullable(stage.end)
            lossChange = stage.lossChange.map(Uncertain.init)
            llcChange = stage.llcChange.map(Uncertain.init)
            kind = stage.kind.rawValue
        }
    }

    /// A number with its standard error.
    public struct Uncertain: Sendable, Codable, Equatable {
        /// The number.
        public var value: Nullable
        /// Its standard error.
        public var standardError: Nullable

        init(_ estimate: Estimate) {
            value = Nullable(estimate.value)
            standardError = Nullable(estimate.standardError)
        }
    }

    /// The fitted curve at one point of its grid.
    public struct CurvePoint: Sendable, Codable, Equatable {
        /// The training step, real-valued.
        public var step: Nullable
        /// The mean of λ.
        public var mean: Nullable
        /// Its standard deviation.
        public var deviation: Nullable
        /// The mean of dλ/d log(t+1).
        public var slope: Nullable

        init(_ curve: BoundarySearch.Curve, at index: Int) {
            step = Nullable(curve.steps[index])
            mean = Nullable(curve.mean[index])
            deviation = Nullable(curve.deviation[index])
            slope = Nullable(curve.slope[index])
        }
    }
}

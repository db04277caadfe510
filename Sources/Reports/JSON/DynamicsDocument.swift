import Development

extension AnalysisDocument {
    /// A trajectory in principal components.
    public struct Dynamics: Sendable, Codable, Equatable {
        /// Training steps of the checkpoints.
        public var steps: [Int]
        /// By falling share of the variance.
        public var components: [Component]
        /// Where the path turns about a point in several planes at once, with p-values.
        public var forms: [Form]
        /// The path held against random walks with its own steps.
        public var nullTest: NullTest?
        /// The length of the path up to each checkpoint, over all outputs.
        public var arcLength: [Nullable]?

        init(_ dynamics: EssentialDynamics) {
            steps = dynamics.steps
            components = dynamics.components.map(Component.init)
            forms = dynamics.forms.map(Form.init)
            nullTest = dynamics.nullTest.map(NullTest.init)
            arcLength = dynamics.motion?.lengths.map(Nullable.init)
        }
    }

    /// One principal component.
    public struct Component: Sendable, Codable, Equatable {
        /// The score at each step.
        public var scores: [Nullable]
        /// The scores smoothed over the checkpoint index.
        public var smoothed: [Nullable]
        /// The share of the total variance.
        public var share: Nullable
        /// The same component's share for a Brownian path with as many points.
        public var brownianShare: Nullable
        /// The same component's share in random walks with this run's own steps, with a p-value.
        public var surrogate: SurrogateShare?

        init(_ component: EssentialDynamics.Component) {
            scores = component.scores.map(Nullable.init)
            smoothed = component.smoothed.map(Nullable.init)
            share = Nullable(component.share)
            brownianShare = Nullable(component.brownianShare)
            surrogate = component.surrogate.map(SurrogateShare.init)
        }
    }
    /// A place in training where the path turns about one point of the component space.
    public struct Form: Sendable, Codable, Equatable {
        /// The training step.
        public var step: Nullable
        /// Lower and upper end of where it lies.
        public var interval: [Nullable]
        /// The point, one coordinate per leading component.
        public var point: [Nullable]
        /// The distance of the planes' centres from the point, in their radii.
        public var residual: Nullable
        /// The planes that agree, as pairs of components counted from zero.
        public var pairs: [[Int]]
        /// The smallest prominence of the vertices.
        public var prominence: Nullable
        /// The statistic that surrogates are compared by.
        public var strength: Nullable
        /// The chance that a random walk's strongest form is as strong; `null` without surrogates.
        public var pValue: Nullable

        init(_ form: EssentialDynamics.Form) {
            step = Nullable(form.step)
            interval = ends(form.interval)
            point = form.point.map(Nullable.init)
            residual = Nullable(form.residual)
            pairs = form.pairs
            prominence = Nullable(form.prominence)
            strength = Nullable(form.strength)
            pValue = Nullable(form.pValue)
        }
    }

    /// What a random walk with the same steps would have shown.
    public struct NullTest: Sendable, Codable, Equatable {
        /// The number of surrogates.
        public var surrogateCount: Int
        /// The checkpoints that took part.
        public var checkpointCount: Int
        /// The chance that a random walk shows as much.
        public var pValue: Nullable

        init(_ test: EssentialDynamics.NullTest) {
            surrogateCount = test.surrogateCount
            checkpointCount = test.checkpointCount
            pValue = Nullable(test.pValue)
        }
    }

    /// A component's share among random walks with the run's own steps.
    public struct SurrogateShare: Sendable, Codable, Equatable {
        /// The mean share of the walks.
        public var mean: Nullable
        /// The share that 95 % of the walks stay at or below.
        public var upper: Nullable
        /// The chance of a share as large.
        public var pValue: Nullable

        init(_ share: EssentialDynamics.SurrogateShare) {
            mean = Nullable(share.mean)
            upper = Nullable(share.upper)
            pValue = Nullable(share.pValue)
        }
    }
}

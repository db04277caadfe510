extension EssentialDynamics {
    /// A point of a plane path where the curvature is stationary, κ′ = 0: a cusp of its evolute.
    public struct Vertex: Sendable, Codable, Equatable {
        /// What the path does there.
        public enum Kind: String, Sendable, Codable {
            /// It turns the most: |κ| has a maximum.
            case turn
            /// It turns back within two checkpoints: κ is without bound as far as the checkpoints can tell.
            case cusp
            /// It bends the least without changing side: |κ| has a minimum.
            case straightest
        }
        /// What the path does there.
        public var kind: Kind
        /// Where, in checkpoints from zero, with a fraction.
        public var position: Double
        /// The training step, linear in log(t + 1) between checkpoints.
        public var step: Double
        /// |κ|, per unit of the scores.
        public var curvature: Double
        /// `[x, y]` of the centre of the osculating circle.
        public var center: [Double]
        /// The topological prominence of the extremum of log(1 + |κ|·L), L the extent of the path in the plane: how
        /// far one must come down from it to reach a higher one (or an end of the path), and for a minimum the reverse.
        public var prominence: Double
        /// The prominence over its standard error, from the scatter of the scores about the smoothed path.
        public var signalToNoise: Double
        /// Creates a vertex.
        public init(
            kind: Kind, position: Double, step: Double, curvature: Double, center: [Double], prominence: Double,
            signalToNoise: Double
        ) {
            self.kind = kind
            self.position = position
            self.step = step
            self.curvature = curvature
            self.center = center
            self.prominence = prominence
            self.signalToNoise = signalToNoise
        }
    }

    /// A place in training where the path turns about one point of the component space, in several planes at once.
    ///
    /// Hoogland et al. 2024, arXiv:2402.02364, §4: f* is a form when for every pair of components its projection is
    /// the cusp or the osculating centre at a vertex, at one time. Here the planes that agree are at least two (one
    /// where there is but one plane), within one smoothing width of each other, and the point fits their centres
    /// within a radius.
    public struct Form: Sendable, Codable, Equatable {
        /// The training step: the mean of the vertices' positions weighted by signal over noise.
        public var step: Double
        /// From one smoothing width before the first of the vertices to one after the last.
        public var interval: ClosedRange<Double>
        /// f*, one coordinate per leading component: the least-squares point of the centres, each weighted by its
        /// radius (and five hundredths of the path's extent, below which places are not told apart).
        public var point: [Double]
        /// The root mean square distance of the centres from the point's projections, in those radii.
        public var residual: Double
        /// The planes that agree, as pairs of components counted from zero.
        public var pairs: [[Int]]
        /// The smallest prominence of the vertices.
        public var prominence: Double
        /// The statistic that surrogates are compared by: the sum of the vertices' signal over noise, over the
        /// number of planes and over one plus the squared residual.
        public var strength: Double
        /// The chance that a random walk's strongest form is as strong (`NullTest`); nil without surrogates.
        public var pValue: Double?
        /// Whether that chance is at most `NullTest.level`.
        public var beatsNull: Bool { pValue.map { $0 <= NullTest.level } ?? false }
        /// Creates a form.
        public init(
            step: Double, interval: ClosedRange<Double>, point: [Double], residual: Double, pairs: [[Int]],
            prominence: Double, strength: Double, pValue: Double? = nil
        ) {
            self.step = step
            self.interval = interval
            self.point = point
            self.residual = residual
            self.pairs = pairs
            self.prominence = prominence
            self.strength = strength
            self.pValue = pValue
        }
    }
}

/// Principal components of a trajectory over checkpoints: of the outputs on a fixed probe set
/// (Hoogland et al. 2024, arXiv:2402.02364, §4), or of the weights.
public struct EssentialDynamics: Sendable, Codable, Equatable {
    /// One principal component.
    public struct Component: Sendable, Codable, Equatable {
        /// The score at each checkpoint, in order. The sign convention: the score furthest from zero is positive.
        public var scores: [Double]
        /// The scores smoothed over the checkpoint index, by local cubic polynomials.
        public var smoothed: [Double]
        /// The share of the total variance.
        public var share: Double
        /// The share that the same component of a Brownian path with as many points has.
        public var brownianShare: Double
        /// The share among those of random walks with the same steps; nil where none were made.
        public var surrogate: SurrogateShare?
        /// Creates a component.
        public init(
            scores: [Double], smoothed: [Double], share: Double, brownianShare: Double,
            surrogate: SurrogateShare? = nil
        ) {
            self.scores = scores
            self.smoothed = smoothed
            self.share = share
            self.brownianShare = brownianShare
            self.surrogate = surrogate
        }
    }

    /// Curvature of the smoothed path in one plane of components.
    public struct Plane: Sendable, Codable, Equatable {
        /// The two components, counted from zero.
        public var first: Int
        /// The second.
        public var second: Int
        /// Curvature at each checkpoint; zero where the path rests, at most 10⁹ over its extent.
        public var curvature: [Double]
        /// Centres of the osculating circles (the evolute), `[checkpoint][x, y]`; nil where the path is straight or rests.
        public var centers: [[Double]?]
        /// Where the curvature is stationary with prominence: the cusps of the evolute.
        public var vertices: [Vertex]
        /// Creates a plane.
        public init(
            first: Int, second: Int, curvature: [Double], centers: [[Double]?], vertices: [Vertex] = []
        ) {
            self.first = first
            self.second = second
            self.curvature = curvature
            self.centers = centers
            self.vertices = vertices
        }
    }

    /// Training steps, one per checkpoint.
    public var steps: [Int]
    /// The leading components (at most five), by falling share; those with no variance are left out.
    public var components: [Component]
    /// Curvature for every pair among the leading components, the first three: those of the published forms, while
    /// a fourth has a share of .04 or less on the published runs and on a Brownian path, and little but noise in its
    /// derivatives.
    public var planes: [Plane]
    /// Places where the path turns about one point in several planes, by step.
    public var forms: [Form]
    /// Distances between the checkpoints; nil where it was not derived.
    public var motion: Motion?
    /// What random walks with the same steps show; nil where none could be made.
    public var nullTest: NullTest?

    /// Creates essential dynamics from its parts.
    public init(
        steps: [Int], components: [Component], planes: [Plane], forms: [Form] = [], motion: Motion? = nil,
        nullTest: NullTest? = nil
    ) {
        self.steps = steps
        self.components = components
        self.planes = planes
        self.forms = forms
        self.motion = motion
        self.nullTest = nullTest
    }
}

/// Principal components of a trajectory over checkpoints: of the outputs on a fixed probe set
/// (Hoogland et al. 2024, arXiv:2402.02364, §4), or of the weights.
public struct EssentialDynamics: Sendable, Codable, Equatable {
    /// One principal component.
    public struct Component: Sendable, Codable, Equatable {
        /// The score at each checkpoint, in order. The sign convention: the score furthest from zero is positive.
        public var scores: [Double]
        /// The scores smoothed over the checkpoint index.
        public var smoothed: [Double]
        /// The share of the total variance.
        public var share: Double
        /// The share that the same component of a Brownian path with as many points has.
        public var brownianShare: Double
        /// Creates a component.
        public init(scores: [Double], smoothed: [Double], share: Double, brownianShare: Double) {
            self.scores = scores
            self.smoothed = smoothed
            self.share = share
            self.brownianShare = brownianShare
        }
    }

    /// Curvature of the smoothed path in one plane of components.
    public struct Plane: Sendable, Codable, Equatable {
        /// The two components, counted from zero.
        public var first: Int
        /// The second.
        public var second: Int
        /// Curvature at each checkpoint; ends clamped to their neighbours.
        public var curvature: [Double]
        /// Centres of the osculating circles (the evolute), `[checkpoint][x, y]`; nil where the path is straight or rests.
        public var centers: [[Double]?]
        /// Creates a plane.
        public init(first: Int, second: Int, curvature: [Double], centers: [[Double]?]) {
            self.first = first
            self.second = second
            self.curvature = curvature
            self.centers = centers
        }
    }

    /// Training steps, one per checkpoint.
    public var steps: [Int]
    /// The leading components (at most five), by falling share; those with no variance are left out.
    public var components: [Component]
    /// Curvature for every pair among the first three components.
    public var planes: [Plane]

    /// Creates essential dynamics from its parts.
    public init(steps: [Int], components: [Component], planes: [Plane]) {
        self.steps = steps
        self.components = components
        self.planes = planes
    }
}

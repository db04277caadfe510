/// What is known about chains that another program ran.
public struct ImportedSampling: Sendable, Codable, Equatable {
    /// What ran them, e.g. `devinterp 2.0.1`, as their file says.
    public var source: String
    /// nβ of the posterior that was sampled.
    public var nBeta: Double
    /// The number of chains per checkpoint.
    public var chainCount: Int
    /// Draws per chain that count, after burn-in.
    public var drawCount: Int
    /// Draws per chain before those.
    public var burnInCount: Int
    /// ε; nil where it is not stated.
    public var stepSize: Double?
    /// γ; nil where it is not stated.
    public var localization: Double?
    /// What else the file states, for display.
    public var stated: [Entry]
    /// Creates a description.
    public init(
        source: String, nBeta: Double, chainCount: Int, drawCount: Int, burnInCount: Int, stepSize: Double?,
        localization: Double?, stated: [Entry]
    ) {
        self.source = source
        self.nBeta = nBeta
        self.chainCount = chainCount
        self.drawCount = drawCount
        self.burnInCount = burnInCount
        self.stepSize = stepSize
        self.localization = localization
        self.stated = stated
    }
}

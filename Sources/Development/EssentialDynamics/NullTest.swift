extension EssentialDynamics {
    /// What a random walk with the same steps would have shown.
    ///
    /// Large shares and wave-like components come from smoothness alone (Antognini & Sohl-Dickstein 2018,
    /// arXiv:1806.08805; Shinn 2023, "Phantom oscillations in principal component analysis", PNAS 120), so shares and
    /// forms are held against surrogates: the run's own increments Δ_t between successive checkpoints, in their order
    /// and with their sizes, each with a random sign. This keeps Σ ΔΔᵀ, and with it the covariance of the steps and
    /// the unevenness of their sizes over training, and takes away that steps follow one another. If the increments
    /// are independent and symmetric about zero, of whatever sizes and directions, every choice of signs was equally
    /// likely and the p-values are exact. Gaussian increments of one covariance, or increments in another order, would
    /// be wrong as soon as training slows down.
    ///
    /// That a run beats the null says that its steps are not those of a random walk: drift in one direction does that
    /// too. It does not say that there are stages.
    public struct NullTest: Sendable, Codable, Equatable {
        /// A p-value at or below this beats the null.
        public static let level = 0.05
        /// The number of surrogates.
        public var surrogateCount: Int
        /// The checkpoints of this run that took part: all, or evenly picked ones where there are very many.
        public var checkpointCount: Int
        /// The chance that the first component of a random walk has as large a share, or that its strongest form is
        /// as strong: twice the smaller of the two p-values, at most one.
        public var pValue: Double
        /// Whether the run as a whole beats the null.
        public var beatsNull: Bool { pValue <= Self.level }
        /// Creates a result.
        public init(surrogateCount: Int, checkpointCount: Int, pValue: Double) {
            self.surrogateCount = surrogateCount
            self.checkpointCount = checkpointCount
            self.pValue = pValue
        }
    }

    /// A component's share among surrogates.
    public struct SurrogateShare: Sendable, Codable, Equatable {
        /// The mean share of the surrogates' component of the same order.
        public var mean: Double
        /// The share that 95 % of the surrogates stay at or below.
        public var upper: Double
        /// (1 + the number of surrogates with at least this share)/(1 + the number of surrogates).
        public var pValue: Double
        /// Whether the p-value is at most `NullTest.level`.
        public var beatsNull: Bool { pValue <= NullTest.level }
        /// Creates a result.
        public init(mean: Double, upper: Double, pValue: Double) {
            self.mean = mean
            self.upper = upper
            self.pValue = pValue
        }

        /// Compares a share with surrogates' shares.
        init(of share: Double, among surrogates: [Double]) {
            let sorted = surrogates.sorted()
            mean = sorted.reduce(0, +) / Double(max(1, sorted.count))
            upper =
                sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int((0.95 * Double(sorted.count)).rounded(.up)) - 1)]
            pValue = exceedance(of: share, among: surrogates)
        }
    }
}

/// (1 + the number of surrogates at or above a value)/(1 + their number), Davison & Hinkley 1997, "Bootstrap Methods
/// and their Application", (4.11); surrogates below by no more than what the iteration leaves open count as equal.
func exceedance(of value: Double, among surrogates: [Double]) -> Double {
    let bound = value - 1e-6 * abs(value)
    return Double(1 + surrogates.count { $0 >= bound }) / Double(1 + surrogates.count)
}

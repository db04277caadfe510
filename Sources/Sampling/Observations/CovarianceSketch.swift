public import Tensors

/// The leading part of the covariance of a chain's positions, in one pass and bounded memory: Frequent Directions.
///
/// Each draw adds one row, √(n/(n + 1))·(δ − mean of the n before), whose outer products sum to the scatter about the
/// final mean exactly. When the buffer of ℓ rows is full, they are rotated to orthogonal ones, and the square of the
/// (h + 1)-th length, h = ℓ/2, is taken from all squared lengths; h rows stay at most. The sum Δ of what was taken
/// bounds the error: scatter − sketch lies between 0 and Δ in every direction, and for every j ≤ h
///
///     Δ ≤ (sum of the scatter's eigenvalues after the first j)/(h + 1 − j).
///
/// A scatter of rank at most h is kept exactly, up to rounding; so is any scatter where d ≤ ℓ.
///
/// Memory: ℓ·d scalars and d doubles. Work: O(d) per draw, and one d × ℓ² Gram matrix, one ℓ × ℓ eigenproblem and one
/// (ℓ/2) × ℓ × d product per ℓ/2 draws. Equal draws in equal order give equal bits.
///
/// Source: Ghashami, Liberty, Phillips, Woodruff 2016, "Frequent Directions: simple and deterministic matrix
/// sketching", SIAM J. Comput. 45(5), doi:10.1137/15M1009718.
public struct CovarianceSketch<Scalar: Real>: Sendable, Codable, Equatable {
    /// d, the number of sampled coordinates.
    public let dimension: Int
    /// h, the number of directions that survive a full buffer.
    public let keptCount: Int
    /// The number of draws added.
    public private(set) var drawCount = 0
    /// The mean displacement; axes `[coordinate]`.
    public private(set) var mean: [Double]
    /// The sketch: its rows' outer products sum to nearly the scatter. Axes `[row, coordinate]`, at most 2h rows.
    public private(set) var rows: [[Scalar]] = []
    /// The sum over draws of |δ − mean|², which the sketch does not change.
    public private(set) var totalScatter = 0.0
    /// Δ: what the scatter along any direction may exceed the sketch by.
    public private(set) var shrinkage = 0.0

    /// Creates the sketch of no draws.
    ///
    /// - Parameters:
    ///   - dimension: d, at least 1.
    ///   - rowCount: ℓ, even and at least 2: twice the number of eigenvalues wanted, or more for a smaller error.
    public init(dimension: Int, rowCount: Int) {
        precondition(dimension > 0 && rowCount >= 2 && rowCount % 2 == 0, "a sketch has an even number of rows")
        self.dimension = dimension
        keptCount = dimension <= rowCount ? dimension : rowCount / 2
        mean = [Double](repeating: 0, count: dimension)
    }

    /// Adds one draw.
    ///
    /// - Parameter displacement: δ = w − w\* over the sampled coordinates, as ``LocalPosterior/displacement(of:)`` packs.
    /// - Throws: `notFinite` or `didNotConverge`, from the draw that fills the buffer on; the sketch is then of no use.
    public mutating func add(_ displacement: [Scalar]) throws(LinearAlgebraError) {
        precondition(displacement.count == dimension, "\(displacement.count) coordinates against \(dimension)")
        var row = displacement
        let scatter = Self.advance(&mean, by: &row, drawsBefore: drawCount, drawsAdded: 1)
        drawCount += 1
        if drawCount > 1 { try insert(row, scatter: scatter) }
    }

    /// Whether another sketch can be merged with this one.
    public func isLike(_ other: CovarianceSketch) -> Bool {
        other.dimension == dimension && other.keptCount == keptCount
    }

    /// The sketch of both sets of draws; its Δ has the same bound. The order of merging changes the bits.
    ///
    /// - Throws: As ``add(_:)``.
    public func merging(_ other: CovarianceSketch) throws(LinearAlgebraError) -> CovarianceSketch {
        precondition(isLike(other), "sketches of one dimension and size merge")
        if drawCount == 0 { return other }
        if other.drawCount == 0 { return self }
        var merged = self
        var between = other.mean
        let scatter = CovarianceSketch<Double>.advance(
            &merged.mean, by: &between, drawsBefore: drawCount, drawsAdded: other.drawCount)
        merged.drawCount += other.drawCount
        merged.shrinkage += other.shrinkage
        try merged.insert(between.map { Scalar($0) }, scatter: scatter + other.totalScatter)
        for row in other.rows { try merged.insert(row, scatter: 0) }
        return merged
    }

    private mutating func insert(_ row: [Scalar], scatter: Double) throws(LinearAlgebraError) {
        if rows.count == 2 * keptCount { try shrink() }
        rows.append(row)
        totalScatter += scatter
    }

    /// Takes the (h + 1)-th largest squared length from all of them.
    private mutating func shrink() throws(LinearAlgebraError) {
        let eigen = try SymmetricEigen(gram(rows: rows), count: rows.count)
        let taken = max(0, eigen.values[rows.count - 1 - keptCount])
        let kept = eigen.values.indices.reversed().filter { eigen.values[$0] > taken }
        let factors = kept.map { index in
            let scale = (1 - taken / eigen.values[index]).squareRoot()
            return eigen.vector(index).map { scale * $0 }
        }
        combineRows(&rows, factors: factors)
        shrinkage += taken
    }

    /// Moves a mean of m draws by that of k more, which becomes the row √(mk/(m + k))·(its distance from the mean).
    ///
    /// Returns the row's squared length.
    @_specialize(where Scalar == Float)
    @_specialize(where Scalar == Double)
    private static func advance(
        _ mean: inout [Double], by row: inout [Scalar], drawsBefore: Int, drawsAdded: Int
    ) -> Double {
        let share = Double(drawsAdded) / Double(drawsBefore + drawsAdded)
        let scale = (share * Double(drawsBefore)).squareRoot()
        var scatter = 0.0
        for index in mean.indices {
            let distance = Double(row[index]) - mean[index]
            mean[index] += share * distance
            row[index] = Scalar(scale * distance)
            scatter += scale * distance * scale * distance
        }
        return scatter
    }
}

extension CovarianceSketch {
    /// Creates a sketch from stored parts, so that a chain can be lengthened.
    ///
    /// - Throws: `SamplingError` of kind `mismatch` where the lengths do not fit the dimension and size, and `malformed`
    ///   for a negative count or sum.
    public init(
        dimension: Int, rowCount: Int, drawCount: Int, mean: [Double], rows: [[Scalar]], totalScatter: Double,
        shrinkage: Double
    ) throws(SamplingError) {
        self.init(dimension: dimension, rowCount: rowCount)
        guard mean.count == dimension, rows.count <= 2 * keptCount, rows.allSatisfy({ $0.count == dimension }) else {
            throw SamplingError(
                .mismatch,
                "expected a mean and at most \(2 * keptCount) rows of \(dimension) coordinates, found a mean of "
                    + "\(mean.count) and \(rows.count) rows; measure again", location: "covariance sketch")
        }
        guard drawCount >= 0, totalScatter >= 0, shrinkage >= 0 else {
            throw SamplingError(
                .malformed, "the number of draws, the scatter or the shrinkage is negative; measure again",
                location: "covariance sketch")
        }
        self.drawCount = drawCount
        self.mean = mean
        self.rows = rows
        self.totalScatter = totalScatter
        self.shrinkage = shrinkage
    }
}

import Sampling
import Tensors

/// A random linear map to fewer dimensions that keeps inner products: a count sketch.
///
/// Each coordinate is added with a random sign to one random bucket, both taken from the counter-based
/// generator under a key, so that any two checkpoints, and any two runs with the same key, are projected
/// alike. Inner products of projected vectors are unbiased with variance (|a|²|b|² + (a·b)²)/k, so a
/// squared distance has the relative standard error √(2/k). Vectors up to `limit` numbers are kept as they are.
/// Source: Charikar, Chen, Farach-Colton 2002; Weinberger et al. 2009, arXiv:0902.2206.
struct Projection: Sendable {
    /// The longest vector that is kept whole.
    static let limit = 32_768
    /// k, the number of buckets longer ones are projected to.
    static let bucketCount = 16_384

    /// The dimension of the vectors.
    let dimension: Int
    /// What the map is keyed by.
    let key: String

    /// √(2/k), or zero where vectors are kept whole.
    static func relativeError(dimension: Int) -> Double {
        dimension > limit ? (2 / Double(bucketCount)).squareRoot() : 0
    }

    /// How many numbers a vector of so many dimensions is stored as.
    static func storedCount(dimension: Int) -> Int { dimension > limit ? bucketCount : dimension }

    func apply(to vector: [Float]) -> [Float] {
        var image = Image(self)
        image.append(vector)
        return image.values
    }

    /// The image of a vector that comes in pieces, so that it need not be in memory as a whole.
    struct Image {
        private let projection: Projection
        private var count = 0
        private var kept: [Float] = []
        private var buckets: [Double] = []
        private var words: RandomStream.Generator

        /// The image of the vector's beginning before there is any.
        init(_ projection: Projection) {
            self.projection = projection
            words = RandomStream(seed: projection.seed, trainingStep: 0, chain: 0, purpose: .projection)
                .generator(row: 0)
            if projection.dimension > Projection.limit {
                buckets = [Double](repeating: 0, count: Projection.bucketCount)
            }
        }

        /// Adds the next piece, rounded to Float.
        @_specialize(where Scalar == Float)
        @_specialize(where Scalar == Double)
        mutating func append<Scalar: Real>(_ piece: [Scalar]) {
            count += piece.count
            guard projection.dimension > Projection.limit else {
                return kept.append(contentsOf: piece.map { Float($0) })
            }
            for value in piece {
                let word = words.next()
                let sign: Double = word & 1 == 0 ? 1 : -1
                buckets[Int((word >> 1) % UInt64(Projection.bucketCount))] += sign * Double(Float(value))
            }
        }

        /// The image of the whole vector.
        var values: [Float] {
            precondition(count == projection.dimension, "the vector has the projection's dimension")
            return projection.dimension > Projection.limit ? buckets.map { Float($0) } : kept
        }
    }

    /// FNV-1a of the key: the projection must not depend on the process.
    private var seed: UInt64 {
        key.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}

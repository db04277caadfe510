import Sampling

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

    func apply(to vector: [Float]) -> [Float] {
        precondition(vector.count == dimension, "the vector has the projection's dimension")
        guard dimension > Self.limit else { return vector }
        var buckets = [Double](repeating: 0, count: Self.bucketCount)
        var words = RandomStream(seed: seed, trainingStep: 0, chain: 0, purpose: .projection).generator(row: 0)
        for value in vector {
            let word = words.next()
            let sign: Double = word & 1 == 0 ? 1 : -1
            buckets[Int((word >> 1) % UInt64(Self.bucketCount))] += sign * Double(value)
        }
        return buckets.map { Float($0) }
    }

    /// FNV-1a of the key: the projection must not depend on the process.
    private var seed: UInt64 {
        key.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}

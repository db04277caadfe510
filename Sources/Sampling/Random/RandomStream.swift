import CKernels
public import Tensors

/// A table of random numbers with 2³² rows, any entry of which is computed from its place alone.
///
/// Nothing is carried from one use to the next, so results do not depend on the order of use, on how a fill is
/// split or on how many tasks run; a chain uses one row per draw and can be continued at any draw. For one seed, two
/// streams of different training step, chain or purpose never share a block.
///
/// Generator: Philox4x32-10, Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", SC '11. The stream's
/// key and upper counter words are Philox of (training step, chain, purpose) under the seed, a bijection.
public struct RandomStream: Sendable {
    /// What the numbers are for; each use has a stream of its own.
    public enum Purpose: UInt32, Sendable {
        /// The noise of a sampler: one row per draw, one column per coordinate of the whole parameter vector.
        case noise = 0
        /// Minibatches: one row per draw, or per epoch.
        case minibatches = 1
        /// The start of the power iteration for the curvature.
        case curvature = 2
        /// Random projections of probe outputs.
        case projection = 3
        /// The uniform numbers that accept or reject a step: one row per step.
        case acceptance = 4
        /// What a chain starts with beside its position.
        case start = 5
    }

    let words: instar_stream

    /// Creates the stream of one chain at one checkpoint.
    ///
    /// - Parameters:
    ///   - seed: The seed of all random numbers.
    ///   - trainingStep: The checkpoint's step; any value.
    ///   - chain: The chain's index, from 0.
    ///   - purpose: What the numbers are for.
    public init(seed: UInt64, trainingStep: Int, chain: Int, purpose: Purpose) {
        let step = UInt64(bitPattern: Int64(trainingStep))
        let block = RandomStream.philox(
            counter: SIMD4(
                UInt32(truncatingIfNeeded: step), UInt32(truncatingIfNeeded: step >> 32), UInt32(chain),
                purpose.rawValue),
            key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
        words = instar_stream(key0: block[0], key1: block[1], upper0: block[2], upper1: block[3])
    }

    /// Fills an array with the independent standard normals of consecutive columns of a row.
    ///
    /// - Parameters:
    ///   - normals: Receives one number per element. Float has 24 bits and reaches 6.7 standard deviations, Double
    ///     52 bits and 8.5.
    ///   - row: The row, below 2³².
    ///   - firstColumn: The column of the first element; columns are below 2³³.
    public func fillNormals<Scalar: Real>(_ normals: inout [Scalar], row: Int, firstColumn: Int = 0) {
        normals.withUnsafeMutableBufferPointer { buffer in
            Kernels.normals(words, row: UInt32(row), first: firstColumn, into: buffer)
        }
    }

    /// Uniform random words of one row, in order.
    ///
    /// The row's normals are made of the same words: a stream is used for one or the other.
    public func generator(row: Int) -> Generator { Generator(stream: self, row: UInt32(row)) }

    /// The four random words of one block of a row.
    func block(_ index: UInt32, row: UInt32) -> SIMD4<UInt32> {
        RandomStream.philox(
            counter: SIMD4(index, row, words.upper0, words.upper1), key: SIMD2(words.key0, words.key1))
    }

    static func philox(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        let counter = [counter[0], counter[1], counter[2], counter[3]]
        var words: [UInt32] = [0, 0, 0, 0]
        instar_philox(counter, [key[0], key[1]], &words)
        return SIMD4(words)
    }
}

extension RandomStream {
    /// The uniform random words of one row, in order.
    public struct Generator: RandomNumberGenerator, Sendable {
        private let stream: RandomStream
        private let row: UInt32
        private var block: UInt32 = 0
        private var spare: UInt64?

        init(stream: RandomStream, row: UInt32) {
            self.stream = stream
            self.row = row
        }

        /// The next 64 uniform bits; a row has 2³³ of them.
        public mutating func next() -> UInt64 {
            if let word = spare {
                spare = nil
                return word
            }
            let words = stream.block(block, row: row)
            block += 1
            spare = UInt64(words[3]) << 32 | UInt64(words[2])
            return UInt64(words[1]) << 32 | UInt64(words[0])
        }

        /// A uniform integer in `0..<bound`, every value with exactly the same probability.
        ///
        /// Source: Lemire 2019, "Fast random integer generation in an interval", ACM TOMACS 29(1), algorithm 5. The
        /// standard library's own way may change with its version, and results must not.
        public mutating func uniform(below bound: Int) -> Int {
            precondition(bound > 0, "a uniform integer needs a positive bound")
            let bound = UInt64(bound)
            var product = bound.multipliedFullWidth(by: next())
            if product.low < bound {
                let threshold = (0 &- bound) % bound
                while product.low < threshold { product = bound.multipliedFullWidth(by: next()) }
            }
            return Int(product.high)
        }
    }
}

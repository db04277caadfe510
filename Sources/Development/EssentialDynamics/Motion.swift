import Foundation

extension EssentialDynamics {
    /// How far and how straight a trajectory goes from checkpoint to checkpoint, in the space of all outputs.
    public struct Motion: Sendable, Codable, Equatable {
        /// The distance of each checkpoint from the one before, T − 1 of them: exact, from the inner products. Zero
        /// where it is no more than their rounding.
        public var distances: [Double]
        /// The same within the components that are kept.
        public var leadingDistances: [Double]
        /// The cosine between each step from checkpoint to checkpoint and the next, T − 2 of them; nil where either
        /// rests. A straight path has 1, a random walk in many dimensions about 0, noise about a fixed point about −½.
        public var cosines: [Double?]
        /// Creates a motion.
        public init(distances: [Double], leadingDistances: [Double], cosines: [Double?]) {
            self.distances = distances
            self.leadingDistances = leadingDistances
            self.cosines = cosines
        }

        /// The length of the path up to each checkpoint, from 0.
        public var lengths: [Double] { distances.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) } }

        /// The distance gone per training step between checkpoints; nil where two have one step.
        ///
        /// - Parameter steps: The training steps of the checkpoints.
        public func speeds(steps: [Int]) -> [Double?] {
            zip(distances, zip(steps, steps.dropFirst())).map { distance, ends in
                ends.0 == ends.1 ? nil : distance / Double(abs(ends.1 - ends.0))
            }
        }

        /// Measures a trajectory.
        ///
        /// - Parameters:
        ///   - products: Inner products, of several runs it may be.
        ///   - range: The checkpoints of the run.
        ///   - scores: The run's scores, `[component][checkpoint]`.
        init(products: InnerProducts, range: Range<Int>, scores: [[Double]]) {
            func product(_ row: Int, _ column: Int) -> Double { products.values[row * products.count + column] }
            let steps = Array(range.dropLast())
            func product(ofSteps a: Int, _ b: Int) -> Double {
                product(a + 1, b + 1) - product(a, b + 1) - product(a + 1, b) + product(a, b)
            }
            distances = steps.map { index in
                // Each of the four products is a sum rounded to some units in its last place.
                let rounding = 64 * Double.ulpOfOne * max(product(index, index), product(index + 1, index + 1))
                let square = product(ofSteps: index, index)
                return square > rounding ? square.squareRoot() : 0
            }
            leadingDistances = range.indices.dropLast().map { index in
                let offset = index - range.lowerBound
                return scores.reduce(0) { $0 + pow($1[offset + 1] - $1[offset], 2) }.squareRoot()
            }
            let lengths = distances
            cosines = steps.dropLast().enumerated().map { offset, index in
                let size = lengths[offset] * lengths[offset + 1]
                return size > 0 ? min(1, max(-1, product(ofSteps: index, index + 1) / size)) : nil
            }
        }
    }
}

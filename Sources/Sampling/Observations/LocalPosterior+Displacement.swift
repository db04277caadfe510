import Tensors

extension LocalPosterior {
    /// δ = w − w\* over the sampled coordinates, packed in their order; subtracted in Double.
    ///
    /// - Parameter position: w, the whole flat vector.
    public func displacement(of position: [Scalar]) -> [Scalar] {
        precondition(position.count == center.count, "\(position.count) coordinates against \(center.count)")
        return subset.ranges.flatMap { range in Self.differences(position[range], center[range]) }
    }

    @_specialize(where Scalar == Float)
    @_specialize(where Scalar == Double)
    private static func differences(_ position: ArraySlice<Scalar>, _ center: ArraySlice<Scalar>) -> [Scalar] {
        zip(position, center).map { Scalar(Double($0) - Double($1)) }
    }
}

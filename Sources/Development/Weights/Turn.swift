import Foundation
public import Tensors

/// The angle between the displacement from `first` to `second` and that from `second` to `third`, in radians.
///
/// 0 where the path goes straight on, π/2 where the displacements are at right angles, as the steps of a random walk in
/// many dimensions nearly are, π where it goes back. Its cosine is the "cosine of successive steps".
///
/// - Parameters:
///   - first: A tensor's elements at a checkpoint; `second` and `third` are those at the next two.
/// - Returns: nil where either displacement is zero, which has no direction, or not finite.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
public func turn<Scalar: Real>(_ first: [Scalar], _ second: [Scalar], _ third: [Scalar]) -> Double? {
    precondition(first.count == second.count && second.count == third.count, "a tensor keeps its number of elements")
    var (before, after, product) = (0.0, 0.0, 0.0)
    for index in second.indices {
        let middle = Double(second[index])
        let (u, v) = (middle - Double(first[index]), Double(third[index]) - middle)
        before += u * u
        after += v * v
        product += u * v
    }
    return angle(product: product, before.squareRoot(), after.squareRoot())
}

/// The angle between vectors of two lengths with an inner product; nil where it is not defined.
func angle(product: Double, _ a: Double, _ b: Double) -> Double? {
    guard a > 0, b > 0, a.isFinite, b.isFinite, product.isFinite else { return nil }
    return acos(min(1, max(-1, product / a / b)))
}

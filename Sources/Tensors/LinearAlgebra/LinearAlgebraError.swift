/// Why a matrix cannot be decomposed.
public enum LinearAlgebraError: Error, Sendable, Equatable, CustomStringConvertible {
    /// An entry is NaN or infinite.
    case notFinite
    /// The leading minor of this order is not positive.
    case notPositiveDefinite(order: Int)
    /// LAPACK's iteration did not converge.
    case didNotConverge

    /// What is wrong, in words.
    public var description: String {
        switch self {
        case .notFinite: "the matrix holds a number that is not finite"
        case .notPositiveDefinite(let order):
            "the matrix is not positive definite (its leading minor of order \(order) is not above 0)"
        case .didNotConverge: "the eigenvalues did not converge"
        }
    }
}

/// How near two numbers must be, as a claim with a reason rather than a bare number.
public enum Tolerance: Sendable {
    /// The same bits.
    case exact
    /// At most this many units in the last place of the larger, for a stated number of roundings.
    case ulps(Int)
    /// |a − b| ≤ r·max(|a|, |b|).
    case relative(Double)
    /// |a − b| ≤ r.
    case absolute(Double)
    /// |a − b| ≤ k·error, for a random quantity whose standard error is known.
    case statistical(standardErrors: Double, error: Double)

    /// Whether `a` is near `b`. NaN is near nothing.
    public func accepts(_ a: Double, _ b: Double) -> Bool {
        switch self {
        case .exact: a == b
        case .ulps(let count): abs(a - b) <= Double(count) * max(abs(a), abs(b)).ulp
        case .relative(let r): abs(a - b) <= r * max(abs(a), abs(b))
        case .absolute(let r): abs(a - b) <= r
        case .statistical(let count, let error): abs(a - b) <= count * error
        }
    }

    /// Whether `a` is near `b`, for Float: units in the last place are Float's.
    public func accepts(_ a: Float, _ b: Float) -> Bool {
        if case .ulps(let count) = self { return abs(a - b) <= Float(count) * max(abs(a), abs(b)).ulp }
        return accepts(Double(a), Double(b))
    }
}

/// ‖a − b‖ / ‖b‖ in the Euclidean norm: the error of a whole tensor against its reference. 0 where both are zero.
public func relativeError(_ a: [Double], _ reference: [Double]) -> Double {
    precondition(a.count == reference.count, "\(a.count) numbers against \(reference.count)")
    let difference = zip(a, reference).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    let norm = reference.reduce(0) { $0 + $1 * $1 }
    return difference == 0 ? 0 : (difference / norm).squareRoot()
}

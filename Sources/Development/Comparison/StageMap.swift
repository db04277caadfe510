import Foundation

/// Where the steps of one run lie on the training of another, by the boundaries that were matched.
///
/// Piecewise linear in log(t + 1) through the matched boundaries; before the first and after the last, steps keep their
/// ratio to them. Without a match it changes nothing.
public struct StageMap: Sendable, Equatable {
    /// log(t + 1) of the matched boundaries in the run, ascending.
    private var own: [Double]
    /// The same in the other run.
    private var other: [Double]

    /// Creates a map through matched boundaries, which ascend in both runs.
    init(_ matches: [(own: Double, other: Double)]) {
        own = matches.map { log1p($0.own) }
        other = matches.map { log1p($0.other) }
    }

    /// The step of the other run that a step corresponds to; below 0 it is 0.
    public func callAsFunction(_ step: Double) -> Double {
        let x = log1p(step)
        guard let first = own.first, let last = own.last else { return step }
        if x <= first { return max(0, expm1(other[0] + x - first)) }
        guard let next = own.firstIndex(where: { $0 >= x }) else { return expm1(other[other.count - 1] + x - last) }
        let share = own[next] > own[next - 1] ? (x - own[next - 1]) / (own[next] - own[next - 1]) : 1
        return expm1(other[next - 1] + share * (other[next] - other[next - 1]))
    }

    /// Whether no boundary was matched.
    public var isIdentity: Bool { own.isEmpty }
}

/// The coordinates of the flat parameter vector that are sampled: a mask, stored as sorted disjoint ranges.
///
/// Outside it there is no gradient, no noise and no localization.
public struct ParameterSubset: Sendable, Equatable, Codable {
    /// The ranges, ascending, disjoint and not empty.
    public let ranges: [Range<Int>]

    /// Creates a subset from ascending disjoint ranges; touching ranges are joined and empty ones left out.
    public init(ranges: [Range<Int>]) {
        var joined: [Range<Int>] = []
        for range in ranges where !range.isEmpty {
            if let last = joined.last {
                precondition(last.upperBound <= range.lowerBound, "ranges ascend and do not overlap")
                if last.upperBound == range.lowerBound {
                    joined[joined.count - 1] = last.lowerBound..<range.upperBound
                    continue
                }
            }
            joined.append(range)
        }
        self.ranges = joined
    }

    /// All of a vector of `count` coordinates.
    public init(all count: Int) { self.init(ranges: [0..<count]) }

    /// d, the number of sampled coordinates.
    public var count: Int { ranges.reduce(0) { $0 + $1.count } }
}

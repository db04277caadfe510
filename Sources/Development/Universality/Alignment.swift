/// Which boundaries of one run go with which of another, in order.
///
/// Global alignment by dynamic programming (Needleman & Wunsch 1970, doi:10.1016/0022-2836(70)90057-4): a matched pair
/// at distance d costs d/w, w the tolerance, a boundary left alone ½. So a pair at least w apart is never matched.
/// Among alignments of equal cost the one with fewer pairs is taken, and of those the one whose last pair is latest.
struct Alignment: Equatable {
    /// The matched pairs, indices of the first and of the second run, ascending in both.
    var pairs: [Pair]
    /// 1 − cost/(cost of matching nothing): twice the matched pairs' closeness 1 − d/w, divided by the number of
    /// boundaries of both runs; between 0 and 1, where 1 is the same places. 0 without boundaries.
    var score: Double

    struct Pair: Equatable {
        var first: Int
        var second: Int
    }

    /// Aligns places.
    ///
    /// - Parameters:
    ///   - first: The places of the first run's boundaries, in order of step; nil where unknown, which matches nothing.
    ///   - second: Those of the second.
    ///   - tolerance: w, positive.
    init(_ first: [Double?], _ second: [Double?], tolerance: Double) {
        let width = second.count + 1
        var total = [Double](repeating: 0, count: (first.count + 1) * width)
        func closeness(_ row: Int, _ column: Int) -> Double {
            guard let here = first[row], let there = second[column] else { return 0 }
            return max(0, 1 - abs(here - there) / tolerance)
        }
        for row in first.indices {
            for column in second.indices {
                let matched = total[row * width + column] + closeness(row, column)
                let alone = max(total[row * width + column + 1], total[(row + 1) * width + column])
                total[(row + 1) * width + column + 1] = max(matched, alone)
            }
        }
        pairs = []
        var (row, column) = (first.count, second.count)
        while row > 0 && column > 0 {
            let here = total[row * width + column]
            if here == total[(row - 1) * width + column] {
                row -= 1
            } else if here == total[row * width + column - 1] {
                column -= 1
            } else {
                row -= 1
                column -= 1
                pairs.append(Pair(first: row, second: column))
            }
        }
        pairs.reverse()
        score = first.isEmpty || second.isEmpty ? 0 : 2 * (total.last ?? 0) / Double(first.count + second.count)
    }
}

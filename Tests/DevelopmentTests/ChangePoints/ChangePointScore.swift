@testable import Development

/// How well change points agree with those of several annotators, as in the Turing Change Point Dataset (van den Burg &
/// Williams 2020, arXiv:2003.06222 §3.2; TCPDBench's `metrics.py`). Change points are the first points of segments.
enum ChangePointScore {
    /// The F1 score, 0…1: harmonic mean of the precision against all annotators together and the mean over annotators
    /// of the recall. Point 0 counts as a change for everyone, so that empty lists have a score.
    ///
    /// - Parameters:
    ///   - found: the change points to judge.
    ///   - annotations: per annotator the true ones; at least one annotator.
    ///   - margin: how many points a change may be off; each found one serves one true one.
    static func f1(_ found: [Int], annotations: [[Int]], margin: Int = 5) -> Double {
        precondition(!annotations.isEmpty, "no annotator")
        let found = Set(found).union([0])
        let truths = annotations.map { Set($0).union([0]) }
        let union = truths.reduce(Set()) { $0.union($1) }
        let precision = Double(matches(union, found, margin)) / Double(found.count)
        let recalls = truths.map { Double(matches($0, found, margin)) / Double($0.count) }
        let recall = recalls.reduce(0, +) / Double(recalls.count)
        return 2 * precision * recall / (precision + recall)
    }

    /// The covering, 0…1: over an annotator's segments, weighted by length, the largest overlap (intersection over
    /// union) with a found segment; the mean over annotators.
    ///
    /// - Parameters:
    ///   - found: the change points to judge; those outside 1 ..< count are ignored.
    ///   - annotations: per annotator the true ones; at least one annotator.
    ///   - count: the number of points, at least 1.
    static func covering(_ found: [Int], annotations: [[Int]], count: Int) -> Double {
        precondition(!annotations.isEmpty && count > 0, "nothing to cover")
        let foundSegments = segments(found, count: count)
        let scores = annotations.map { annotation in
            segments(annotation, count: count).reduce(0.0) { sum, truth in
                let overlaps = foundSegments.map { segment in
                    let shared = segment.clamped(to: truth).count
                    return Double(shared) / Double(segment.count + truth.count - shared)
                }
                return sum + Double(truth.count) * (overlaps.max() ?? 0)
            } / Double(count)
        }
        return scores.reduce(0, +) / Double(scores.count)
    }

    /// How many true changes have a found one of their own within the margin, each taking the nearest left (of two
    /// equally near the earlier).
    private static func matches(_ truths: Set<Int>, _ found: Set<Int>, _ margin: Int) -> Int {
        var free = found
        var count = 0
        for truth in truths.sorted() {
            let nearest = free.min { (abs($0 - truth), $0) < (abs($1 - truth), $1) }
            guard let nearest, abs(nearest - truth) <= margin else { continue }
            free.remove(nearest)
            count += 1
        }
        return count
    }

    private static func segments(_ changePoints: [Int], count: Int) -> [Range<Int>] {
        Segmentation.segments(Set(changePoints).filter { (1..<count).contains($0) }.sorted(), count: count)
    }
}

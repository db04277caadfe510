import Foundation

extension EssentialDynamics {
    /// A path smoothed over the checkpoint index by a normal window whose width grows along it.
    ///
    /// σ grows linearly with the index, from half a checkpoint to a twentieth of their number (and never less
    /// than at the start), since checkpoints late in training lie closer in what they do. The window is cut at
    /// 4σ; beyond its ends the path is mirrored, the end points repeated (d c b a | a b c d | d c b a).
    /// After Hoogland et al. 2024, arXiv:2402.02364, appendix on essential dynamics.
    static func smoothed(_ path: [Double]) -> [Double] {
        let count = path.count
        let lastWidth = max(0.5, Double(count) / 20)
        return path.indices.map { index in
            let width = 0.5 + (lastWidth - 0.5) * Double(index) / Double(max(1, count - 1))
            let reach = Int((4 * width).rounded())
            var (sum, weight) = (0.0, 0.0)
            for offset in -reach...reach {
                let share = exp(-0.5 * Double(offset * offset) / (width * width))
                sum += share * path[mirrored(index + offset, count: count)]
                weight += share
            }
            return sum / weight
        }
    }

    private static func mirrored(_ index: Int, count: Int) -> Int {
        let folded = ((index % (2 * count)) + 2 * count) % (2 * count)
        return folded < count ? folded : 2 * count - 1 - folded
    }
}

import Sampling
import Tensors

/// Random walks made of the increments of observed trajectories, each with a random sign (`NullTest`).
///
/// Only inner products are known. With p the start of each run and its increments, N vectors in all, the checkpoints
/// are x = C·p, C summing within a run; a surrogate is C·S·p with S the signs (the starts keep theirs), and its centred
/// products are H·C·S·P·S·Cᵀ·H with P the products of p and H = 1 − 11ᵀ/N. Only products of that with a few vectors
/// are formed.
struct SurrogateWalks {
    /// The number of surrogates.
    static let count = 199
    /// The most checkpoints, of all runs together, that take part.
    static let checkpointLimit = 500

    /// The checkpoints that take part, of each run, counted within it.
    let kept: [[Int]]
    private let order: Int
    private let parts: [Double]
    /// εᵀ·spread·ε is the total variance times N under the signs ε.
    private let spread: [Double]

    /// One walk in its principal components.
    struct Walk {
        /// The shares of the components.
        var shares: [Double]
        /// `[run][component][checkpoint]`.
        var scores: [[[Double]]]
    }

    /// Prepares surrogates.
    ///
    /// - Parameters:
    ///   - centered: The doubly centred products of all runs.
    ///   - counts: The number of checkpoints of each run.
    init(centered: CenteredProducts, counts: [Int]) {
        let total = counts.reduce(0, +)
        let stride = (total + Self.checkpointLimit - 1) / Self.checkpointLimit
        var rows: [Int] = []
        var kept: [[Int]] = []
        var start = 0
        for count in counts {
            let few = max(3, (count + stride - 1) / stride)
            let picked = (0..<few).map { ($0 * (count - 1) + (few - 1) / 2) / (few - 1) }
            kept.append(picked)
            rows += picked.map { start + $0 }
            start += count
        }
        self.kept = kept
        order = rows.count
        let starts = kept.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
        var parts = rows.flatMap { row in rows.map { centered[row, $0] } }
        for (start, end) in zip(starts, starts.dropFirst()) {
            for row in (start + 1..<end).reversed() {
                for column in 0..<order {
                    parts[row * order + column] -= parts[(row - 1) * order + column]
                }
            }
        }
        for (start, end) in zip(starts, starts.dropFirst()) {
            for column in (start + 1..<end).reversed() {
                for row in 0..<order { parts[row * order + column] -= parts[row * order + column - 1] }
            }
        }
        self.parts = parts
        var spread = parts
        // How many checkpoints contain a part: those of its run from it on.
        let uses = zip(starts, starts.dropFirst()).flatMap { start, end in (start..<end).map { Double(end - $0) } }
        let runs = kept.enumerated().flatMap { run, picked in picked.map { _ in run } }
        for row in 0..<order {
            for column in 0..<order {
                let common = runs[row] == runs[column] ? min(uses[row], uses[column]) : 0
                spread[row * order + column] *= common - uses[row] * uses[column] / Double(order)
            }
        }
        self.spread = spread
    }

    /// The observed trajectory, by the same computation as a surrogate.
    func observed(componentCount: Int) throws(LinearAlgebraError) -> Walk? {
        try walk(signs: [Double](repeating: 1, count: order), componentCount: componentCount)
    }

    /// A surrogate; nil where nothing varies or the components do not converge.
    func surrogate(_ index: Int, componentCount: Int) throws(LinearAlgebraError) -> Walk? {
        // A seed of its own: these signs have nothing to do with any chain's numbers.
        var words = RandomStream(seed: 0x6E75_6C6C, trainingStep: 0, chain: 0, purpose: .noise).generator(row: index)
        var signs: [Double] = []
        while signs.count < order {
            let word = words.next()
            signs += (0..<64).map { word >> $0 & 1 == 0 ? 1 : -1 }
        }
        var start = 0
        for picked in kept {
            signs[start] = 1
            start += picked.count
        }
        return try walk(signs: Array(signs.prefix(order)), componentCount: componentCount)
    }

    private func walk(signs: [Double], componentCount: Int) throws(LinearAlgebraError) -> Walk? {
        let pairs = try LeadingEigenpairs(
            order: order, count: componentCount, tolerance: 1e-4, iterationLimit: 60
        ) { products(with: $0, signs: signs) }
        var row = Block(rowCount: 1, length: order)
        row.values = signs
        let total = zip(row.times(spread).values, signs).reduce(0) { $0 + $1.0 * $1.1 }
        guard let pairs, total > 0 else { return nil }
        var start = 0
        let scores = kept.map { picked in
            defer { start += picked.count }
            return zip(pairs.values, pairs.vectors).map { value, vector in
                vector[start..<start + picked.count].map { $0 * value.squareRoot() }
            }
        }
        return Walk(shares: pairs.values.map { $0 / total }, scores: scores)
    }

    /// H·C·S·P·S·Cᵀ·H times each row of a block.
    private func products(with block: Block, signs: [Double]) -> Block {
        var block = block
        for row in 0..<block.rowCount {
            center(&block.values, row)
            var end = (row + 1) * order
            for picked in kept.reversed() {
                for index in (end - picked.count..<end - 1).reversed() {
                    block.values[index] += block.values[index + 1]
                }
                end -= picked.count
            }
            for index in 0..<order { block.values[row * order + index] *= signs[index] }
        }
        var result = block.times(parts)
        for row in 0..<result.rowCount {
            for index in 0..<order { result.values[row * order + index] *= signs[index] }
            var start = row * order
            for picked in kept {
                for index in start + 1..<start + picked.count { result.values[index] += result.values[index - 1] }
                start += picked.count
            }
            center(&result.values, row)
        }
        return result
    }

    private func center(_ values: inout [Double], _ row: Int) {
        let range = row * order..<(row + 1) * order
        let mean = values[range].reduce(0, +) / Double(order)
        for index in range { values[index] -= mean }
    }
}

/// What surrogates of one or several runs show, and where the runs are among them.
struct SurrogateStatistics {
    /// One per component; empty without surrogates.
    let shares: [EssentialDynamics.SurrogateShare]
    /// `[surrogate][run]`: the strength of the strongest form, zero without one.
    let strengths: [[Double]]
    /// The checkpoints of each run that take part.
    let kept: [[Int]]

    /// Makes the surrogates. Where the observed trajectory or a surrogate cannot be decomposed there are none: to
    /// leave out single ones would favour those left.
    init(
        centered: CenteredProducts, counts: [Int], componentCount: Int, surrogateCount: Int
    ) throws(LinearAlgebraError) {
        let walks = SurrogateWalks(centered: centered, counts: counts)
        kept = walks.kept
        let finders = Dictionary(
            kept.map { ($0.count, FormFinder(count: $0.count)) }, uniquingKeysWith: { first, _ in first })
        var surrogateShares: [[Double]] = []
        var strengths: [[Double]] = []
        let observed = try walks.observed(componentCount: componentCount)
        if observed != nil {
            for index in 0..<surrogateCount {
                guard let walk = try walks.surrogate(index, componentCount: componentCount) else { break }
                surrogateShares.append(walk.shares)
                strengths.append(
                    walk.scores.map { scores in
                        let leading = Array(scores.prefix(EssentialDynamics.leadingCount))
                        guard let finder = finders[leading.first?.count ?? 0] else { return 0 }
                        let candidates = finder.candidates(
                            paths: finder.paths(of: leading), componentCount: leading.count)
                        return candidates.first?.strength ?? 0
                    })
            }
        }
        guard let observed, strengths.count == surrogateCount else {
            (shares, self.strengths) = ([], [])
            return
        }
        self.strengths = strengths
        shares = observed.shares.enumerated().map { component, share in
            EssentialDynamics.SurrogateShare(of: share, among: surrogateShares.map { $0[component] })
        }
    }
}

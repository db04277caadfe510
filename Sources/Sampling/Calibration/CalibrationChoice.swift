import Foundation

/// The rule by which one cell is chosen for the whole series.
///
/// 1. The latest checkpoint at which any stable cell is clean decides: near the end of training the loss has a minimum,
///    and nowhere else does λ̂ have a plateau. A cell is *stable* when no chain of it diverged and a Metropolis step
///    would accept 0.8 of its steps, at every checkpoint; it is *clean* at a checkpoint when nothing speaks against it
///    there. Candidates are stable and clean at the deciding checkpoint. Earlier checkpoints have no veto, since a
///    negative λ̂ there may belong to the checkpoint: they are counted.
/// 2. For each nβ and γ, the candidate that is clean at the most checkpoints stands for the others; of several, the one
///    of largest ε whose acceptance is at least 0.9, else of largest ε. Its slope d ln λ̂/d ln nβ is that between the
///    next lower and the next higher nβ of the same γ. *On the plateau* is |slope| ≤ 0.1, or not above the smallest one
///    by more than their errors; where no neighbour gives a slope, that at the next stronger γ counts.
/// 3. Of those on the plateau: clean at the most checkpoints, then nβ nearest n/ln n (the larger of two), then the
///    smallest γ. Its candidate of 2. is the choice.
///
/// Source: Xu's plateau in nβ as described in devinterp's `epsilon_beta` notebook; Watanabe 2013 for n/ln n.
struct CalibrationChoice {
    /// Logarithmic slope below which λ̂ counts as flat: a decade of nβ then moves it by less than a quarter.
    static let flatSlope = 0.1
    /// Mean acceptance from which a step is small enough; from 0.8 on it is tolerated.
    static let wantedAcceptance = 0.9

    /// The cells, with the slope of each that stands for its nβ and γ.
    private(set) var cells: [CalibrationCell]
    /// The place in `cells` of the choice; nil where no cell is acceptable.
    private(set) var chosen: Int?
    /// The checkpoint that decided.
    private(set) var decidingCheckpoint: Int?
    /// Places in `cells` of those that stand for their nβ and γ.
    private(set) var representatives: [Int] = []

    init(cells: [CalibrationCell], scales: CalibrationScales) {
        self.cells = cells
        let stable = cells.indices.filter { cells[$0].isStable }
        decidingCheckpoint = stable.flatMap { cells[$0].cleanCheckpoints }.max()
        guard let deciding = decidingCheckpoint else { return }
        let candidates = stable.filter { cells[$0].isClean(at: deciding) }
        representatives = Dictionary(grouping: candidates) { GroupKey(cells[$0].place) }.values
            .compactMap { $0.max { CalibrationChoice.stands(cells[$0], behind: cells[$1]) } }
            .sorted { GroupKey(cells[$0].place) < GroupKey(cells[$1].place) }
        for index in representatives { self.cells[index].slope = slope(at: index) }

        let plateau = plateau()
        let mostClean = plateau.map { cells[$0].cleanCheckpoints.count }.max()
        chosen = plateau.filter { cells[$0].cleanCheckpoints.count == mostClean }.min { first, second in
            let (a, b) = (cells[first].place, cells[second].place)
            return (abs(a.nBeta), -a.nBeta, a.localization) < (abs(b.nBeta), -b.nBeta, b.localization)
        }
    }

    /// Whether `second` rather than `first` stands for their common nβ and γ.
    private static func stands(_ first: CalibrationCell, behind second: CalibrationCell) -> Bool {
        func rank(_ cell: CalibrationCell) -> (Int, Int, Int) {
            let isAccepted = cell.acceptance ?? 0 >= wantedAcceptance
            return (cell.cleanCheckpoints.count, isAccepted ? 1 : 0, cell.place.stepSize)
        }
        return rank(first) < rank(second)
    }

    /// The representatives whose slope is flat, or as flat as the flattest within errors; where no neighbour gives a
    /// slope, that of the next stronger γ speaks for it, which bends λ̂(nβ) more. All where none has a slope.
    private func plateau() -> [Int] {
        let slopes = representatives.compactMap { cells[$0].slope }
        guard let best = slopes.map({ abs($0.value) + $0.error }).min() else { return representatives }
        return representatives.filter { index in
            let stronger = representatives.filter {
                self[$0].nBeta == self[index].nBeta && self[$0].localization >= self[index].localization
            }
            guard let slope = stronger.lazy.compactMap({ cells[$0].slope }).first else { return false }
            return abs(slope.value) - slope.error <= max(Self.flatSlope, best)
        }
    }

    /// The mean of |d ln λ̂/d ln nβ| over the checkpoints at which a representative and its neighbours are clean.
    private func slope(at index: Int) -> Slope? {
        let place = cells[index].place
        let line = representatives.filter { cells[$0].place.localization == place.localization }
        let lower = line.filter { cells[$0].place.nBeta < place.nBeta }.max { self[$0].nBeta < self[$1].nBeta }
        let upper = line.filter { cells[$0].place.nBeta > place.nBeta }.min { self[$0].nBeta < self[$1].nBeta }
        guard lower != nil || upper != nil else { return nil }
        let slopes = cells[index].cleanCheckpoints.compactMap {
            CalibrationCell.slope(of: \.nBeta, from: cells[lower ?? index], to: cells[upper ?? index], at: $0)
        }
        return Slope(meanOf: slopes.map { Slope(value: abs($0.value), error: $0.error) })
    }

    private subscript(_ index: Int) -> CalibrationPlace { cells[index].place }

    private struct GroupKey: Hashable, Comparable {
        let nBeta: Int
        let localization: Int

        init(_ place: CalibrationPlace) {
            nBeta = place.nBeta
            localization = place.localization
        }

        static func < (first: GroupKey, second: GroupKey) -> Bool {
            (first.localization, first.nBeta) < (second.localization, second.nBeta)
        }
    }
}

extension CalibrationCell {
    /// d ln λ̂/d ln(setting) between two cells at one checkpoint; nil where either is not clean there, or its λ̂ not above
    /// zero by two standard errors. The cells' common random numbers make the error an upper bound.
    static func slope(
        of setting: KeyPath<CalibrationCell, Double>, from lower: CalibrationCell, to upper: CalibrationCell,
        at checkpoint: Int
    ) -> Slope? {
        guard lower.isClean(at: checkpoint), upper.isClean(at: checkpoint),
            let before = lower.results[checkpoint]?.comparable, let after = upper.results[checkpoint]?.comparable
        else { return nil }
        let width = log(upper[keyPath: setting] / lower[keyPath: setting])
        let error = (before.relativeError * before.relativeError + after.relativeError * after.relativeError)
        return Slope(value: log(after.value / before.value) / width, error: error.squareRoot() / abs(width))
    }
}

extension Slope {
    /// The mean of independent slopes; nil without any.
    init?(meanOf slopes: [Slope]) {
        guard !slopes.isEmpty else { return nil }
        let squares = slopes.map { $0.error * $0.error }.compensatedSum
        self.init(value: slopes.map(\.value).mean, error: squares.squareRoot() / Double(slopes.count))
    }
}

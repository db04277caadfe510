/// The order in which cells are measured: the coarse grid with short chains, which find the largest ε for each nβ and γ;
/// those cells with long chains, which find the plateau; their neighbours where it ends; then what lies around the choice,
/// until the choice stays.
///
/// It only decides; whoever measures asks for `next`, measures those cells in any order and hands them to `record`.
///
///     while let round = search.next { search.record(measured(round)) }
public struct CalibrationSearch: Sendable {
    /// Cells to measure, all with the same effort.
    public struct Round: Sendable {
        /// The places of the cells.
        public let places: [CalibrationPlace]
        /// How long their chains may be.
        public let effort: CalibrationEffort
        /// Whether every checkpoint is looked at; if not, the last two: the coarse grid is for where λ̂ has a plateau.
        public let isEverywhere: Bool

        /// The places of the checkpoints to look at, of `count`.
        public func checkpoints(of count: Int) -> Range<Int> { isEverywhere ? 0..<count : max(0, count - 2)..<count }
    }

    /// The run's scales.
    public let scales: CalibrationScales
    /// The effort of a short calibration; nil for a full one.
    public let shortEffort: CalibrationEffort?
    /// The longest chains of the plateau and of the refinement; a weaker γ takes longer ones.
    public let lengthLimit: Int
    /// All cells measured so far, in a fixed order.
    public private(set) var cells: [CalibrationCell] = []
    private var refined: Set<CalibrationPlace> = []
    private var roundCount = 0

    /// The rounds of the whole grid: ε, the plateau, its ends.
    private static let gridRoundCount = 3
    /// Rounds of refinement, at most: as far as the choice can move from a coarse cell towards its neighbours and beyond.
    private static let refinementLimit = 4

    /// Starts a full calibration, or a short one: the default cell and its neighbours, measured once.
    public init(
        scales: CalibrationScales, shortEffort: CalibrationEffort? = nil,
        lengthLimit: Int = CalibrationEffort.defaultLengthLimit
    ) {
        self.scales = scales
        self.shortEffort = shortEffort
        self.lengthLimit = lengthLimit
    }

    private var refinedEffort: CalibrationEffort {
        CalibrationEffort(firstLength: min(512, lengthLimit), lengthLimit: lengthLimit)
    }

    /// What is to be measured next; nil when all that decides has been measured.
    public var next: Round? {
        if roundCount == 0 {
            guard let shortEffort else {
                return Round(places: scales.coarsePlaces, effort: .coarse, isEverywhere: false)
            }
            return Round(places: scales.shortPlaces, effort: shortEffort, isEverywhere: true)
        }
        guard shortEffort == nil, roundCount < Self.gridRoundCount + Self.refinementLimit else { return nil }
        if roundCount < Self.gridRoundCount {
            let places = roundCount == 1 ? plateauPlaces : endPlaces
            return Round(places: places, effort: refinedEffort, isEverywhere: false)
        }
        // With nothing acceptable, what longer chains say of the default is the last resort.
        let choice = CalibrationChoice(cells: cells, scales: scales)
        let center = choice.chosen.map { cells[$0].place } ?? CalibrationPlace(stepSize: 0, nBeta: 0, localization: 0)
        let places = scales.neighbourhood(of: center).filter { !refined.contains($0) }
        return places.isEmpty ? nil : Round(places: places, effort: refinedEffort, isEverywhere: true)
    }

    /// For each nβ and γ the largest ε with which nothing is wrong that longer chains could not cure, but for what is wrong
    /// with the checkpoint.
    private var plateauPlaces: [CalibrationPlace] {
        let sound = cells.filter { cell in
            cell.results.compactMap { $0 }.flatMap(\.rejections).allSatisfy {
                $0.reason.isCuredByLength || $0.reason.isOfCheckpoint
            }
        }
        return Dictionary(grouping: sound.map(\.place)) { [$0.localization, $0.nBeta] }.values
            .compactMap { $0.max { $0.stepSize < $1.stepSize } }
            .sorted { ($0.localization, $0.nBeta) < ($1.localization, $1.nBeta) }
    }

    /// Half a decade of nβ to both sides of the largest nβ that is acceptable at each γ: a plateau lies there if anywhere,
    /// and neighbours a decade away do not show it.
    private var endPlaces: [CalibrationPlace] {
        let choice = CalibrationChoice(cells: cells, scales: scales)
        let ends = Dictionary(grouping: choice.representatives.map { cells[$0].place }, by: \.localization).values
            .compactMap { $0.max { $0.nBeta < $1.nBeta } }
            .sorted { $0.localization < $1.localization }
        return ends.flatMap { end in scales.neighbourhood(of: end).filter { abs($0.nBeta - end.nBeta) == 1 } }
    }

    /// Takes over measured cells; a cell measured again replaces what shorter chains said of it.
    public mutating func record(_ measured: [CalibrationCell]) {
        roundCount += 1
        if roundCount > Self.gridRoundCount { refined.formUnion(measured.map(\.place)) }
        let places = Set(measured.map(\.place))
        cells = (cells.filter { !places.contains($0.place) } + measured).sorted {
            ($0.place.localization, $0.place.nBeta, $0.place.stepSize)
                < ($1.place.localization, $1.place.nBeta, $1.place.stepSize)
        }
    }

    /// The most draws that all rounds can make at `checkpointCount` checkpoints.
    public func drawLimit(checkpointCount: Int) -> Int {
        if let shortEffort { return scales.shortPlaces.count * checkpointCount * shortEffort.drawLimit }
        let coarse = scales.coarsePlaces
        // Each nβ and γ once, and two neighbours for each γ.
        let groupCount =
            Set(coarse.map { [$0.localization, $0.nBeta] }).count + 2 * Set(coarse.map(\.localization)).count
        let around = scales.neighbourhood(of: CalibrationPlace(stepSize: 0, nBeta: 0, localization: 0)).count
        let grid = coarse.count * CalibrationEffort.coarse.drawLimit + groupCount * refinedEffort.drawLimit
        return min(checkpointCount, 2) * grid
            + checkpointCount * Self.refinementLimit * around * refinedEffort.drawLimit
    }
}

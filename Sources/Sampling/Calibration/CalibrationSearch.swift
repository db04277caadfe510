/// The order in which cells are measured: the coarse grid, then what lies around the choice until the choice stays.
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
    }

    /// The run's scales.
    public let scales: CalibrationScales
    /// The effort of a short calibration; nil for a full one.
    public let shortEffort: CalibrationEffort?
    /// All cells measured so far, in a fixed order.
    public private(set) var cells: [CalibrationCell] = []
    private var refined: Set<CalibrationPlace> = []
    private var roundCount = 0

    /// Rounds of refinement, at most: as far as the choice can move from a coarse cell towards its neighbours and beyond.
    private static let refinementLimit = 4

    /// Starts a full calibration, or a short one: the default cell and its neighbours, measured once.
    public init(scales: CalibrationScales, shortEffort: CalibrationEffort? = nil) {
        self.scales = scales
        self.shortEffort = shortEffort
    }

    /// What is to be measured next; nil when all that decides has been measured.
    public var next: Round? {
        if roundCount == 0 {
            guard let shortEffort else { return Round(places: scales.coarsePlaces, effort: .coarse) }
            return Round(places: scales.shortPlaces, effort: shortEffort)
        }
        guard shortEffort == nil, roundCount <= Self.refinementLimit else { return nil }
        // With nothing acceptable, what longer chains say of the default is the last resort.
        let choice = CalibrationChoice(cells: cells, scales: scales)
        let center = choice.chosen.map { cells[$0].place } ?? CalibrationPlace(stepSize: 0, nBeta: 0, localization: 0)
        let places = scales.neighbourhood(of: center).filter { !refined.contains($0) }
        return places.isEmpty ? nil : Round(places: places, effort: .refined)
    }

    /// Takes over measured cells; a cell measured again replaces what shorter chains said of it.
    public mutating func record(_ measured: [CalibrationCell]) {
        if roundCount > 0 { refined.formUnion(measured.map(\.place)) }
        roundCount += 1
        let places = Set(measured.map(\.place))
        cells = (cells.filter { !places.contains($0.place) } + measured).sorted {
            ($0.place.localization, $0.place.nBeta, $0.place.stepSize)
                < ($1.place.localization, $1.place.nBeta, $1.place.stepSize)
        }
    }

    /// The most draws that all rounds can make at `checkpointCount` checkpoints.
    public func drawLimit(checkpointCount: Int) -> Int {
        if let shortEffort { return scales.shortPlaces.count * checkpointCount * shortEffort.drawLimit }
        let around = scales.neighbourhood(of: CalibrationPlace(stepSize: 0, nBeta: 0, localization: 0)).count
        let coarse = scales.coarsePlaces.count * CalibrationEffort.coarse.drawLimit
        return checkpointCount * (coarse + Self.refinementLimit * around * CalibrationEffort.refined.drawLimit)
    }
}

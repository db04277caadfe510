import Foundation

/// What one series, or several, say of the places where stages end, by a method that does not know of the others.
public struct Witness: Sendable, Codable, Equatable {
    /// How the places were found.
    public enum Kind: String, Sendable, Codable {
        /// Where a fitted curve comes to rest.
        case rest
        /// Where the law of the series changes.
        case changePoints = "change points"
        /// Where a path of components turns about a form that random walks do not have.
        case forms
    }

    /// A place that the witness names.
    public struct Place: Sendable, Codable, Equatable {
        /// The training step.
        public var step: Double
        /// Where it may lie: a 95 % interval, or the checkpoints on both sides of a change.
        public var interval: ClosedRange<Double>
        /// Creates a place.
        public init(step: Double, interval: ClosedRange<Double>) {
            self.step = step
            self.interval = interval
        }
    }

    /// What was looked at, e.g. "loss".
    public var name: String
    /// How.
    public var kind: Kind
    /// Whether it looks at the series that the boundaries come from: it is shown and not counted.
    public var sharesData: Bool
    /// What it found, ascending; none is an answer.
    public var places: [Place]

    /// Creates a witness.
    public init(name: String, kind: Kind, sharesData: Bool = false, places: [Place]) {
        self.sharesData = sharesData
        self.name = name
        self.kind = kind
        self.places = places
    }
}

/// What a witness says of one boundary.
public struct Testimony: Sendable, Codable, Equatable {
    /// The witness's place nearest to the boundary in log(t + 1); nil where it names none.
    public var nearest: Witness.Place?
    /// Whether the interval of the boundary and that of a place of the witness meet in more than an end.
    public var confirms: Bool
    /// The probability that they would meet if the boundary, with the width its interval has, lay anywhere in the run,
    /// uniformly in log(t + 1): what chance would have given.
    public var chance: Double

    /// Creates a testimony.
    public init(nearest: Witness.Place?, confirms: Bool, chance: Double) {
        self.nearest = nearest
        self.confirms = confirms
        self.chance = chance
    }

    /// Holds a boundary against a witness.
    ///
    /// - Parameter span: The steps between which a boundary can lie.
    init(of witness: Witness, on boundary: Boundary, span: ClosedRange<Double>) {
        let center = log1p(boundary.step)
        nearest = witness.places.min { abs(log1p($0.step) - center) < abs(log1p($1.step) - center) }
        confirms = witness.places.contains { $0.meets(boundary) }
        chance = Coverage(of: boundary, by: witness.places, span: span).share
    }
}

/// Where in the run a boundary could lie, with the width that its interval has, and meet one of some places.
private struct Coverage {
    /// Ranges of log(t + 1) for the boundary's center, ascending; two may share an end.
    let ranges: [ClosedRange<Double>]
    /// What they take of the run, 0 to 1.
    let share: Double

    init(of boundary: Boundary, by places: [Witness.Place], span: ClosedRange<Double>) {
        let center = log1p(boundary.step)
        let below = center - log1p(boundary.interval.lowerBound)
        let above = log1p(boundary.interval.upperBound) - center
        let (first, last) = (log1p(span.lowerBound), log1p(span.upperBound))
        // The center may lie where its interval reaches a place: places widened by the interval's two arms, united.
        var ranges: [ClosedRange<Double>] = []
        for place in places.sorted(by: { $0.interval.lowerBound < $1.interval.lowerBound }) {
            let start = max(ranges.last?.upperBound ?? first, log1p(place.interval.lowerBound) - above)
            let end = min(last, log1p(place.interval.upperBound) + below)
            if end > start { ranges.append(start...end) }
        }
        self.ranges = ranges
        share = last > first ? min(1, ranges.reduce(0) { $0 + $1.upperBound - $1.lowerBound } / (last - first)) : 1
    }
}

/// How many series confirm a boundary, beside what chance would give: a boundary that lies anywhere in the run, uniformly
/// in log(t + 1), with the width that its interval has, while the series stay as they are.
public struct Confirmation: Sendable, Codable, Equatable {
    /// The series that confirm the boundary, by any method.
    public var names: [String]
    /// How many would on average by chance.
    public var expectedByChance: Double
    /// The probability that at least as many would.
    public var pValue: Double

    /// Whether this is more than chance gives.
    public var isEvidence: Bool { pValue <= EssentialDynamics.NullTest.level }

    /// Creates a confirmation.
    public init(names: [String], expectedByChance: Double, pValue: Double) {
        self.names = names
        self.expectedByChance = expectedByChance
        self.pValue = pValue
    }

    /// Counts the series that confirm a boundary, each once however many methods look at it.
    fileprivate init(
        of boundary: Boundary, by series: [(name: String, places: [Witness.Place])], span: ClosedRange<Double>
    ) {
        names = series.filter { $0.places.contains { $0.meets(boundary) } }.map(\.name)
        let coverages = series.map { Coverage(of: boundary, by: $0.places, span: span) }
        expectedByChance = coverages.reduce(0) { $0 + $1.share }
        let extent = log1p(span.upperBound) - log1p(span.lowerBound)
        guard extent > 0, !names.isEmpty else {
            pValue = 1
            return
        }
        // Series change together, so that their chances do not multiply: the stretches where enough of them are met are
        // added up instead.
        let ends = coverages.flatMap(\.ranges).flatMap { [($0.lowerBound, 1), ($0.upperBound, -1)] }
            .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
        var (met, covered, previous) = (0, 0.0, 0.0)
        for (place, change) in ends {
            if met >= names.count { covered += place - previous }
            met += change
            previous = place
        }
        pValue = min(1, covered / extent)
    }
}

/// Boundaries held against all witnesses.
public struct WitnessTable: Sendable, Codable, Equatable {
    /// The witnesses.
    public var witnesses: [Witness]
    /// What each says of each boundary. Axes `[boundary, witness]`.
    public var testimonies: [[Testimony]]

    /// For each boundary, the series that confirm it. Those that the boundaries come from are not among them.
    public var confirmations: [Confirmation]
    /// The number of series that know nothing of those that the boundaries come from.
    public var independentCount: Int

    /// Holds boundaries against witnesses.
    public init(_ witnesses: [Witness], boundaries: [Boundary], span: ClosedRange<Double>) {
        self.witnesses = witnesses
        testimonies = boundaries.map { boundary in
            witnesses.map { Testimony(of: $0, on: boundary, span: span) }
        }
        var series: [(name: String, places: [Witness.Place])] = []
        for witness in witnesses where !witness.sharesData {
            if let index = series.firstIndex(where: { $0.name == witness.name }) {
                series[index].places += witness.places
            } else {
                series.append((witness.name, witness.places))
            }
        }
        independentCount = series.count
        confirmations = boundaries.map { Confirmation(of: $0, by: series, span: span) }
    }

    /// The places of a witness that meet no boundary.
    public func unclaimed(byWitness index: Int, boundaries: [Boundary]) -> [Witness.Place] {
        witnesses[index].places.filter { place in
            !boundaries.contains(where: place.meets)
        }
    }
}

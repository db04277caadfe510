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
    /// Whether the interval of the boundary and that of a place of the witness meet.
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
        confirms = witness.places.contains { $0.interval.overlaps(boundary.interval) }
        // The center may lie where its interval reaches a place: places widened by the interval's two arms, united.
        let (below, above) = (
            center - log1p(boundary.interval.lowerBound), log1p(boundary.interval.upperBound) - center
        )
        let (first, last) = (log1p(span.lowerBound), log1p(span.upperBound))
        var (covered, reached) = (0.0, first)
        for place in witness.places.sorted(by: { $0.interval.lowerBound < $1.interval.lowerBound }) {
            let start = max(reached, log1p(place.interval.lowerBound) - above)
            let end = min(last, log1p(place.interval.upperBound) + below)
            guard end > start else { continue }
            covered += end - start
            reached = end
        }
        chance = last > first ? min(1, covered / (last - first)) : 1
    }
}

/// Boundaries held against all witnesses.
public struct WitnessTable: Sendable, Codable, Equatable {
    /// The witnesses.
    public var witnesses: [Witness]
    /// What each says of each boundary. Axes `[boundary, witness]`.
    public var testimonies: [[Testimony]]

    /// Holds boundaries against witnesses.
    public init(_ witnesses: [Witness], boundaries: [Boundary], span: ClosedRange<Double>) {
        self.witnesses = witnesses
        testimonies = boundaries.map { boundary in
            witnesses.map { Testimony(of: $0, on: boundary, span: span) }
        }
    }

    /// The series that boundaries are held against, each once however many methods look at it; those that the
    /// boundaries come from are not among them.
    private var independentNames: [String] {
        var names: [String] = []
        for witness in witnesses where !witness.sharesData && !names.contains(witness.name) {
            names.append(witness.name)
        }
        return names
    }

    /// The number of series that know nothing of those that the boundaries come from.
    public var independentCount: Int { independentNames.count }

    /// How many of these series confirm a boundary, by any method.
    public func confirmationCount(ofBoundary index: Int) -> Int {
        independentNames.filter { name in
            zip(witnesses, testimonies[index]).contains { $0.name == name && $1.confirms }
        }.count
    }

    /// How many would confirm it by chance, on average, if the methods that look at one series met it independently.
    public func expectedByChance(ofBoundary index: Int) -> Double {
        independentNames.reduce(0) { sum, name in
            let misses = zip(witnesses, testimonies[index]).filter { $0.0.name == name }.map { 1 - $0.1.chance }
            return sum + 1 - misses.reduce(1, *)
        }
    }

    /// The places of a witness that meet no boundary.
    public func unclaimed(byWitness index: Int, boundaries: [Boundary]) -> [Witness.Place] {
        witnesses[index].places.filter { place in
            !boundaries.contains { $0.interval.overlaps(place.interval) }
        }
    }
}

public import Development

extension AnalysisDocument {
    /// Witnesses, change points, power laws and trades.
    public struct EvidenceSummary: Sendable, Codable, Equatable {
        /// Where the loss comes to rest on logarithmic axes.
        public var lossBoundaries: [Boundary]
        /// Changes of all series together, and of each group alone.
        public var changePoints: [ChangePoints]
        /// What each witness says of each boundary.
        public var witnesses: Witnesses?
        /// The power law of the loss in each stage.
        public var powerLaws: [PowerLawFit]
        /// The free-energy trade of each stage; `null` where it cannot be computed.
        public var trades: [Trade?]
        /// Two solutions of nearly one training loss.
        public var equalLossPair: EqualLossPair?

        init(_ evidence: Evidence) {
            lossBoundaries = (evidence.lossSearch?.boundaries ?? []).map(Boundary.init)
            changePoints = evidence.changePoints.map(ChangePoints.init)
            witnesses = evidence.table.map(Witnesses.init)
            powerLaws = evidence.powerLaws.map(PowerLawFit.init)
            trades = evidence.trades.map { $0.map(Trade.init) }
            equalLossPair = evidence.equalLossPair.map(EqualLossPair.init)
        }
    }

    /// Change points of some series, searched together.
    public struct ChangePoints: Sendable, Codable, Equatable {
        /// The series that were searched.
        public var names: [String]
        /// What is constant between changes; absent where nothing was searched.
        public var kind: ChangePointCost.Kind?
        /// The number of common points searched.
        public var pointCount: Int
        /// The changes, ascending by step; none is an answer.
        public var changePoints: [Change]

        /// Where the law of the series changes.
        public struct Change: Sendable, Codable, Equatable {
            /// The middle of `between` in log(t + 1).
            public var step: Nullable
            /// The last step before and the first step after.
            public var between: [Nullable]
            /// The log evidence that is lost without this change, in nats.
            public var gain: Nullable
        }

        init(_ finding: ChangePointFinding) {
            names = finding.names
            kind = finding.kind
            pointCount = finding.pointCount
            changePoints = finding.changePoints.map {
                Change(step: Nullable($0.step), between: ends($0.between), gain: Nullable($0.gain))
            }
        }
    }

    /// What each witness says of each boundary.
    public struct Witnesses: Sendable, Codable, Equatable {
        /// The witnesses.
        public var witnesses: [Witness]
        /// Axes `[boundary, witness]`.
        public var testimonies: [[Testimony]]
        /// The series that confirm each boundary; absent in documents of versions that did not tell them.
        public var confirmations: [Confirmation]?

        /// What a series says of the places where stages end.
        public struct Witness: Sendable, Codable, Equatable {
            /// What was looked at, e.g. "loss".
            public var name: String
            /// How.
            public var kind: Development.Witness.Kind
            /// Whether it looks at the series that the boundaries come from: it is not counted then.
            public var sharesData: Bool
            /// What it found, ascending.
            public var places: [Place]
        }

        /// A place that a witness names.
        public struct Place: Sendable, Codable, Equatable {
            /// The training step.
            public var step: Nullable
            /// Lower and upper end of where it may lie.
            public var interval: [Nullable]

            init(_ place: Development.Witness.Place) {
                step = Nullable(place.step)
                interval = ends(place.interval)
            }
        }

        /// What a witness says of one boundary.
        public struct Testimony: Sendable, Codable, Equatable {
            /// The witness's place nearest to the boundary; absent where it names none.
            public var nearest: Place?
            /// Whether the intervals meet.
            public var confirms: Bool
            /// The probability that they would meet by chance.
            public var chance: Nullable
        }

        /// The series that confirm one boundary, beside what chance would give.
        public struct Confirmation: Sendable, Codable, Equatable {
            /// What was looked at.
            public var names: [String]
            /// How many would confirm it by chance, on average.
            public var expectedByChance: Nullable
            /// The probability that at least as many would.
            public var pValue: Nullable
        }

        init(_ table: WitnessTable) {
            witnesses = table.witnesses.map {
                Witness(name: $0.name, kind: $0.kind, sharesData: $0.sharesData, places: $0.places.map(Place.init))
            }
            testimonies = table.testimonies.map { row in
                row.map {
                    Testimony(
                        nearest: $0.nearest.map(Place.init), confirms: $0.confirms, chance: Nullable($0.chance))
                }
            }
            confirmations = table.confirmations.map {
                Confirmation(
                    names: $0.names, expectedByChance: Nullable($0.expectedByChance), pValue: Nullable($0.pValue))
            }
        }
    }
}

/// Both ends of a range, as documents write ranges.
func ends(_ range: ClosedRange<Double>) -> [Nullable] { [range.lowerBound, range.upperBound].map(Nullable.init) }

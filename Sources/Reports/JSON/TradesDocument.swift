public import Development

extension AnalysisDocument {
    /// A number with its 95 % interval.
    public struct Bounded: Sendable, Codable, Equatable {
        /// The number.
        public var value: Nullable
        /// The interval's lower end; `null` where the data set none.
        public var lower: Nullable
        /// The interval's upper end; `null` where the data set none.
        public var upper: Nullable

        init(_ parameter: PowerLaw.Parameter) {
            value = Nullable(parameter.value)
            lower = Nullable(parameter.lower)
            upper = Nullable(parameter.upper)
        }
    }

    /// The power law L(t) = E + A·t^−α of a stretch of the loss, or why there is none.
    ///
    /// Where no law was fitted, its numbers are `null` and everything else but `status` is absent.
    public struct PowerLawFit: Sendable, Codable, Equatable {
        /// `fitted`, or why there is no law to speak of: `tooFewPoints`, `flat`, `rising` or `abrupt`.
        public var status: String
        /// E, the loss that is left after infinite time.
        public var offset: Bounded?
        /// A, in the loss's unit.
        public var amplitude: Bounded?
        /// α.
        public var exponent: Bounded?
        /// The first and the last step that took part.
        public var steps: [Nullable]?
        /// The number of points that took part.
        public var pointCount: Int?
        /// The typical size of log L − log L̂.
        public var residualDeviation: Nullable
        /// The correlation of neighbouring residuals.
        public var autocorrelation: Nullable
        /// What R² is to least squares, for the robust fit.
        public var explained: Nullable
        /// The plain power law A·t^−α on the same points.
        public var line: Line?
        /// What is not to be relied on; empty when all is identified.
        public var doubts: [PowerLaw.Doubt]?

        /// A line in log–log.
        public struct Line: Sendable, Codable, Equatable {
            /// A, the loss at step 1.
            public var amplitude: Nullable
            /// α.
            public var exponent: Nullable
            /// As for the law.
            public var explained: Nullable
        }

        init(_ fit: PowerLaw.Fit) {
            residualDeviation = Nullable(fit.law?.residualDeviation)
            autocorrelation = Nullable(fit.law?.autocorrelation)
            explained = Nullable(fit.law?.explained)
            switch fit {
            case .absent(let absence): status = absence.rawValue
            case .fitted(let law):
                status = "fitted"
                offset = Bounded(law.offset)
                amplitude = Bounded(law.amplitude)
                exponent = Bounded(law.exponent)
                steps = ends(law.steps)
                pointCount = law.pointCount
                line = Line(
                    amplitude: Nullable(law.line.amplitude), exponent: Nullable(law.line.exponent),
                    explained: Nullable(law.line.explained))
                doubts = law.doubts
            }
        }
    }

    /// What a change costs or gains in free energy, ΔF = n·Δℓ + Δλ·ln n.
    public struct Trade: Sendable, Codable, Equatable {
        /// n.
        public var exampleCount: Int
        /// Δℓ per example.
        public var lossChange: Uncertain
        /// Δλ̂.
        public var llcChange: Uncertain
        /// ΔF; negative where what comes after is preferred.
        public var difference: Uncertain
        /// How many examples it takes for the trade to tip, if it does.
        public var tipping: Tipping

        /// Where a trade tips.
        public struct Tipping: Sendable, Codable, Equatable {
            /// `at`: at `value` examples. `neverSameSense`: loss and λ̂ favour the same solution at every n.
            /// `neverLossDecides`, `neverComplexityDecides`: the loss, or λ̂, decides at every n.
            public var kind: String
            /// The number of examples; `null` unless `kind` is `at`.
            public var value: Nullable
            /// The lower end of its 95 % interval.
            public var lower: Nullable
            /// The upper end of its 95 % interval.
            public var upper: Nullable

            init(_ tipping: FreeEnergyTrade.Tipping) {
                var count: FreeEnergyTrade.Count?
                switch tipping {
                case .at(let examples):
                    kind = "at"
                    count = examples
                case .neverSameSense: kind = "neverSameSense"
                case .neverLossDecides: kind = "neverLossDecides"
                case .neverComplexityDecides: kind = "neverComplexityDecides"
                }
                value = Nullable(count?.value)
                lower = Nullable(count?.lower)
                upper = Nullable(count?.upper)
            }
        }

        init(_ trade: FreeEnergyTrade) {
            exampleCount = trade.exampleCount
            lossChange = Uncertain(trade.lossChange)
            llcChange = Uncertain(trade.llcChange)
            difference = Uncertain(trade.difference)
            tipping = Tipping(trade.tipping)
        }
    }

    /// Two solutions of nearly one training loss, and whether λ̂ tells them apart.
    public struct EqualLossPair: Sendable, Codable, Equatable {
        /// The group of larger held-out loss.
        public var memorising: Group
        /// The group of smaller held-out loss.
        public var generalising: Group
        /// λ̂ of the generalising group less that of the memorising one.
        public var llcDifference: Uncertain
        /// The difference in standard errors; `null` where the error is unknown.
        public var z: Nullable
        /// The chance of a difference this large between equal λ; `null` like `z`.
        public var pValue: Nullable
        /// The smallest true difference that this error would have shown at the 5 % level in four cases of five.
        public var smallestVisibleDifference: Nullable
        /// The trade from memorising to generalising.
        public var trade: Trade

        /// Neighbouring checkpoints that show one solution.
        public struct Group: Sendable, Codable, Equatable {
            /// Their steps, ascending.
            public var steps: [Int]
            /// The mean training loss.
            public var trainingLoss: Uncertain
            /// The mean held-out loss.
            public var heldOutLoss: Uncertain
            /// The mean λ̂.
            public var llc: Uncertain

            init(_ group: Development.EqualLossPair.Group) {
                steps = group.steps
                trainingLoss = Uncertain(group.trainingLoss)
                heldOutLoss = Uncertain(group.heldOutLoss)
                llc = Uncertain(group.llc)
            }
        }

        init(_ pair: Development.EqualLossPair) {
            memorising = Group(pair.memorising)
            generalising = Group(pair.generalising)
            llcDifference = Uncertain(pair.llcDifference)
            z = Nullable(pair.z)
            pValue = Nullable(pair.pValue)
            smallestVisibleDifference = Nullable(pair.smallestVisibleDifference)
            trade = Trade(pair.trade)
        }
    }
}

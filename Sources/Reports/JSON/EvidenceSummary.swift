public import Development

extension AnalysisDocument {
    /// Witnesses, change points, power laws and trades.
    public struct EvidenceSummary: Sendable, Codable, Equatable {
        /// Where the loss comes to rest on logarithmic axes.
        public var lossBoundaries: [Boundary]
        /// Changes of all series together, and of each group alone.
        public var changePoints: [ChangePointFinding]
        /// What each witness says of each boundary; `testimonies[boundary][witness]`.
        public var witnesses: WitnessTable?
        /// The power law of the loss in each stage.
        public var powerLaws: [PowerLaw.Fit]
        /// The free-energy trade of each stage.
        public var trades: [FreeEnergyTrade?]
        /// Two solutions of nearly one training loss.
        public var equalLossPair: EqualLossPair?

        init(_ evidence: Evidence) {
            lossBoundaries = (evidence.lossSearch?.boundaries ?? []).map(Boundary.init)
            changePoints = evidence.changePoints
            witnesses = evidence.table
            powerLaws = evidence.powerLaws
            trades = evidence.trades
            equalLossPair = evidence.equalLossPair
        }
    }
}

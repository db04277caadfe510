import Foundation

/// Runs grouped by a hyperparameter, each group as mean and interval over its runs.
public struct Grouping: Sendable, Codable, Equatable {
    /// The mean of a quantity over the runs of a group, at steps that all of them have.
    public struct Curve: Sendable, Codable, Equatable {
        /// Training steps, ascending.
        public var steps: [Int]
        /// One mean per step.
        public var means: [RunMean]
    }

    /// Runs of one value of the hyperparameter.
    public struct Group: Sendable, Codable, Equatable {
        /// The value; nil for runs that have none.
        public var value: String?
        /// The runs, by their place in the comparison.
        public var runs: [Int]
        /// λ̂ over the runs.
        public var llc: Curve
        /// The training loss over the runs.
        public var loss: Curve
        /// The difference from the first group's λ̂; empty for the first group.
        public var llcDifference: Curve
        /// The same of the loss.
        public var lossDifference: Curve
        /// Whether the difference is over pairs of runs that agree in all other hyperparameters.
        public var isPaired: Bool
        /// log(t + 1) where the runs reach each boundary of the baseline, over the runs in which it was matched; nil where
        /// in none.
        public var boundaries: [RunMean?]
    }

    /// The hyperparameter.
    public var key: String
    /// The other hyperparameters that differ between the runs: what the runs of a group vary by.
    public var varying: [String]
    /// The groups, in order of their first runs.
    public var groups: [Group]

    /// Groups the runs of a comparison; nil where no run has the hyperparameter.
    init?(_ comparison: Comparison, by key: String) {
        let hyperparameters = comparison.analyses.map(\.measurements.hyperparameters)
        func value(_ name: String, _ run: Int) -> String? { hyperparameters[run].first { $0.name == name }?.value }
        guard hyperparameters.contains(where: { $0.contains { $0.name == key } }) else { return nil }
        self.key = key
        let varying = comparison.differences.filter { $0.subject == .hyperparameter && $0.name != key }.map(\.name)
        self.varying = varying
        var values: [String?] = []
        for run in hyperparameters.indices where !values.contains(value(key, run)) { values.append(value(key, run)) }
        let members = values.map { wanted in hyperparameters.indices.filter { value(key, $0) == wanted } }
        let rest = hyperparameters.indices.map { run in varying.map { value($0, run) ?? "" } }
        let matched = comparison.matchedBoundarySteps
        groups = zip(values, members).map { value, runs in
            let pairs = Self.pairs(members[0], runs, rest)
            func difference(_ series: [Comparison.Series]) -> Curve {
                runs == members[0] ? Curve(steps: [], means: []) : Self.difference(series, members[0], runs, pairs)
            }
            return Group(
                value: value, runs: runs, llc: Self.mean(comparison.llcs, runs),
                loss: Self.mean(comparison.losses, runs), llcDifference: difference(comparison.llcs),
                lossDifference: difference(comparison.losses), isPaired: runs != members[0] && pairs != nil,
                boundaries: (matched.first ?? []).indices.map { boundary in
                    RunMean(runs.compactMap { matched[$0][boundary].map { log1p($0) } })
                })
        }
    }

    /// The runs of two groups that agree in everything else, one to one; nil where they do not pair up.
    private static func pairs(_ first: [Int], _ second: [Int], _ rest: [[String]]) -> [(Int, Int)]? {
        guard first.count == second.count, Set(first.map { rest[$0] }).count == first.count,
            !(rest.first ?? []).isEmpty || first.count == 1
        else { return nil }
        let pairs = first.compactMap { run in second.first { rest[$0] == rest[run] }.map { (run, $0) } }
        return pairs.count == first.count ? pairs : nil
    }

    private static func commonSteps(_ series: [Comparison.Series], _ runs: [Int]) -> [Int] {
        guard let first = runs.first else { return [] }
        return runs.dropFirst().reduce(Set(series[first].steps)) { $0.intersection(series[$1].steps) }.sorted()
    }

    private static func values(_ series: Comparison.Series, at steps: [Int]) -> [Double] {
        let places = Dictionary(uniqueKeysWithValues: series.steps.enumerated().map { ($1, $0) })
        return steps.compactMap { places[$0].map { series.values[$0] } }
    }

    private static func mean(_ series: [Comparison.Series], _ runs: [Int]) -> Curve {
        let steps = commonSteps(series, runs)
        let values = runs.map { Self.values(series[$0], at: steps) }
        return Curve(steps: steps, means: steps.indices.compactMap { step in RunMean(values.map { $0[step] }) })
    }

    private static func difference(
        _ series: [Comparison.Series], _ first: [Int], _ second: [Int], _ pairs: [(Int, Int)]?
    ) -> Curve {
        let steps = commonSteps(series, first + second)
        let values = series.indices.map { Self.values(series[$0], at: steps) }
        let means = steps.indices.compactMap { step -> RunMean? in
            if let pairs { return RunMean(pairs.map { values[$0.1][step] - values[$0.0][step] }) }
            return RunMean(difference: second.map { values[$0][step] }, minus: first.map { values[$0][step] })
        }
        return Curve(steps: steps, means: means)
    }
}

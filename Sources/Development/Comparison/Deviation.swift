import Foundation

extension Comparison {
    /// How a run differs from the baseline over the training: the run's value minus the baseline's.
    public struct Deviation: Sendable, Codable, Equatable {
        /// Where the baseline's values come from.
        public enum Basis: String, Sendable, Codable {
            /// Both runs were measured at these steps.
            case commonSteps = "common steps"
            /// The runs have fewer than three steps in common: the baseline's value is on the straight line over log(t + 1)
            /// between its two neighbouring checkpoints, its error likewise.
            case interpolated
        }
        /// Where the baseline's values come from.
        public var basis: Basis
        /// The differences, at steps of the run, with the standard errors of both runs together.
        public var series: Series

        init(of run: Series, from baseline: Series) {
            let places = Dictionary(uniqueKeysWithValues: baseline.steps.enumerated().map { ($1, $0) })
            let common = run.steps.indices.filter { places[run.steps[$0]] != nil }
            basis = common.count >= 3 ? .commonSteps : .interpolated
            var (steps, values, errors): ([Int], [Double], [Double]) = ([], [], [])
            for index in basis == .commonSteps ? common : Array(run.steps.indices) {
                guard let reference = baseline.estimate(at: run.steps[index]) else { continue }
                steps.append(run.steps[index])
                values.append(run.values[index] - reference.value)
                errors.append(hypot(run.standardErrors[index], reference.standardError))
            }
            series = Series(steps: steps, values: values, standardErrors: errors)
        }
    }
}

extension Comparison.Series {
    /// The value at a step, on the straight line over log(t + 1) between the neighbours; nil outside the series.
    func estimate(at step: Int) -> Estimate? {
        guard let next = steps.firstIndex(where: { $0 >= step }) else { return nil }
        if steps[next] == step { return Estimate(value: values[next], standardError: standardErrors[next]) }
        guard next > 0 else { return nil }
        let before = log1p(Double(steps[next - 1]))
        let share = (log1p(Double(step)) - before) / (log1p(Double(steps[next])) - before)
        return Estimate(
            value: values[next - 1] + share * (values[next] - values[next - 1]),
            standardError: hypot((1 - share) * standardErrors[next - 1], share * standardErrors[next]))
    }
}

import Foundation
import Testing

@testable import Development

/// Oracle: SciPy 1.17, `scipy.stats.t.ppf`, `ttest_ind(equal_var=False)`, `ttest_1samp` and `ttest_rel` with
/// `.confidence_interval(.95)`.
@Suite struct `A mean over runs` {
    /// Bisection ends at a relative width of 1e-14; the continued fraction adds a few units of rounding, and the
    /// quantile's condition number is at most a few in these cases.
    static let rounding = 1e-11

    let a = [5.1, 4.7, 5.6, 5.0]
    let b = [6.2, 5.9, 7.1]
    let c = [5.4, 5.2, 5.9, 5.1]

    func close(_ found: ClosedRange<Double>?, _ lower: Double, _ upper: Double) throws {
        let found = try #require(found)
        #expect(abs(found.lowerBound - lower) < Self.rounding && abs(found.upperBound - upper) < Self.rounding)
    }

    @Test(arguments: [
        (0.95, 1.0, 12.706204736174694), (0.95, 4, 2.7764451051977934), (0.99, 7.5, 3.421422688124044),
        (0.95, 100, 1.9839715185235518),
    ]) func `quantiles of t are SciPy's`(level: Double, degrees: Double, expected: Double) {
        let found = StudentT.quantile(level: level, degrees: degrees)
        #expect(abs(found / expected - 1) < Self.rounding)
    }

    @Test func `the interval of a mean is SciPy's`() throws {
        let mean = try #require(RunMean(a))
        #expect(abs(mean.value - 5.1) < 1e-14 && mean.count == 4)
        try close(mean.interval, 4.504618813691189, 5.69538118630881)
    }

    @Test func `differences without pairs are Welch's`() throws {
        let difference = try #require(RunMean(difference: b, minus: a))
        #expect(abs(difference.value - 1.3) < 1e-14 && difference.count == 7)
        try close(difference.interval, 0.024570277578941147, 2.5754297224210623)
    }

    @Test func `differences over pairs are the mean of differences`() throws {
        let difference = try #require(RunMean(zip(c, a).map { $0 - $1 }))
        #expect(abs(difference.value - 0.3) < 1e-14)
        try close(difference.interval, 0.04015434727497785, 0.5598456527250226)
    }

    @Test func `one run has no interval, none has no mean`() throws {
        #expect(try #require(RunMean([2])).interval == nil)
        #expect(RunMean([]) == nil)
        #expect(RunMean(difference: [], minus: a) == nil)
        #expect(try #require(RunMean(difference: [2], minus: a)).interval == nil)
        // Without spread the interval has no width rather than 0/0.
        #expect(try #require(RunMean(difference: [3, 3], minus: [1, 1])).interval == 2...2)
    }
}

@Suite struct `Runs held against each other` {
    func series(_ steps: [Int], _ values: [Double], _ error: Double) -> Comparison.Series {
        Comparison.Series(steps: steps, values: values, standardErrors: steps.map { _ in error })
    }

    @Test func `common steps are subtracted, errors add in squares`() {
        let deviation = Comparison.Deviation(
            of: series([0, 10, 20, 30], [1, 2, 3, 5], 3), from: series([0, 10, 15, 30], [1, 1, 9, 1], 4))
        #expect(deviation.basis == .commonSteps)
        #expect(deviation.series.steps == [0, 10, 30] && deviation.series.values == [0, 1, 4])
        #expect(deviation.series.standardErrors == [5, 5, 5])
    }

    @Test func `without common steps the baseline is interpolated over log step, never extrapolated`() {
        // log(t + 1) of 0, 9, 99 is 0, 1, 2 times log 10.
        let deviation = Comparison.Deviation(of: series([9, 500], [5, 5], 0), from: series([0, 99], [2, 4], 1))
        #expect(deviation.basis == .interpolated && deviation.series.steps == [9])
        #expect(abs(deviation.series.values[0] - 2) < 1e-14)
        #expect(abs(deviation.series.standardErrors[0] - 0.5.squareRoot()) < 1e-14)
    }

    @Test func `matched boundaries carry steps over, ratios are kept outside them`() {
        let map = StageMap([(own: 9, other: 99), (own: 99, other: 999)])
        for (own, other) in [(9.0, 99.0), (99, 999), (999, 9_999), (0, 9), (pow(10, 1.5) - 1, pow(10, 2.5) - 1)] {
            #expect(abs(log1p(map(own)) - log1p(other)) < 1e-13)
        }
        #expect(StageMap([(own: 99, other: 9)])(0) == 0)
        #expect(StageMap([]).isIdentity && StageMap([])(17) == 17)
    }

    /// Four runs: two learning rates by two seeds, or a seed of its own each.
    func grouping(seeds: [String]) throws -> Grouping {
        let analyses = zip(["0.1", "0.1", "0.2", "0.2"], seeds).enumerated().map { index, entries in
            var measurements = madeUpRun(name: "run \(index)", seed: UInt64(index + 1))
            measurements.hyperparameters = [
                Entry(name: "rate", value: entries.0), Entry(name: "seed", value: entries.1),
            ]
            return Analysis(measurements: measurements)
        }
        return try #require(Grouping(Comparison(analyses), by: "rate"))
    }

    @Test func `groups of the same seeds are paired`() throws {
        let grouping = try grouping(seeds: ["1", "2", "2", "1"])
        #expect(grouping.groups.map(\.value) == ["0.1", "0.2"])
        #expect(grouping.groups.map(\.runs) == [[0, 1], [2, 3]] && grouping.varying == ["seed"])
        #expect(grouping.groups.map(\.isPaired) == [false, true])
        #expect(grouping.groups[0].llcDifference.steps.isEmpty)
        let second = grouping.groups[1]
        for place in second.llc.steps.indices {
            let difference = second.llcDifference.means[place]
            #expect(difference.count == 2)
            #expect(
                abs(difference.value - (second.llc.means[place].value - grouping.groups[0].llc.means[place].value))
                    < 1e-12)
        }
    }

    @Test func `groups of other seeds are not paired, and an unknown key groups nothing`() throws {
        let grouping = try grouping(seeds: ["1", "2", "3", "4"])
        #expect(grouping.groups.map(\.isPaired) == [false, false])
        #expect(grouping.groups[1].llcDifference.means.allSatisfy { $0.count == 4 })
        let runs = [1, 2].map { Analysis(measurements: madeUpRun(name: "run \($0)", seed: $0)) }
        #expect(Grouping(Comparison(runs), by: "width") == nil)
    }
}

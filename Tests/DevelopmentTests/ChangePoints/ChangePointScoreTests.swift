import Foundation
import TestSupport
import Testing

@testable import Development

struct `The change-point scores` {
    @Test(arguments: [
        ([[10, 20], [11, 20], [10], [0, 5]], [10, 20], 1.0),
        ([[], [10], [50]], [10], 0.909_090_9),
        ([[], [10], [50]], [], 0.8),
    ])
    func `F1 is TCPDBench's`(annotations: [[Int]], found: [Int], expected: Double) {
        // Seven digits are published.
        #expect(abs(ChangePointScore.f1(found, annotations: annotations) - expected) < 5e-8)
    }

    @Test(arguments: [
        ([[10, 20], [10], [0, 5]], [10, 20], 0.796_296_3),
        ([[], [10], [40]], [10], 0.795_414_5),
        ([[], [10], [40]], [], 0.818_930_0),
    ])
    func `covering is TCPDBench's`(annotations: [[Int]], found: [Int], expected: Double) {
        #expect(abs(ChangePointScore.covering(found, annotations: annotations, count: 45) - expected) < 5e-8)
    }

    @Test func `a found change serves one annotated one, and one out of the margin none`() {
        // 0 and 10 match, 13 does not: precision 2/2, recall 2/3.
        #expect(abs(ChangePointScore.f1([11], annotations: [[10, 13]]) - 0.8) < 1e-12)
        #expect(ChangePointScore.f1([16], annotations: [[10]]) == 0.5)
        #expect(ChangePointScore.covering([], annotations: [[]], count: 7) == 1)
    }
}

/// The thirteen series of the Turing Change Point Dataset that lie beside the repository with published scores.
@Suite(.enabled(if: AnnotatedSeries.annotations != nil, "the change-point series are not beside the repository"))
struct `The annotated series` {
    /// Covering and F1 as TCPDBench publishes them with default settings: binary segmentation, Bayesian online
    /// detection, PELT, and no change at all.
    static let published: KeyValuePairs<String, [Double]> = [
        "brent_spot": [0.6268, 0.4834, 0.5859, 0.5208, 0.6266, 0.4647, 0.2658, 0.3146],
        "centralia": [0.5636, 0.9091, 0.6119, 0.9091, 0.5636, 0.9091, 0.6747, 0.7629],
        "co2_canada": [0.6081, 0.6906, 0.7164, 0.6193, 0.6114, 0.6614, 0.2776, 0.3610],
        "debt_ireland": [0.6346, 0.7603, 0.5845, 0.7603, 0.6346, 0.7603, 0.3206, 0.4694],
        "gdp_croatia": [0.6054, 0.5833, 0.6417, 1.000, 0.6054, 0.5833, 0.7083, 0.8235],
        "gdp_japan": [0.6539, 0.6154, 0.5780, 0.8000, 0.6539, 0.6154, 0.8021, 0.8889],
        "homeruns": [0.6826, 0.8119, 0.5260, 0.7286, 0.6826, 0.8119, 0.5107, 0.6592],
        "lga_passengers": [0.4583, 0.4382, 0.4962, 0.6298, 0.4744, 0.4382, 0.3830, 0.5348],
        "ozone": [0.6001, 0.6496, 0.6016, 0.6496, 0.6346, 1.000, 0.5737, 0.7234],
        "quality_control_2": [0.9223, 1.000, 0.9272, 1.000, 0.9223, 1.000, 0.6383, 0.7500],
        "quality_control_4": [0.5176, 0.8727, 0.5114, 0.6575, 0.5378, 0.7263, 0.6727, 0.7805],
        "rail_lines": [0.7864, 0.8462, 0.7665, 0.8462, 0.7864, 0.8462, 0.4282, 0.5366],
        "seatbelts": [0.7969, 0.6829, 0.7565, 0.5833, 0.7969, 0.6829, 0.5284, 0.6207],
    ]

    @Test func `without changes they score as published`() throws {
        for (name, scores) in Self.published {
            let series = try AnnotatedSeries(name)
            // Four digits are published.
            #expect(abs(series.covering([]) - scores[6]) < 5.1e-5, "\(name)")
            #expect(abs(series.f1([]) - scores[7]) < 5.1e-5, "\(name)")
        }
    }

    @Test func `the default search is scored beside the published ones`() throws {
        print("series              covering    F1   binseg        bocpd         pelt          zero          changes")
        var sums = [Double](repeating: 0, count: 10)
        for (name, scores) in Self.published {
            let series = try AnnotatedSeries(name)
            let (kind, found) = series.search()
            let row = [series.covering(found), series.f1(found)] + scores
            sums = zip(sums, row).map { $0 + $1 }
            print(Self.line(name, row), "\(kind) \(found)")
        }
        let means = sums.map { $0 / Double(Self.published.count) }
        print(Self.line("mean", means))
        #expect(means[0] > 0.656)
        #expect(means[1] > 0.747)
    }

    private static func line(_ name: String, _ row: [Double]) -> String {
        name.padding(toLength: 18, withPad: " ", startingAt: 0)
            + row.map { "  " + String(format: "%.3f", $0) }.joined()
    }
}

/// One annotated series.
struct AnnotatedSeries {
    private struct File: Decodable {
        struct Column: Decodable { var raw: [Double?] }
        var series: [Column]
    }

    static let annotations: [String: [String: [Int]]]? = Fixture.sharedData("tcpd/annotations.json").flatMap { url in
        try? JSONDecoder().decode([String: [String: [Int]]].self, from: Data(contentsOf: url))
    }

    /// `[series][point]`, NaN where missing.
    var values: [[Double]]
    var annotations: [[Int]]

    init(_ name: String) throws {
        let url = try #require(Fixture.sharedData("tcpd/\(name).json"))
        let file = try JSONDecoder().decode(File.self, from: Data(contentsOf: url))
        values = file.series.map { $0.raw.map { $0 ?? .nan } }
        annotations = try #require(Self.annotations?[name]).map(\.value)
    }

    func covering(_ found: [Int]) -> Double {
        ChangePointScore.covering(found, annotations: annotations, count: values[0].count)
    }

    func f1(_ found: [Int]) -> Double { ChangePointScore.f1(found, annotations: annotations) }

    /// Points where a dimension is missing are left out; a change point is the first point after.
    func search() -> (kind: ChangePointCost.Kind, found: [Int]) {
        let points = values[0].indices.filter { point in values.allSatisfy { $0[point].isFinite } }
        let model = ChangePointModel(
            series: values.map { values in points.map { values[$0] } }, abscissa: points.map(Double.init))
        return (model.kind, model.changePoints.map { points[$0] })
    }
}

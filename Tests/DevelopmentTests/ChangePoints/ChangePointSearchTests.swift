import Foundation
import TestSupport
import Testing

@testable import Development

struct `The change-point search` {
    /// Optimal partitioning (Jackson et al. 2005): every start for every end.
    static func optimalPartition(_ cost: ChangePointCost, _ length: Int, penalty: Double) -> [Int] {
        let count = cost.pointCount
        var best = [-penalty] + [Double](repeating: .infinity, count: count)
        var previous = [Int](repeating: 0, count: count + 1)
        for end in length...count {
            for start in 0...(end - length) where best[start] < .infinity {
                let value = best[start] + cost(start..<end) + penalty
                if value < best[end] { (best[end], previous[end]) = (value, start) }
            }
        }
        var (changes, end) = ([Int](), count)
        while previous[end] > 0 {
            end = previous[end]
            changes.append(end)
        }
        return changes.reversed()
    }

    static func signals(seed: UInt64) -> [[[Double]]] {
        var normals = RepeatableNormals(seed: seed)
        let levels = (0..<4).map { _ in 3 * normals.next() }
        let steps = (0..<90).map { levels[$0 * 4 / 90] + normals.next() }
        let walk = (0..<90).reduce(into: [0.0]) { walk, _ in walk.append(walk[walk.count - 1] + normals.next()) }
        let noise = (0..<90).map { _ in normals.next() }
        let ties = noise.map { $0.rounded() }
        return [[steps], [Array(walk.dropFirst())], [noise], [ties], [steps, ties, noise]]
    }

    @Test(arguments: ChangePointCost.Kind.allCases, [1, 2, 3, 5, 12])
    func `PELT is optimal partitioning`(kind: ChangePointCost.Kind, length: Int) {
        for seed in 1...6 as ClosedRange<UInt64> {
            for series in Self.signals(seed: seed) {
                let cost = ChangePointCost(kind, series: series)
                for penalty in [0.0, 1, 4, 9, 30] {
                    let search = ChangePointSearch(cost: cost, minimumLength: length)
                    let found = search.segmentation(penalty: penalty)
                    let expected = Self.optimalPartition(cost, search.minimumLength, penalty: penalty)
                    #expect(found.changePoints == expected)
                    let segments = zip([0] + expected, expected + [90]).map { $0..<$1 }
                    #expect(found.cost == segments.reduce(0) { $0 + cost($1) })
                    #expect(segments.allSatisfy { $0.count >= length })
                }
            }
        }
    }

    @Test func `the path holds every optimum above its penalty`() {
        for series in Self.signals(seed: 9) {
            let search = ChangePointSearch(cost: ChangePointCost(.mean, series: series))
            let path = search.path(from: 2, maximumChangeCount: 90)
            #expect(path.first?.changePoints == [])
            #expect(zip(path, path.dropFirst()).allSatisfy { $0.changePoints.count < $1.changePoints.count })
            for penalty in stride(from: 2.0, to: 60, by: 0.7) {
                func objective(_ segmentation: Segmentation) -> Double {
                    segmentation.cost + penalty * Double(segmentation.changePoints.count)
                }
                let optimum = objective(search.segmentation(penalty: penalty))
                let best = path.map(objective).min() ?? .infinity
                #expect(abs(best - optimum) < 1e-9 * (1 + optimum))
            }
        }
    }

    @Test(arguments: [0, 1, 2, 5]) func `too few points are one segment`(count: Int) {
        let cost = ChangePointCost(.mean, series: [(0..<count).map { Double($0 * $0) }])
        let search = ChangePointSearch(cost: cost)
        #expect(search.segmentation(penalty: 0).changePoints.isEmpty)
        #expect(search.path(from: 0, maximumChangeCount: 9).count == 1)
    }

    private struct Reference: Decodable {
        struct Case: Decodable {
            var name: String
            var series: [[Double]]
            var answers: [Answer]
        }
        struct Answer: Decodable {
            var kind: ChangePointCost.Kind
            var penalty: Double
            var minimumLength: Int
            var optimum: Optimum
            var pelt: Optimum
        }
        struct Optimum: Decodable {
            var changePoints: [Int]
            var objective: Double
        }
        var cases: [Case]
    }

    @Test func `it finds what ruptures finds`() throws {
        let data = try Fixture.data("references/ruptures/ruptures.json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let reference = try decoder.decode(Reference.self, from: data)
        var (answers, better) = (0, 0)
        for signal in reference.cases {
            for answer in signal.answers {
                let cost = ChangePointCost(answer.kind, series: signal.series)
                let search = ChangePointSearch(cost: cost, minimumLength: answer.minimumLength)
                let found = search.segmentation(penalty: answer.penalty)
                let objective = found.cost + answer.penalty * Double(found.changePoints.count)
                let note = Comment(rawValue: "\(signal.name), \(answer.kind), penalty \(answer.penalty)")
                // ruptures sums in another order; 120 squares of numbers up to 12 lose less than 1e-9.
                #expect(abs(objective - answer.optimum.objective) < 1e-7 * (1 + abs(objective)), note)
                #expect(objective <= answer.pelt.objective + 1e-7 * (1 + abs(objective)), note)
                if abs(answer.pelt.objective - answer.optimum.objective) < 1e-7 {
                    // Equally cheap segmentations of the tied signal may be told apart by rounding.
                    #expect(signal.name.contains("equal") || found.changePoints == answer.pelt.changePoints, note)
                } else {
                    better += 1
                }
                answers += 1
            }
        }
        print("\(answers) answers of ruptures; better than its PELT, which is not exact, in \(better)")
        #expect(answers > 80)
    }

    @Test func `5,000 points of ten series take seconds`() {
        var normals = RepeatableNormals(seed: 5)
        let series = (0..<10).map { _ in (0..<5_000).map { Double($0 / 1_100) + normals.next() } }
        let clock = ContinuousClock.now
        let model = ChangePointModel(series: series, abscissa: (0..<5_000).map { log1p(Double($0)) })
        print("5,000 × 10: \(ContinuousClock.now - clock), \(model.kind) \(model.changePoints) \(model.gains)")
        #expect(model.kind == .mean)
        #expect(zip(model.changePoints, [1_100, 2_200, 3_300, 4_400]).allSatisfy { abs($0 - $1) <= 2 })
        #expect(model.changePoints.count == 4)
    }

    /// Some places at first, then the points beside: with jumps that stand out the optimum over all points.
    @Test(arguments: ChangePointCost.Kind.allCases)
    func `changes move from the places they are looked for at to the best points`(kind: ChangePointCost.Kind) {
        var normals = RepeatableNormals(seed: 3)
        let jumps = [0, 211, 640, 1_503]
        let series = (0..<2_000).map { point in
            8 * Double(jumps.lastIndex { $0 <= point } ?? 0) + normals.next()
        }
        let cost = ChangePointCost(kind, series: [series])
        let places = Array(stride(from: 37, to: 2_000, by: 37))
        let some = ChangePointSearch(cost: cost, places: places).segmentation(penalty: 60)
        let all = ChangePointSearch(cost: cost).segmentation(penalty: 60)
        #expect(some == all && all.changePoints.count >= 3)
    }

    @Test func `a long series is searched as a short one is, in bounded time`() {
        var normals = RepeatableNormals(seed: 5)
        let jumps = [0, 150, 9_000, 21_000]
        let count = 40_000
        let series = (0..<count).map { point in
            2 * Double(jumps.lastIndex { $0 <= point } ?? 0) + normals.next()
        }
        let model = ChangePointModel(
            series: [series], abscissa: (0..<count).map { log1p(Double($0)) }, kinds: [.mean])
        #expect(model.changePoints.count == 3)
        // A jump of two standard deviations is placed within a few points.
        for (found, jump) in zip(model.changePoints, jumps.dropFirst()) { #expect(abs(found - jump) <= 10) }
    }

    /// One checkpoint at the start, and then a late stretch: nearly all points lie at one place of the axis.
    @Test func `places are where the points are`() {
        var normals = RepeatableNormals(seed: 7)
        let steps = [0.0] + (0..<4_000).map { 1e6 + Double($0) }
        let series = steps.indices.map { ($0 < 1_717 ? 0 : 5) + normals.next() }
        let model = ChangePointModel(series: [series], abscissa: steps.map { log1p($0) }, kinds: [.mean])
        #expect(model.changePoints.count == 1 && abs((model.changePoints.first ?? 0) - 1_717) <= 2)
    }

    @Test func `a smooth curve is not made of more lines than anybody reads`() {
        let count = 5_000
        let abscissa = (0..<count).map { log1p(Double($0)) }
        let model = ChangePointModel(series: [abscissa.map { exp(-$0 / 3) }], abscissa: abscissa)
        #expect(model.changePoints.count <= ChangePointModel.maximumChangeCount)
    }
}

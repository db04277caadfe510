import Foundation
import TestSupport
import Testing

@testable import Development

/// The LLC of the two-layer language model of Hoogland et al. 2024, arXiv:2402.02364, as they stored it.
@Suite(.enabled(if: PublishedSeries.points != nil, "the published series is not beside the repository"))
struct `The published language model` {
    private let points = PublishedSeries.points ?? []

    @Test func `its published stage ends are found`() throws {
        let clock = ContinuousClock.now
        let finding = try #require(try StageFinding(points: points))
        print(
            "\(points.count) checkpoints in \(ContinuousClock.now - clock); learnt noise \((finding.search?.noise ?? 0))"
        )
        for boundary in finding.boundaries + (finding.search?.rejected ?? []) {
            print(
                "  step \(Format.step(boundary.step)), 95 % \(Format.interval(boundary.interval)), 50 % "
                    + "\(Format.interval(boundary.innerInterval)), support \(boundary.support ?? .nan), "
                    + "relative slope \(Format.value(boundary.relativeSlope ?? .nan))")
        }
        for stage in finding.stages {
            print(
                "  to \(Format.step(stage.end)): Δloss \(stage.lossChange.map(Format.change) ?? "–"), "
                    + "Δλ \(stage.llcChange.map(Format.change) ?? "–"), type \(stage.kind.rawValue)")
        }
        let published = [900.0, 6_500, 8_500, 17_000]
        for end in published {
            // The authors chose their boundaries by hand and differ among themselves by 3 % (17,000 and 17,500).
            #expect(finding.boundaries.contains { abs($0.step / end - 1) < 0.12 }, "no boundary near \(end)")
        }
        #expect(finding.boundaries.count <= published.count + 2)
        // The README beside the data gives the noise from one checkpoint to the next as about 0.17.
        #expect(abs((finding.search?.noise ?? 0) - 0.17) < 0.05)
    }

    @Test func `cut at the published ends its LLC changes as published`() throws {
        let process = try GaussianProcess(
            inputs: points.map { BoundarySearch.logStep($0.step) }, values: points.map(\.llc.value),
            standardErrors: points.map(\.llc.standardError))
        let boundaries = [900, 6_500, 8_500, 17_000].map { boundary(at: $0, within: $0...$0) }
        let stages = StageFinding.stages(between: boundaries, of: points, process: process)
        let published = [26.4, 22.5, -1.57, 8.6, 1.7]
        for (stage, change) in zip(stages, published) {
            print(
                "  to \(Format.step(stage.end)): Δλ \(stage.llcChange.map(Format.change) ?? "–"), published \(change), type \(stage.kind.rawValue)"
            )
            #expect(abs(try #require(stage.llcChange).value - change) < 0.5)
        }
        #expect(stages.map(\.kind.rawValue) == ["A", "A", "B", "A", "A"])
    }
}

private enum PublishedSeries {
    static let points: [StageFinding.Point]? = {
        guard let url = Fixture.sharedData("landscape/lm2_llc.csv"),
            let text = try? String(contentsOf: url, encoding: .utf8)
        else { return nil }
        return text.split(whereSeparator: \.isNewline).dropFirst().compactMap { line in
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            guard let step = Int(fields[0]), let llc = Double(fields[1]), llc.isFinite, let loss = Double(fields[3])
            else { return nil }
            // The file's llc_std is a spread of draws, not an error: the noise is left to be learnt.
            return StageFinding.Point(step: step, llc: Estimate(value: llc, standardError: 0), loss: loss)
        }
    }()
}

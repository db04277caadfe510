import Foundation
import Sampling
import Testing

@testable import Development

@Suite("What changed since an earlier analysis") struct NewsTests {
    let whole = Analysis(measurements: madeUpRun())

    func cut(to count: Int) -> Analysis {
        Analysis(measurements: madeUpRun { $0 = Array($0.prefix(count)) })
    }

    func with(_ boundaries: [Boundary], _ analysis: Analysis) -> Analysis {
        var analysis = analysis
        analysis.stages?.boundaries = boundaries
        return analysis
    }

    @Test func `a first look counts`() {
        let news = cut(to: 3).news(since: nil)
        #expect(news.hasPrefix("3 checkpoints; step "))
        #expect(!news.contains("new"))
        #expect(cut(to: 1).news(since: nil).hasPrefix("1 checkpoint; "))
        #expect(cut(to: 0).news(since: nil) == "0 checkpoints")
    }

    @Test func `new checkpoints are named, many are counted`() throws {
        let steps = whole.measurements.checkpoints.map(\.step)
        let last = steps.suffix(3).map { Format.step($0) }
        #expect(whole.news(since: cut(to: 42)).hasPrefix("43 checkpoints (new: \(last[2])); "))
        #expect(whole.news(since: cut(to: 40)).hasPrefix("43 checkpoints (new: \(last.joined(separator: ", "))); "))
        #expect(
            whole.news(since: cut(to: 38)).hasPrefix("43 checkpoints (new: 5, up to \(last.joined(separator: ", "))); ")
        )
        let estimate = try #require(whole.measurements.checkpoints.last?.llc?.value)
        let text = Format.estimate(Estimate(value: estimate, standardError: 0.5))
        #expect(whole.news(since: nil).contains("step \(last[2]): λ̂ \(text)"))
    }

    @Test func `checkpoints that went or changed are told`() {
        #expect(cut(to: 40).news(since: whole).hasPrefix("40 checkpoints; 3 gone; "))
        #expect(whole.news(since: whole).hasPrefix("43 checkpoints; some measured again; "))
    }

    @Test func `without λ̂ the loss is told, and what is no estimate is said to be none`() {
        let bare = Analysis(measurements: madeUpRun { for index in $0.indices { $0[index].llc = nil } })
        #expect(bare.news(since: nil).contains(": loss 0.67"), "\(bare.news(since: nil))")
        let concern = Concern(kind: .chainsDisagree, severity: .unusable, finding: "", remedy: "")
        let unusable = Analysis(
            measurements: madeUpRun { $0[$0.count - 1].llc = madeUpEstimate(40, concerns: [concern]) })
        #expect(unusable.news(since: nil).contains("(unusable)"))
    }

    @Test func `boundaries that came, moved or went are told`() throws {
        #expect(whole.stages != nil)
        func inner(_ step: Double, _ interval: ClosedRange<Double>, _ narrow: ClosedRange<Double>) -> Boundary {
            Boundary(
                step: step, interval: interval, innerInterval: narrow, support: 0.9, relativeSlope: 0, sharpness: 1)
        }
        let before = with([inner(200, 100...400, 180...220), inner(5000, 4000...6000, 4500...5500)], whole)
        let same = with([inner(210, 120...420, 190...230), inner(5100, 4000...6000, 4500...5500)], whole)
        let moved = with([inner(300, 150...500, 280...320)], whole)
        #expect(!same.news(since: before).contains("boundary"))
        let news = moved.news(since: before)
        #expect(news.contains("the boundary at 200 moved to 300 [150, 500], support 0.90"), "\(news)")
        #expect(news.contains("the boundary at 5,000 is gone"), "\(news)")
        #expect(before.news(since: moved).contains("a boundary at 5,000 [4,000, 6,000], support 0.90 is new"))
    }
}

import Development
import Foundation
import Testing

@testable import Reports

struct RunIndexTests {
    static func run(_ number: Int, name: String = "run", files: [String] = ["report.html", "series.csv"])
        -> RunIndex.Run
    {
        RunIndex.Run(
            identifier: "id\(number)", place: "folder/\(number)", files: files,
            analysis: SyntheticAnalysis.full(name: name))
    }

    @Test func `a run is listed with its verdict, its lines and its files`() throws {
        let analysis = SyntheticAnalysis.full(name: "run")
        let page = try RunIndex(folder: "runs", runs: [Self.run(1)]).html()
        let parsed = WellFormed(page)
        #expect(parsed.complaint == nil)
        #expect(parsed.texts["a"]?.first == "run")
        #expect(parsed.texts["figcaption"]?.count == 2 && parsed.elementCounts["svg"] == 2)
        #expect(try parsed.texts["p"]?.contains(#require(analysis.verdict.first)) == true)
        #expect(page.contains(#"<a href="/runs/id1/report.html">run</a>"#))
        #expect(page.contains(#"<a href="/runs/id1/series.csv">series.csv</a>"#))
        #expect(parsed.elementCounts["script"] == nil)
        #expect(parsed.elementCounts["button"] == nil, "one run cannot be compared")
    }

    @Test func `a run without a report is listed without a link to one`() throws {
        let page = try RunIndex(folder: "runs", runs: [Self.run(1, files: [])]).html()
        #expect(!page.contains("<a href") && page.contains(#"<label for="id1">run</label>"#))
    }

    @Test func `ticked boxes stay ticked and what went wrong is said`() throws {
        var ticked = Self.run(2)
        ticked.isTicked = true
        let page = try RunIndex(folder: "runs", runs: [Self.run(1), ticked], problem: "Tick two.", isCut: true).html()
        #expect(page.components(separatedBy: "checked=").count == 2)
        #expect(page.contains(#"id="id2" aria-label="Compare run" checked="checked""#))
        #expect(page.contains("Tick two.") && page.contains("more runs than the 2 listed"))
        #expect(WellFormed(page).elementCounts["button"] == 1)
    }

    @Test func `nothing is injected by names, places or problems`() throws {
        let hostile = RunReportTests.hostileName
        let unread = RunIndex.Run(identifier: "id2", place: hostile, files: [], problem: hostile)
        let page = try RunIndex(folder: hostile, runs: [Self.run(1, name: hostile), unread], problem: hostile).html()
        let parsed = WellFormed(page)
        #expect(parsed.complaint == nil)
        #expect(parsed.elementCounts["script"] == nil && parsed.elementCounts["img"] == nil)
        #expect(parsed.texts["h2"]?.count == 2)
    }

    @Test func `an empty folder says how runs get there`() throws {
        let page = try RunIndex(folder: "runs", runs: []).html()
        #expect(page.contains("No measured run is here yet.") && page.contains("instar analyze"))
    }

    @Test func `the policy allows the page's own style sheet and nothing else`() throws {
        let page = try RunIndex(folder: "runs", runs: []).html()
        let style = try #require(
            page.components(separatedBy: "<style>").last?.components(separatedBy: "</style>").first)
        #expect(RunIndex.contentSecurityPolicy.contains("style-src \(style.policySource);"))
        #expect(RunIndex.contentSecurityPolicy.hasPrefix("default-src 'none';"))
        #expect(!RunIndex.contentSecurityPolicy.contains("script-src"))
    }
}

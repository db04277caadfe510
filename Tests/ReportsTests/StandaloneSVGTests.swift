import Development
import Testing

@testable import Reports

struct StandaloneSVGTests {
    @Test func `every chart of a report is a well-formed file with a style of its own`() throws {
        let figures = RunReport(analysis: SyntheticAnalysis.full(name: "a & <b>")).figures
        #expect(figures.map(\.name).contains("course"))
        #expect(Set(figures.map(\.name)).count == figures.count)
        for figure in figures {
            let document = WellFormed(figure.svg)
            #expect(document.complaint == nil, "\(figure.name)")
            #expect(document.elementCounts["style"] == 1)
            #expect(document.elementCounts["script"] == nil)
        }
    }

    @Test func `the style has the page's light colours and no variable`() {
        let style = StandaloneSVG.style
        #expect(!style.contains("var("))
        #expect(!style.contains("--"))
        #expect(style.contains(".line.c1 { fill: none; stroke: #d55e00; stroke-width: 1.8; stroke-linejoin: round; }"))
        #expect(style.contains(".line.d1 { stroke-dasharray: 7 3; }"))
        #expect(style.contains(".h7 { fill-opacity: 1; }"))
    }
}

import Crypto
import Development
import Foundation
import Sampling
import Testing

@testable import Reports

struct RunReportTests {
    /// A name that ends scripts, attributes and elements; the last quote carries a combining mark, which joins it
    /// into one character.
    static let hostileName = "</script><img src=x onerror=\"alert(1)\">'&\u{1}\"\u{301}"

    @Test func `the page is well-formed and holds every section`() throws {
        let page = try RunReport(analysis: SyntheticAnalysis.full()).html()
        let parsed = WellFormed(page)
        #expect(parsed.complaint == nil)
        #expect(
            parsed.texts["h2"] == [
                "Stages", "Essential dynamics", "Movement of the weights", "Other series", "Diagnostics", "Settings",
                "Provenance", "Methods", "Advisories",
            ])
    }

    @Test func `the page asks for nothing and runs nothing but its own script, which its policy names by digest`()
        throws
    {
        let page = try RunReport(analysis: SyntheticAnalysis.full()).html()
        for forbidden in ["src=", "@import", "url(", "<link", "onload", "unsafe-inline", "eval(", "fetch(", "import("] {
            #expect(!page.contains(forbidden), "found \(forbidden)")
        }
        let policy = try #require(page.firstMatch(of: /Content-Security-Policy" content="([^"]*)"/)).output.1
        #expect(policy.hasPrefix("default-src &#39;none&#39;;"))
        for element in ["style", "script"] {
            let start = try #require(page.range(of: "<\(element)>")).upperBound
            let end = try #require(page[start...].range(of: "</\(element)>")).lowerBound
            let digest = Data(SHA256.hash(data: Data(page[start..<end].utf8))).base64EncodedString()
            #expect(policy.contains("\(element)-src &#39;sha256-\(digest)&#39;"))
        }
        let addresses = page.matches(of: /href="([^"]*)"/).map { String($0.1) }
        #expect(addresses.allSatisfy { $0.hasPrefix("#") || $0.hasPrefix("https://") })
    }

    @Test func `the verdict stands before everything else`() throws {
        let page = try RunReport(analysis: SyntheticAnalysis.full()).html()
        let verdict = try #require(page.range(of: "Three stages. Boundaries at step 1,050"))
        let firstChart = try #require(page.range(of: "<svg"))
        #expect(verdict.lowerBound < firstChart.lowerBound)
    }

    @Test func `names that look like markup are shown and not obeyed`() throws {
        var analysis = SyntheticAnalysis.full(name: Self.hostileName, tensorNames: [Self.hostileName, "b"])
        let name = Self.hostileName
        analysis.measurements.hyperparameters = [Entry(name: name, value: name)]
        analysis.measurements.recordedSeries[0].name = name
        analysis.advisories[0].finding = name
        analysis.measurements.checkpoints[0].subsetLosses[0].name = name
        let page = try RunReport(analysis: analysis).html()
        let parsed = WellFormed(page)
        #expect(parsed.complaint == nil)
        #expect(parsed.elementCounts["script"] == 2, "the page's data and its script")
        #expect(parsed.elementCounts["img"] == nil)
        #expect(parsed.texts["h1"]?.first?.contains("</script><img") == true)
    }

    @Test func `a name cannot turn the direction of what stands beside it`() throws {
        let page = try RunReport(analysis: SyntheticAnalysis.full(name: "a\u{202E}b\u{2067}c")).html()
        #expect(page.contains("a\u{FFFD}b\u{FFFD}c"))
        let turning: ClosedRange<UInt32> = 0x202A...0x202E
        #expect(!page.unicodeScalars.contains { turning.contains($0.value) || (0x2066...0x2069).contains($0.value) })
    }

    @Test func `the table of stages has no column for what no stage has`() throws {
        var analysis = SyntheticAnalysis.full()
        let all = try #require(RunReport(analysis: analysis).stageSummary)
        #expect(all.headings.contains("Type") && all.headings.contains("Δ loss"))
        for index in analysis.stages?.stages.indices ?? 0..<0 {
            analysis.stages?.stages[index].lossChange = nil
            analysis.stages?.stages[index].llcChange = nil
        }
        let bare = try #require(RunReport(analysis: analysis).stageSummary)
        #expect(bare.headings == ["Stage", "From step", "To step", "95 % interval", "Support", "Confirmed by"])
    }

    /// Everything that may be missing, one at a time and together.
    static let degradations: [(name: String, change: @Sendable (inout Analysis) -> Void)] = [
        ("no stages", { $0.stages = nil }),
        ("no boundary", { $0.stages?.boundaries = [] }),
        (
            "no essential dynamics",
            {
                $0.essentialDynamics = nil; $0.weightDynamics = nil
            }
        ),
        (
            "one component",
            { analysis in
                if let first = analysis.essentialDynamics?.components.first,
                    let steps = analysis.essentialDynamics?.steps
                {
                    analysis.essentialDynamics = EssentialDynamics(steps: steps, components: [first], planes: [])
                }
            }
        ),
        (
            "no LLC",
            { analysis in
                analysis.stages = nil
                analysis.measurements.settings = nil
                for index in analysis.measurements.checkpoints.indices {
                    analysis.measurements.checkpoints[index].llc = nil
                    analysis.measurements.checkpoints[index].chains = []
                }
            }
        ),
        (
            "weights alone",
            { analysis in
                analysis.stages = nil
                analysis.essentialDynamics = nil
                analysis.measurements.settings = nil
                analysis.measurements.loss = nil
                analysis.measurements.exampleCount = nil
                analysis.measurements.recordedSeries = []
                analysis.measurements.checkpoints = analysis.measurements.checkpoints.map {
                    CheckpointMeasurement(
                        step: $0.step, loss: nil, subsetLosses: [], gradientNorm: nil, llc: nil, chains: [],
                        tensorNorms: $0.tensorNorms, tensorMovements: $0.tensorMovements)
                }
            }
        ),
        (
            "one checkpoint",
            { analysis in
                analysis.stages = nil
                analysis.essentialDynamics = nil
                analysis.weightDynamics = nil
                analysis.measurements.checkpoints = Array(analysis.measurements.checkpoints.prefix(1))
            }
        ),
        (
            "all chains diverged",
            { analysis in
                analysis.stages = nil
                for index in analysis.measurements.checkpoints.indices {
                    analysis.measurements.checkpoints[index].llc = SyntheticAnalysis.diverged
                }
            }
        ),
        ("traces without settings", { $0.measurements.settings = nil }),
        (
            "no checkpoint and no tensor",
            { analysis in
                analysis = Analysis(
                    measurements: analysis.measurements, stages: nil, essentialDynamics: nil, weightDynamics: nil,
                    advisories: [])
                analysis.measurements.checkpoints = []
                analysis.measurements.tensors = []
            }
        ),
        (
            "numbers that are not finite",
            { analysis in
                analysis.measurements.checkpoints[3].loss = .nan
                analysis.measurements.checkpoints[4].loss = .infinity
                analysis.measurements.checkpoints[5].gradientNorm = -.infinity
                analysis.measurements.checkpoints[6].tensorMovements[0] = .nan
                analysis.measurements.checkpoints[7].llc?.value = .nan
                analysis.measurements.checkpoints[44].llc?.value = .nan
                analysis.measurements.checkpoints[0].chains[0].lossDifferences[9] = -1e305
                analysis.essentialDynamics?.components[0].scores[2] = .nan
                analysis.measurements.recordedSeries[0].values[5] = .infinity
            }
        ),
    ]

    @Test(arguments: degradations.indices)
    func `what is missing or broken narrows the page and nothing else`(_ index: Int) throws {
        let (name, change) = Self.degradations[index]
        var analysis = SyntheticAnalysis.full()
        change(&analysis)
        let page = try RunReport(analysis: analysis).html()
        #expect(WellFormed(page).complaint == nil, "\(name)")
        for word in ["NaN", "nan ", "\"nan", "inf\"", "Optional("] {
            #expect(!page.contains(word), "\(name): found \(word)")
        }
        #expect(page.contains(analysis.measurements.runName))
    }

    @Test func `captions, terms and methods speak only of what is there`() {
        let full = RunReport(analysis: SyntheticAnalysis.full()).page
        #expect(full.terms.joined().contains("local learning coefficient"))
        #expect(full.sections.first { $0.anchor == "methods" }?.blocks[0].links.count == 6)
        var bare = SyntheticAnalysis.full()
        bare.stages = nil
        for index in bare.measurements.checkpoints.indices { bare.measurements.checkpoints[index].llc = nil }
        let page = RunReport(analysis: bare).page
        #expect(page.terms.isEmpty)
        let methods = page.sections.first { $0.anchor == "methods" }?.blocks[0]
        #expect(methods?.paragraphs.joined().contains("λ̂") == false)
        #expect(methods?.links.count == 2, "the sources of essential dynamics and of their null")
        for index in bare.measurements.checkpoints.indices {
            bare.measurements.checkpoints[index].llc = SyntheticAnalysis.diverged
        }
        let caption = RunReport(analysis: bare).page.sections[0].blocks[0].figures[0].figureCaption
        #expect(!caption.contains("bar") && !caption.contains("band"))
    }

    @Test func `an unusable estimate far off leaves the scale alone and is named at its edge`() throws {
        var analysis = SyntheticAnalysis.full()
        let scale = try #require(
            analysis.measurements.llcScale(analysis.measurements.estimates, including: analysis.stages?.search?.curve))
        let unusable = try #require(
            analysis.measurements.checkpoints.firstIndex { $0.llc?.quality == .unusable && $0.llc?.value == nil })
        analysis.measurements.checkpoints[unusable].llc?.value = -1e4
        #expect(
            analysis.measurements.llcScale(analysis.measurements.estimates, including: analysis.stages?.search?.curve)
                == scale)
        #expect(try RunReport(analysis: analysis).html().contains("1 below: λ̂ −10000"))
    }

    @Test func `an evolute takes eight checkpoints`() throws {
        let few = RunReport(analysis: SyntheticAnalysis.full(checkpointCount: 7)).page
        let enough = RunReport(analysis: SyntheticAnalysis.full(checkpointCount: 8)).page
        let switches = [few, enough].map { page in page.sections.flatMap(\.blocks).flatMap(\.evoluteSwitches).count }
        #expect(switches == [0, 2])
    }

    @Test func `many checkpoints and long tensor names make a page of moderate size`() throws {
        let names = (0..<148).map { "features.layers.\($0).a_rather_long_submodule_name.convolution.weight" }
        let analysis = SyntheticAnalysis.full(checkpointCount: 200, tensorNames: names)
        let page = try RunReport(analysis: analysis).html()
        #expect(WellFormed(page).complaint == nil)
        #expect(page.contains("Shown are the 60 of 148 tensors that moved most"))
        // Two layouts of some ten charts with 200 points of about 150 bytes each, and the tables.
        #expect(page.utf8.count < 2_000_000)
    }

    @Test func `the same analysis gives the same bytes`() throws {
        let first = try RunReport(analysis: SyntheticAnalysis.full()).html()
        #expect(try RunReport(analysis: SyntheticAnalysis.full()).html() == first)
    }

    @Test func `traces are shown where doubts are gravest, at both ends and at the boundaries`() {
        let analysis = SyntheticAnalysis.full()
        let steps = RunReport(analysis: analysis).tracedCheckpoints.map(\.step)
        let all = analysis.measurements.checkpoints.map(\.step)
        #expect(steps.first == 0)
        #expect(steps.last == 50_000)
        #expect(steps.contains(all[45 / 3]), "the checkpoint whose chains diverged")
        #expect(steps.contains(all[45 / 2]), "the checkpoint with the worst R-hat")
        #expect(steps.count == 6)
    }

    @Test func `turns of the weights and the ranks that change most have figures`() throws {
        var analysis = SyntheticAnalysis.full()
        func captions() -> [String] {
            RunReport(analysis: analysis).tensorSection?.blocks.flatMap { $0.figures.map(\.figureCaption) } ?? []
        }
        #expect(captions().filter { $0.hasPrefix("The angle") }.count == 1)
        #expect(captions().filter { $0.hasPrefix("Effective rank; at most") }.count == 11)
        let unknown = [Double?](repeating: nil, count: analysis.measurements.tensors.count)
        for index in analysis.measurements.checkpoints.indices {
            analysis.measurements.checkpoints[index].tensorTurns = unknown
            analysis.measurements.checkpoints[index].tensorEffectiveRanks = unknown
        }
        #expect(captions().count == 1, "the movements alone")
    }

    @Test func `relative movement is the distance over the larger norm`() {
        var measurements = SyntheticAnalysis.full(checkpointCount: 3).measurements
        for index in measurements.checkpoints.indices {
            measurements.checkpoints[index].tensorNorms[0] = [0, 4, 2][index]
            measurements.checkpoints[index].tensorMovements[0] = [0, 4, 3][index]
            measurements.checkpoints[index].tensorNorms[1] = 0
            measurements.checkpoints[index].tensorMovements[1] = 0
        }
        #expect(measurements.relativeMovements(ofTensor: 0) == [1, 0.75])
        #expect(measurements.relativeMovements(ofTensor: 1) == [0, 0])
    }
}

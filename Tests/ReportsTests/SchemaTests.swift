import Development
import Foundation
import Sampling
import TestSupport
import Testing

@testable import Reports

struct SchemaTests {
    /// Analyses of everything that can be there or be missing, by name.
    static let analyses: [(name: String, analysis: Analysis)] = [
        ("everything", .full()), ("no checkpoint", .with { $0.checkpoints = [] }),
        ("one checkpoint", .with { $0.checkpoints = [$0.checkpoints[0]] }),
        (
            "all diverged",
            .with { for index in $0.checkpoints.indices { $0.checkpoints[index].llc = SyntheticAnalysis.diverged } }
        ),
        ("no λ̂", .with { for index in $0.checkpoints.indices { $0.checkpoints[index].llc = nil } }),
        ("no loss", .with { for index in $0.checkpoints.indices { $0.checkpoints[index].loss = nil } }),
        ("imported", imported), ("restrictions", restricted), ("no stages", .changed { $0.stages = nil }),
        ("no components", .changed { ($0.essentialDynamics, $0.weightDynamics) = (nil, nil) }),
        ("not finite", notFinite), ("evidence", evidence),
    ]

    @Test(arguments: analyses.indices)
    func `an analysis is as its schema says and reads back as itself`(_ index: Int) throws {
        let document = AnalysisDocument(Self.analyses[index].analysis)
        let text = try document.json()
        let complaints = try SchemaValidator(PublishedSchema.analysis.text).complaints(about: text)
        #expect(complaints.isEmpty, "\(Self.analyses[index].name): \(complaints.prefix(5))")
        #expect(try JSONDecoder().decode(AnalysisDocument.self, from: Data(text.utf8)) == document)
    }

    @Test(arguments: analyses.indices.filter { analyses[$0].name != "not finite" })
    func `a comparison is as its schema says`(_ index: Int) throws {
        let text = try ComparisonDocument(Comparison([.full(), Self.analyses[index].analysis])).json()
        let complaints = try SchemaValidator(PublishedSchema.comparison.text).complaints(about: text)
        #expect(complaints.isEmpty, "\(Self.analyses[index].name): \(complaints.prefix(5))")
    }

    @Test(arguments: PublishedSchema.allCases)
    func `every property has a description and every keyword is known`(_ schema: PublishedSchema) throws {
        let validator = try SchemaValidator(schema.text)
        #expect(validator.undescribed.isEmpty, "\(validator.undescribed)")
        #expect(try validator.complaints(about: "[]").allSatisfy { $0 == "$: type is not met" })
    }

    @Test(arguments: [
        (#"{"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": false}"#, #"{"b": 1}"#),
        (#"{"type": "object", "required": ["a"]}"#, "{}"), (#"{"type": ["number", "null"]}"#, "true"),
        (#"{"enum": ["a"]}"#, #""b""#), (#"{"type": "integer"}"#, "1.5"), (#"{"items": {"minimum": 0}}"#, "[1, -1]"),
        (#"{"pattern": "a"}"#, #""a""#), (##"{"$ref": "#/$defs/none"}"##, "1"),
        (#"{"anyOf": [{"type": "null"}, {"type": "string"}]}"#, "1"), (#"{"minItems": 2}"#, "[1]"),
    ])
    func `the validator complains`(_ schema: String, _ document: String) throws {
        let complaints = try SchemaValidator(schema).complaints(about: document)
        #expect(!complaints.isEmpty)
    }

    @Test func `schemas that share a definition have the same`() throws {
        let schemas = try PublishedSchema.allCases.map { try JSONValue(text: $0.text) }
        for name in [
            "uncertain", "boundary", "stage", "stages", "dynamics", "component", "form", "advisory", "settings",
        ] {
            let definitions = schemas.compactMap { $0["$defs"]?[name] }
            #expect(!definitions.isEmpty)
            #expect(definitions.allSatisfy { $0 == definitions[0] }, "\(name)")
        }
    }

    private static var imported: Analysis {
        .with {
            $0.settings = nil
            $0.imported = ImportedSampling(
                source: "another sampler 2.0", nBeta: 144.5, chainCount: 4, drawCount: 500, burnInCount: 100,
                stepSize: nil, localization: 10, stated: [Entry(name: "optimizer", value: "SGLD")])
        }
    }

    private static var restricted: Analysis {
        .with { measurements in
            measurements.restrictions = [
                RestrictedSeries(
                    restriction: Restriction(parameters: ["embedding.*"], examples: "test"), sampledCount: 10,
                    exampleCount: 100,
                    points: measurements.checkpoints.map {
                        PosteriorMeasurement(
                            loss: nil, llc: $0.llc ?? SyntheticAnalysis.diverged, chains: [], observations: nil)
                    })
            ]
            measurements.checkpoints[2].observations = PosteriorObservations(
                wbic: nil, singularFluctuation: nil, covarianceEigenvalues: [3, 2], covarianceErrorBound: 0.1,
                totalVariance: 6)
        }
    }

    private static var notFinite: Analysis {
        .changed {
            $0.measurements.checkpoints[0].loss = .nan
            $0.measurements.checkpoints[1].llc?.value = .infinity
            $0.essentialDynamics?.components[0].scores[0] = -.infinity
            $0.stages?.search?.noise = .nan
            $0.stages?.boundaries[0].sharpness = .infinity
            $0.stages?.stages[0].lossChange?.standardError = .nan
        }
    }

    private static var evidence: Analysis {
        .changed { analysis in
            let law = PowerLaw(
                offset: .init(value: 0, lower: nil, upper: 0.1), amplitude: .init(value: 2, lower: 1, upper: nil),
                exponent: .init(value: 0.5, lower: nil, upper: nil), steps: 1...1000, pointCount: 20,
                residualDeviation: .nan, autocorrelation: 0.3, explained: -.infinity,
                line: .init(amplitude: 2, exponent: 0.5, explained: 0.9), doubts: PowerLaw.Doubt.allCases)
            func trade(_ loss: Double, _ llc: Double) -> FreeEnergyTrade? {
                FreeEnergyTrade(
                    exampleCount: 1000, lossChange: Estimate(value: loss, standardError: 0.01),
                    llcChange: Estimate(value: llc, standardError: 0.5))
            }
            analysis.evidence.lossSearch = analysis.stages?.search
            analysis.evidence.powerLaws = [.fitted(law)] + PowerLaw.Absence.allCases.map { .absent($0) }
            analysis.evidence.trades = [trade(-0.1, 9), trade(-0.1, -9), trade(-1, 1), trade(0, 5), nil]
            analysis.evidence.changePoints = [
                ChangePointFinding(
                    names: ["loss"], kind: .slope, pointCount: 30,
                    changePoints: [ChangePoint(step: 90, between: 80...100, gain: .infinity)]),
                ChangePointFinding(names: [], kind: nil, pointCount: 0, changePoints: []),
            ]
            analysis.evidence.table = WitnessTable(
                [
                    Witness(name: "loss", kind: .changePoints, places: [.init(step: 1000, interval: 900...1100)]),
                    Witness(name: "norm", kind: .rest, sharesData: true, places: []),
                ], boundaries: analysis.stages?.boundaries ?? [], span: 0...50_000)
        }
    }
}

extension Analysis {
    fileprivate static func full() -> Analysis { SyntheticAnalysis.full() }

    fileprivate static func changed(_ change: (inout Analysis) -> Void) -> Analysis {
        var analysis = full()
        change(&analysis)
        return analysis
    }

    /// What is derived from measurements that were changed.
    fileprivate static func with(_ change: (inout Measurements) -> Void) -> Analysis {
        var measurements = full().measurements
        change(&measurements)
        return Analysis(measurements: measurements)
    }
}

import ArgumentParser
import Development
import Pipeline
import Reports

/// `instar compare RUN RUN…`
struct Compare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put measured runs side by side.",
        discussion: """
            Works from stored results: run `instar analyze` on each run first. RUN is a run directory, a folder that holds \
            results, or an analysis.json alone. Components are computed jointly where all runs were probed on the same \
            examples. The first run is the baseline unless another is named. Writes compare.html, comparison.json, \
            comparison.csv and comparison.tex.

            Examples:
              instar compare runs/seed-1 runs/seed-2 --output comparison
              instar compare runs/* --baseline seed-1 --group-by "learning rate"
              instar compare a/analysis.json b/analysis.json --align stage
            """)

    @Argument(help: "Two to twenty run directories, folders that hold results, or analysis.json files.")
    var runs: [String]
    @Option(help: "The folder compare.html and comparison.json go to.") var output = "instar-comparison"
    @Option(
        help: "The run that the others are held against: its name, its path, or its place from 1 (default: the first).")
    var baseline: String?
    @Option(
        help: ArgumentHelp(
            "Group runs by a hyperparameter: mean and interval over the runs of each value.",
            valueName: "hyperparameter"))
    var groupBy: String?
    @Option(
        help:
            "What stages are matched by in the verdict: step, loss or llc (the tables hold all); or stage: by step, and all series drawn over the baseline's stages."
    )
    var align: Alignment = .step
    @Flag(help: "Print the comparison as JSON on stdout.") var json = false

    enum Alignment: String, ExpressibleByArgument, CaseIterable {
        case step, loss, llc, stage

        var coordinate: Universality.Coordinate {
            switch self {
            case .step, .stage: .logStep
            case .loss: .loss
            case .llc: .llc
            }
        }
    }

    func run() async throws {
        let (runs, output, json, align) = (runs, output, json, align)
        let (baseline, groupKey) = (baseline, groupBy)
        try await runCommand {
            let comparison = try compareRuns(
                try runs.map(comparedRun), baseline: baseline, alignment: align.coordinate, groupKey: groupKey)
            let report = ComparisonReport(comparison: comparison, isAlignedByStage: align == .stage)
            let document = try ComparisonDocument(comparison).json()
            let lock = try StoreLock(folder: output, mode: .exclusive)
            defer { lock.release() }
            try writeFiles(
                [
                    ("compare.html", try report.html()), ("comparison.json", document),
                    ("comparison.csv", report.csv), ("comparison.tex", report.latex),
                ], to: output)
            try json ? printResult(document) : printText(comparison.verdict.joined(separator: "\n"))
            printError("written: \(output)/compare.html")
        }
    }
}

/// A path as a run of a comparison: the conclusions in an `analysis.json`, else stored results.
func comparedRun(_ path: String) throws -> ComparedRun {
    guard path.hasSuffix(".json") else { return .results(path) }
    return .analysis(Analysis(try readAnalysisDocument(path)), file: path)
}

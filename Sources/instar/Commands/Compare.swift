import ArgumentParser
import Development
import Pipeline
import Reports

/// `instar compare RUN RUN…`
struct Compare: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put measured runs side by side.",
        discussion: """
            Works from stored measurements: run `instar analyze` on each run first. Components are computed jointly \
            where all runs were probed on the same examples.

            Example:
              instar compare runs/seed-1 runs/seed-2 --output comparison
              instar compare results/seed-1 results/seed-2
            """)

    @Argument(help: "Two or more run directories, or folders that hold results.") var runs: [String]
    @Option(help: "The folder compare.html and comparison.json go to.") var output = "instar-comparison"
    @Option(help: "What stages are matched by in the verdict: step, loss or llc; the tables hold all.")
    var align: Alignment = .step
    @Flag(help: "Print the comparison as JSON on stdout.") var json = false

    enum Alignment: String, ExpressibleByArgument, CaseIterable {
        case step, loss, llc

        var coordinate: Universality.Coordinate {
            switch self {
            case .step: .logStep
            case .loss: .loss
            case .llc: .llc
            }
        }
    }

    func validate() throws {
        guard runs.count >= 2 else { throw ValidationError("compare needs at least two run directories.") }
    }

    func run() async throws {
        let runs = runs
        let output = output
        let json = json
        let alignment = align.coordinate
        try await runCommand {
            let comparison = try compareRuns(at: runs, alignment: alignment)
            let document = try ComparisonDocument(comparison).json()
            try writeFiles(
                [
                    ("compare.html", try ComparisonReport(comparison: comparison).html()),
                    ("comparison.json", document),
                ], to: output)
            print(json ? document : comparison.verdict.joined(separator: "\n"))
            printError("written: \(output)/compare.html")
        }
    }
}

import ArgumentParser
import Pipeline

/// `instar report RUN`
struct Report: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write the report again from stored measurements; nothing is sampled.",
        discussion: """
            Writes what `instar analyze` writes: report.html, analysis.json, tables, the Markdown summary and figures. No \
            checkpoint is read, so a folder of results is enough. Measure first.

            Examples:
              instar report runs/seed-1
              instar report results/seed-1                a folder of results
              instar report runs/seed-1 --json > a.json   the analysis alone on stdout
            """)

    @Argument(help: "The run directory.") var run: String
    @Option(help: "The folder the measurements are in and the report goes to (default: RUN/instar).")
    var output: String?
    @OptionGroup var result: ResultOptions

    func run() async throws {
        let result = result
        let path = run
        let output = output
        try await runCommand {
            let folder = outputFolder(run: path, output: output)
            let analysis = try analyzeStoredRun(at: path, output: output) { try writeOutputs(of: $0, to: folder) }
            try result.show(analysis, folder: folder)
        }
    }
}

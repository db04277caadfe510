import ArgumentParser
import Foundation
import Pipeline

/// `instar inspect RUN`
struct Inspect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what a run directory holds, how names met the graph, what is missing and what is wrong.",
        discussion: """
            Look here first: which parameters are sampled, which examples λ̂ refers to, whether the graph gives the outputs \
            that the recorder stored, and what was inferred. Nothing is sampled and nothing is written. Problems are exit \
            status 65.

            Examples:
              instar inspect runs/seed-1
              instar inspect runs/seed-1 --json | jq .problems
            """)

    @Argument(help: "The run directory.") var run: String
    @OptionGroup var reading: ReadingOptions
    @Flag(help: "Print JSON on stdout.") var json = false

    func run() async throws {
        let path = run
        let json = json
        try await runCommand(reading: reading) {
            let inspection = try await inspectRun(at: path)
            try json ? printResult(inspection.json()) : printText(inspection.text)
            if !inspection.problems.isEmpty { throw ExitCode(EX_DATAERR) }
        }
    }
}

import ArgumentParser
import Pipeline
import Runs

/// `instar status RUN`
struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say how far the measuring of a run has come: done, running, failed and why, time left.",
        discussion: """
            Looks at the stored units, and at what the processes that measure shares say of themselves, on whatever machine \
            they run; no scheduler is asked. State the same options as for the shares.

            Examples:
              instar status runs/seed-1
              instar status runs/seed-1 --json | jq .secondsLeft
            """)

    @Argument(help: "The run directory.") var run: String
    @OptionGroup var reading: ReadingOptions
    @OptionGroup var measuring: MeasuringOptions
    @Flag(help: "Print JSON on stdout.") var json = false

    func run() async throws {
        let (path, json) = (run, json)
        try await runCommand(reading: reading, measuring: measuring, storesWork: false) { options in
            let status = try runStatus(of: RunDirectory(at: path), options: options)
            try json ? printResult(status.json()) : printText(status.text)
        }
    }
}

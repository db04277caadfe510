import ArgumentParser
import Development
import Pipeline
import Runs

/// `instar merge RUN`
struct Merge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make measurements of the units that shares measured.",
        discussion: """
            Checks that all units are there, finished and of one digest, and writes RUN/instar/measurements.h5, the same \
            bytes as `instar measure` on one machine. What is missing is listed. State the same options as for the shares. \
            `instar report` comes next.

            Examples:
              instar merge runs/seed-1
              instar merge runs/seed-1 --shards 16        which of 16 shares to measure again, if any
            """)

    @Argument(help: "The run directory.") var run: String
    @OptionGroup var reading: ReadingOptions
    @OptionGroup var measuring: MeasuringOptions
    @Option(help: "Into how many shares the work was divided, to list those to measure again.") var shards: Int?

    func validate() throws {
        guard shards ?? 1 >= 1 else { throw ValidationError("--shards: expected a number of shares, at least 1.") }
        guard !measuring.dryRun else {
            throw ValidationError("merge has no --dry-run: `instar status` says what is missing.")
        }
    }

    func run() async throws {
        let (path, measuring, shards) = (run, measuring, shards)
        try await runCommand(reading: reading, measuring: measuring, storesWork: false) { options in
            let measurements = try await measuring.withProgress { progress in
                try await mergeShares(
                    of: RunDirectory(at: path), options: options, shardCount: shards, progress: progress)
            }
            printError(
                "merged \(measurements.checkpoints.count) checkpoints: "
                    + "\(outputFolder(run: path, output: options.output))/measurements.h5")
        }
    }
}

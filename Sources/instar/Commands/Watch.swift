import ArgumentParser
import Development
import Pipeline
import Runs

/// `instar watch RUN`
struct Watching: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Measure a run while it is being trained, and keep its report up to date.",
        discussion: """
            Looks at the run directory every few seconds, measures checkpoints as they become complete, and writes the \
            report anew, saying in one line what changed. The directory may be empty or not exist yet. Half-written \
            files wait; a trainer that starts anew is followed. Stop it with Ctrl-C: the same command, or `instar \
            analyze`, goes on from there.

            Examples:
              instar watch runs/seed-1
              instar watch runs/seed-1 --draws 200 --jobs 1        leave the processor to the trainer
              instar watch runs/seed-1 --until-step 50000          and end by itself
            """)

    @Argument(help: "The run directory.") var run: String
    @OptionGroup var reading: ReadingOptions
    @Option(help: "Seconds between two looks.") var interval = 10.0
    @Option(help: "End once a checkpoint of this step, or a later one, is measured.") var untilStep: Int?
    @Option(help: "End after so many minutes without a change.") var idle: Double?
    @OptionGroup var measuring: MeasuringOptions

    func validate() throws {
        guard interval > 0, interval <= 1e6 else {
            throw ValidationError("--interval: expected seconds above 0, to 10⁶.")
        }
        guard idle.map({ $0 > 0 && $0 <= 1e6 }) ?? true else {
            throw ValidationError("--idle: expected minutes above 0, to 10⁶.")
        }
        guard !measuring.dryRun else {
            throw ValidationError("watch has no --dry-run: `instar analyze --dry-run` plans what is there.")
        }
    }

    func run() async throws {
        let (path, measuring) = (run, measuring)
        var limits = WatchLimits()
        limits.interval = interval
        limits.untilStep = untilStep
        limits.idle = idle.map { $0 * 60 }
        try await runCommand(reading: reading, measuring: measuring) { [limits] options in
            let folder = outputFolder(run: path, output: options.output)
            try await measuring.withProgress { progress in
                try await watchRun(at: path, options: options, limits: limits, progress: progress) { event in
                    switch event {
                    case .waiting(let reason): printNote("waiting: \(reason)")
                    case .leftOut(let file, let reason):
                        printNote(
                            "left out until it changes: \(reason.hasPrefix(file) ? reason : "\(file): \(reason)")")
                    case .measured(let analysis, let news):
                        try writeOutputs(of: analysis, to: folder)
                        // The report is what is kept up to date; a reader of the news may go.
                        try? printText(news)
                    }
                }
            }
        }
    }
}

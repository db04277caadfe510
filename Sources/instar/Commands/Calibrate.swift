import ArgumentParser
import Foundation
import Pipeline
import Reports
import Runs

/// `instar calibrate RUN`
struct Calibrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find sampling settings for a run, and say why these.",
        discussion: """
            Sweeps step size, nβ and localization with short chains at a few checkpoints spread over training, judges \
            each combination, and chooses one for the whole series. Writes RUN/instar/calibration.json, which \
            `instar analyze` and `instar measure` pick up unless settings are stated, and calibration.html.

            --n-beta and --localization may be stated and are then not swept; --steps names the checkpoints to look at, and \
            --max-draws the longest chains (default 4096, burn-in included): longer ones allow a weaker localization.

            Examples:
              instar calibrate runs/seed-1
              instar calibrate runs/seed-1 --n-beta 144.8
              instar calibrate runs/seed-1 --dry-run               the plan and its time
            """)

    @Argument(help: "The run directory.") var run: String
    @OptionGroup var reading: ReadingOptions
    @OptionGroup var measuring: MeasuringOptions

    func run() async throws {
        let measuring = measuring
        let path = run
        try await runCommand(reading: reading, measuring: measuring, storesWork: false) { options in
            let run = try RunDirectory(at: path)
            if measuring.dryRun {
                try printText(try await planCalibration(of: run, options: options).text)
                return
            }
            let folder = outputFolder(run: path, output: options.output)
            let calibration = try await measuring.withProgress { progress in
                try await calibrate(run, options: options, progress: progress) {
                    let report = CalibrationReport(calibration: $0, runName: run.name, version: instarVersion)
                    try writeFiles([("calibration.html", try report.html())], to: folder)
                }
            }
            try printText(CalibrationSummary(calibration).text)
            printError("written: \(folder)/calibration.json and calibration.html")
        }
    }
}
